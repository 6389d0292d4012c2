/** Any port will do, those below 1024 included, where the system lets us. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";

/** Why a port cannot be had here; undefined where it can. */
function obstacle(port: number): string | undefined {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return `port ${port} needs root`;
    if (error instanceof Deno.errors.AddrInUse) return `port ${port} is taken`;
    throw error;
  }
}

Deno.test("ports: agents on 21 and visitors on 80", async () => {
  const why = obstacle(21) ?? obstacle(80);
  if (why !== undefined) return console.log(`      skipped: ${why}`);
  await using household = new Household();
  household.write("site/index.html", "here");
  const token = await household.account("alice");
  const relay = await household.relay([], { http: "127.0.0.1:80", tunnel: "127.0.0.1:21" });
  assert.deepEqual([relay.http, relay.tunnel], ["127.0.0.1:80", "127.0.0.1:21"]);
  const { urls } = await household.agent(
    ["--relay", "127.0.0.1:21", "--dir", household.path("site")],
    { env: { CRUNCH_TOKEN: token } },
  );
  assert.equal(urls[0], "http://127.0.0.1/alice/");
  assert.equal(await (await fetch(urls[0]!)).text(), "here");
});

Deno.test("ports: several addresses at once, a Unix socket among them", async () => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const path = household.path("visitors.sock");
  const relay = await household.relay(["--http", "127.0.0.1:0", "--http", `unix:${path}`]);
  await household.agent(["--dir", household.path("site")]);
  assert.equal((await ask(relay.http, "/local/")).text, "here");
  const conn = await Deno.connect({ transport: "unix", path });
  await conn.write(new TextEncoder().encode("GET /local/ HTTP/1.0\r\n\r\n"));
  const text = await new Response(conn.readable).text();
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.match(text, /here$/);
});
