/** Claims F31 and its like: who does not read, on either side, is waited for. @module */

import assert from "node:assert/strict";
import { bytesOf, pause, PLAIN, say, serve, settled, sizeOf, within } from "./visitor.ts";

const GET = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: h\r\n";

Deno.test("body: a reader that stops makes the visitor stop", async () => {
  const go = Promise.withResolvers<void>();
  await using server = serve(async (exchange) => {
    const first = await exchange.read();
    await go.promise;
    say(exchange, `${first!.length + await sizeOf(exchange)}`);
  });
  using visitor = await server.connect();
  const size = 40 << 20;
  await visitor.send(`${POST}Content-Length: ${size}\r\n\r\n`);
  let sent = 0;
  const block = new Uint8Array(256 << 10);
  const sending = (async () => {
    while (sent < size) sent += await visitor.conn.write(block.subarray(0, size - sent));
  })();
  // It stalls: what is on its way fits the socket buffers and one buffer of ours.
  await settled(() => sent);
  assert(sent < 24 << 20, `${sent} bytes were taken from a visitor whom nobody reads`);
  go.resolve();
  await within(sending);
  assert.equal((await visitor.answer()).body, String(size));
});

Deno.test("F31 a visitor that never reads makes the producer wait, and memory stays bounded", async () => {
  let sent = 0;
  const chunk = new Uint8Array(32 << 10);
  await using server = serve(async (exchange) => {
    exchange.start(200, PLAIN, -1);
    const size = exchange.head.target === "/large" ? 1 << 20 : chunk.length;
    const piece = new Uint8Array(size);
    while (!exchange.aborted && sent < 200 << 20) {
      const wait = exchange.write(piece);
      sent += size;
      assert(exchange.outgoing.queued <= (256 << 10) + size + 1000, "the queue grows");
      if (wait !== undefined) await wait;
    }
    exchange.end();
  });
  for (const target of ["/small", "/large"]) {
    sent = 0;
    using visitor = await server.connect();
    await visitor.send(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await settled(() => sent);
    assert(
      sent > 0 && sent < 24 << 20,
      `${sent} bytes were taken for a visitor that does not read`,
    );
  }
});

Deno.test("F31 a visitor that pipelines and never reads is not answered without end", async () => {
  let handled = 0;
  await using server = serve((exchange) => {
    handled++;
    exchange.respond(200, PLAIN, new Uint8Array(32 << 10));
  });
  using visitor = await server.connect();
  const flood = (async () => {
    const block = bytesOf(GET.repeat(1000));
    for (let i = 0; i < 100; i++) await visitor.send(block);
  })().catch(() => {});
  await settled(() => handled);
  assert(handled > 1 && handled < 1000, `${handled} answers for a visitor that does not read`);
  visitor.close();
  await flood;
});

Deno.test("F31 a slow visitor gets everything in the end", async () => {
  const size = 3_000_000;
  await using server = serve(async (exchange) => {
    exchange.start(200, PLAIN, size);
    for (let at = 0; at < size; at += 100_000) {
      const wait = exchange.write(new Uint8Array(100_000).fill(at / 100_000));
      if (wait !== undefined) await wait;
    }
    exchange.end();
  });
  using visitor = await server.connect();
  await visitor.send(GET);
  await pause(100);
  await visitor.until("\r\n\r\n");
  for (let at = 0; at < size; at += 100_000) {
    assert.equal(await visitor.take(100_000), String.fromCharCode(at / 100_000).repeat(100_000));
  }
});
