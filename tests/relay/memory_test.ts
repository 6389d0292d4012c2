/** Claims about memory that a relay gives back once it is at rest. @module */

import assert from "node:assert/strict";
import { freedBytes, giveBuffer, takeBuffer } from "../../http/mod.ts";
import { MemoryKeeper } from "../../relay/running/memory.ts";
import { collectGarbage } from "../../relay/store/mod.ts";
import { eventually } from "../support/deadline.ts";

/** Many objects that somebody holds. */
function fill(): object[] {
  return Array.from({ length: 200_000 }, (_, i) => ({ i, text: `${i}` }));
}

/** Nobody who waits may hold them: a function's own variables may live as long as it does. */
function fillAndForget(): void {
  assert.equal(fill().length, 200_000);
}

Deno.test("memory: garbage is collected when it is asked for", async () => {
  const lost = new WeakRef(fill());
  await eventually(() => {
    collectGarbage();
    return lost.deref() === undefined;
  });
});

Deno.test("memory: a relay at rest gives back buffers soon, and collects garbage after each rush", async () => {
  let rests = 0;
  await using _ = new MemoryKeeper({
    cpuTime: () => 0,
    largestHeap: Infinity,
    onrest: () => rests++,
  });
  const before = freedBytes();
  // More buffers of 1 MiB than are kept.
  for (const buffer of Array.from({ length: 16 }, () => takeBuffer(1 << 20))) giveBuffer(buffer);
  await eventually(() => freedBytes() - before >= 16 << 20);
  // What is held is not collected, but no less a reason to try.
  const held: object[][] = [];
  for (let rush = 1; rush < 3; rush++) {
    held.push(fill());
    await eventually(() => rests >= rush);
  }
  assert.equal(held.length, 2);
});

Deno.test("memory: a busy relay collects nothing out of turn", async () => {
  let looks = 0;
  let rests = 0;
  await using _ = new MemoryKeeper({
    largestHeap: Infinity,
    cpuTime: () => 1_000_000 * looks++,
    onrest: () => rests++,
  });
  fillAndForget();
  await eventually(() => looks >= 6);
  assert.equal(rests, 0);
});
