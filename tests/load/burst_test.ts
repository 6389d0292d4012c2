/** Claims about two thousand visitors who come at once: a fresh agent answers every one of them. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { Visitor } from "../support/visitor.ts";

const VISITORS = 2_000;

for (const [what, size] of [["a page", 1_024], ["a photograph", 300_000]] as const) {
  Deno.test(`${VISITORS} visitors at once of an agent that has just come get ${what} each`, async () => {
    await using household = new Household();
    household.write("site/a", new Uint8Array(size));
    // On a busy machine a place may take longer to come than the five seconds that a visitor waits.
    const relay = await household.relay(["--stream-wait", "60s"]);
    await household.agent(["--dir", household.path("site")]);
    const visitors: Visitor[] = [];
    try {
      for (let i = 0; i < VISITORS; i++) visitors.push(await Visitor.connect(relay.http));
      const answers = await Promise.all(visitors.map(async (visitor) => {
        await visitor.request("/local/a", { host: "localhost" });
        return await visitor.answer();
      }));
      const statuses = new Map<number, number>();
      for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      assert.deepEqual([...statuses], [[200, VISITORS]]);
      assert(answers.every(({ body }) => body.length === size));
    } finally {
      for (const visitor of visitors) visitor.close();
    }
  });
}
