/** Claims about how bytes arrive: a session understands the same in any split of them. @module */

import assert from "node:assert/strict";
import { Frame, PREFACE } from "../../tunnel/mod.ts";
import { pipe, until } from "../support/pipe.ts";
import { randomBytes, randomFrom } from "../support/random.ts";
import { againstRelay, openStream, pair, type Recorder, request, tested } from "./harness.ts";
import { frame, join, RawPeer, streamId } from "./raw_peer.ts";

/** What a relay might say: every kind of frame that an agent can get after its sign-in. */
function conversation(bulk: Uint8Array, head: string): Uint8Array<ArrayBuffer> {
  const [a, b, c] = [streamId(0, 1), streamId(1, 2), streamId(0, 3)];
  return join(
    frame(Frame.PING, 0, "12345678"),
    frame(Frame.HEAD, a, request("/a"), { end: true }),
    frame(Frame.HEAD, b, request("/b", head)),
    frame(Frame.DATA, b, "hello "),
    frame(0x61, b, "an extension"),
    frame(Frame.WINDOW, a, "\0\0\x01\0"),
    frame(Frame.DATA, b, bulk),
    frame(Frame.DATA, b),
    frame(Frame.TRAILERS, b, "Sum: 1\r\n", { end: true }),
    frame(Frame.RESET, a, "\0\x01gone"),
    frame(Frame.OPEN, c, `{"service":"tcp"}`),
    frame(Frame.DATA, c, "bytes", { end: true }),
    frame(Frame.MORE, 0, "{}"),
    frame(Frame.GOAWAY, 0, `{"code":"shutdown","message":"bye"}`),
    frame(Frame.PING, 0, "87654321"),
  );
}

const small = conversation(new TextEncoder().encode("world"), "X: y\r\n");
const large = conversation(
  randomBytes(randomFrom(5), 127 << 10),
  `X: ${"y".repeat(100_000)}\r\n`,
);

/** What came of a conversation. */
async function hear(bytes: Uint8Array, cut: (available: number) => number): Promise<unknown> {
  await using duel = await againstRelay({}, { cut, capacity: 1 << 20 });
  await duel.peer.send(bytes);
  const said = [];
  for (let pongs = 0; pongs < 2;) {
    const next = await duel.peer.next();
    assert(next !== null, `the session ended: ${duel.end?.message}`);
    if (next.type === Frame.PONG) pongs++;
    // When credit goes back depends on how the bytes came, and pings on the time.
    if (next.type !== Frame.WINDOW && next.type !== Frame.PING) said.push(next);
  }
  assert.equal(duel.end, null);
  assert.equal(duel.session.received, bytes.length);
  return {
    said,
    streams: duel.incoming.map(({ heads, text, trailers, ended, reset, size }) => {
      return { heads, text, trailers, ended, reset, size };
    }),
    goneAway: duel.goneAway,
    more: duel.more,
    open: duel.session.streams,
  };
}

const everything = (available: number): number => available;

Deno.test("splits: the conversation is understood whole", async () => {
  const heard = await hear(small, everything) as {
    said: unknown[];
    streams: Array<Record<string, unknown>>;
    open: number;
    more: number;
  };
  assert.equal(heard.said.length, 3);
  assert.equal(heard.streams.length, 3);
  assert.deepEqual(heard.streams[0]!.reset, { code: 1, message: "gone" });
  assert.equal(heard.streams[1]!.text, "hello world");
  assert.equal(heard.streams[1]!.trailers, "Sum: 1\r\n");
  assert.equal(heard.streams[2]!.text, "bytes");
  assert.equal(heard.more, 1);
  // The two whose answers are due.
  assert.equal(heard.open, 2);
});

Deno.test("splits: at every place", async () => {
  const whole = await hear(small, everything);
  for (let at = 1; at < small.length; at++) {
    let first = true;
    const cut = (available: number) => {
      const size = first ? at : available;
      first = false;
      return size;
    };
    assert.deepEqual(await hear(small, cut), whole, `split at ${at}`);
  }
});

Deno.test("splits: byte by byte", async () => {
  assert.deepEqual(await hear(small, () => 1), await hear(small, everything));
});

Deno.test("splits: large frames in random pieces", async () => {
  const whole = await hear(large, everything);
  for (let seed = 1; seed <= 12; seed++) {
    const random = randomFrom(seed);
    const most = [7, 100, 3000, 70_000][seed % 4]!;
    const cut = () => 1 + Math.floor(random() * most);
    assert.deepEqual(await hear(large, cut), whole, `seed ${seed}`);
  }
});

Deno.test("splits: a relay takes the preface byte by byte", async () => {
  const [a, b] = pipe({ cut: () => 1 });
  const relay = tested(a, "relay");
  const peer = new RawPeer(b);
  await peer.send(PREFACE, frame(Frame.PING, 0, "12345678"));
  assert.equal((await peer.next())?.type, Frame.PONG);
  peer.close();
  assert.equal((await relay.over).code, "connection-lost");
});

Deno.test("splits: bodies pass unchanged both ways through connections that cut and stall at random", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const random = randomFrom(seed);
    await using sessions = pair({
      pipe: { capacity: 1 + Math.floor(random() * 5000), cut: (n) => 1 + Math.floor(random() * n) },
    });
    const up = randomBytes(random, Math.floor(random() * 300_000));
    const down = randomBytes(random, Math.floor(random() * 300_000));
    const visitor = openStream(sessions.relay.session);
    visitor.stream.head(request(), false);
    const send = async (recorder: Recorder, bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length;) {
        const size = Math.min(bytes.length - at, 1 + Math.floor(random() * 60_000));
        await recorder.stream.write(bytes.slice(at, at + size));
        at += size;
      }
      recorder.stream.end();
    };
    const sent = send(visitor, up);
    await until(() => sessions.agent.incoming.length > 0, "the request comes");
    const origin = sessions.agent.incoming[0]!;
    origin.stream.head(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"), false);
    await Promise.all([sent, send(origin, down), visitor.done, origin.done]);
    assert.deepEqual(origin.body, up, `up, seed ${seed}`);
    assert.deepEqual(visitor.body, down, `down, seed ${seed}`);
    assert.equal(sessions.relay.session.streams + sessions.agent.session.streams, 0);
  }
});
