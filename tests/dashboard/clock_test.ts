/** Claims about the dashboard's clock: it is the relay's, whatever the browser's own says. @module */

import assert from "node:assert/strict";
import { get, relayNow } from "../../dashboard/api.js";

const HOUR = 3_600_000;
const CLOSE = 30_000;

/** What the dashboard takes for now after an answer whose Date is `off` ms from the browser's clock. */
async function after(off: number): Promise<number> {
  const { fetch } = globalThis;
  globalThis.fetch = () =>
    Promise.resolve(
      Response.json({}, { headers: { date: new Date(Date.now() + off).toUTCString() } }),
    );
  try {
    await get("/me");
  } finally {
    globalThis.fetch = fetch;
  }
  return relayNow() - Date.now();
}

Deno.test("dashboard's clock: follows the answers' Date both ways, and back", async () => {
  for (const off of [5 * HOUR, -5 * HOUR, HOUR, 0]) {
    const found = await after(off);
    assert.ok(Math.abs(found - off) < CLOSE, `${off}: ${found}`);
  }
  assert.equal(await after(500), 0, "the way, and seconds that are whole");
});
