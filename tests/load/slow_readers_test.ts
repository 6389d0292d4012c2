/** Claims about hundreds of visitors who stop reading: what they cost, that it comes back, and that others do not notice. @module */

import assert from "node:assert/strict";
import { eventually, pause } from "../support/deadline.ts";
import { Household } from "../support/crunch.ts";
import { leftOut } from "../support/left_out.ts";
import { Visitor } from "../support/visitor.ts";

const MB = 1e6;
const READERS = 500;
/** What all of them may cost the relay, by the goal of the project. */
const COST = 64 * MB;
/** What may be left of it ten seconds after they left: garbage that is not collected yet. */
const REST = 32 * MB;

const ignore = leftOut(Deno.build.os !== "linux", "memory is read from /proc");

Deno.test({
  name:
    `${READERS} visitors who stop reading cost the relay 64 MB, which come back when they leave`,
  ignore,
  fn: async () => {
    await using household = new Household();
    household.write("site/large.bin", "");
    Deno.truncateSync(household.path("site", "large.bin"), 1 << 30);
    const relay = await household.relay();
    await household.agent(["--dir", household.path("site")]);
    const download = async (): Promise<void> => {
      using visitor = await Visitor.connect(relay.http);
      await visitor.request("/local/large.bin", { host: "localhost" });
      await visitor.head();
      await visitor.take(256 << 20);
    };
    // As warm as a relay that has worked for a while.
    for (let i = 0; i < 3; i++) await download();
    const idle = await settled(() => relay.process.memory);
    const readers = await Promise.all(
      Array.from({ length: READERS }, () => Visitor.connect(relay.http)),
    );
    try {
      for (const reader of readers) {
        await reader.request("/local/large.bin", { host: "localhost" });
      }
      const cost = await settled(() => relay.process.memory) - idle;
      console.log(`      ${READERS} readers: ${Math.round(cost / MB)} MB`);
      assert(cost <= COST, `${cost / MB} MB`);
      // Somebody who reads is served beside them.
      await download();
    } finally {
      for (const reader of readers) reader[Symbol.dispose]();
    }
    await eventually(() => relay.process.memory - idle < REST, {
      every: 250,
      what: "giving the memory back",
    });
    console.log(`      after they left: ${Math.round((relay.process.memory - idle) / MB)} MB`);
  },
});

/** The value once it changes no more: the largest that was seen. */
async function settled(look: () => number): Promise<number> {
  let most = 0;
  for (let same = 0, last = 0, i = 0; same < 8 && i < 200; i++) {
    await pause(500);
    const now = look();
    same = Math.abs(now - last) < MB ? same + 1 : 0;
    last = now;
    most = Math.max(most, now);
  }
  return most;
}
