/** Claims about delays after failed sign-ins. @module */

import assert from "node:assert/strict";
import { openStore, Throttle } from "../../../relay/store/mod.ts";
import { TempDir } from "./temp_dir.ts";

function clocked() {
  const clock = { now: 1_000_000 };
  return { clock, throttle: new Throttle({ now: () => clock.now }) };
}

/** What the next try of this account from this address has to wait, without taking the turn. */
function waits(throttle: Throttle, account: string, address: string): number {
  return throttle.delayFor(account, address, -1);
}

Deno.test("throttle: nobody waits before anything failed", () => {
  const { throttle } = clocked();
  for (let i = 0; i < 100; i++) assert.equal(throttle.delayFor("alice", "127.0.0.1"), 0);
  assert.equal(throttle.size, 0);
});

Deno.test("throttle: the delay of account and network doubles with each failure, up to 30 s; nobody elsewhere waits", () => {
  const { throttle } = clocked();
  const delays: number[] = [];
  for (let i = 0; i < 10; i++) {
    throttle.failed("alice", "192.0.2.1");
    delays.push(waits(throttle, "Alice", "192.0.2.1"));
  }
  assert.deepEqual(delays, [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.equal(waits(throttle, "alice", "198.51.100.1"), 0);
  assert.equal(waits(throttle, "bob", "192.0.2.1"), 0);
});

Deno.test("throttle: many networks together are slowed at one account, and shut nobody out", () => {
  const { throttle } = clocked();
  for (let i = 0; i < 1_000; i++) throttle.failed("alice", `192.0.${i >> 8}.${i & 255}`);
  const tries = Array.from({ length: 5 }, (_, i) => throttle.delayFor("alice", `198.51.100.${i}`));
  assert.deepEqual(tries, [100, 200, 300, 400, 500]);
});

Deno.test("throttle: many tries at once get their turns one after the other", () => {
  const { throttle } = clocked();
  throttle.failed("alice", "192.0.2.1");
  throttle.failed("alice", "192.0.2.1");
  const delays = Array.from({ length: 4 }, () => throttle.delayFor("alice", "192.0.2.1", 10_000));
  assert.deepEqual(delays, [500, 1000, 1500, 2000]);
});

Deno.test("throttle: a refused try takes no turn", () => {
  const { throttle, clock } = clocked();
  for (let i = 0; i < 8; i++) throttle.failed("alice", "192.0.2.1");
  for (let i = 0; i < 5; i++) assert.equal(throttle.delayFor("alice", "192.0.2.1", 8_000), 30_000);
  clock.now += 29_000;
  assert.equal(throttle.delayFor("alice", "192.0.2.1", 8_000), 1_000);
});

Deno.test("throttle: an address waits after failing at more than five accounts, loopback too", () => {
  for (const address of ["127.0.0.1", "192.0.2.1"]) {
    const { throttle } = clocked();
    for (let i = 0; i < 5; i++) throttle.failed(`a${i}`, address);
    assert.equal(waits(throttle, "other", address), 0);
    throttle.failed("a5", address);
    assert.equal(waits(throttle, "other", address), 250);
    for (let i = 6; i < 20; i++) throttle.failed(`a${i}`, address);
    assert.equal(waits(throttle, "other", address), 30_000);
    assert.equal(waits(throttle, "other", "203.0.113.9"), 0);
  }
});

Deno.test("throttle: IPv6 addresses of one network are one", () => {
  const { throttle } = clocked();
  for (let i = 0; i < 6; i++) throttle.failed(`a${i}`, `2001:db8:0:7::${i}`);
  assert.equal(waits(throttle, "other", "2001:0db8::7:1:2:3:4"), 250);
  assert.equal(waits(throttle, "other", "2001:db8:0:8::1"), 0);
  for (let i = 0; i < 6; i++) throttle.failed(`b${i}`, "::1");
  assert.equal(waits(throttle, "other", "::1"), 250);
  assert.equal(waits(throttle, "other", "::ffff:192.0.2.1"), 0);
});

Deno.test("throttle: success forgives what this address did to this account, not what it did to others", () => {
  const { throttle } = clocked();
  for (let i = 0; i < 6; i++) throttle.failed(`a${i}`, "192.0.2.1");
  throttle.failed("alice", "192.0.2.1");
  throttle.failed("alice", "192.0.2.1");
  throttle.failed("alice", "203.0.113.9");
  assert.equal(waits(throttle, "other", "192.0.2.1"), 500);
  throttle.succeeded("alice", "192.0.2.1");
  assert.equal(waits(throttle, "other", "192.0.2.1"), 250);
  assert.equal(waits(throttle, "alice", "203.0.113.9"), 250);
  throttle.succeeded("mallory", "192.0.2.1");
  assert.equal(waits(throttle, "other", "192.0.2.1"), 250);
});

Deno.test("throttle: who signed in from there before is shut out by nobody, not from the same network either", () => {
  const { throttle } = clocked();
  throttle.succeeded("alice", "192.0.2.1");
  for (let i = 0; i < 20; i++) {
    throttle.failed("alice", "203.0.113.9");
    throttle.failed(`x${i}`, "192.0.2.1");
  }
  assert.equal(waits(throttle, "alice", "192.0.2.1"), 0);
  assert.equal(waits(throttle, "alice", "203.0.113.9"), 30_000);
  for (let i = 0; i < 100; i++) throttle.failed("alice", "192.0.2.1");
  assert.equal(waits(throttle, "alice", "192.0.2.1"), 250);
});

Deno.test("throttle: what is known of places is known after a restart, for each door apart", () => {
  using dir = new TempDir();
  {
    using store = openStore(dir.path);
    new Throttle({ known: store.places.of("agent") }).succeeded("alice", "192.0.2.1");
  }
  using store = openStore(dir.path);
  const [agent, dashboard] = (["agent", "dashboard"] as const)
    .map((door) => new Throttle({ now: () => 0, known: store.places.of(door) })) as [
      Throttle,
      Throttle,
    ];
  for (const throttle of [agent, dashboard]) {
    for (let i = 0; i < 20; i++) throttle.failed("alice", "192.0.2.1");
  }
  assert.equal(waits(agent, "alice", "192.0.2.1"), 250);
  assert.equal(waits(dashboard, "alice", "192.0.2.1"), 30_000);
});

Deno.test("throttle: an agent that goes on with an old password does not delay its neighbours", () => {
  const { throttle, clock } = clocked();
  for (let i = 0; i < 100; i++, clock.now += 30_000) throttle.failed("stale", "192.0.2.1");
  assert.equal(waits(throttle, "other", "192.0.2.1"), 0);
});

Deno.test("throttle: forgets after a quarter of an hour, and never remembers more than its bound", () => {
  const { throttle, clock } = clocked();
  for (let i = 0; i < 12; i++) throttle.failed("alice", "192.0.2.1");
  clock.now += 30_000 + 15 * 60_000;
  assert.equal(waits(throttle, "alice", "192.0.2.1"), 0);
  throttle.failed("alice", "192.0.2.1");
  assert.equal(waits(throttle, "alice", "192.0.2.1"), 250);
  for (let i = 0; i < 20_000; i++) throttle.failed(`name${i}`, `address${i}`);
  assert.equal(throttle.size, 16_384);
});
