/** API calls begin a few at a time, in rotation by address. @module */

import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { CallTurns } from "../../../relay/admin/call_turns.ts";
import { eventually } from "../../support/deadline.ts";

Deno.test("call turns: a call alone begins at once", async () => {
  const turns = new CallTurns();
  let begun = 0;
  assert(turns.begin("a", () => begun++));
  assert.equal(begun, 1);
  await setImmediate();
});

Deno.test("call turns: two begin in a turn, and addresses in rotation", async () => {
  const turns = new CallTurns();
  const begun: string[] = [];
  for (let i = 0; i < 100; i++) assert(turns.begin("busy", () => begun.push("busy")));
  assert(turns.begin("other", () => begun.push("other")));
  assert.deepEqual(begun, ["busy", "busy"]);
  await eventually(() => begun.includes("other"));
  assert(begun.indexOf("other") < 6, begun.join(" "));
  await eventually(() => begun.length === 101);
});

Deno.test("call turns: timers and sockets have their turn between calls", async () => {
  const turns = new CallTurns();
  let left = 200;
  const busy = (): void => {
    for (const until = performance.now() + 1; performance.now() < until;);
    left--;
  };
  for (let i = 0; i < 200; i++) assert(turns.begin(`address ${i}`, busy));
  const began = left;
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert(left > began - 100, `${began - left} calls before one timer`);
  await eventually(() => left === 0);
});

Deno.test("call turns: of one address 256 wait, and 4,096 of all; the rest is refused", async () => {
  const turns = new CallTurns();
  let begun = 0;
  const call = (): void => void begun++;
  const taken = (address: string, count: number): number => {
    let all = 0;
    for (let i = 0; i < count; i++) if (turns.begin(address, call)) all++;
    return all;
  };
  assert.equal(taken("a", 300), 258);
  assert.equal(taken("b", 300), 256);
  for (let i = 0; i < 20; i++) taken(`more ${i}`, 256);
  assert.equal(taken("late", 1), 0);
  await eventually(() => begun === 4_098);
});
