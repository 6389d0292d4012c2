/** Claims about what a session measures of its transport. @module */

import assert from "node:assert/strict";
import { coarseNow, type Outgoing } from "../../http/mod.ts";
import { PEER_TIMEOUT } from "../../tunnel/mod.ts";
import { Heartbeat } from "../../tunnel/heartbeat.ts";

/** A heartbeat over a transport that has written as much as a test says. */
function heartbeat() {
  const outgoing = { written: 0, queued: 0, progressAt: 0 };
  const pings: number[][] = [];
  return {
    outgoing,
    pings,
    heartbeat: new Heartbeat({
      side: "agent",
      outgoing: outgoing as unknown as Outgoing,
      ping: (kind, count) => pings.push([kind, count]),
    }),
  };
}

Deno.test("heartbeat: frames are as large as suits the transport, whole bytes, within bounds", () => {
  const { heartbeat: it, outgoing } = heartbeat();
  const now = coarseNow();
  const limitAfter = (bytes: number): number => {
    outgoing.written += bytes;
    it.tick(now, 0);
    return it.frameLimit;
  };
  outgoing.queued = 1;
  // 4 ms of what went in 250 ms, which need not divide.
  assert.equal(limitAfter(2_000_001), 32_000);
  assert.equal(limitAfter(1_234_567), 19_753);
  assert.equal(limitAfter(10), 16 << 10);
  assert.equal(limitAfter(1 << 30), 256 << 10);
  // Nothing waited: how fast it could be is not known.
  outgoing.queued = 0;
  assert.equal(limitAfter(10), 256 << 10);
});

Deno.test("heartbeat: asks a peer at once when the machine woke up, and judges it no sooner than ever", () => {
  const { heartbeat: it, pings } = heartbeat();
  let now = coarseNow();
  it.tick(now, 0);
  it.pong(1);
  it.tick(now += 1_000, 0);
  assert.deepEqual(pings, [[0, 1]]);
  it.woke();
  assert.equal(it.tick(now, 0), true);
  assert.deepEqual(pings, [[0, 1], [0, 2]]);
  assert.equal(it.tick(now + PEER_TIMEOUT - 1, 0), true);
  assert.equal(it.tick(now + PEER_TIMEOUT + 1, 0), false);
});

Deno.test("heartbeat: only the answer to the latest ping measures", () => {
  const { heartbeat: it, pings } = heartbeat();
  it.pong(0);
  assert.equal(it.rtt, -1);
  it.tick(coarseNow(), 0);
  assert.deepEqual(pings, [[0, 1]]);
  it.pong(7);
  assert.equal(it.rtt, -1);
  it.pong(1);
  assert(it.rtt >= 0);
  const { rtt } = it;
  it.pong(1);
  assert.equal(it.rtt, rtt);
});
