/** The commonest mistakes of the first five minutes: each message says what happened, and the line to type. @module */

import assert from "node:assert/strict";
import { type Certified, certify } from "../support/certificates.ts";
import { checkout, type CrunchProcess, Household } from "../support/crunch.ts";
import { pause } from "../support/deadline.ts";
import { leftOut } from "../support/left_out.ts";
import { isInstalled } from "../support/proxy.ts";
import { ask } from "../support/visitor.ts";
import { freePort } from "../support/free_port.ts";

const PASSWORD = "correct horse";

/** It ends with `code` and says all of `says` on stderr, without a stack trace. */
async function fails(
  process: CrunchProcess,
  code: number,
  ...says: readonly (string | RegExp)[]
): Promise<void> {
  assert.equal(await process.exit, code, process.all);
  tells(process.stderr, ...says);
}

function tells(text: string, ...says: readonly (string | RegExp)[]): void {
  assert.doesNotMatch(text, /\.ts:\d+|Uncaught/);
  for (const said of says) {
    assert.ok(typeof said === "string" ? text.includes(said) : said.test(text), `${said}: ${text}`);
  }
}

/** It goes on trying, and says so. */
async function warns(process: CrunchProcess, ...says: readonly string[]): Promise<void> {
  await process.said(/no relay yet, dialling on: .*\n/);
  tells(process.stderr, ...says);
  process.kill("SIGTERM");
  assert.equal(await process.exit, 0);
}

Deno.test("mistakes at the relay", async (t) => {
  await using household = new Household();
  const relay = await household.relay();
  const port = Number(relay.http.split(":")[1]);
  const run = (...args: string[]): CrunchProcess =>
    household.crunch(["relay", "--data", household.path("other"), ...args]);

  await t.step("1. its port is taken", async () => {
    await fails(
      run("--http", relay.http, "--tunnel", "127.0.0.1:0"),
      1,
      `Cannot listen on ${relay.http}`,
      `pid ${relay.process.pid}`,
      `crunch relay --http 127.0.0.1:${port + 1}`,
    );
  });

  await t.step({
    name: "2. the port needs root",
    ignore: leftOut(
      Deno.build.os !== "linux" || !isInstalled("setpriv") ||
        Number(Deno.readTextFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start")) <= 80,
      "port 80 is free to everybody here, or there is no setpriv (util-linux)",
    ),
    fn: async () => {
      // Root without the one right that matters here.
      const drop = ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"];
      const command = [Deno.execPath(), "run", "-A", `${checkout}/main.ts`];
      const [program, ...args] = [
        ...(Deno.uid() === 0 ? drop : []),
        ...command,
        ...["relay", "--http", "127.0.0.1:80", "--data", household.path("other")],
      ];
      const { code, stderr } = await new Deno.Command(program!, { args }).output();
      assert.equal(code, 1);
      tells(
        new TextDecoder().decode(stderr),
        "ports below 1024 need root",
        "crunch relay --http :8080",
        "sudo setcap cap_net_bind_service=+ep",
      );
    },
  });

  await t.step("3. the address is another machine's", async () => {
    await fails(
      run("--http", "192.0.2.1:8080"),
      1,
      "this machine has no address 192.0.2.1",
      "crunch relay --http :8080",
    );
  });

  await t.step("4. the data directory is a running relay's", async () => {
    await fails(
      household.crunch(["relay", "--data", household.data, "--http", "127.0.0.1:0"]),
      1,
      `the relay with pid ${relay.process.pid} is using it`,
      "crunch relay --data DIR --http PORT --tunnel PORT",
    );
  });

  await t.step("5. it listens on loopback only", () => {
    tells(
      relay.process.stdout,
      "reachable only from this machine; add --http :8080 --tunnel :8021\n",
    );
  });

  await t.step("6. TLS without a certificate", async () => {
    await fails(run("--https", ":8443"), 2, "--https needs --tls-cert FILE and --tls-key FILE");
  });

  await t.step("7. the certificate is missing, or not the key's", async () => {
    const [one, other] = [certify({ names: ["localhost"] }), certify({ names: ["localhost"] })];
    const cert = household.write("cert.pem", one.certificate);
    const key = household.write("key.pem", other.key);
    const https = ["--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0", "--https", "127.0.0.1:0"];
    const missing = household.path("missing.pem");
    await fails(
      run(...https, "--tls-cert", missing, "--tls-key", key),
      1,
      `Cannot read ${missing}: it does not exist`,
      "openssl req -x509",
    );
    await fails(
      run(...https, "--tls-cert", cert, "--tls-key", key),
      1,
      `Cannot use ${key}: it is not the key of ${cert}`,
      "openssl req -x509",
    );
  });

  await t.step("8. an option is misspelt", async () => {
    await fails(run("--tunel", ":8021"), 2, "unknown option --tunel; did you mean --tunnel?");
  });

  await t.step("9. a key in the configuration is misspelt", async () => {
    const file = household.write("crunch.toml", "[relay]\ndrain = '1s'\npublicurl = 'x'\n");
    await fails(run("--config", file), 2, `${file}, line 3: unknown key publicurl`, "public-url");
  });

  await t.step(
    "10. https:// where plain HTTP is spoken, and http:// to the agents' port",
    async () => {
      const answer = await ask(relay.tunnel, "/");
      assert.equal(answer.status, 400);
      tells(answer.text, "This port is for crunch agents");
    },
  );
});

Deno.test("mistakes at the agent", async (t) => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const token = await household.account("alice");
  await household.account("bob", { names: ["photos"] });
  const authority = certify({ names: ["some authority"], authority: true });
  const leaf = certify({ names: ["127.0.0.1"], issuer: authority });
  const ca = household.write("ca.pem", authority.certificate);
  const relay = await household.relay([
    ...["--tunnel-tls", "127.0.0.1:0"],
    ...["--tls-cert", household.write("cert.pem", leaf.certificate)],
    ...["--tls-key", household.write("key.pem", leaf.key)],
  ], { env: { CRUNCH_ADMIN_PASSWORD: PASSWORD } });
  const tls = (await relay.process.said(/tls:\/\/(\S+)\n/))[1]!;
  const present = async ({ certificate, key }: Certified): Promise<void> => {
    household.write("cert.pem", certificate);
    household.write("key.pem", key);
    // The relay looks at its files at most once a second.
    await pause(1_100);
  };
  const run = (args: readonly string[], env: Record<string, string> = {}): CrunchProcess =>
    household.crunch(["agent", "--dir", "site", ...args], { env });
  const known = { CRUNCH_TOKEN: token };

  await t.step("11. no relay runs there", async () => {
    const port = freePort();
    const address = `127.0.0.1:${port}`;
    await warns(
      run(["--relay", address], known),
      `Cannot connect to ${address}: nobody listens there`,
      `crunch relay --tunnel ${address}`,
    );
  });

  await t.step("12. no relay runs on this machine", async () => {
    await fails(
      household.crunch(["agent", "--dir", "site"], { env: { XDG_RUNTIME_DIR: household.path() } }),
      1,
      "start one:\n  crunch relay\n",
      "--relay HOST:PORT",
    );
  });

  await t.step("13. the host is misspelt", async () => {
    await warns(
      run(["--relay", "relay.invalid:8021"], known),
      "no address is known for this host",
      "--relay HOST:PORT",
    );
  });

  await t.step("14. the password is wrong", async () => {
    await fails(
      run(["--relay", relay.tunnel, "--user", "admin"], { CRUNCH_PASSWORD: "wrong horse" }),
      1,
      "unknown account or token, or wrong password",
      "crunch account passwd admin",
    );
  });

  await t.step("15. there are no credentials, or half of them", async () => {
    await fails(
      run(["--relay", tls]),
      2,
      "give --user NAME with --password-file FILE or CRUNCH_PASSWORD",
    );
    await fails(
      run(["--relay", relay.tunnel, "--user", "alice"]),
      2,
      "set CRUNCH_PASSWORD or give --password-file FILE",
    );
  });

  await t.step("16. a secret on the command line", async () => {
    await fails(
      run(["--password", "hunter2"]),
      2,
      "use CRUNCH_PASSWORD or --password-file FILE",
    );
  });

  await t.step("17. the token is cut", async () => {
    await fails(
      run(["--relay", relay.tunnel], { CRUNCH_TOKEN: token.slice(0, 40) }),
      2,
      "begins with crunch_ and has 63 characters",
    );
  });

  await t.step("18. the name is taken, or kept", async () => {
    for (const [name, why] of [["photos", "photos"], ["phot0s", "looks"], ["www", "reserved"]]) {
      await fails(
        run(["--relay", relay.tunnel, "--name", name!], {
          CRUNCH_PASSWORD: PASSWORD,
          CRUNCH_USER: "admin",
        }),
        1,
        why!,
        "choose another name: --name NAME",
      );
    }
  });

  await t.step("19. the account has no name of its own, or may have no more", async () => {
    await fails(
      run(["--relay", relay.tunnel, "--user", "admin"], { CRUNCH_PASSWORD: PASSWORD }),
      1,
      "for example: --name site",
    );
    await fails(
      run(["--relay", relay.tunnel, "--name", "more"], known),
      1,
      "The account alice may publish under its own name only",
      "crunch account name add ACCOUNT more",
    );
  });

  await t.step("20. the directory is missing, or a file", async () => {
    await fails(
      household.crunch(["agent", "--dir", "sight"]),
      1,
      `Cannot publish ${household.path("sight")}: there is no such directory; name one: --dir DIR`,
    );
    await fails(
      household.crunch(["agent", "--dir", "site/index.html"]),
      1,
      `it is not a directory; publish the one it is in: --dir ${household.path("site")}`,
    );
  });

  await t.step("21. the home directory would be published", async () => {
    await fails(
      household.crunch(["agent"], { cwd: household.path("home") }),
      2,
      "would publish the home directory",
      "crunch agent --dir ./site",
    );
    await fails(
      household.crunch(
        ["agent", "--relay", "relay.example:8021", "--user", "alice"],
        { cwd: household.path("home") },
      ),
      2,
      "crunch agent --relay relay.example:8021 --user alice --dir ./site",
    );
  });

  await t.step("22. the visitors' port is dialled instead of the agents'", async () => {
    await fails(
      run(["--relay", relay.http], known),
      1,
      "an HTTP server answers on this port",
      "the port of the relay's --tunnel, 8021 by default",
      "crunch agent --relay 127.0.0.1:8021",
    );
  });

  await t.step("23. TLS against plain", async () => {
    await warns(
      run(["--relay", `tls://${relay.tunnel}`], known),
      "does not speak TLS on this port",
      `crunch agent --relay ${relay.tunnel}`,
    );
  });

  await t.step("24. plain against TLS", async () => {
    await fails(run(["--relay", tls], known), 1, `over TLS: crunch agent --relay tls://${tls}`);
  });

  await t.step("25. the certificate's authority is unknown", async () => {
    await warns(
      run(["--relay", `tls://${tls}`], known),
      "nobody we trust has signed its certificate",
      "--relay-ca FILE",
    );
  });

  await t.step("26. the certificate has expired, or the clock is far off", async () => {
    await present(certify({ names: ["127.0.0.1"], issuer: authority, days: -1 }));
    await warns(
      run(["--relay", `tls://${tls}`, "--relay-ca", ca], known),
      "its certificate has expired: it was good until ",
      `, and the clock here shows ${new Date().toISOString().slice(0, 13)}`,
      "if the clock here is wrong, set it: ",
      "put a new certificate into the relay's --tls-cert file",
    );
    await present(certify({ names: ["127.0.0.1"], issuer: authority, from: 1, days: 2 }));
    await warns(
      run(["--relay", `tls://${tls}`, "--relay-ca", ca], known),
      "its certificate is not valid yet: it is good from ",
      `, and the clock here shows ${new Date().toISOString().slice(0, 13)}`,
      "if the clock here is wrong, set it: ",
    );
  });

  await t.step("27. the certificate is another host's", async () => {
    await present(certify({ names: ["relay.example"], issuer: authority }));
    await warns(
      run(["--relay", `tls://${tls}`, "--relay-ca", ca], known),
      "its certificate is not for 127.0.0.1",
      "--relay tls://NAME:",
    );
  });
});

Deno.test("mistakes at the shell", async (t) => {
  await using household = new Household();

  await t.step("28. nothing is said: three lines to start with", async () => {
    const process = household.crunch([]);
    assert.equal(await process.exit, 0);
    assert.equal(process.stdout.trimEnd().split("\n").length, 3);
    tells(process.stdout, "crunch relay", "crunch agent --dir ./site", "crunch --help");
  });

  await t.step("29. a command is misspelt", async () => {
    await fails(household.crunch(["rely"]), 2, 'unknown command "rely"; did you mean relay?');
  });

  await t.step("30. the configuration is not there", async () => {
    await fails(
      household.crunch(["relay", "--config", "crunch.toml"]),
      2,
      `--config: cannot read "${household.path("crunch.toml")}": there is no such file`,
    );
  });

  await t.step("31. the first password is not to be found", async () => {
    const first = await household.relay();
    const path = `${household.data}/admin-password`;
    const said = `sign in as  admin with the password in ${path}\n`;
    tells(first.process.stdout, said);
    first.process.kill("SIGTERM");
    await first.process.exit;
    const second = await household.relay();
    tells(second.process.stdout, said);
    second.process.kill("SIGTERM");
    await second.process.exit;
    Deno.removeSync(path);
    const third = await household.relay();
    assert.doesNotMatch(third.process.stdout, /sign in as/);
  });

  await t.step("32. CRUNCH_RELAY is an agent's, and a command for accounts is typed", async () => {
    const list = (relay: string, ...args: string[]): CrunchProcess =>
      household.crunch(["account", "list", ...args], {
        env: { CRUNCH_RELAY: relay, XDG_STATE_HOME: household.path("state") },
      });
    await fails(
      list("relay.example:8021"),
      2,
      "CRUNCH_RELAY is relay.example:8021, where agents dial",
      "\n  crunch account list --relay http://relay.example:8080\n",
      `\n  crunch account list --data ${household.path("state", "crunch")}\n`,
    );
    await fails(
      list("tls://relay.example"),
      2,
      "crunch account list --relay https://relay.example",
    );
    await fails(list("https://relay.example"), 2, "CRUNCH_RELAY needs a token: set CRUNCH_TOKEN");
    const here = list("relay.example:8021", "--data", household.data, "--json");
    assert.equal(await here.exit, 0, here.all);
    assert.match(here.stdout, /"admin"/);
  });

  await t.step("33. CRUNCH_RELAY is the address of pages, and an agent is started", async () => {
    await fails(
      household.crunch(["agent", "--dir", "."], { env: { CRUNCH_RELAY: "https://relay.example" } }),
      2,
      "CRUNCH_RELAY takes the address that agents dial, like relay.example:8021",
    );
  });
});
