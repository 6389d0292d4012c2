/** Claims about upgrades: how the connection is handed over. @module */

import assert from "node:assert/strict";
import type { Connection } from "../../http/connection.ts";
import { bytesOf, pause, say, sendAndReset, serve, textOf, within } from "./visitor.ts";

const UPGRADE = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: raw\r\n";
const SWITCHED = bytesOf("Connection: Upgrade\r\nUpgrade: raw\r\n");

/** Gives back upper case until the other side ends, then says `bye` and ends. */
async function shout(connection: Connection): Promise<void> {
  const buffer = new Uint8Array(1000);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) break;
    const loud = bytesOf(textOf(buffer.subarray(0, count)).toUpperCase());
    for (let at = 0; at < loud.length;) at += await connection.write(loud.subarray(at));
  }
  await connection.write(bytesOf("bye"));
  await connection.closeWrite();
  connection.close();
  connection.close();
}

for (const delay of [0, 30]) {
  Deno.test(`upgrade: after ${delay} ms bytes flow in order both ways, and half-closes are kept`, async () => {
    await using server = serve(async (exchange) => {
      assert.equal(exchange.head.upgrade, true);
      if (delay > 0) await pause(delay);
      const connection = exchange.upgrade(SWITCHED);
      assert(connection !== null);
      await shout(connection);
    });
    using visitor = await server.connect();
    await visitor.send(UPGRADE + "\r\n");
    const answer = await visitor.answer();
    assert.equal(answer.status, 101);
    assert.equal(answer.fields.get("upgrade"), "raw");
    assert.equal(answer.fields.has("content-length"), false);
    assert.equal(answer.fields.has("transfer-encoding"), false);
    const text = "abc".repeat(100_000);
    const sending = visitor.send(text).then(() => visitor.closeWrite());
    assert.equal(await visitor.rest(), text.toUpperCase() + "bye");
    await sending;
    await server.whenClosed(1);
    assert.equal(server.finished.length, 1);
    assert.equal(server.closed(), 1);
  });

  Deno.test(`upgrade: bytes sent before the 101 are refused readably, after ${delay} ms`, async () => {
    await using server = serve(async (exchange) => {
      if (delay > 0) await pause(delay);
      if (exchange.upgrade(SWITCHED) === null) {
        exchange.close = true;
        say(exchange, "wait for the 101", 400);
      }
    });
    using visitor = await server.connect();
    await visitor.send(UPGRADE + "\r\n" + "early");
    const answer = await visitor.answer();
    assert.equal(answer.status, 400);
    assert.equal(answer.body, "wait for the 101");
    await visitor.ends();
  });
}

Deno.test("upgrade: the server may end its half first and still hear the rest", async () => {
  const heard = Promise.withResolvers<string>();
  await using server = serve(async (exchange) => {
    const connection = exchange.upgrade(SWITCHED)!;
    await connection.write(bytesOf("bye"));
    await connection.closeWrite();
    let text = "";
    const buffer = new Uint8Array(100);
    for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
      text += textOf(buffer.subarray(0, n));
    }
    connection.close();
    heard.resolve(text);
  });
  using visitor = await server.connect();
  await visitor.send(UPGRADE + "\r\n");
  assert.equal((await visitor.answer()).status, 101);
  assert.equal(await visitor.rest(), "bye");
  await visitor.send("still here");
  await visitor.closeWrite();
  assert.equal(await within(heard.promise), "still here");
});

Deno.test("upgrade: a request with a body cannot be upgraded", async () => {
  await using server = serve((exchange) => {
    assert.equal(exchange.upgrade(SWITCHED), null);
    say(exchange, "no", 400);
  });
  using visitor = await server.connect();
  await visitor.send(UPGRADE + "Content-Length: 5\r\n\r\n");
  assert.equal((await visitor.answer()).status, 400);
});

Deno.test("upgrade: in HTTP/1.0 it is ignored", async () => {
  await using server = serve((exchange) => say(exchange, `${exchange.head.upgrade}`));
  const text = await server.ask((UPGRADE + "\r\n").replace("HTTP/1.1", "HTTP/1.0"));
  assert(text.endsWith("false"));
});

Deno.test("upgrade: a connection that breaks is counted as closed once", async () => {
  const broke = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  await using server = serve(async (exchange) => {
    const connection = exchange.upgrade(SWITCHED)!;
    ready.resolve();
    try {
      while (await connection.read(new Uint8Array(100)) !== null);
    } catch {
      // Reset.
    }
    for (let i = 0; i < 5; i++) await connection.write(bytesOf("anybody?")).catch(() => {});
    connection.close();
    broke.resolve();
  });
  await sendAndReset(server.port, UPGRADE + "\r\n", ready.promise);
  await within(broke.promise);
  assert.equal(server.finished.length, 1);
  assert.equal(server.closed(), 1);
});

Deno.test("upgrade: a stop cuts the connection, and it is counted as closed once", async () => {
  let count = 0;
  const over = Promise.withResolvers<void>();
  {
    await using server = serve(async (exchange) => {
      const connection = exchange.upgrade(SWITCHED)!;
      await connection.read(new Uint8Array(100)).catch(() => {});
      connection.close();
      over.resolve();
    });
    using visitor = await server.connect();
    await visitor.send(UPGRADE + "\r\n");
    assert.equal((await visitor.answer()).status, 101);
    assert.equal(await server.server.drain(50), 1);
    await within(over.promise);
    count = server.closed();
    assert.equal(server.finished.length, 1);
  }
  assert.equal(count, 1);
});
