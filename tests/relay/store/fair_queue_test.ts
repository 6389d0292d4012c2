/** Claims about turns: by what an account has had, not by how much it asks for. @module */

import assert from "node:assert/strict";
import { type Asker, FairQueue } from "../../../relay/store/fair_queue.ts";

const ann: Asker = { account: "ann", isStaff: false };
const ben: Asker = { account: "ben", isStaff: false };
const boss: Asker = { account: "boss", isStaff: true };

/** How often each is served in `turns` turns of as many ms as `costs` says, with all of them asking all the time. */
function served(askers: readonly Asker[], turns: number, costs: Record<string, number>) {
  const queue = new FairQueue<Asker>();
  for (const asker of askers) for (let i = 0; i < 3; i++) queue.add(asker, asker);
  const count: Record<string, number> = {};
  let now = 0;
  for (let i = 0; i < turns; i++) {
    let next = queue.take(now);
    if (next === undefined) {
      now = queue.pauseUntil;
      next = queue.take(now)!;
    }
    const ms = costs[next.account]!;
    now += ms;
    count[next.account] = (count[next.account] ?? 0) + 1;
    queue.add(next, next);
    queue.charge(next, ms, now);
  }
  return { count, now };
}

Deno.test("fair queue: accounts have the same time, whatever a turn of theirs takes", () => {
  const { count } = served([ann, ben], 110, { ann: 1, ben: 10 });
  assert(count.ann! >= 95 && count.ben! >= 9, JSON.stringify(count));
});

Deno.test("fair queue: who looks after the relay has more, and waits for no member's pause", () => {
  const { count } = served([ann, boss], 100, { ann: 10, boss: 10 });
  assert(count.boss! >= 78 && count.ann! >= 15, JSON.stringify(count));
});

Deno.test("fair queue: members together have half of the time", () => {
  const { now } = served([ann, ben], 100, { ann: 10, ben: 10 });
  assert(now >= 1_980, String(now));
});

Deno.test("fair queue: who comes late begins where the others are", () => {
  const queue = new FairQueue<string>();
  for (let i = 0; i < 50; i++) queue.add(boss, `boss${i}`);
  for (let i = 0; i < 20; i++) {
    assert.match(queue.take(i)!, /^boss/);
    queue.charge(boss, 100, i);
  }
  const other: Asker = { account: "vera", isStaff: true };
  for (let i = 0; i < 20; i++) queue.add(other, "vera");
  const next = Array.from({ length: 8 }, (_, i) => {
    const one = queue.take(100 + i)!;
    queue.charge(one === "vera" ? other : boss, 100, 100 + i);
    return one;
  });
  assert.equal(next.filter((one) => one === "vera").length, 4);
  assert.equal(queue.size, 50 + 20 - 28);
  assert.equal(queue.clear().length, 42);
  assert.equal(queue.take(1e9), undefined);
});
