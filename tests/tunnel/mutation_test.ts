/** Claims about damaged conversations: whatever bytes come, a session goes on or ends, throws nothing, and leaves others alone. @module */

import assert from "node:assert/strict";
import { Frame, type Stream } from "../../tunnel/mod.ts";
import { turn, until } from "../support/pipe.ts";
import { randomFrom } from "../support/random.ts";
import {
  againstAgent,
  againstRelay,
  answer,
  type Duel,
  openStream,
  pair,
  Recorder,
  request,
} from "./harness.ts";
import { frame, join, streamId } from "./raw_peer.ts";

const ROUNDS = 400;

/** Frames of an ordinary conversation, by a relay or by an agent that answers streams of `ids`. */
function script(side: "relay" | "agent", ids: readonly number[]): Uint8Array[] {
  const head = (id: number) =>
    side === "relay"
      ? frame(Frame.HEAD, id, request("/x", "Content-Type: text/plain\r\n"))
      : frame(Frame.HEAD, id, answer(200, "Content-Type: text/plain\r\n"));
  const frames = [frame(Frame.PING, 0, "12345678")];
  for (const id of ids) {
    frames.push(
      ...(side === "agent" ? [frame(Frame.HEAD, id, answer(103))] : []),
      head(id),
      frame(Frame.DATA, id, "some bytes"),
      frame(Frame.WINDOW, id, "\0\0\x10\0"),
      frame(Frame.DATA, id, new Uint8Array(3000)),
      frame(Frame.TRAILERS, id, "Sum: 1\r\n", { end: true }),
      frame(Frame.RESET, id, "\0\x01gone"),
    );
  }
  frames.push(
    frame(Frame.WINDOW, 0, "\0\0\x10\0"),
    frame(0x60, 0, "extension"),
    ...(side === "relay" ? [frame(Frame.OPEN, streamId(5), `{"service":"x"}`)] : []),
    frame(Frame.MORE, 0, "{}"),
    frame(Frame.GOAWAY, 0, `{"code":"shutdown","message":"bye"}`),
    frame(Frame.PONG, 0, "12345678"),
  );
  return frames;
}

/** Changes frames as a broken or hostile peer might. */
function mutate(frames: readonly Uint8Array[], random: () => number): Uint8Array<ArrayBuffer> {
  const some = [...frames];
  const pick = (length: number) => Math.floor(random() * length);
  for (let times = pick(3); times > 0; times--) {
    const at = pick(some.length);
    switch (pick(4)) {
      case 0:
        some.splice(at, 1);
        break;
      case 1:
        some.splice(at, 0, some[pick(some.length)]!);
        break;
      case 2: {
        const other = pick(some.length);
        [some[at], some[other]] = [some[other]!, some[at]!];
        break;
      }
      default:
        some.length = Math.max(at, 1);
    }
    if (some.length === 0) some.push(frames[0]!);
  }
  const bytes = join(...some);
  for (let times = pick(4); times > 0 && bytes.length > 0; times--) {
    const at = pick(bytes.length);
    const what = pick(3);
    if (what === 0) bytes[at] = random() * 256;
    else if (what === 1) bytes[at]! ^= 1 << pick(8);
    else bytes[at] = [0, 1, 0x20, 0x21, 0x7f, 0x80, 0xff][pick(7)]!;
  }
  return random() < 0.2 ? bytes.slice(0, pick(bytes.length)) : bytes;
}

/** A handler that does things at odd moments: answers, resets, consumes or not. */
function moody(stream: Stream, random: () => number): Recorder {
  const recorder = new Recorder();
  recorder.stream = stream;
  recorder.consuming = random() < 0.5;
  let began = false;
  recorder.onevent = () => {
    const mood = random();
    if (mood < 0.1) stream.reset(4, "a mood");
    else if (mood < 0.4 && !began) {
      began = true;
      stream.head(answer(), false);
      stream.write(new Uint8Array(random() * 1000), random() < 0.5);
    }
  };
  return recorder;
}

async function attack(duel: Duel, bytes: Uint8Array, random: () => number): Promise<void> {
  const cut = 1 + Math.floor(random() * bytes.length);
  try {
    await duel.peer.send(bytes.subarray(0, cut));
    await turn();
    await duel.peer.send(bytes.subarray(cut));
    for (let i = 0; i < 4; i++) await turn();
  } catch (error) {
    // The session ended before all was said.
    assert(error instanceof Deno.errors.BrokenPipe, `${error}`);
  }
  await duel.peer.connection.closeWrite();
  const end = await duel.over;
  assert(
    ["protocol-error", "connection-lost"].includes(end.code),
    `it ended as ${end.code}: ${end.message}`,
  );
  assert.equal(duel.session.streams, 0, "every stream is over");
  assert.equal(duel.session.growth.taken, 0);
  await duel.session.finish(end);
  await duel.peer.rest().catch(() => {});
}

for (const side of ["relay", "agent"] as const) {
  Deno.test(`mutations: ${ROUNDS} damaged conversations of a ${side} end or go on, and hurt nobody else`, async () => {
    await using witness = pair();
    const outcomes = { violated: 0, survived: 0 };
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const random = randomFrom(seed);
      const options = { onstream: (stream: Stream) => moody(stream, random) };
      await using duel = side === "relay"
        ? await againstRelay(options)
        : await againstAgent(options);
      let ids: number[] = [streamId(0, 1), streamId(1, 2)];
      if (side === "agent") {
        ids = [];
        for (let i = 0; i < 2; i++) {
          const visitor = openStream(duel.session);
          visitor.consuming = random() < 0.5;
          visitor.stream.head(request(), true);
          ids.push(visitor.stream.id);
        }
      }
      try {
        await attack(duel, mutate(script(side, ids), random), random);
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause });
      }
      outcomes[duel.end?.code === "protocol-error" ? "violated" : "survived"]++;
      if (seed % 50 !== 0) continue;
      const visitor = openStream(witness.relay.session);
      visitor.stream.head(request(`/${seed}`), true);
      const before = witness.agent.incoming.length;
      await until(() => witness.agent.incoming.length > before, "another session works on");
      witness.agent.incoming[before]!.stream.head(answer(), true);
      await visitor.done;
    }
    // Both happen often, or the damage is not what it should be.
    assert(outcomes.violated > ROUNDS / 8, JSON.stringify(outcomes));
    assert(outcomes.survived > ROUNDS / 8, JSON.stringify(outcomes));
  });
}

Deno.test("mutations: before the sign-in damaged conversations end in a refusal", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomFrom(seed);
    await using duel = await againstAgent({ fresh: true, onmessage: () => {} });
    const hello = frame(Frame.HELLO, 0, `{"versions":[1],"names":["a"]}`);
    const bytes = mutate([hello, hello, frame(Frame.PROOF, 0, "{}")], random);
    if (bytes.length > 0) await attack(duel, bytes, random);
  }
});
