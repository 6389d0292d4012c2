/** What a relay and an agent say and leave when they start, and when they refuse to. @module */

import assert from "node:assert/strict";
import { type CrunchProcess, Household } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";

/** Waits for its end, which must have this code; gives what it said on stderr. */
async function ended(process: CrunchProcess, code: number): Promise<string> {
  assert.equal(await process.exit, code, process.all);
  return process.stderr;
}

Deno.test("relay: its first start", async (t) => {
  await using household = new Household();
  const relay = await household.relay();
  const { data } = household;
  const mode = (path: string): number => Deno.statSync(path).mode! & 0o777;

  await t.step("prints the dashboard's address and the line that starts an agent", async () => {
    await relay.process.said(/reachable only from this machine; add --http :8080 --tunnel :8021\n/);
    assert.match(relay.process.stdout, new RegExp(`http://${relay.http}/admin`));
    assert.match(relay.process.stdout, /crunch agent --dir/);
  });

  await t.step("writes the administrator's password to a file, not into a pipe", () => {
    const path = `${data}/admin-password`;
    assert.equal(mode(path), 0o600);
    const password = Deno.readTextFileSync(path).trim();
    assert(password.length >= 12);
    assert(!relay.process.all.includes(password));
    assert(relay.process.stdout.includes(path));
  });

  await t.step("makes its directory for its owner alone, with the marker", () => {
    assert.equal(mode(data), 0o700);
    assert(Deno.statSync(`${data}/.crunch-private`).isFile);
    for (const { name } of Deno.readDirSync(data)) {
      assert.equal(mode(`${data}/${name}`) & 0o077, 0, name);
    }
  });

  await t.step("leaves agents of this machine what they need", () => {
    const path = household.path("run", "crunch", "local.json");
    assert.equal(mode(path), 0o600);
    const { tunnel, http, credential } = household.local;
    assert.equal(tunnel, relay.tunnel);
    assert.equal(http, relay.http);
    assert.match(credential, /^crunch_/);
  });

  await t.step("signs in with that password, and the file is gone then", async () => {
    const password = Deno.readTextFileSync(`${data}/admin-password`).trim();
    const session = await ask(relay.http, "/api/v1/sessions", {
      method: "POST",
      host: relay.http,
      fields: ["Content-Type: application/json", `Origin: http://${relay.http}`],
      body: JSON.stringify({ name: "admin", password }),
    });
    assert.equal(session.status, 204, session.text);
    assert.match(session.get("set-cookie")!, /^crunch/);
    assert.throws(() => Deno.statSync(`${data}/admin-password`), Deno.errors.NotFound);
  });

  await t.step(
    "a second relay on the same data ends with 1 and names the first one's pid",
    async () => {
      const second = household.crunch(
        ["relay", "--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0", "--data", data],
      );
      assert.match(await ended(second, 1), new RegExp(String(relay.process.pid)));
    },
  );

  await t.step("a taken port is a clear error", async () => {
    const second = household.crunch(
      ["relay", "--http", relay.http, "--tunnel", "127.0.0.1:0", "--data", household.path("other")],
    );
    const said = await ended(second, 1);
    assert(said.includes(relay.http), said);
    assert(!/\bat\b.*\.ts:/.test(said), `a stack trace: ${said}`);
  });

  await t.step("keeps its password and its marker at the next start", async () => {
    relay.process.kill("SIGTERM");
    assert.equal(await relay.process.exit, 0);
    const again = await household.relay();
    assert.doesNotMatch(again.process.stdout, /password/);
  });
});

Deno.test("relay: CRUNCH_ADMIN_PASSWORD is the administrator's, and said nowhere", async () => {
  await using household = new Household();
  const password = "correct horse";
  const relay = await household.relay([], { env: { CRUNCH_ADMIN_PASSWORD: password } });
  assert(!relay.process.all.includes(password));
  assert.throws(() => Deno.statSync(`${household.data}/admin-password`), Deno.errors.NotFound);
  const session = await ask(relay.http, "/api/v1/sessions", {
    method: "POST",
    host: relay.http,
    fields: ["Content-Type: application/json", `Origin: http://${relay.http}`],
    body: JSON.stringify({ name: "admin", password }),
  });
  assert.equal(session.status, 204);
});

Deno.test("agent: a site needs nothing but two commands", async () => {
  await using household = new Household();
  household.write("site/index.html", "<h1>here</h1>");
  const relay = await household.relay();
  const { process, urls } = await household.agent(["--dir", "./site"]);
  const port = relay.http.split(":")[1];
  assert.deepEqual(urls, [`http://127.0.0.1:${port}/local/`, `http://local.localhost:${port}/`]);
  await process.said(/local\.localhost:\d+\/\n/);
  // One a line, the path URL first, and nothing else.
  await process.said(/localhost:\d+\/\n/);
  assert.equal(process.stdout, urls.join("\n") + "\n");
  assert.equal((await ask(relay.http, "/local/")).text, "<h1>here</h1>");
  assert.equal((await ask(relay.http, "/", { host: "local.localhost" })).text, "<h1>here</h1>");
});

Deno.test("agent: names, accounts and tokens", async (t) => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const token = await household.account("alice", { names: ["photos"] });
  const relay = await household.relay([], { env: { CRUNCH_ADMIN_PASSWORD: "correct horse" } });
  const dial = ["--relay", relay.tunnel, "--dir", household.path("site")];

  await t.step("by token, as --name says", async () => {
    const { urls, process } = await household.agent([...dial, "--name", "photos"], {
      env: { CRUNCH_TOKEN: token },
    });
    assert.match(urls[0]!, /\/photos\/$/);
    assert(!process.all.includes(token));
    const file = household.write("token", token + "\n");
    await household.agent([...dial, "--token-file", file]);
    assert.equal((await ask(relay.http, "/alice/")).text, "here");
  });

  await t.step("by password", async () => {
    const { process } = await household.agent(
      [...dial, "--user", "admin", "--name", "something"],
      { env: { CRUNCH_PASSWORD: "correct horse" } },
    );
    assert.equal((await ask(relay.http, "/something/")).text, "here");
    assert(!process.all.includes("correct"));
  });

  await t.step(
    "wrong credentials: exit 1 with a reason, the same for unknown accounts",
    async () => {
      const attempt = (user: string): CrunchProcess =>
        household.crunch(["agent", ...dial, "--user", user], {
          env: { CRUNCH_PASSWORD: "wrong one" },
        });
      const said = await Promise.all(
        ["admin", "alice", "nobody"].map(async (user) =>
          (await ended(attempt(user), 1)).replaceAll(user, "NAME")
        ),
      );
      const reasons = new Set(said.map((text) => /the relay refuses: [^;]*/.exec(text)?.[0]));
      assert.equal(reasons.size, 1, said.join("\n"));
      assert.match([...reasons][0]!, /password/);
    },
  );

  await t.step("a name of somebody else: exit 1 with a reason", async () => {
    const process = household.crunch(["agent", ...dial, "--name", "admin"], {
      env: { CRUNCH_TOKEN: token },
    });
    assert.match(await ended(process, 1), /admin/);
  });

  await t.step("secrets as flags: exit 2, and how to give them instead", async () => {
    for (const flag of ["--password", "--token"]) {
      const said = await ended(household.crunch(["agent", ...dial, flag, "opensesame"]), 2);
      assert.match(said, new RegExp(`CRUNCH_${flag.slice(2).toUpperCase()}`));
      assert(!said.includes("opensesame"));
    }
  });
});

Deno.test("agent: without a relay, or with too many", async (t) => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const site = ["--dir", household.path("site")];

  await t.step("none: exit 1 with the line that starts one", async () => {
    assert.match(await ended(household.crunch(["agent", ...site]), 1), /crunch relay/);
  });

  await t.step("a stale one: exit 1 with the line that starts it", async () => {
    const relay = await household.relay();
    relay.process.kill("SIGKILL");
    await relay.process.exit;
    assert.equal(household.local.tunnel, relay.tunnel);
    assert.match(await ended(household.crunch(["agent", ...site]), 1), /crunch relay/);
  });

  await t.step("two: exit 2 with both of them", async () => {
    const one = await household.relay();
    const two = await household.relay([], { data: household.path("data-2") });
    const said = await ended(household.crunch(["agent", ...site]), 2);
    for (const { tunnel } of [one, two]) assert(said.includes(`--relay ${tunnel}`), said);
    // Named by its address each of them takes the local credential.
    for (const { tunnel, http } of [one, two]) {
      await household.agent([...site, "--relay", tunnel]);
      assert.equal((await ask(http, "/local/")).text, "here");
    }
  });
});

Deno.test("agent: what to publish by default is the current directory, where that cannot be a mistake", async () => {
  await using household = new Household();
  const relay = await household.relay();
  household.write("site/index.html", "here");
  await household.agent([], { cwd: household.path("site") });
  assert.equal((await ask(relay.http, "/local/")).text, "here");
  for (const cwd of ["/", household.path("home"), household.data]) {
    const said = await ended(household.crunch(["agent"], { cwd }), 2);
    assert.match(said, /--dir/, cwd);
  }
  // So is a directory that is not there.
  const missing = household.crunch(["agent", "--dir", household.path("missing")]);
  assert.match(await ended(missing, 1), /missing/);
  // Asked for by name it is meant.
  const { process } = await household.agent(["--dir", "."], { cwd: household.path("home") });
  assert.equal(process.code, null);
});

Deno.test("agent: the local credential opens nothing from beyond this machine", async () => {
  const here = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.") && !address.startsWith("169.254.")
  );
  if (here === undefined) {
    console.log("      skipped: this machine has no address but loopback");
    return;
  }
  await using household = new Household();
  household.write("site/index.html", "here");
  const token = await household.account("alice");
  const relay = await household.relay([], { tunnel: "0.0.0.0:0", http: "0.0.0.0:0" });
  const beyond = `${here.address}:${relay.tunnel.split(":").at(-1)}`;
  const site = ["--relay", beyond, "--dir", household.path("site")];
  const { credential } = household.local;
  const refused = household.crunch(["agent", ...site], { env: { CRUNCH_TOKEN: credential } });
  assert.match(await ended(refused, 1), /refuses/);
  // An account's token works there, with one warning that it can be read on the way.
  const { process, urls } = await household.agent(site, { env: { CRUNCH_TOKEN: token } });
  assert.equal(process.stderr.match(/without TLS/g)?.length, 1, process.all);
  assert.deepEqual(urls.map((url) => new URL(url).hostname), [here.address]);
});

Deno.test("wrong usage: exit 2, a message and a pointer to --help", async () => {
  await using household = new Household();
  for (
    const [args, pattern] of [
      [["relay", "--htpp", ":1"], /--http/],
      [["agent", "--dri", "x"], /--dir/],
      [["replay"], /relay/],
      [["relay", "--http", "nonsense:port"], /--http/],
    ] as const
  ) {
    const process = household.crunch(args);
    const said = await ended(process, 2);
    assert.match(said, pattern);
    assert.match(said, /--help/);
    assert.equal(process.stdout, "");
  }
});
