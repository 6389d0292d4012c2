/** Claims about how long an agent waits before it dials again. @module */

import assert from "node:assert/strict";
import { Backoff } from "../../agent/backoff.ts";

/** Waits as long as they can be, in ms. */
function longest(backoff: Backoff, times: number): number[] {
  return Array.from({ length: times }, () => backoff.next());
}

Deno.test("backoff: doubles from 0.1 s to 1 s while the outage is young", () => {
  const backoff = new Backoff(() => 0, () => 1);
  assert.deepEqual(longest(backoff, 7), [100, 200, 400, 800, 1_000, 1_000, 1_000]);
});

Deno.test("backoff: after five minutes a wait may be 15 s, and stays so", () => {
  let now = 1_000;
  const backoff = new Backoff(() => now, () => 1);
  longest(backoff, 20);
  now += 5 * 60_000 - 1;
  assert.equal(backoff.next(), 1_000);
  now += 1;
  assert.equal(backoff.next(), 15_000);
  now += 90 * 24 * 3_600_000;
  assert.equal(longest(backoff, 2_000).at(-1), 15_000);
});

Deno.test("backoff: a wait is anything from nothing to its bound, so that not all come at once", () => {
  let share = 0;
  const backoff = new Backoff(() => 0, () => share);
  assert.equal(backoff.next(), 0);
  share = 0.5;
  assert.equal(backoff.next(), 100);
  share = 0.25;
  assert.equal(backoff.next(), 100);
});

Deno.test("backoff: a success begins it anew, with an outage of its own", () => {
  let now = 0;
  const backoff = new Backoff(() => now, () => 1);
  assert.equal(backoff.isFirst, true);
  longest(backoff, 9);
  assert.equal(backoff.isFirst, false);
  now = 10 * 60_000;
  backoff.reset();
  assert.equal(backoff.isFirst, true);
  assert.deepEqual(longest(backoff, 5), [100, 200, 400, 800, 1_000]);
});
