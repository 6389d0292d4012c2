/** API calls begin a one at a time, in rotation by address and credential. @module */

import assert from "node:assert/strict";
import { CallTurns } from "../../../relay/admin/call_turns.ts";
import { eventually, pause } from "../../support/deadline.ts";

const from = (address: string, credential = "") => ({ address, credential });

Deno.test("call turns: a call alone begins at once", () => {
  using turns = new CallTurns();
  let begun = 0;
  assert(turns.begin(from("a"), () => begun++));
  assert.equal(begun, 1);
});

Deno.test("call turns: one begins in a turn, addresses in rotation, and credentials within them", async () => {
  using turns = new CallTurns();
  const begun: string[] = [];
  const ask = (address: string, credential: string, count: number): void => {
    for (let i = 0; i < count; i++) {
      assert(turns.begin(from(address, credential), () => begun.push(address + credential)));
    }
  };
  ask("a", "1", 10);
  assert.deepEqual(begun, ["a1"]);
  ask("a", "2", 1);
  ask("b", "1", 2);
  await eventually(() => begun.length === 13);
  assert.deepEqual(begun.slice(0, 7), ["a1", "a1", "b1", "a2", "b1", "a1", "a1"]);
});

Deno.test("call turns: timers and sockets have their turn between calls", async () => {
  using turns = new CallTurns();
  let left = 100;
  for (let i = 0; i < 100; i++) assert(turns.begin(from(`address ${i}`), () => left--));
  const began = left;
  await pause(1);
  assert(left > began - 10, `${began - left} calls before one timer`);
  await eventually(() => left === 0);
});

Deno.test("call turns: of one address some wait, and some more of all; the rest is refused", async () => {
  using turns = new CallTurns({ address: 4, all: 10 });
  let begun = 0;
  const taken = (address: string): number => {
    let all = 0;
    for (let i = 0; i < 20; i++) if (turns.begin(from(address, `${i}`), () => begun++)) all++;
    return all;
  };
  assert.deepEqual(["a", "b", "c", "d"].map(taken), [5, 4, 2, 0]);
  await eventually(() => begun === 11);
  assert(taken("d") >= 4);
});

Deno.test("call turns: when they end, what waits begins, and what comes begins at once", () => {
  const turns = new CallTurns();
  let begun = 0;
  for (let i = 0; i < 10; i++) turns.begin(from(`${i % 3}`, `${i % 2}`), () => begun++);
  turns[Symbol.dispose]();
  assert.equal(begun, 10);
  turns.begin(from("late"), () => begun++);
  assert.equal(begun, 11);
});
