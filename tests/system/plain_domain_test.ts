/** A relay with a domain of its own and no TLS: whoever signs in there is told, and no page plants him a session. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";

const PASSWORD = "correct horse";

Deno.test("plain domain: a start without TLS says loudly what that means", async () => {
  await using household = new Household();
  const warned = async (args: string[]): Promise<boolean> => {
    const relay = await household.relay(args);
    await relay.process.said(/\nvisitors |^visitors /);
    relay.process.kill("SIGTERM");
    await relay.process.exit;
    return /warn .*--domain relay\.test without TLS.*--public-url https/.test(relay.process.stderr);
  };
  assert.equal(await warned(["--domain", "relay.test"]), true);
  assert.equal(await warned([]), false);
  assert.equal(
    await warned(["--domain", "relay.test", "--public-url", "https://relay.test"]),
    false,
  );
});

Deno.test("plain domain: a session's cookie opens nothing without what our own pages keep", async () => {
  await using household = new Household();
  const relay = await household.relay(["--domain", "relay.test"], {
    env: { CRUNCH_ADMIN_PASSWORD: PASSWORD },
  });
  const host = "relay.test:8080";
  const signedIn = await ask(relay.http, "/api/v1/sessions", {
    method: "POST",
    host,
    fields: ["Content-Type: application/json", `Origin: http://${host}`],
    body: JSON.stringify({ name: "admin", password: PASSWORD }),
  });
  assert.equal(signedIn.status, 204);
  const cookie = `Cookie: ${signedIn.get("set-cookie")!.split(";")[0]}`;
  const second = signedIn.get("x-crunch-session")!;
  const me = async (target: string, host: string, fields: string[] = []): Promise<number> =>
    (await ask(relay.http, target, { host, fields: [cookie, ...fields] })).status;
  assert.equal(await me("/api/v1/me", host), 401);
  assert.equal(await me("/api/v1/me", host, [`X-Crunch-Session: ${second}`]), 200);
  // Streams and downloads, for which browsers send no fields of ours.
  assert.equal(await me("/api/v1/requests/export?format=csv", host), 401);
  assert.equal(await me(`/api/v1/requests/export?format=csv&session=${second}`, host), 200);
  assert.equal(await me("/api/v1/me", relay.http), 200, "no name can set a cookie for an address");
});
