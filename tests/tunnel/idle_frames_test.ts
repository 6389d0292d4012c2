/** Claims about legal frames that move nothing, and about sessions that always have more to read: nobody waits for them. @module */

import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { Connection } from "../../http/mod.ts";
import { Frame, IDLE_FRAMES, IDLE_FRAMES_A_SECOND, PREFACE, Session } from "../../tunnel/mod.ts";
import { within } from "../support/deadline.ts";
import { MockClock } from "../support/mock_clock.ts";
import { againstAgent, answer, openStream, request } from "./harness.ts";
import { frame, join, streamId } from "./raw_peer.ts";

const never = streamId(7);

/** Each of them is legal: as often as these come late, or are meant well. */
const IDLE: Readonly<Record<string, Uint8Array>> = {
  "WINDOW of 0": frame(Frame.WINDOW, 0, Uint8Array.of(0, 0, 0, 0)),
  "WINDOW on a stream that never was": frame(Frame.WINDOW, never, Uint8Array.of(0, 0, 1, 0)),
  "PONG that nobody asked for": frame(Frame.PONG, 0, "12345678"),
  "RESET of a stream that never was": frame(Frame.RESET, never, Uint8Array.of(0, 1)),
  "GOAWAY again": frame(Frame.GOAWAY, 0, '{"code":"shutdown","message":""}'),
  "MORE": frame(Frame.MORE, 0, "{}"),
  "an extension that is not known": frame(0x7f, 0, "12345678"),
};

function repeat(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  return join(...Array.from({ length: count }, () => bytes));
}

for (const [what, bytes] of Object.entries(IDLE)) {
  Deno.test(`frames that move nothing: ${what}, some are skipped, too many end the session`, async () => {
    await using duel = await againstAgent();
    await duel.peer.send(repeat(bytes, 1_000), frame(Frame.PING, 0, "12345678"));
    await duel.peer.nextOf(Frame.PONG);
    assert.equal(duel.end, null);
    await duel.peer.send(repeat(bytes, 2 * IDLE_FRAMES)).catch(() => {});
    const end = await duel.over;
    assert.deepEqual([end.code, end.message], [
      "protocol-error",
      "Too many frames that move nothing",
    ]);
  });
}

Deno.test("frames that move nothing: DATA without bytes, and OPEN that is refused", async () => {
  {
    await using duel = await againstAgent();
    const { stream } = openStream(duel.session);
    stream.head(request(), true);
    await duel.peer.send(frame(Frame.HEAD, stream.id, answer()));
    await duel.peer.send(repeat(frame(Frame.DATA, stream.id), 2 * IDLE_FRAMES)).catch(() => {});
    assert.equal((await duel.over).code, "protocol-error");
  }
  await using duel = await againstAgent({ onstream: () => null });
  const opens = Array.from({ length: 2 * IDLE_FRAMES }, (_, i) => {
    const id = streamId(i % 256, 1 + (i >> 8), 1);
    return join(frame(Frame.OPEN, id, "{}"), frame(Frame.RESET, id, Uint8Array.of(0, 0)));
  });
  const reading = duel.peer.rest().catch(() => []);
  await duel.peer.send(join(...opens)).catch(() => {});
  assert.equal((await duel.over).code, "protocol-error");
  await reading;
});

Deno.test("frames that move nothing: a few each second are no attack, however long they come", async () => {
  using clock = new MockClock();
  await using duel = await againstAgent();
  const some = repeat(IDLE["WINDOW of 0"]!, IDLE_FRAMES_A_SECOND / 4);
  for (let i = 0; i < 120; i++) {
    await duel.peer.send(some, frame(Frame.PING, 0, "12345678"));
    for (let next = await duel.peer.next(); next?.type !== Frame.PONG;) {
      assert.equal(next?.type, Frame.PING);
      await duel.peer.send(frame(Frame.PONG, 0, next.payload));
      next = await duel.peer.next();
    }
    clock.tick(250);
  }
  assert.equal(duel.end, null);
});

Deno.test("frames that move nothing: what exchanges bring late is no attack, however many there are", async () => {
  await using duel = await againstAgent();
  const head = answer(204);
  for (let i = 0; i < 5_000; i++) {
    const { stream, done } = openStream(duel.session);
    stream.head(request(), true);
    await duel.peer.send(
      frame(Frame.HEAD, stream.id, head, { end: true }),
      frame(Frame.WINDOW, stream.id, Uint8Array.of(0, 0, 1, 0)),
      frame(Frame.RESET, stream.id, Uint8Array.of(0, 1)),
    );
    await done;
  }
  assert.equal(duel.end, null);
});

/** A connection whose other end always has one more piece at hand. */
function endless(piece: Uint8Array): { connection: Connection; reads(): number; stop(): void } {
  const side = { address: "127.0.0.1", port: 1 };
  let reads = 0;
  let begun = false;
  let end: (() => void) | null = null;
  let stopped = false;
  return {
    reads: () => reads,
    stop: () => {
      stopped = true;
      end?.();
    },
    connection: {
      remote: side,
      local: side,
      secure: false,
      read: (into) => {
        if (stopped) return Promise.resolve(null);
        reads++;
        if (!begun) {
          begun = true;
          into.set(PREFACE);
          return Promise.resolve(PREFACE.length);
        }
        let at = 0;
        for (; at + piece.length <= into.length; at += piece.length) into.set(piece, at);
        if (at > 0) return Promise.resolve(at);
        // The rest of a piece does not fit: nothing until it is read again.
        return new Promise((resolve) => end = () => resolve(null));
      },
      write: (bytes) => Promise.resolve(bytes.length),
      closeWrite: () => Promise.resolve(),
      close: () => {},
    },
  };
}

Deno.test("a session that always has more to read leaves most of each turn to others, and sessions take turns", async () => {
  const tiny = frame(Frame.PING, 0, "12345678");
  const sources = Array.from({ length: 8 }, () => endless(tiny));
  const sessions = sources.map(({ connection }) => {
    const session = new Session({
      connection,
      side: "relay",
      onmessage: () => {},
      onstream: () => null,
      ongoaway: () => {},
      onclose: () => {},
    });
    session.ready(256);
    return session;
  });
  const reads = (): number[] => sources.map((source) => source.reads());
  try {
    let longest = 0;
    await within(
      (async () => {
        for (let last = performance.now(); Math.min(...reads()) <= 10;) {
          await new Promise((resolve) => setImmediate(resolve));
          const now = performance.now();
          longest = Math.max(longest, now - last);
          last = now;
        }
      })(),
      "ten reads of each",
    );
    console.log(`      the longest turn took ${longest.toFixed(1)} ms`);
    // Each had about as many turns as the others.
    assert(Math.max(...reads()) < 10 * Math.min(...reads()), `${reads()}`);
  } finally {
    for (const source of sources) source.stop();
    const end = { code: "done", message: "the test is done" };
    await Promise.all(sessions.map((session) => session.finish(end)));
  }
});

Deno.test("a session that has ended reads away bit by bit what its peer goes on sending", async () => {
  const source = endless(frame(Frame.PING, 0, "12345678"));
  const session = new Session({
    connection: source.connection,
    side: "relay",
    onmessage: () => {},
    onstream: () => null,
    ongoaway: () => {},
    onclose: () => {},
  });
  session.ready(256);
  const before = source.reads();
  const began = performance.now();
  await session.finish({ code: "done", message: "the test is done" });
  const reads = source.reads() - before;
  const ms = performance.now() - began;
  // One read in 5 ms at most, but for the first 256 KiB.
  assert(reads <= ms / 5 + 300, `${reads} reads in ${ms.toFixed(0)} ms`);
});
