/** Claims about the coarse clocks: what measures time does not care about the date, nor for time nobody had. @module */

import assert from "node:assert/strict";
import {
  coarseDate,
  coarseNow,
  dateField,
  TICK,
  unwatch,
  watch,
  type Watched,
} from "../../http/clock.ts";
import { MockClock } from "../support/mock_clock.ts";

const HOUR = 3_600_000;

/** Watches while a test runs, and counts. */
class Looker implements Watched, Disposable {
  ticks = 0;
  wakes = 0;

  constructor() {
    watch(this);
  }

  tick(now: number): void {
    assert.equal(now, coarseNow());
    this.ticks++;
  }

  woke(): void {
    this.wakes++;
  }

  [Symbol.dispose](): void {
    unwatch(this);
  }
}

Deno.test("clock: a date set on or back by an hour moves the Date field, and no time-out", () => {
  using clock = new MockClock();
  using looker = new Looker();
  for (const step of [HOUR, -2 * HOUR, HOUR]) {
    const [time, date] = [coarseNow(), Date.now()];
    clock.setDate(step);
    clock.tick(TICK);
    assert.equal(coarseNow(), time + TICK);
    assert.equal(coarseDate(), date + step + TICK);
    const field = new TextDecoder().decode(dateField());
    assert.equal(Date.parse(field.slice("Date: ".length)), Math.floor(coarseDate() / 1000) * 1000);
  }
  assert.equal(looker.ticks, 3);
});

Deno.test("clock: a tick that comes late gives everybody as much grace as it was late", () => {
  using clock = new MockClock();
  using _ = new Looker();
  clock.tick(TICK);
  const before = coarseNow();
  clock.freeze(60_000);
  clock.tick(TICK);
  assert(coarseNow() - before <= 2 * TICK, `${coarseNow() - before} ms`);
  clock.tick(4 * TICK);
  assert(coarseNow() - before <= 6 * TICK, `${coarseNow() - before} ms`);
});

Deno.test("clock: a busy process that ticks half as often measures as an idle one does", () => {
  using clock = new MockClock();
  using _ = new Looker();
  clock.tick(TICK);
  const before = coarseNow();
  for (let i = 0; i < 40; i++) {
    clock.freeze(TICK);
    clock.tick(TICK);
  }
  assert.equal(coarseNow() - before, 80 * TICK);
});

Deno.test("clock: who watches is told when the machine woke up, by the date or by the time", () => {
  using clock = new MockClock();
  using looker = new Looker();
  clock.tick(10 * TICK);
  assert.equal(looker.wakes, 0);
  clock.setDate(8 * HOUR);
  clock.tick(TICK);
  assert.equal(looker.wakes, 1);
  clock.freeze(8 * HOUR);
  clock.tick(TICK);
  assert.equal(looker.wakes, 2);
  clock.setDate(-8 * HOUR);
  clock.tick(10 * TICK);
  assert.equal(looker.wakes, 2);
});

Deno.test("clock: while nobody watches it is as exact as the system's", () => {
  using clock = new MockClock();
  const before = coarseNow();
  clock.tick(100);
  assert.equal(coarseNow() - before, 100);
  clock.freeze(HOUR);
  assert.equal(coarseNow() - before, HOUR + 100);
});
