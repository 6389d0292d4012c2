/** What a relay's and an agent's options make of a start: defaults, addresses, directories, ready files. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { certify } from "../support/certificates.ts";
import { Household } from "../support/crunch.ts";
import { eventually } from "../support/deadline.ts";
import { Terminal } from "../support/terminal.ts";
import { ask } from "../support/visitor.ts";

const isUnix = Deno.build.os !== "windows";

Deno.test("start: a missing directory of downloads is a warning", async () => {
  await using household = new Household();
  const { process } = await household.relay(["--downloads", household.path("none")]);
  await process.said(/warn .*--downloads: cannot read .*none.*there is no such directory/);
});

/** What the contract says an option is where nobody gives it; null: nothing. */
const DEFAULTS: Readonly<Record<string, string | number | readonly string[] | null>> = {
  http: ["127.0.0.1:8080"],
  https: null,
  tunnel: ["127.0.0.1:8021"],
  "tunnel-tls": null,
  admin: null,
  "public-url": null,
  domain: "localhost",
  prefix: "/",
  "names-per-account": 0,
  "trusted-proxy": null,
  downloads: null,
  drain: "30s",
  "ready-file": null,
  "max-head": "64KiB",
  "max-target": "16KiB",
  "max-fields": 128,
  "head-timeout": "10s",
  "idle-timeout": "75s",
  "body-timeout": "30s",
  "write-timeout": "60s",
  "max-connections": 10_000,
  "max-connections-per-address": 256,
  "max-pending-agents": 1024,
  "sign-in-timeout": "10s",
  "max-streams": 256,
  "max-waiting-streams": 4096,
  "stream-wait": "5s",
  "connect-timeout": "5s",
  "first-byte-timeout": "60s",
  "log-queue": 16_384,
  "log-keep": "7d",
  "log-size": "1GB",
};

Deno.test("relay: every option is by default what the contract says", async () => {
  await using household = new Household();
  const check = household.crunch(["relay", "--check"]);
  assert.equal(await check.exit, 0, check.all);
  const shown = new Map(
    [...check.stdout.matchAll(/^([a-z-]+) = (.*?) +#/gm)].map((found) => [found[1]!, found[2]!]),
  );
  for (const [key, value] of Object.entries(DEFAULTS)) {
    const text = shown.get(key);
    assert.equal(
      text?.replaceAll(" ", ""),
      value === null ? undefined : JSON.stringify(value),
      key,
    );
    if (value === null) assert.match(check.stdout, new RegExp(`^# ${key} `, "m"));
  }
  const home = `${household.path("home")}/.local/state/crunch`;
  const data = isUnix && Deno.uid() === 0 ? "/var/lib/crunch" : home;
  if (isUnix) assert.equal(shown.get("data"), JSON.stringify(data));
  assert.deepEqual([...Deno.readDirSync(household.path("home"))], [], "it only looks");
});

Deno.test(
  "relay: --data is $XDG_STATE_HOME/crunch by default, agents find it without a runtime directory",
  {
    ignore: !isUnix,
  },
  async () => {
    await using household = new Household();
    household.write("site/index.html", "here");
    const env = { XDG_STATE_HOME: household.path("state"), XDG_RUNTIME_DIR: "" };
    const file = household.path("ready.json");
    const process = household.crunch(
      ["relay", "--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0", "--ready-file", file],
      { env },
    );
    const { http } = await process.ready(file) as { http: string };
    const mode = (...names: string[]): number =>
      Deno.statSync(household.path(...names)).mode! & 0o777;
    assert.equal(mode("state", "crunch"), 0o700);
    for (const name of ["crunch.db", ".crunch-private", "control.sock", "local.json"]) {
      assert.equal(mode("state", "crunch", name), 0o600, name);
    }
    await household.agent(["--dir", household.path("site")], { env });
    assert.equal((await ask(http, "/local/")).text, "here");
    const list = household.crunch(["account", "list"], { env });
    assert.equal(await list.exit, 0, list.all);
    assert.match(list.stdout, /^admin\t/);
  },
);

Deno.test("relay: addresses are host:port, a port of this machine, or a port of all interfaces", async () => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const relay = await household.relay([], { http: ":0", tunnel: "0" });
  assert.match(relay.http, /^(0\.0\.0\.0|\[::\]):\d+$/);
  assert.match(relay.tunnel, /^127\.0\.0\.1:\d+$/);
  assert.doesNotMatch(relay.process.stdout, /reachable only/);
  const port = relay.http.split(":").at(-1);
  const { urls } = await household.agent(["--dir", household.path("site")]);
  assert.equal(urls[0], `http://127.0.0.1:${port}/local/`);
  const outside = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  )?.address;
  for (const host of ["127.0.0.1", ...(outside === undefined ? [] : [outside])]) {
    assert.equal((await ask(`${host}:${port}`, "/local/")).text, "here", host);
  }
});

Deno.test("relay: a certificate that nothing listens with is not looked for", async () => {
  await using household = new Household();
  const { process } = await household.relay(
    ["--tls-cert", household.path("none.pem"), "--tls-key", household.path("none.key")],
    { tunnel: "0.0.0.0:0" },
  );
  assert.match(process.stdout, /^publish +crunch agent --relay \S+:\d+ --user NAME/m);
});

Deno.test("relay and agent: a ready file is one line of JSON with all addresses", async () => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const line = (name: string): Record<string, unknown> => {
    const text = Deno.readTextFileSync(household.path(name));
    assert.match(text, /^\{.*\}\n$/);
    return JSON.parse(text);
  };
  const relay = await household.relay(["--admin", "127.0.0.1:0"]);
  await household.agent(["--dir", household.path("site")]);
  assert.deepEqual(line("ready-1.json"), {
    http: relay.http,
    https: null,
    tunnel: relay.tunnel,
    tunnel_tls: null,
    admin: relay.admin,
  });
  const port = relay.http.split(":")[1];
  assert.deepEqual(line("ready-2.json"), {
    urls: [`http://127.0.0.1:${port}/local/`, `http://local.localhost:${port}/`],
  });
});

Deno.test("relay: --public-url and --domain are in what relay and agent print", async () => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const relay = await household.relay(
    ["--public-url", "https://relay.example", "--domain", "relay.example"],
  );
  assert.match(relay.process.stdout, /^dashboard +https:\/\/relay\.example\/admin$/m);
  assert.doesNotMatch(relay.process.stdout, /reachable only/);
  const { urls } = await household.agent(["--dir", household.path("site")]);
  assert.deepEqual(urls, ["https://relay.example/local/", "https://local.relay.example/"]);
  assert.equal((await ask(relay.http, "/", { host: "local.relay.example" })).text, "here");
  assert.equal((await ask(relay.http, "/local/", { host: "relay.example" })).text, "here");
  const other = await ask(relay.http, "/", { host: "local.localhost" });
  assert.match(other.text, /relay/, "no domain of ours any more");
});

Deno.test("agent: --relay tcp://, and a password from a file", async () => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const relay = await household.relay([], { env: { CRUNCH_ADMIN_PASSWORD: "correct horse" } });
  const password = household.write("password", "correct horse\n");
  const { urls, process } = await household.agent([
    ...["--relay", `tcp://${relay.tunnel}`, "--user", "admin", "--password-file", password],
    ...["--name", "site", "--dir", household.path("site")],
  ]);
  assert.match(urls[0]!, /\/site\/$/);
  assert.equal((await ask(relay.http, "/site/")).text, "here");
  assert.doesNotMatch(process.stderr, /warn/, "nothing to warn of on loopback");
});

Deno.test("relay: the first password is shown on a terminal, and lies nowhere then", {
  ignore: !Terminal.isThere,
}, async () => {
  await using household = new Household();
  const file = household.path("ready.json");
  await using terminal = new Terminal(household, [
    ...["relay", "--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0"],
    ...["--data", household.data, "--ready-file", file],
  ]);
  const password = (await terminal.said(/admin with the password (\S+)/))[1]!;
  await terminal.said(/reachable only/);
  assert.throws(() => Deno.statSync(`${household.data}/admin-password`), Deno.errors.NotFound);
  const ready = await eventually(() => Deno.readTextFileSync(file));
  const { http } = JSON.parse(ready);
  const session = await ask(http, "/api/v1/sessions", {
    method: "POST",
    host: http,
    fields: ["Content-Type: application/json", `Origin: http://${http}`],
    body: JSON.stringify({ name: "admin", password }),
  });
  assert.equal(session.status, 204);
  await terminal.type("\x03");
  assert.equal(await terminal.exit, 0);
});

Deno.test("relay and account: a database of a newer version is refused and left as it is", async () => {
  await using household = new Household();
  await household.account("alice");
  {
    using db = new DatabaseSync(`${household.data}/crunch.db`);
    db.exec("PRAGMA user_version = 99");
  }
  const listen = ["--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0"];
  for (const command of [["relay", ...listen], ["account", "list"]]) {
    const process = household.crunch([...command, "--data", household.data]);
    assert.equal(await process.exit, 1, process.all);
    assert.match(process.stderr, /a newer version of crunch wrote it \(schema 99/);
  }
  using db = new DatabaseSync(`${household.data}/crunch.db`);
  assert.equal(db.prepare("PRAGMA user_version").get()!.user_version, 99);
  assert.equal(db.prepare("SELECT count(*) AS n FROM accounts").get()!.n, 1);
});

Deno.test("relay: a public one prints lines that work on other machines, not one for itself", async (t) => {
  const published = async (args: readonly string[]): Promise<string | undefined> => {
    await using household = new Household();
    const { certificate, key } = certify({ names: ["relay.example", "localhost", "127.0.0.1"] });
    const files = [
      ...["--tls-cert", household.write("cert.pem", certificate)],
      ...["--tls-key", household.write("key.pem", key)],
    ];
    const { process } = await household.relay(
      args.includes("--tunnel-tls") ? [...args, ...files] : args,
      {
        tunnel: args.includes("--tunnel") ? "127.0.0.1:0" : "0.0.0.0:0",
      },
    );
    assert.match(process.stdout, /^account +crunch account add NAME --data \S+\/data$/m);
    return /^publish +(.*)$/m.exec(process.stdout)?.[1];
  };
  await t.step("by the public URL's host", async () => {
    assert.match(
      (await published(["--public-url", "https://relay.example"]))!,
      /^crunch agent --relay relay\.example:\d+ --user NAME --dir \.\/site$/,
    );
  });
  await t.step("by the certificate's name, over TLS", async () => {
    assert.match(
      (await published(["--tunnel-tls", "0.0.0.0:0"]))!,
      /^crunch agent --relay tls:\/\/relay\.example:\d+ --user NAME --dir \.\/site$/,
    );
  });
  await t.step("else by this machine's address", async () => {
    assert.match(
      (await published([]))!,
      /^crunch agent --relay \S+:\d+ --user NAME --dir \.\/site$/,
    );
  });
});

Deno.test("relay: where another one runs, the line for this machine says which is meant", async () => {
  await using household = new Household();
  household.write("site/index.html", "here");
  await household.relay([], { data: household.path("first") });
  const relay = await household.relay();
  const line = /^publish +crunch (.*)$/m.exec(relay.process.stdout)![1]!;
  assert.equal(line, `agent --relay ${relay.tunnel} --dir ./site`);
  const agent = household.crunch(line.split(" "));
  await agent.said(new RegExp(`http://${relay.http}/local/`), 20_000);
});
