/** Claims about sessions over real sockets: many exchanges at once, in both directions, and a connection that is cut. @module */

import assert from "node:assert/strict";
import { DenoConnection, type Exchange } from "../../http/mod.ts";
import { Reset, Session, StreamExchange } from "../../tunnel/mod.ts";
import { randomBytes, randomFrom } from "../support/random.ts";
import { openStream, request } from "./harness.ts";

/** A relay's session and an agent's, whose requests come to `answer`. */
async function connect(answer: (exchange: Exchange) => void) {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const ends: string[] = [];
  const session = (side: "relay" | "agent", connection: Deno.Conn) =>
    new Session({
      connection: new DenoConnection(connection),
      side,
      onmessage: () => {},
      onstream: (stream) => new StreamExchange(stream, answer),
      ongoaway: () => {},
      onclose: (end) => ends.push(`${side}: ${end.code}`),
    });
  const relay = session("relay", await accepting);
  const agent = session("agent", conn);
  relay.ready(256);
  agent.ready(256);
  const end = { code: "done", message: "the test is done" };
  return {
    relay,
    agent,
    ends,
    conn,
    async [Symbol.asyncDispose]() {
      await Promise.all([relay.finish(end), agent.finish(end)]);
    },
  };
}

/** Answers with the request's body. */
async function echo(exchange: Exchange): Promise<void> {
  try {
    exchange.start(200, new Uint8Array(0), -1);
    for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
      await exchange.write(piece);
    }
    exchange.end();
  } catch (error) {
    if (!exchange.aborted) throw error;
  }
}

Deno.test("loopback: a hundred bodies of every size come back unchanged, all at once", async () => {
  await using sessions = await connect(echo);
  const random = randomFrom(3);
  await Promise.all(Array.from({ length: 100 }, async (_, i) => {
    const body = randomBytes(random, i % 10 === 0 ? 1_000_000 : Math.floor(random() * 20_000));
    const visitor = openStream(sessions.relay);
    visitor.stream.head(request(`/${i}`), false);
    for (let at = 0; at < body.length; at += 70_000) {
      await visitor.stream.write(body.subarray(at, at + 70_000));
    }
    visitor.stream.end();
    await visitor.done;
    assert.deepEqual(visitor.body, body, `body ${i}`);
  }));
  assert.equal(sessions.relay.streams + sessions.agent.streams, 0);
  assert.deepEqual(sessions.ends, []);
});

Deno.test("loopback: a connection that is cut ends both sessions and all their exchanges", async () => {
  await using sessions = await connect(echo);
  const visitors = Array.from({ length: 20 }, () => {
    const visitor = openStream(sessions.relay);
    visitor.stream.head(request(), false);
    visitor.stream.write(new Uint8Array(1_000_000));
    return visitor;
  });
  // Some of it has come back.
  await new Promise<void>((resolve) => {
    visitors[0]!.onevent = ({ size }) => {
      if (size > 0) resolve();
    };
  });
  sessions.agent.connection.close();
  await Promise.all(visitors.map(({ done }) => done));
  for (const { reset } of visitors) assert.equal(reset?.code, Reset.CANCELLED);
  assert.deepEqual(sessions.ends.sort(), ["agent: connection-lost", "relay: connection-lost"]);
});

Deno.test("loopback: who fails while it handles a frame ends its own session and says so", async () => {
  await using failing = await connect(() => {
    throw new Error("a mistake");
  });
  await using other = await connect(echo);
  const visitor = openStream(failing.relay);
  visitor.stream.head(request(), true);
  await visitor.done;
  assert.equal(visitor.reset?.message, "the peer closed the connection");
  assert.deepEqual(failing.ends, ["agent: internal-error", "relay: connection-lost"]);
  const works = openStream(other.relay);
  works.stream.head(request(), true);
  await works.done;
  assert.equal(works.reset, null);
});
