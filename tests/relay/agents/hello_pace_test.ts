/** Claims about networks that ask for challenges and prove nothing: they are spaced, others are not. @module */

import assert from "node:assert/strict";
import { HelloPace } from "../../../relay/agents/hello_pace.ts";

const HERE = "127.0.0.1", THERE = "192.0.2.1";

function paced(count: number) {
  const clock = { now: 1_000 };
  const pace = new HelloPace(() => clock.now);
  for (let i = 0; i < count; i++) pace.wasted(HERE);
  return { pace, clock };
}

Deno.test("hello pace: what breaks off now and then costs nobody time", () => {
  const { pace } = paced(100);
  assert.equal(pace.turnOf(HERE, 5_000), 0);
});

Deno.test("hello pace: beyond that a network's challenges come one after the other, loopback's too", () => {
  const { pace } = paced(101);
  const waits = [1, 2, 3, 4].map(() => pace.turnOf(HERE, 5_000));
  assert.deepEqual(waits, [0, 20, 40, 60]);
  assert.equal(pace.turnOf(THERE, 5_000), 0, "elsewhere nobody waits");
});

Deno.test("hello pace: an IPv6 network is one, whatever its last 64 bits", () => {
  const pace = new HelloPace(() => 0);
  for (let i = 0; i < 120; i++) pace.wasted(`2001:db8::${i.toString(16)}`);
  pace.turnOf("2001:db8::1", 5_000);
  assert.ok(pace.turnOf("2001:db8::ffff", 5_000) > 0);
  assert.equal(pace.size, 1);
});

Deno.test("hello pace: who would wait too long takes no turn, so the others' come no later", () => {
  const { pace } = paced(150);
  for (let i = 0; i < 6; i++) pace.turnOf(HERE, 100);
  const refused = pace.turnOf(HERE, 100);
  assert.ok(refused > 100);
  assert.equal(pace.turnOf(HERE, 100), refused);
});

Deno.test("hello pace: is forgiven by and by, and never remembers more than so much", () => {
  const { pace, clock } = paced(100_000);
  pace.turnOf(HERE, 5_000);
  assert.ok(pace.turnOf(HERE, 5_000) > 0);
  clock.now += 101_000;
  assert.equal(pace.turnOf(HERE, 5_000), 0);
  for (let i = 0; i < 20_000; i++) pace.wasted(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  assert.equal(pace.size, 16_384);
});
