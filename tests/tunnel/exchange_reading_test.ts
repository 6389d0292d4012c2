/** Claims about origins that read a request's body at the wrong time: none of them takes it for whole, none waits for ever. @module */

import assert from "node:assert/strict";
import { type Exchange, latin1 } from "../../http/mod.ts";
import { Frame, StreamExchange } from "../../tunnel/mod.ts";
import { againstRelay } from "./harness.ts";
import { frame, streamId } from "./raw_peer.ts";

const id = streamId(0);
const NOTHING = new Uint8Array(0);

/** What `answer` makes of a POST whose first bytes have come, and whose end has where `whole`. */
async function posted<T>(answer: (exchange: Exchange) => T, whole = false): Promise<T> {
  const answered = Promise.withResolvers<T>();
  await using duel = await againstRelay({
    onstream: (stream) =>
      new StreamExchange(stream, (exchange) => {
        // After what came with the head.
        setTimeout(() => answered.resolve(answer(exchange)), 10);
      }),
  });
  await duel.peer.send(
    frame(Frame.HEAD, id, "POST / HTTP/1.1\r\nHost: test\r\n\r\n"),
    frame(Frame.DATA, id, "one", { end: whole }),
  );
  const result = await answered.promise;
  // The session lives until the origin has what it waits for.
  await Promise.allSettled([result]);
  return result;
}

/** What reading gave, wrapped so that a rejection is a value. */
async function outcome(reading: Promise<Uint8Array | null>): Promise<string> {
  try {
    const piece = await reading;
    return piece === null ? "end" : latin1(piece);
  } catch (error) {
    return (error as Error).message;
  }
}

Deno.test("exchange: an answer tells who still reads that there is no more, not that it was all", async () => {
  const read = await posted(async (exchange) => {
    assert.equal(await outcome(exchange.read()), "one");
    const waiting = outcome(exchange.read());
    exchange.respond(200, NOTHING, null);
    return await waiting;
  });
  assert.equal(read, "Cannot read the body: the answer is complete");
});

Deno.test("exchange: breaking off tells who still reads", async () => {
  const read = await posted(async (exchange) => {
    assert.equal(await outcome(exchange.read()), "one");
    const waiting = outcome(exchange.read());
    exchange.abort("no");
    return await waiting;
  });
  assert.equal(read, "Cannot read the body: the answer broke off");
});

Deno.test("exchange: reading after the answer gives the end where that was read, else an error", async () => {
  const late = await posted((exchange) => {
    exchange.respond(200, NOTHING, null);
    return outcome(exchange.read());
  });
  assert.equal(late, "Cannot read the body: the answer is complete");
  const read = await posted(async (exchange) => {
    assert.equal(await outcome(exchange.read()), "one");
    assert.equal(await outcome(exchange.read()), "end");
    exchange.respond(200, NOTHING, null);
    return await outcome(exchange.read());
  }, true);
  assert.equal(read, "end");
});

Deno.test("exchange: a body is read by one at a time", async () => {
  const read = await posted(async (exchange) => {
    assert.equal(await outcome(exchange.read()), "one");
    const first = outcome(exchange.read());
    const second = await outcome(exchange.read());
    exchange.respond(200, NOTHING, null);
    await first;
    return second;
  });
  assert.equal(read, "Cannot read the body twice at a time");
});
