/** Claims about request bodies: read whole, in part, late, not at all. @module */

import assert from "node:assert/strict";
import { bodyOf, pause, PLAIN, randomFrom, say, serve, textOf, within } from "./visitor.ts";

const GET = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: h\r\n";

Deno.test("body: uploads of all sizes arrive byte for byte, by length and chunked", async () => {
  await using server = serve(async (exchange) => {
    let sum = 0;
    let size = 0;
    for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
      size += piece.length;
      for (const byte of piece) sum = (sum * 31 + byte) >>> 0;
      if (size % 7 === 0) await pause(0);
    }
    assert.equal(exchange.bytesIn, size);
    say(exchange, `${size} ${sum}`);
  });
  const random = randomFrom(5);
  using visitor = await server.connect();
  for (const size of [0, 1, 511, 512, 4096, 65535, 65536, 65537, 1_000_003]) {
    const data = new Uint8Array(size).map(() => random() * 256);
    let sum = 0;
    for (const byte of data) sum = (sum * 31 + byte) >>> 0;
    const sending = visitor.send(`${POST}Content-Length: ${size}\r\n\r\n`)
      .then(() => visitor.send(data));
    assert.equal((await visitor.answer()).body, `${size} ${sum}`);
    await sending;
    await visitor.send(`${POST}Transfer-Encoding: chunked\r\n\r\n`);
    for (let at = 0; at < size;) {
      const chunk = data.subarray(at, at + 1 + Math.floor(random() * 70_000));
      await visitor.send(`${chunk.length.toString(16)}\r\n`);
      await visitor.send(chunk);
      await visitor.send("\r\n");
      at += chunk.length;
    }
    await visitor.send("0\r\n\r\n");
    assert.equal((await visitor.answer()).body, `${size} ${sum}`);
  }
});

Deno.test("body: echoed while it comes, it arrives whole, and a piece stays as it is until the next call", async () => {
  await using server = serve(async (exchange) => {
    exchange.start(200, PLAIN, -1);
    for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
      const before = piece.slice();
      const wait = exchange.write(piece);
      if (wait !== undefined) await wait;
      assert.deepEqual(piece, before);
    }
    exchange.end();
  });
  const text = Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`).join("");
  using visitor = await server.connect();
  for (let round = 0; round < 3; round++) {
    const sending = visitor.send(`${POST}Content-Length: ${text.length}\r\n\r\n${text}`);
    const answer = await visitor.answer();
    assert.equal(answer.body, text);
    await sending;
  }
});

Deno.test("body: an answer given early makes further reads fail instead of ending well", async () => {
  const read = Promise.withResolvers<string>();
  const later = Promise.withResolvers<string>();
  const seen = (promise: Promise<Uint8Array | null>) =>
    promise.then((piece) => piece === null ? "end" : "piece", () => "broken");
  await using server = serve(async (exchange) => {
    assert.equal(await seen(exchange.read()), "piece");
    read.resolve(seen(exchange.read()));
    say(exchange, "enough");
    await read.promise;
    later.resolve(seen(exchange.read()));
  });
  using visitor = await server.connect();
  await visitor.send(POST + "Content-Length: 10\r\n\r\nhello");
  assert.equal((await visitor.answer()).body, "enough");
  assert.equal(await within(read.promise), "broken");
  assert.equal(await within(later.promise), "broken");
});

Deno.test("body: reading on at its end, and where there is none, gives null", async () => {
  const ends: Array<Uint8Array | null> = [];
  await using server = serve(async (exchange) => {
    if (exchange.hasBody) await exchange.read();
    ends.push(await exchange.read(), await exchange.read());
    say(exchange, "done");
    ends.push(await exchange.read());
  });
  using visitor = await server.connect();
  await visitor.send(POST + "Content-Length: 5\r\n\r\nhello" + GET);
  for (let i = 0; i < 2; i++) assert.equal((await visitor.answer()).body, "done");
  await pause(1);
  assert.deepEqual(ends, Array(6).fill(null));
});

Deno.test("body: small chunks that came together are read together", async () => {
  const sizes: number[] = [];
  await using server = serve(async (exchange) => {
    let text = "";
    for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
      sizes.push(piece.length);
      text += textOf(piece);
    }
    say(exchange, text);
  });
  using visitor = await server.connect();
  const text = "abcdefghij".repeat(2000);
  const chunks = Array.from(text, (char) => `1\r\n${char}\r\n`).join("");
  for (let round = 0; round < 2; round++) {
    await visitor.send(`${POST}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    assert.equal((await visitor.answer()).body, text);
  }
  assert(sizes.length < 200, `${sizes.length} pieces`);
});

Deno.test("body: copied bytes are the caller's again at once, however many", async () => {
  await using server = serve((exchange) => {
    exchange.start(200, PLAIN, exchange.head.minor === 1 ? -1 : 300_000);
    const chunk = new Uint8Array(100_000);
    for (const byte of [97, 98, 99]) {
      exchange.copy(chunk.fill(byte));
      chunk.fill(0);
    }
    exchange.end();
  });
  for (const version of ["1.0", "1.1"]) {
    using visitor = await server.connect();
    await visitor.send(`GET / HTTP/${version}\r\nHost: h\r\n\r\n`);
    const { body } = await visitor.answer();
    assert(body === "a".repeat(100_000) + "b".repeat(100_000) + "c".repeat(100_000));
  }
});

Deno.test("body: two reads at a time are refused, the first goes on", async () => {
  await using server = serve(async (exchange) => {
    const first = exchange.read();
    await assert.rejects(exchange.read(), /twice/);
    say(exchange, textOf((await first)!));
  });
  using visitor = await server.connect();
  await visitor.send(POST + "Content-Length: 5\r\n\r\n");
  await pause(5);
  await visitor.send("hello");
  assert.equal((await visitor.answer()).body, "hello");
});

Deno.test("body: a piece that is still held after the answer is not written over", async () => {
  const held: Uint8Array[] = [];
  await using server = serve(async (exchange) => {
    if (!exchange.hasBody) return say(exchange, "ok");
    if (exchange.head.target === "/") {
      let size = 0;
      while (size < 150_000) {
        const piece = await exchange.read();
        held[0] = piece!;
        size += piece!.length;
      }
    } else await bodyOf(exchange);
    say(exchange, "ok");
  });
  using visitor = await server.connect();
  using other = await server.connect();
  const whole = "a".repeat(200_000);
  const first = visitor.send(`${POST}Content-Length: ${whole.length}\r\n\r\n${whole}${GET}`);
  assert.equal((await visitor.answer()).status, 200);
  await first;
  const rest = visitor.answer();
  const foreign = "b".repeat(400_000);
  await other.send(
    `POST /other HTTP/1.1\r\nHost: h\r\nContent-Length: ${foreign.length}\r\n\r\n${foreign}`,
  );
  assert.equal((await other.answer()).status, 200);
  assert.equal((await rest).status, 200);
  assert(held[0]!.every((byte) => byte === 97), "somebody else's bytes stand in a piece in use");
});
