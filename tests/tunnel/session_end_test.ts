/** Claims about how sessions end: go-away and drain, farewell, silent peers. @module */

import assert from "node:assert/strict";
import { Frame, PREFACE, Reset } from "../../tunnel/mod.ts";
import { MockClock } from "../support/mock_clock.ts";
import { turn, until } from "../support/pipe.ts";
import {
  againstAgent,
  againstRelay,
  answer,
  openStream,
  pair,
  Recorder,
  request,
} from "./harness.ts";
import { frame, join, jsonOf, streamId } from "./raw_peer.ts";

const shutdown = { code: "shutdown", message: "the relay stops" };

/** Whether a promise is settled after a few turns. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true);
  for (let i = 0; i < 20; i++) await turn();
  return settled;
}

Deno.test("go-away: neither side opens streams any more, those that are open finish", async () => {
  await using sessions = pair();
  const visitor = openStream(sessions.relay.session);
  visitor.stream.head(request(), true);
  await until(() => sessions.agent.incoming.length === 1, "the request comes");
  sessions.relay.session.goAway(shutdown);
  assert.equal(sessions.relay.session.open(new Recorder()), null);
  await until(() => sessions.agent.goneAway.length === 1, "it is told");
  assert.deepEqual(sessions.agent.goneAway, [shutdown]);
  assert.equal(sessions.agent.session.open(new Recorder()), null);
  assert(sessions.agent.session.draining);
  const idle = Promise.all([sessions.relay.session.idle(), sessions.agent.session.idle()]);
  assert.equal(await isSettled(idle), false);
  const { stream } = sessions.agent.incoming[0]!;
  stream.head(answer(), false);
  await stream.write(new Uint8Array(1 << 20), true);
  await idle;
  assert.equal(visitor.size, 1 << 20);
  assert.equal(sessions.relay.end, null);
});

Deno.test("go-away: what crosses it is served, and counts before the session is idle", async () => {
  await using sessions = pair();
  sessions.agent.session.goAway({ code: "shutdown", message: "the agent stops" });
  // The relay has not read it yet.
  const visitor = openStream(sessions.relay.session);
  visitor.stream.head(request("/crossing"), true);
  const idle = sessions.agent.session.idle();
  assert.equal(await isSettled(idle), false);
  assert.equal(sessions.agent.incoming.length, 1);
  sessions.agent.incoming[0]!.stream.head(answer(), true);
  await idle;
  await visitor.done;
  assert.equal(visitor.reset, null);
  assert.equal(sessions.relay.session.open(new Recorder()), null);
});

Deno.test("go-away: an idle session is idle one round trip after it", async () => {
  await using duel = await againstRelay();
  const idle = duel.session.idle();
  assert.equal(await isSettled(idle), true, "without go-away at once");
  duel.session.goAway(shutdown);
  const later = duel.session.idle();
  assert.deepEqual(jsonOf((await duel.peer.next())!), shutdown);
  const ping = await duel.peer.next();
  assert.equal(ping?.type, Frame.PING);
  assert.equal(await isSettled(later), false);
  await duel.peer.send(frame(Frame.PONG, 0, ping.payload));
  await later;
  // Said twice, asked once.
  duel.session.goAway({ code: "replaced", message: "" });
  assert.equal(await isSettled(duel.session.idle()), true);
});

Deno.test("finish: says why, sends what waits, and ends both sides", async () => {
  const sessions = pair({ pipe: { capacity: 1000 } });
  const visitor = openStream(sessions.relay.session);
  visitor.stream.head(request(), true);
  await until(() => sessions.agent.incoming.length === 1, "the request comes");
  const { stream } = sessions.agent.incoming[0]!;
  stream.head(answer(), false);
  stream.write(new Uint8Array(16_000), true);
  const finished = sessions.agent.session.finish({ code: "shutdown", message: "the agent stops" });
  assert.equal(sessions.agent.end?.code, "shutdown");
  await finished;
  assert.equal(visitor.size, 16_000);
  assert.equal(visitor.ended, true);
  assert.deepEqual(sessions.relay.goneAway.map(({ code }) => code), ["shutdown"]);
  assert.equal((await sessions.relay.over).code, "connection-lost");
  assert(sessions.relay.connection.closed && sessions.agent.connection.closed);
  // Again, and with another reason: nothing.
  await sessions.agent.session.finish(shutdown);
  sessions.agent.session.close(shutdown);
  sessions.agent.session.goAway(shutdown);
  await sessions.relay.session.finish(shutdown);
});

Deno.test("finish: streams that are open are told", async () => {
  const sessions = pair();
  const visitor = openStream(sessions.relay.session);
  visitor.stream.head(request(), true);
  await until(() => sessions.agent.incoming.length === 1, "the request comes");
  const origin = sessions.agent.incoming[0]!;
  await sessions.relay.session.finish(shutdown);
  assert.deepEqual(visitor.reset, { code: Reset.CANCELLED, message: shutdown.message });
  await sessions.agent.over;
  assert.equal(origin.reset?.code, Reset.CANCELLED);
});

Deno.test("finish: a peer that never reads and never closes is left after a second", async () => {
  await using duel = await againstAgent({}, { capacity: 100 });
  duel.peer.connection.stalled = true;
  const began = performance.now();
  openStream(duel.session).stream.head(request("/", `X: ${"x".repeat(10_000)}\r\n`), true);
  await duel.session.finish(shutdown);
  const took = performance.now() - began;
  assert(took > 900 && took < 15_000, `${took} ms`);
  assert(duel.connection.closed);
});

Deno.test("finish: the peer reads why, though it sends without a pause (TCP)", async () => {
  const { DenoConnection } = await import("../../http/mod.ts");
  const { Session } = await import("../../tunnel/mod.ts");
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const closed = Promise.withResolvers<void>();
  const relay = new Session({
    connection: new DenoConnection(await accepting),
    side: "relay",
    onmessage: () => {},
    onstream: () => null,
    ongoaway: () => {},
    onclose: () => closed.resolve(),
  });
  relay.ready(256);
  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  };
  // A violation at the head of two megabytes: they are in the relay's socket when it says why.
  const talking = write(join(PREFACE, frame(0x3f, 0), new Uint8Array(2 << 20))).then(
    () => conn.closeWrite(),
    () => {},
  );
  const got: number[] = [];
  const buffer = new Uint8Array(4096);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) break;
    got.push(...buffer.subarray(0, count));
  }
  assert.match(String.fromCharCode(...got), /protocol-error/);
  await talking;
  conn.close();
  await closed.promise;
  await relay.finish(shutdown);
});

let clock: MockClock;

/** Lets `ms` pass on a mocked clock, in steps of a tick, with turns for what follows. */
async function pass(ms: number, stop: () => boolean = () => false): Promise<number> {
  for (let passed = 0; passed < ms;) {
    if (stop()) return passed;
    clock.tick(250);
    passed += 250;
    for (let i = 0; i < 6; i++) await turn();
  }
  return ms;
}

async function mocked(run: () => Promise<void>): Promise<void> {
  using _ = clock = new MockClock();
  await run();
}

Deno.test("pings: keep an idle session alive and measure its round trip", () =>
  mocked(async () => {
    await using sessions = pair();
    await pass(120_000);
    assert.deepEqual([sessions.relay.end, sessions.agent.end], [null, null]);
    const { rtt, roundTrip } = sessions.relay.session.heartbeat;
    assert(rtt >= 0 && rtt < 1000 && roundTrip <= rtt);
    // The agent's, one each 3 to 4 s, and answers to the few of the relay.
    const frames = sessions.relay.session.received / 16;
    assert(frames > 120 / 4.5 && frames < 120 / 2.9 + 120 / 20, `${frames} frames`);
  }));

Deno.test("pings: a network that swallows one direction is noticed by both ends within 15 s", () =>
  mocked(async () => {
    for (const deaf of ["relay", "agent"] as const) {
      const sessions = pair();
      await pass(30_000);
      assert.deepEqual([sessions.relay.end, sessions.agent.end], [null, null]);
      sessions[deaf].connection.stalled = true;
      const stop = () => sessions.relay.end !== null && sessions.agent.end !== null;
      const took = await pass(30_000, stop);
      assert(took >= 8_000 && took <= 15_000, `${deaf}: ${took} ms`);
      assert.equal(sessions[deaf].end?.code, "peer-silent");
      await sessions[Symbol.asyncDispose]();
    }
  }));

Deno.test("pings: who was too busy to read judges nobody by it, however often", () =>
  mocked(async () => {
    await using sessions = pair();
    for (let i = 0; i < 20; i++) {
      await pass(2_000);
      clock.freeze(60_000);
    }
    await pass(2_000);
    assert.deepEqual([sessions.relay.end, sessions.agent.end], [null, null]);
  }));

Deno.test("pings: a date that is set on or back ends nothing and hides nobody's silence", () =>
  mocked(async () => {
    for (const step of [3_600_000, -3_600_000]) {
      const sessions = pair();
      await pass(5_000);
      clock.setDate(step);
      await pass(20_000);
      assert.deepEqual([sessions.relay.end, sessions.agent.end], [null, null]);
      sessions.agent.connection.stalled = true;
      clock.setDate(step);
      const took = await pass(30_000, () => sessions.agent.end !== null);
      assert(took <= 15_000, `${took} ms`);
      await sessions[Symbol.asyncDispose]();
    }
  }));

Deno.test("pings: a peer that is silent from the sign-in on is noticed, and its streams with it", () =>
  mocked(async () => {
    await using duel = await againstAgent();
    const visitor = openStream(duel.session);
    visitor.stream.head(request(), true);
    const took = await pass(30_000, () => duel.end !== null);
    assert(took <= 15_000);
    assert.equal(duel.end?.code, "peer-silent");
    assert.equal(visitor.reset?.code, Reset.CANCELLED);
  }));

Deno.test("pings: who talks but answers no ping is gone too; a wrong answer is none", () =>
  mocked(async () => {
    await using duel = await againstAgent();
    let passed = 0;
    while (duel.end === null && passed < 30_000) {
      await duel.peer.send(
        frame(Frame.PING, 0, "12345678"),
        frame(Frame.PONG, 0, Uint8Array.of(0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)),
      );
      passed += await pass(1000);
    }
    assert.equal(duel.end?.code, "peer-silent");
    assert(passed <= 15_000);
  }));

Deno.test("pings: an answer that stands behind bulk may take longer", () =>
  mocked(async () => {
    await using duel = await againstRelay({}, { capacity: 64 << 10 });
    const id = streamId(0);
    await duel.peer.send(frame(Frame.HEAD, id, request(), { end: true }));
    await until(() => duel.incoming.length === 1, "the request comes");
    const { stream } = duel.incoming[0]!;
    stream.head(answer(), false);
    await duel.peer.send(frame(Frame.WINDOW, id, Uint8Array.of(0x10, 0, 0, 0)));
    const bulk = stream.write(new Uint8Array(64 << 20));
    // The relay takes what comes and says something now and then, but it is slow with its answers.
    const buffer = new Uint8Array(1 << 20);
    let reading = true;
    const taking = (async () => {
      while (reading) if (await duel.peer.connection.read(buffer).catch(() => null) === null) break;
    })();
    for (let passed = 0; passed < 20_000; passed += 1000) {
      await duel.peer.send(frame(Frame.PING, 0, "12345678"));
      await pass(1000);
    }
    assert.equal(duel.end, null);
    await bulk;
    for (let passed = 0; passed < 40_000 && duel.end === null; passed += 1000) {
      await duel.peer.send(frame(Frame.PING, 0, "12345678"));
      await pass(1000);
    }
    assert.equal((duel.end as { code: string } | null)?.code, "peer-silent", "but not for ever");
    reading = false;
    duel.peer.close();
    await taking;
  }));

Deno.test("pings: on a slow link an answer may stand behind bulk that comes, or that goes", () =>
  mocked(async () => {
    // 40 KB/s, a quarter of it each tick, and no PONG for a minute.
    for (const direction of ["comes", "goes"] as const) {
      await using duel = await againstRelay({}, { capacity: 10_000 });
      const id = streamId(0);
      await duel.peer.send(frame(Frame.HEAD, id, request(), { end: direction === "goes" }));
      await until(() => duel.incoming.length === 1, "the request comes");
      const buffer = new Uint8Array(10_000);
      const { stream } = duel.incoming[0]!;
      duel.incoming[0]!.keeping = false;
      if (direction === "goes") {
        stream.head(answer(), false);
        await duel.peer.send(frame(Frame.WINDOW, id, Uint8Array.of(0x10, 0, 0, 0)));
        stream.write(new Uint8Array(20 << 20));
      }
      for (let passed = 0; passed < 60_000; passed += 250) {
        clock.tick(250);
        if (direction === "comes") {
          await duel.peer.send(frame(Frame.DATA, id, new Uint8Array(9_000)));
        } else {
          await duel.peer.connection.read(buffer);
          if (passed % 4000 === 0) await duel.peer.send(frame(Frame.PING, 0, "12345678"));
        }
        for (let i = 0; i < 3; i++) await turn();
      }
      assert.equal(duel.end, null, direction);
    }
  }));

Deno.test("pings: each side says something at least every 7 s, whatever the other does", () =>
  mocked(async () => {
    for (const against of [againstAgent, againstRelay]) {
      const duel = await against();
      let passed = 0;
      let heard = 0;
      const listening = (async () => {
        for (;;) {
          const next = await duel.peer.next();
          if (next === null) return;
          heard = passed;
          if (next.type === Frame.PING) await duel.peer.send(frame(Frame.PONG, 0, next.payload));
        }
      })();
      for (; passed < 60_000; passed += 250) {
        clock.tick(250);
        for (let i = 0; i < 4; i++) await turn();
        // Bytes that ask for no answer.
        if (passed % 1000 === 0) await duel.peer.send(frame(0x60, 0, "x"));
        assert(passed - heard <= 7_000, `nothing for ${passed - heard} ms`);
      }
      await duel[Symbol.asyncDispose]();
      await listening;
    }
  }));

Deno.test("more: the relay asks, the agent is told", async () => {
  await using sessions = pair();
  sessions.relay.session.crowdedOut();
  await until(() => sessions.agent.more === 1, "it is told");
});
