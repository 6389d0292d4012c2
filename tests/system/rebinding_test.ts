/** Hosts that a relay answers to, and those at which a stranger's page would have it (DNS rebinding). @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { type Answer, ask, Visitor } from "../support/visitor.ts";

/** An address of this machine that is not the loopback's. */
const outer = Deno.networkInterfaces().find(({ family, address }) =>
  family === "IPv4" && !address.startsWith("127.")
)?.address;

const STRANGERS = [
  "evil.test",
  "evil.test:8080",
  "EVIL.TEST.",
  "localhost.evil.test",
  "127.0.0.1.evil.test",
  "relay.testx",
  "xrelay.test",
  "192.0.2.1",
  "[2001:db8::1]:8080",
  "0.0.0.0",
];

Deno.test("rebinding: a listener on the loopback", async (t) => {
  await using household = new Household();
  const token = await household.account("alice");
  const relay = await household.relay([
    ...["--domain", "relay.test", "--public-url", "https://public.test/"],
    ...["--admin", "127.0.0.1:0"],
  ]);
  await using _agent = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token,
    answer: (request) => request.respond("here"),
  });
  const get = (host: string, target = "/alice/", fields: string[] = []): Promise<Answer> =>
    ask(relay.http, target, { host, fields });

  await t.step("answers its own names and addresses", async () => {
    for (
      const host of [
        ...["127.0.0.1", relay.http, "127.9.9.9", "[::1]:81", "localhost", "LOCALHOST.:8080"],
        ...["relay.test", "relay.test:81", "RELAY.TEST.", "public.test", "public.test:9999"],
      ]
    ) assert.equal((await get(host)).status, 200, host);
    assert.equal((await get("alice.relay.test", "/")).text, "here");
  });

  await t.step("refuses every other host, for whatever is asked there", async () => {
    for (const host of STRANGERS) {
      const got = await get(host);
      assert.equal(got.status, 403, host);
      assert(got.text.includes(`--public-url http://${host}`), got.text);
    }
    for (
      const target of ["/", "/admin", "/api/v1/me", "/metrics", "/healthz", "/nobody/", "/x/.."]
    ) {
      assert.equal((await get("evil.test", target)).status, 403, target);
    }
    const signIn = await ask(relay.http, "/api/v1/sessions", {
      method: "POST",
      host: "evil.test",
      fields: ["Content-Type: application/json", "Origin: http://evil.test"],
      body: "{}",
    });
    assert.equal(signIn.status, 403);
    const json = await get("evil.test", "/alice/", ["Accept: application/json"]);
    assert.equal(json.json().code, "unknown-host");
  });

  await t.step("judges the address in absolute form before Host", async () => {
    const say = async (target: string, host: string): Promise<number> => {
      using visitor = await Visitor.connect(relay.http);
      await visitor.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      return (await visitor.answer()).status;
    };
    assert.equal(await say("http://evil.test/alice/", relay.http), 403);
    assert.equal(await say(`http://${relay.http}/alice/`, "evil.test"), 200);
  });

  await t.step("judges each request of a connection", async () => {
    using visitor = await Visitor.connect(relay.http);
    for (const [host, status] of [["localhost", 200], ["evil.test", 403], ["localhost", 200]]) {
      assert.equal((await visitor.ask("/alice/", { host: String(host) })).status, status);
    }
  });

  await t.step("answers who says no host at all, as no browser does", async () => {
    using visitor = await Visitor.connect(relay.http);
    await visitor.send("GET /alice/ HTTP/1.0\r\n\r\n");
    assert.equal((await visitor.answer()).status, 200);
  });

  await t.step("the dashboard's own listener does the same, with its metrics", async () => {
    for (const target of ["/metrics", "/admin", "/api/v1/me", "/"]) {
      const got = await ask(relay.admin, target, { host: "evil.test" });
      assert.equal(got.status, 403, target);
    }
    assert.equal((await ask(relay.admin, "/metrics")).status, 200);
  });

  await t.step("the log says once how to mend it", () => {
    const said = relay.process.stderr.match(/add --public-url http:\/\/evil\.test$/gm);
    assert.equal(said?.length, 1, relay.process.stderr);
  });
});

Deno.test("rebinding: trust of a peer on this machine widens nothing", async () => {
  await using household = new Household();
  const relay = await household.relay(["--trusted-proxy", "127.0.0.1/32"]);
  const get = async (host: string, fields: string[] = []): Promise<number> =>
    (await ask(relay.http, "/", { host, fields })).status;
  assert.equal(await get("evil.test"), 403);
  // A page at evil.test may send what it likes to evil.test.
  assert.equal(await get("evil.test", [`X-Forwarded-Host: ${relay.http}`]), 403);
  assert.equal(await get("evil.test", ["X-Forwarded-For: 9.9.9.9", "X-Forwarded-Host: a"]), 403);
  assert.equal(await get(relay.http, ["X-Forwarded-For: 9.9.9.9", "X-Forwarded-Host: a"]), 403);
  assert.equal(await get(relay.http, ["X-Forwarded-For: 9.9.9.9"]), 200);
});

Deno.test("rebinding: behind a proxy on this machine the public URL is enough", async () => {
  await using household = new Household();
  const relay = await household.relay([
    ...["--trusted-proxy", "127.0.0.1/32", "--public-url", "https://relay.example"],
  ]);
  const fields = ["X-Forwarded-For: 9.9.9.9", "X-Forwarded-Host: relay.example"];
  assert.equal((await ask(relay.http, "/", { host: relay.http, fields })).status, 200);
  assert.equal((await ask(relay.http, "/", { host: "relay.example", fields })).status, 200);
});

Deno.test("rebinding: a listener on all interfaces answers to their addresses", {
  ignore: outer === undefined,
}, async () => {
  await using household = new Household();
  const relay = await household.relay(["--trusted-proxy", "192.0.2.9"], { http: ":0" });
  const port = relay.http.split(":").at(-1)!;
  const get = async (host: string, fields: string[] = []): Promise<Answer> =>
    await ask(`${outer}:${port}`, "/", { host, fields });
  for (const host of [`${outer}:${port}`, `${outer}`, "localhost:81", "127.0.0.1", "a.localhost"]) {
    assert.notEqual((await get(host)).status, 403, host);
  }
  for (const host of STRANGERS) {
    const got = await get(host);
    assert.equal(got.status, 403, host);
    assert(got.text.includes(`--public-url http://${host}`), got.text);
  }
  // Inside, the addresses outside are none of its own.
  assert.equal((await ask(`127.0.0.1:${port}`, "/", { host: `${outer}` })).status, 403);
});

Deno.test("rebinding: what a trusted proxy on another machine passes is meant for us", {
  ignore: outer === undefined,
}, async () => {
  await using household = new Household();
  const relay = await household.relay(["--trusted-proxy", `${outer}`], { http: ":0" });
  const port = relay.http.split(":").at(-1)!;
  const from = (fields: string[]): Promise<Answer> =>
    ask(`${outer}:${port}`, "/", { host: "relay.example", fields });
  assert.equal((await from([])).status, 200);
  assert.equal((await from(["X-Forwarded-For: 9.9.9.9", "X-Forwarded-Host: a.b"])).status, 200);
});

if (outer === undefined) console.warn("rebinding: partly skipped: no interface but the loopback's");
