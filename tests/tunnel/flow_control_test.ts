/** Claims about credit: a reader that stalls holds a bounded amount and delays nobody, windows grow and all of it comes back. @module */

import assert from "node:assert/strict";
import { mock } from "node:test";
import { setImmediate } from "node:timers";
import {
  Frame,
  MAX_STREAM_WINDOW,
  Reset,
  SESSION_WINDOW,
  STREAM_WINDOW,
} from "../../tunnel/mod.ts";
import { SESSION_UNSAID } from "../../tunnel/flow.ts";
import { turn, until } from "../support/pipe.ts";
import { randomFrom } from "../support/random.ts";
import {
  againstRelay,
  answer,
  openStream,
  pair,
  Recorder,
  request,
  type Tested,
} from "./harness.ts";
import { frame, streamId } from "./raw_peer.ts";

type Sessions = ReturnType<typeof pair>;

/** A stream whose answer the origin is about to write. */
async function download(sessions: Sessions): Promise<{ visitor: Recorder; origin: Recorder }> {
  const visitor = openStream(sessions.relay.session);
  visitor.keeping = false;
  const before = sessions.agent.incoming.length;
  visitor.stream.head(request(), true);
  await until(() => sessions.agent.incoming.length > before, "the request comes");
  const origin = sessions.agent.incoming[before]!;
  origin.stream.head(answer(), false);
  return { visitor, origin };
}

/** Writes `size` bytes, the last of them, unless told otherwise, with END. */
async function write(origin: Recorder, size: number, end = true): Promise<void> {
  const piece = new Uint8Array(Math.min(size, 256 << 10));
  for (let left = size; left > 0;) {
    const next = left >= piece.length ? piece : piece.subarray(0, left);
    left -= next.length;
    await origin.stream.write(next, end && left === 0);
  }
  if (end && size === 0) origin.stream.end();
}

/** The credit that `sender` has, once its peer has said all that it owes. */
async function settledCredit(sessions: Sessions): Promise<number> {
  const { session } = sessions.agent;
  for (let i = 0; i < 10; i++) await turn();
  // What is consumed and not said yet is at most SESSION_UNSAID: send what is missing to it.
  const missing = SESSION_UNSAID - (SESSION_WINDOW - session.bulk.credit);
  assert(missing > 0 && missing <= SESSION_UNSAID, `${missing} bytes are missing`);
  const { visitor, origin } = await download(sessions);
  await write(origin, missing);
  await visitor.done;
  for (let i = 0; i < 10; i++) await turn();
  return session.bulk.credit;
}

Deno.test("flow: a stream that nobody reads gets its first window and no byte more, and delays no other", async () => {
  await using sessions = pair();
  const stalled = await download(sessions);
  stalled.visitor.consuming = false;
  const endless = write(stalled.origin, 1 << 30);
  for (let i = 0; i < 3; i++) {
    const { visitor, origin } = await download(sessions);
    await Promise.all([write(origin, 5_000_000), visitor.done]);
    assert.equal(visitor.size, 5_000_000);
  }
  assert.equal(stalled.visitor.size, STREAM_WINDOW);
  stalled.visitor.stream.reset(Reset.CANCELLED);
  await endless;
});

Deno.test("flow: nor do 255 of them, after four windows grew as far as they may", async () => {
  await using sessions = pair();
  const stalled: Recorder[] = [];
  const writes: Promise<void>[] = [];
  const stall = async (after: number) => {
    const { visitor, origin } = await download(sessions);
    visitor.onevent = () => {
      if (visitor.size >= after) visitor.consuming = false;
    };
    stalled.push(visitor);
    writes.push(write(origin, 1 << 30));
    return visitor;
  };
  for (let i = 0; i < 4; i++) {
    const visitor = await stall(48 << 20);
    await until(() => !visitor.consuming, "it stalls");
  }
  const grown = sessions.relay.session.growth.taken;
  assert(grown > 20 << 20, `grew by ${grown >> 10} KiB`);
  for (let i = 4; i < 255; i++) await stall(0);
  const { visitor, origin } = await download(sessions);
  await Promise.all([write(origin, 20_000_000), visitor.done]);
  assert.equal(visitor.size, 20_000_000);
  // What all of them make the relay hold.
  const held = stalled.reduce(
    (sum, recorder, i) => sum + recorder.size - (i < 4 ? 48 << 20 : 0),
    0,
  );
  assert(held <= 255 * STREAM_WINDOW + grown, `${held >> 20} MiB held`);
  for (const recorder of stalled) recorder.stream.reset(Reset.CANCELLED);
  await Promise.all(writes);
  assert.equal(sessions.relay.session.growth.taken, 0);
  assert.equal(await settledCredit(sessions), SESSION_WINDOW);
});

Deno.test("flow: with more streams than usual the session's window is larger from the start", async () => {
  await using sessions = pair({ relay: { streams: 1024 }, agent: { streams: 1024 } });
  await until(() => sessions.agent.session.bulk.credit > 128 << 20, "it is granted");
  const stalled = [];
  for (let i = 0; i < 700; i++) {
    const { visitor, origin } = await download(sessions);
    visitor.consuming = false;
    stalled.push(visitor);
    origin.stream.write(new Uint8Array(STREAM_WINDOW));
  }
  const { visitor, origin } = await download(sessions);
  await Promise.all([write(origin, 3_000_000), visitor.done]);
  assert.equal(stalled.reduce((sum, { size }) => sum + size, 0), 700 * STREAM_WINDOW);
});

Deno.test("flow: more than the session's window ends the session", async () => {
  await using duel = await againstRelay({
    onstream: (stream) => {
      const recorder = new Recorder();
      recorder.stream = stream;
      recorder.consuming = recorder.keeping = false;
      return recorder;
    },
  });
  // The windows of as many streams as are agreed on fit into the session's.
  duel.session.maxStreams = 1024;
  const body = new Uint8Array(STREAM_WINDOW);
  for (let slot = 0; slot < SESSION_WINDOW / STREAM_WINDOW; slot++) {
    await duel.peer.send(
      frame(Frame.HEAD, streamId(slot), request()),
      frame(Frame.DATA, streamId(slot), body),
    );
  }
  await duel.peer.send(frame(Frame.PING, 0, "12345678"));
  await duel.peer.nextOf(Frame.PONG);
  assert.equal(duel.end, null);
  const last = streamId(1000);
  await duel.peer.send(frame(Frame.HEAD, last, request()), frame(Frame.DATA, last, "x"));
  assert.match((await duel.over).message, /the session's window/);
});

Deno.test("flow: a window grows while its reader is quick, up to its bound, and what it grew comes back", async () => {
  await using sessions = pair({ pipe: { capacity: 1 << 20 } });
  const { growth } = sessions.relay.session;
  for (const how of ["end", "reset by us", "reset by the peer"]) {
    const { visitor, origin } = await download(sessions);
    let most = 0;
    visitor.onevent = () => most = Math.max(most, growth.taken);
    const written = write(origin, 64 << 20, how === "end");
    await until(() => visitor.size >= 32 << 20, "half of it comes");
    if (how === "reset by us") visitor.stream.reset(Reset.CANCELLED);
    if (how === "reset by the peer") origin.stream.reset(Reset.ORIGIN);
    await written;
    await until(() => sessions.agent.session.streams === 0, "the stream is over");
    assert.equal(most, MAX_STREAM_WINDOW - STREAM_WINDOW, how);
    await until(() => growth.taken === 0, `all is back after ${how}`);
  }
});

Deno.test("flow: a window does not grow for a reader that is slow", async () => {
  let now = 1000;
  const clock = mock.method(performance, "now", () => now);
  try {
    await using sessions = pair();
    const { visitor, origin } = await download(sessions);
    visitor.consuming = false;
    sessions.relay.session.heartbeat.roundTrip = 10;
    const written = write(origin, 4 << 20);
    for (let taken = 0; taken < 4 << 20;) {
      await until(() => visitor.size > taken, "more comes");
      assert(visitor.size - taken <= STREAM_WINDOW);
      now += 100;
      visitor.stream.consumed(visitor.size - taken);
      taken = visitor.size;
    }
    await written;
    assert.equal(sessions.relay.session.growth.taken, 0);
  } finally {
    clock.mock.restore();
  }
});

Deno.test("flow: an end that nobody has taken further yet counts as grown until somebody does", async () => {
  await using sessions = pair({ pipe: { capacity: 1 << 20 } });
  const { growth } = sessions.relay.session;
  for (const how of ["consumed", "reset"]) {
    const { visitor, origin } = await download(sessions);
    visitor.onevent = () => visitor.consuming = visitor.size < 32 << 20;
    // All of it fits into the window that has grown by then.
    await write(origin, 38 << 20);
    await visitor.done;
    assert.equal(sessions.relay.session.streams, 0, "the stream is over");
    assert.equal(growth.taken, MAX_STREAM_WINDOW - STREAM_WINDOW);
    if (how === "reset") visitor.stream.reset(Reset.CANCELLED);
    else {
      visitor.stream.consumed(1 << 20);
      assert(growth.taken > 0);
      visitor.stream.consumed(64 << 20);
    }
    assert.equal(growth.taken, 0, how);
    assert.equal(await settledCredit(sessions), SESSION_WINDOW);
  }
});

/** Whatever happens to streams, at the end all credit is back. */
async function invariant(seed: number): Promise<void> {
  const random = randomFrom(seed);
  await using sessions = pair({ pipe: { capacity: 256 << 10 } });
  const live: Promise<unknown>[] = [];
  for (let i = 0; i < 300; i++) {
    assert.deepEqual([sessions.relay.end, sessions.agent.end], [null, null], `seed ${seed}`);
    const visitor = openStream(sessions.relay.session);
    visitor.keeping = false;
    visitor.consuming = random() < 0.7;
    const before = sessions.agent.incoming.length;
    const early = random() < 0.05;
    if (!early) visitor.stream.head(request(), random() < 0.5);
    if (early) {
      visitor.stream.reset(Reset.CANCELLED);
      continue;
    }
    await until(() => sessions.agent.incoming.length > before, "the request comes");
    const origin = sessions.agent.incoming[before]!;
    origin.keeping = false;
    origin.consuming = random() < 0.7;
    origin.stream.head(answer(), false);
    for (const recorder of [visitor, origin]) {
      const what = random();
      if (what < 0.1) recorder.stream.reset(Reset.ORIGIN);
      else if (what < 0.2) recorder.stream.trailers(new TextEncoder().encode("a: b\r\n"));
      else live.push(write(recorder, Math.floor(random() ** 4 * 2_000_000), random() < 0.9));
      if (what > 0.8) queueMicrotask(() => recorder.stream.reset(Reset.CANCELLED));
      else if (what > 0.6) setImmediate(() => recorder.stream.reset(Reset.CANCELLED));
    }
    if (random() < 0.2) await turn();
    // Those that nobody reads would fill the table.
    if (sessions.relay.session.streams > 200) await release(sessions.relay, sessions.agent);
  }
  await release(sessions.relay, sessions.agent);
  await Promise.all(live);
  // What goes back last may still be on its way.
  for (let i = 0; i < 10; i++) await turn();
  for (const { session } of [sessions.relay, sessions.agent]) {
    assert.equal(session.streams, 0);
    assert.equal(session.growth.taken, 0);
    assert(session.bulk.credit > SESSION_WINDOW - SESSION_UNSAID, `${session.bulk.credit}`);
  }
  assert.equal(await settledCredit(sessions), SESSION_WINDOW);
}

/** Resets every stream that is open. */
async function release(relay: Tested, agent: Tested): Promise<void> {
  for (const recorder of agent.incoming) recorder.stream.reset(Reset.CANCELLED);
  await until(() => relay.session.streams + agent.session.streams === 0, "all are free");
}

Deno.test("flow: after streams of every fate no credit is missing and none is too much", async () => {
  for (let seed = 1; seed <= 5; seed++) await invariant(seed);
});

Deno.test("fairness: beside endless streams a small answer waits for little, and they share alike", async () => {
  await using sessions = pair();
  const bulk: Recorder[] = [];
  const writes: Promise<void>[] = [];
  for (let i = 0; i < 8; i++) {
    const { visitor, origin } = await download(sessions);
    bulk.push(visitor);
    writes.push(write(origin, 1 << 30));
  }
  const total = () => bulk.reduce((sum, { size }) => sum + size, 0);
  await until(() => total() > 16 << 20, "bulk runs");
  for (let i = 0; i < 20; i++) {
    const before = total();
    const visitor = openStream(sessions.relay.session);
    const at = sessions.agent.incoming.length;
    visitor.stream.head(request(), true);
    await until(() => sessions.agent.incoming.length > at, "the request comes");
    const { stream } = sessions.agent.incoming[at]!;
    stream.head(answer(), false);
    stream.write(new Uint8Array(1024), true);
    await visitor.done;
    const between = total() - before;
    // What waited for the socket when the answer was made, and the socket's own.
    assert(between < 2 << 20, `${between >> 10} KiB went before it`);
  }
  const sizes = bulk.map(({ size }) => size);
  const mean = total() / bulk.length;
  for (const size of sizes) assert(Math.abs(size - mean) < mean / 3, `${sizes}`);
  for (const { stream } of bulk) stream.reset(Reset.CANCELLED);
  await Promise.all(writes);
});

Deno.test("flow: 500 readers that were quick before they stalled share what one process may hold", async () => {
  await using sessions = pair({ relay: { streams: 1024 }, agent: { streams: 1024 } });
  const read = 2 << 20;
  const stalled: Recorder[] = [];
  const writes: Promise<void>[] = [];
  for (let i = 0; i < 500; i++) {
    const { visitor, origin } = await download(sessions);
    visitor.onevent = () => visitor.consuming = visitor.size < read;
    stalled.push(visitor);
    writes.push(write(origin, 1 << 30));
  }
  const held = () => stalled.reduce((sum, { size }) => sum + Math.max(0, size - read), 0);
  await until(() => stalled.every(({ consuming }) => !consuming), "all stall");
  for (let i = 0; i < 10; i++) await turn();
  assert(held() < 40 << 20, `${held() >> 20} MiB held`);
  // Who reads on gets a window that suits it.
  const { visitor, origin } = await download(sessions);
  const { growth } = sessions.relay.session;
  const before = growth.taken;
  let most = 0;
  visitor.onevent = () => most = Math.max(most, growth.taken - before);
  await Promise.all([write(origin, 64 << 20), visitor.done]);
  assert(most > 1 << 20, `its window grew by ${most >> 10} KiB`);
  for (const recorder of stalled) recorder.stream.reset(Reset.CANCELLED);
  await Promise.all(writes);
  assert.equal(growth.taken, 0);
});

/** What the relay grants after 1 MiB was read a piece at a time, each of which took 5 s. */
async function grantedAfterSlow(sessions: Sessions, slow: "reader" | "sender"): Promise<number> {
  const { visitor, origin } = await download(sessions);
  visitor.consuming = slow === "sender";
  for (let sent = 0; sent < 1 << 20; sent += 8 << 10) {
    await origin.stream.write(new Uint8Array(8 << 10));
    await until(() => visitor.size === sent + (8 << 10), "it comes");
    now += 5_000;
    // One piece always waits for a slow reader.
    if (slow === "reader" && sent > 0) visitor.stream.consumed(8 << 10);
  }
  visitor.consuming = false;
  const before = visitor.size;
  const written = write(origin, 1 << 20);
  for (let i = 0; i < 20; i++) await turn();
  visitor.stream.reset(Reset.CANCELLED);
  await written;
  return visitor.size - before;
}
let now = 1000;

Deno.test("flow: a window shrinks while its reader is slow, and not while its sender is", async () => {
  const clock = mock.method(performance, "now", () => now);
  try {
    await using sessions = pair();
    assert(await grantedAfterSlow(sessions, "reader") <= STREAM_WINDOW / 4);
    assert(await grantedAfterSlow(sessions, "sender") >= STREAM_WINDOW / 2);
  } finally {
    clock.mock.restore();
  }
});
