/** Claims about a relay with --http and --https: pages are read over TLS, and agents tell those addresses. @module */

import assert from "node:assert/strict";
import { certify } from "../support/certificates.ts";
import { Household, type RunningRelay } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";

async function both(
  household: Household,
  args: readonly string[] = [],
): Promise<RunningRelay & { readonly https: string }> {
  const { certificate, key } = certify({ names: ["localhost", "127.0.0.1"] });
  const files = [
    ...["--tls-cert", household.write("cert.pem", certificate)],
    ...["--tls-key", household.write("key.pem", key)],
  ];
  const relay = await household.relay(["--https", "127.0.0.1:0", ...files, ...args]);
  const { https } = JSON.parse(Deno.readTextFileSync(household.path("ready-1.json")));
  return { ...relay, https };
}

Deno.test("redirect: pages are sent to https, with path and query", async (t) => {
  await using household = new Household();
  household.write("site/index.html", "here");
  household.write("offers/crunch-linux-x64", "#!/bin/sh\n");
  const relay = await both(household, ["--downloads", household.path("offers")]);
  const agent = await household.agent(["--dir", household.path("site")]);
  const port = relay.https.split(":")[1];
  const location = async (target: string, options: Parameters<typeof ask>[2] = {}) => {
    const { status, head } = await ask(relay.http, target, { host: relay.http, ...options });
    return status === 308 ? head.get("location") : status;
  };

  await t.step("those of the relay and those of names, by GET and HEAD", async () => {
    const targets = [
      "/",
      "/admin",
      "/admin/log?q=status%3A404&x=1",
      "/download",
      "/local/a/%41?b=c%20",
    ];
    for (const target of targets) {
      assert.equal(await location(target), `https://${relay.https}${target}`);
      assert.equal(await location(target, { method: "HEAD" }), `https://${relay.https}${target}`);
    }
    assert.equal(
      await location("/x?y", { host: "local.localhost:80" }),
      `https://local.localhost:${port}/x?y`,
    );
    const { head } = await ask(relay.http, "/", { host: relay.http });
    assert.equal(head.get("cache-control"), "no-cache", "TLS may be taken away again");
  });

  await t.step("not what programs and other machines ask for", async () => {
    for (const target of ["/healthz", "/readyz", "/robots.txt", "/install.sh"]) {
      assert.equal(await location(target), 200, target);
    }
    assert.equal(await location("/api/v1/me"), 401);
    assert.equal(await location("/metrics"), 401);
    assert.equal(await location("/.well-known/acme-challenge/x"), 404);
    assert.equal(
      await location("/.well-known/acme-challenge/x", { host: "local.localhost" }),
      404,
    );
    assert.notEqual(typeof await location("/local/", { method: "POST" }), "string");
    assert.equal(
      typeof await location("/local/", { fields: ["Connection: upgrade", "Upgrade: websocket"] }),
      "number",
    );
  });

  await t.step("not what came over TLS to a proxy before the relay", async () => {
    assert.equal(await location("/local/", { fields: ["X-Forwarded-Proto: https"] }), 200);
  });

  await t.step("agent, start and scripts tell the https addresses", async () => {
    assert.deepEqual(agent.urls, [
      `https://${relay.https}/local/`,
      `https://local.localhost:${port}/`,
    ]);
    assert.match(
      relay.process.stdout,
      new RegExp(`^dashboard +https://${relay.https}/admin$`, "m"),
    );
    const script = await ask(relay.http, "/install.sh", { host: relay.http });
    assert.match(script.text, new RegExp(`^base='https://${relay.https}'$`, "m"));
  });
});

Deno.test("redirect: --no-redirect serves pages on both", async () => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const relay = await both(household, ["--no-redirect"]);
  const agent = await household.agent(["--dir", household.path("site")]);
  assert.equal((await ask(relay.http, "/local/", { host: relay.http })).text, "here");
  assert.equal((await ask(relay.http, "/", { host: relay.http })).status, 200);
  assert.match(agent.urls[0]!, /^https:/);
});

Deno.test("redirect: a host that is refused gets the https address as the public URL to set", async () => {
  await using household = new Household();
  const relay = await both(household, ["--https", ":0"]);
  const [, port] = await relay.process.said(/https:\/\/localhost:(\d+)\//);
  const refused = await ask(relay.http, "/", { host: "relay.example:8080" });
  assert.equal(refused.status, 403);
  const option = `--public-url https://relay.example:${port}`;
  assert.ok(refused.text.includes(`start the relay with ${option}.`), refused.text);
  await relay.process.said(new RegExp(`add ${option}$`, "m"));

  const mended = await household.relay(
    [
      ...option.split(" "),
      "--https",
      "127.0.0.1:0",
      "--tls-cert",
      "cert.pem",
      "--tls-key",
      "key.pem",
    ],
    { data: household.path("other") },
  );
  const sent = await ask(mended.http, "/admin?x", { host: "relay.example:8080" });
  assert.equal(sent.status, 308);
  assert.equal(sent.get("location"), `https://relay.example:${port}/admin?x`);
});
