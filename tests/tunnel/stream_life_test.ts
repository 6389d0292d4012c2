/** Claims about the life of a stream: half-close, resets from both sides, late frames, slots that are used again. @module */

import assert from "node:assert/strict";
import { Frame, Reset, SESSION_WINDOW } from "../../tunnel/mod.ts";
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
import { frame, type RawFrame, streamId, textOf } from "./raw_peer.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Both ends of one new stream, its request sent. */
async function opened(sessions: ReturnType<typeof pair>, end = false) {
  const visitor = openStream(sessions.relay.session);
  const before = sessions.agent.incoming.length;
  visitor.stream.head(request(), end);
  await until(() => sessions.agent.incoming.length > before, "the request comes");
  return { visitor, origin: sessions.agent.incoming[before]! };
}

Deno.test("stream: an exchange passes head, body and trailers both ways", async () => {
  await using sessions = pair();
  const { visitor, origin } = await opened(sessions);
  visitor.stream.write(bytes("one "));
  visitor.stream.write(bytes("two"));
  visitor.stream.trailers(bytes("Sum: 7\r\n"));
  await origin.done;
  assert.equal(origin.text, "one two");
  assert.equal(origin.trailers, "Sum: 7\r\n");
  origin.stream.head(answer(103, "Link: </a>\r\n"), false);
  origin.stream.head(answer(200), false);
  origin.stream.write(bytes("three"), true);
  await visitor.done;
  assert.equal(visitor.heads.length, 2);
  assert.equal(visitor.text, "three");
  assert.equal(sessions.relay.session.streams, 0);
  assert.equal(sessions.agent.session.streams, 0);
});

Deno.test("stream: bytes of field values above 127 and the case of names pass as they are", async () => {
  await using sessions = pair();
  const head = Uint8Array.from(
    "GET /y HTTP/1.1\r\nhOST: a\r\nX-\x41: \xe9\x80\r\n\r\n",
    (char) => char.charCodeAt(0),
  );
  const visitor = openStream(sessions.relay.session);
  visitor.stream.head(head, true);
  await until(() => sessions.agent.incoming.length > 0, "the request comes");
  assert.equal(sessions.agent.incoming[0]!.heads[0], String.fromCharCode(...head));
});

Deno.test("stream: an answer may come long after the request ended, and a request go on after its answer ended", async () => {
  await using sessions = pair();
  const late = await opened(sessions, true);
  assert.equal(late.origin.ended, true);
  assert.equal(sessions.relay.session.streams, 1);
  late.origin.stream.head(answer(), true);
  await late.visitor.done;
  assert.equal(sessions.relay.session.streams, 0);

  const early = await opened(sessions);
  early.origin.stream.head(answer(413), true);
  await early.visitor.done;
  assert.equal(sessions.relay.session.streams, 1);
  await early.visitor.stream.write(new Uint8Array(300_000));
  early.visitor.stream.end();
  await early.origin.done;
  assert.equal(early.origin.size, 300_000);
  assert.equal(sessions.relay.session.streams + sessions.agent.session.streams, 0);
});

Deno.test("stream: OPEN makes a stream for plain bytes, half-closed like any other", async () => {
  await using duel = await againstRelay();
  const id = streamId(0);
  await duel.peer.send(frame(Frame.OPEN, id, `{"service":"echo"}`), frame(Frame.DATA, id, "abc"));
  await until(() => duel.incoming[0]?.size === 3, "bytes come");
  const { stream } = duel.incoming[0]!;
  stream.write(bytes("ABC"), true);
  const data = await duel.peer.nextOf(Frame.DATA, id);
  assert.deepEqual([textOf(data), data.end], ["ABC", true]);
  await duel.peer.send(frame(Frame.DATA, id, "def", { end: true }));
  await duel.incoming[0]!.done;
  assert.equal(duel.incoming[0]!.text, "abcdef");
  assert.equal(duel.session.streams, 0);
});

Deno.test("reset: by the visitor's side, tells the origin, ends the write that waits, and frees both slots", async () => {
  await using sessions = pair();
  const { visitor, origin } = await opened(sessions, true);
  visitor.consuming = false;
  origin.stream.head(answer(), false);
  const write = origin.stream.write(new Uint8Array(1 << 20));
  assert(write !== undefined);
  await until(() => visitor.size === 128 << 10, "a window comes");
  visitor.stream.reset(Reset.CANCELLED, "the visitor is gone");
  await write;
  assert.deepEqual(origin.reset, { code: Reset.CANCELLED, message: "the visitor is gone" });
  assert.equal(visitor.reset, null, "who resets is not told");
  await until(() => sessions.relay.session.streams === 0, "the reset is answered");
  assert.equal(sessions.agent.session.streams, 0);
  // Whatever is done with it from now on does nothing.
  origin.stream.write(bytes("x"));
  origin.stream.end();
  origin.stream.trailers(bytes("a: b\r\n"));
  origin.stream.head(answer(), true);
  origin.stream.reset(Reset.ORIGIN);
  visitor.stream.reset(Reset.CANCELLED);
  visitor.stream.consumed(1 << 20);
  await turn();
  assert.equal(sessions.relay.end, null);
});

Deno.test("reset: by the origin's side, with its reason", async () => {
  await using sessions = pair();
  const { visitor, origin } = await opened(sessions);
  const write = visitor.stream.write(new Uint8Array(1 << 20));
  origin.consuming = false;
  origin.stream.reset(Reset.ORIGIN, "it broke – é");
  await write;
  assert.deepEqual(visitor.reset, { code: Reset.ORIGIN, message: "it broke – é" });
  await until(() => sessions.agent.session.streams === 0, "the reset is answered");
  assert.equal(sessions.relay.session.streams, 0);
});

Deno.test("reset: by both sides at once, neither is told, both slots are free", async () => {
  await using sessions = pair();
  const { visitor, origin } = await opened(sessions);
  visitor.stream.reset(Reset.CANCELLED);
  origin.stream.reset(Reset.ORIGIN);
  await until(
    () => sessions.relay.session.streams + sessions.agent.session.streams === 0,
    "both are free",
  );
  assert.deepEqual([visitor.reset, origin.reset], [null, null]);
});

Deno.test("reset: of a stream whose request was never sent stays pendingCredit", async () => {
  await using duel = await againstAgent();
  openStream(duel.session).stream.reset(Reset.CANCELLED);
  assert.equal(duel.session.streams, 0);
  openStream(duel.session).stream.head(request(), true);
  assert.equal((await duel.peer.next())?.type, Frame.HEAD);
});

Deno.test("reset: a peer that reset and one whose END crossed it are not answered; all else is, once", async () => {
  await using duel = await againstRelay();
  const ask = async (generation: number, end: boolean) => {
    const id = streamId(0, generation);
    await duel.peer.send(frame(Frame.HEAD, id, request(), { end }));
    await until(() => duel.incoming.length === generation, "the request comes");
    return { id, origin: duel.incoming[generation - 1]! };
  };
  const said = async () => {
    await duel.peer.send(frame(Frame.PING, 0, "12345678"));
    const frames: RawFrame[] = [];
    for (;;) {
      const next = await duel.peer.next();
      if (next === null || next.type === Frame.PONG) return frames.map(({ type }) => type);
      frames.push(next);
    }
  };
  const one = await ask(1, false);
  await duel.peer.send(frame(Frame.RESET, one.id, "\0\x01"));
  assert.deepEqual(await said(), [Frame.RESET], "open: answered");
  const two = await ask(2, false);
  two.origin.stream.head(answer(), true);
  await duel.peer.send(frame(Frame.RESET, two.id, "\0\x01"));
  assert.deepEqual(await said(), [Frame.HEAD], "ended before: not answered");
  const three = await ask(3, true);
  await duel.peer.send(frame(Frame.RESET, three.id, "\0\x01"));
  assert.deepEqual(await said(), [Frame.RESET], "reset after END: answered");
  const four = await ask(4, false);
  four.origin.stream.reset(Reset.ORIGIN);
  await duel.peer.send(frame(Frame.RESET, four.id, "\0\0"));
  assert.deepEqual(await said(), [Frame.RESET], "an answer is not answered");
  const five = await ask(5, true);
  five.origin.stream.reset(Reset.ORIGIN);
  assert.deepEqual(await said(), [Frame.RESET], "after END no answer is awaited");
  assert.equal(duel.session.streams, 0);
});

Deno.test("late frames: after a reset they are thrown away, and their credit comes back", async () => {
  await using duel = await againstAgent();
  const visitor = openStream(duel.session);
  visitor.stream.head(request(), true);
  const { stream: id } = await duel.peer.nextOf(Frame.HEAD);
  visitor.stream.reset(Reset.CANCELLED);
  await duel.peer.nextOf(Frame.RESET, id);
  // The agent, which has not read the reset yet, answers.
  const data = frame(Frame.DATA, id, new Uint8Array(64 << 10));
  await duel.peer.send(
    frame(Frame.HEAD, id, answer(103)),
    frame(Frame.HEAD, id, "not even a head"),
    data,
    data,
    frame(Frame.WINDOW, id, "\0\0\0\x01"),
  );
  assert.equal(duel.session.streams, 1, "its slot is not free yet");
  await duel.peer.send(frame(Frame.RESET, id, "\0\0"));
  await until(() => duel.session.streams === 0, "the slot is free");
  assert.deepEqual([visitor.heads, visitor.size], [[], 0]);
  // Until a MiB is thrown away: then the session's credit comes back.
  for (let i = 0; i < 7; i++) {
    const next = openStream(duel.session);
    next.stream.head(request(), true);
    const head = await duel.peer.nextOf(Frame.HEAD);
    next.stream.reset(Reset.CANCELLED);
    const more = frame(Frame.DATA, head.stream, new Uint8Array(64 << 10));
    await duel.peer.send(more, more, frame(Frame.RESET, head.stream, "\0\0"));
  }
  const window = await duel.peer.nextOf(Frame.WINDOW, 0);
  assert.equal(new DataView(window.payload.buffer).getUint32(0), 1 << 20);
});

Deno.test("late frames: what overruns the window is a violation after a reset too", async () => {
  await using duel = await againstAgent();
  const visitor = openStream(duel.session);
  visitor.stream.head(request(), true);
  const { stream: id } = await duel.peer.nextOf(Frame.HEAD);
  visitor.stream.reset(Reset.CANCELLED);
  await duel.peer.send(frame(Frame.DATA, id, new Uint8Array((128 << 10) + 1))).catch(() => {});
  assert.match((await duel.over).message, /More than its window/);
});

Deno.test("slots: one is used again only when both sides are done, and never with the same id", async () => {
  await using duel = await againstAgent({ streams: 2 });
  const ids = new Set<number>();
  const open = async () => {
    const visitor = openStream(duel.session);
    visitor.stream.head(request(), true);
    const { stream } = await duel.peer.nextOf(Frame.HEAD);
    assert(!ids.has(stream));
    ids.add(stream);
    return { visitor, id: stream, slot: (stream & 0xffff) >> 1 };
  };
  const first = await open();
  const second = await open();
  assert.notEqual(first.slot, second.slot);
  assert.equal(duel.session.open(new Recorder()), null, "no third one");
  first.visitor.stream.reset(Reset.CANCELLED);
  assert.equal(duel.session.open(new Recorder()), null, "not before the reset is answered");
  await duel.peer.send(frame(Frame.RESET, first.id, "\0\0"));
  await until(() => duel.session.streams === 1, "the answer");
  const third = await open();
  assert.equal(third.slot, first.slot);
  // What is left of the first one comes now: it is not for the third.
  await duel.peer.send(
    frame(Frame.RESET, first.id, "\0\x04late"),
    frame(Frame.WINDOW, first.id, Uint8Array.of(0x7f, 0xff, 0xff, 0xff)),
    frame(Frame.HEAD, third.id, answer(), { end: true }),
  );
  await third.visitor.done;
  assert.equal(third.visitor.reset, null);
  assert.equal(duel.end, null);
});

Deno.test("slots: ids stay different while they count past 65,535", async () => {
  await using sessions = pair({
    agent: {
      onstream: (stream) => {
        const recorder = new Recorder();
        recorder.stream = stream;
        queueMicrotask(() => stream.head(answer(), true));
        return recorder;
      },
    },
  });
  let last = 0;
  for (let round = 0; round < 280; round++) {
    const visitors: Recorder[] = [];
    for (let i = 0; i < 250; i++) {
      const visitor = openStream(sessions.relay.session);
      assert.notEqual(visitor.stream.id, last);
      assert(visitor.stream.id >>> 16 > 0);
      last = visitor.stream.id;
      visitor.stream.head(request(), true);
      visitors.push(visitor);
    }
    await Promise.all(visitors.map(({ done }) => done));
  }
  assert.equal(sessions.relay.end, null);
  assert.equal(sessions.relay.session.streams, 0);
});

Deno.test("slots: when one becomes free, whoever waits is told", async () => {
  await using sessions = pair({ relay: { streams: 1 } });
  const { visitor, origin } = await opened(sessions, true);
  assert.equal(sessions.relay.session.open(new Recorder()), null);
  let second: Recorder | null = null;
  sessions.relay.session.onrelease = () => {
    sessions.relay.session.onrelease = null;
    second = openStream(sessions.relay.session);
    second.stream.head(request("/second"), true);
  };
  origin.stream.head(answer(), false);
  origin.stream.write(bytes("body"), true);
  await visitor.done;
  assert.equal(visitor.text, "body");
  await until(() => sessions.agent.incoming.length === 2, "the second request comes");
  assert(second !== null);
});

Deno.test("session: when the connection breaks, every stream is told once and every write goes on", async () => {
  const sessions = pair();
  const streams = [];
  for (let i = 0; i < 20; i++) streams.push(await opened(sessions, i % 2 === 0));
  const writes = streams.map(({ origin, visitor }) => {
    visitor.consuming = false;
    return origin.stream.write(new Uint8Array(1 << 20));
  });
  sessions.relay.connection.break();
  await Promise.all(writes);
  await Promise.all([sessions.relay.over, sessions.agent.over]);
  for (const { visitor, origin } of streams) {
    assert.equal(visitor.reset?.code, Reset.CANCELLED);
    assert.equal(origin.reset?.code, Reset.CANCELLED);
  }
  assert.equal(sessions.relay.end?.code, "connection-lost");
  assert.equal(sessions.agent.end?.code, "connection-lost");
  assert.equal(sessions.relay.session.open(new Recorder()), null);
  assert(sessions.relay.connection.closed && sessions.agent.connection.closed);
  assert(sessions.agent.session.bulk.credit <= SESSION_WINDOW);
  await sessions[Symbol.asyncDispose]();
});
