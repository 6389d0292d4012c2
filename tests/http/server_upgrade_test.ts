/** Claims about upgrades: after a 101 an exchange carries plain bytes both ways. @module */

import assert from "node:assert/strict";
import type { ServerExchange } from "../../http/server_exchange.ts";
import { bytesOf, pause, say, sendAndReset, serve, textOf, within } from "./visitor.ts";

const UPGRADE = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: raw\r\n";
const SWITCHED = bytesOf("Upgrade: raw\r\n");

/** Gives back upper case until the other side ends, then says `bye` and ends. */
async function shout(exchange: ServerExchange): Promise<void> {
  for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
    await exchange.write(bytesOf(textOf(piece).toUpperCase()));
  }
  await exchange.write(bytesOf("bye"));
  exchange.end();
  exchange.end();
}

async function readAll(exchange: ServerExchange): Promise<string> {
  let text = "";
  for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
    text += textOf(piece);
  }
  return text;
}

for (const delay of [0, 30]) {
  Deno.test(`upgrade: after ${delay} ms bytes flow in order both ways, and half-closes are kept`, async () => {
    await using server = serve(async (exchange) => {
      assert.equal(exchange.head.upgrade, true);
      assert.equal(exchange.client, "127.0.0.1");
      if (delay > 0) await pause(delay);
      exchange.start(101, SWITCHED, -1, "Go On");
      await shout(exchange);
      assert.equal(exchange.done, true);
    });
    using visitor = await server.connect();
    await visitor.send(UPGRADE + "\r\n");
    const answer = await visitor.answer();
    assert.equal(answer.line, "HTTP/1.1 101 Go On");
    assert.equal(answer.fields.get("upgrade"), "raw");
    assert.equal(answer.fields.get("connection"), "Upgrade");
    assert.equal(answer.fields.has("content-length"), false);
    assert.equal(answer.fields.has("transfer-encoding"), false);
    const text = "abc".repeat(100_000);
    const sending = visitor.send(text).then(() => visitor.closeWrite());
    assert.equal(await visitor.rest(), text.toUpperCase() + "bye");
    await sending;
    await server.whenClosed(1);
    assert.equal(server.finished.length, 1);
    const [exchange] = server.finished;
    assert.equal(exchange!.status, 101);
    assert.equal(exchange!.bytesIn, text.length);
    assert.equal(exchange!.bytesOut, text.length + 3);
    assert.equal(exchange!.aborted, false);
    assert.equal(server.closed(), 1);
  });

  Deno.test(`upgrade: bytes sent before the 101 are refused readably, after ${delay} ms`, async () => {
    await using server = serve(async (exchange) => {
      const lost = new Promise((resolve) => exchange.onabort = resolve);
      if (delay > 0) await pause(delay);
      exchange.start(101, SWITCHED, -1);
      await within(lost);
      assert.equal(exchange.aborted, true);
    });
    using visitor = await server.connect();
    await visitor.send(UPGRADE + "\r\n" + "early");
    const answer = await visitor.answer();
    assert.equal(answer.status, 400);
    assert.match(answer.body, /before the answer 101/);
    await visitor.ends();
    assert.equal(server.finished.length, 1);
  });
}

Deno.test("upgrade: the server may end its half first and still hear the rest", async () => {
  const heard = Promise.withResolvers<string>();
  await using server = serve(async (exchange) => {
    exchange.start(101, SWITCHED, -1);
    await exchange.write(bytesOf("bye"));
    exchange.end();
    assert.equal(exchange.write(bytesOf("too late")), undefined);
    assert.equal(exchange.done, false);
    heard.resolve(await readAll(exchange));
    assert.equal(exchange.done, true);
  });
  using visitor = await server.connect();
  await visitor.send(UPGRADE + "\r\n");
  assert.equal((await visitor.answer()).status, 101);
  assert.equal(await visitor.rest(), "bye");
  await visitor.send("still here");
  await visitor.closeWrite();
  assert.equal(await within(heard.promise), "still here");
  await server.whenClosed(1);
});

Deno.test("upgrade: a visitor that does not read slows the server down, and what is sent arrives whole", async () => {
  const waited = Promise.withResolvers<void>();
  await using server = serve(async (exchange) => {
    exchange.start(101, SWITCHED, -1);
    const piece = new Uint8Array(100_000).fill(97);
    for (let i = 0; i < 200; i++) {
      const wait = exchange.write(piece);
      if (wait === undefined) continue;
      waited.resolve();
      await wait;
    }
    exchange.end();
    await readAll(exchange);
  });
  using visitor = await server.connect();
  await visitor.send(UPGRADE + "\r\n");
  assert.equal((await visitor.answer()).status, 101);
  await within(waited.promise);
  assert.equal((await visitor.rest()).length, 20_000_000);
  await visitor.closeWrite();
  await server.whenClosed(1);
});

Deno.test("upgrade: a request whose body is not read cannot be upgraded", async () => {
  await using server = serve((exchange) => exchange.start(101, SWITCHED, -1));
  using visitor = await server.connect();
  await visitor.send(UPGRADE + "Content-Length: 5\r\n\r\n");
  assert.equal((await visitor.answer()).status, 400);
});

Deno.test("upgrade: in HTTP/1.0 it is ignored", async () => {
  await using server = serve((exchange) => say(exchange, `${exchange.head.upgrade}`));
  const text = await server.ask((UPGRADE + "\r\n").replace("HTTP/1.1", "HTTP/1.0"));
  assert(text.endsWith("false"));
});

Deno.test("upgrade: a connection that breaks is felt, and counted as closed once", async () => {
  const broke = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  await using server = serve(async (exchange) => {
    exchange.start(101, SWITCHED, -1);
    exchange.onabort = () => broke.resolve();
    ready.resolve();
    await assert.rejects(readAll(exchange));
  });
  await sendAndReset(server.port, UPGRADE + "\r\n", ready.promise);
  await within(broke.promise);
  await server.whenClosed(1);
  assert.equal(server.finished.length, 1);
  assert.equal(server.closed(), 1);
});

Deno.test("upgrade: an abort ends both directions at once", async () => {
  await using server = serve((exchange) => {
    exchange.start(101, SWITCHED, -1);
    exchange.write(bytesOf("half a mess"));
    exchange.abort("the origin broke off");
  });
  using visitor = await server.connect();
  await visitor.send(UPGRADE + "\r\n");
  assert.equal((await visitor.answer()).status, 101);
  assert.equal(await visitor.rest(), "half a mess");
  await server.whenClosed(1);
  assert.equal(server.finished.length, 1);
});

Deno.test("upgrade: a stop cuts the connection, and it is counted as closed once", async () => {
  let count = 0;
  const over = Promise.withResolvers<void>();
  {
    await using server = serve(async (exchange) => {
      exchange.start(101, SWITCHED, -1);
      await readAll(exchange).catch(() => {});
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
