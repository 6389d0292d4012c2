/** Claims about memory that a relay gives back once it is at rest. @module */

import assert from "node:assert/strict";
import { giveBuffer, takeBuffer } from "../../http/mod.ts";
import { MemoryKeeper } from "../../relay/memory.ts";
import { collectGarbage } from "../../relay/store/mod.ts";
import { eventually, within } from "../support/deadline.ts";

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

Deno.test("memory: a relay at rest gives back garbage and buffers, once for each rush", async () => {
  let rests = 0;
  const first = Promise.withResolvers<void>();
  await using _ = new MemoryKeeper({
    cpuTime: () => 0,
    onrest: () => {
      rests++;
      first.resolve();
    },
  });
  fillAndForget();
  await within(first.promise, "the first rest");
  // More buffers of 1 MiB than are kept.
  for (const buffer of Array.from({ length: 16 }, () => takeBuffer(1 << 20))) giveBuffer(buffer);
  await eventually(() => rests >= 2);
});

Deno.test("memory: a busy relay collects nothing out of turn", async () => {
  let looks = 0;
  let rests = 0;
  await using _ = new MemoryKeeper({ cpuTime: () => 1_000_000 * looks++, onrest: () => rests++ });
  fillAndForget();
  await eventually(() => looks >= 3);
  assert.equal(rests, 0);
});
