/** Claims about bad ends: refusals stay readable, broken answers look broken. @module */

import assert from "node:assert/strict";
import { HttpServer } from "../../http/server.ts";
import { bodyOf, bytesOf, PLAIN, say, serve, within } from "./visitor.ts";
import { Wire } from "./wire.ts";

const GET = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: h\r\n";

Deno.test("lingering: a refusal is read by a visitor that first uploads 50 MB", async () => {
  for (
    const framed of [
      "Content-Length: 52428800\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n3200000\r\n",
    ]
  ) {
    await using server = serve((exchange) => say(exchange, "too large", 413));
    using visitor = await server.connect();
    await visitor.send(POST + framed);
    const block = new Uint8Array(1 << 20);
    // It does not look at the answer before it has sent everything.
    for (let i = 0; i < 50; i++) await visitor.send(block);
    const answer = await visitor.answer();
    assert.equal(answer.status, 413);
    assert.equal(answer.body, "too large");
    if (framed.startsWith("C")) assert.equal(answer.fields.get("connection"), "close");
    await visitor.ends();
    assert.equal(visitor.reset, false);
  }
});

Deno.test("lingering: a malformed upload of 50 MB reads its 400", async () => {
  await using server = serve((exchange) => void bodyOf(exchange).catch(() => {}));
  using visitor = await server.connect();
  await visitor.send(POST + "Transfer-Encoding: chunked\r\n\r\nnonsense\r\n");
  const block = new Uint8Array(1 << 20);
  for (let i = 0; i < 50; i++) await visitor.send(block);
  assert.equal((await visitor.answer()).status, 400);
  await visitor.ends();
  assert.equal(visitor.reset, false);
});

Deno.test("abort: a broken answer never looks whole", async () => {
  await using server = serve((exchange) => {
    const { target } = exchange.head;
    exchange.start(200, PLAIN, target.startsWith("/chunked") ? -1 : 10);
    exchange.write(bytesOf("hello"));
    setTimeout(() => {
      if (target === "/long") exchange.write(bytesOf("hello!"));
      else if (target === "/short") exchange.end();
      else exchange.abort("the origin broke");
    }, 20);
  });
  for (const target of ["/chunked", "/sized", "/short", "/long"]) {
    const text = await server.ask(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n` + GET);
    assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, target);
    assert(text.endsWith(target === "/chunked" ? "5\r\nhello\r\n" : "\r\n\r\nhello"), text);
  }
  assert.equal(server.finished.length, 4);
  assert(server.finished.every((exchange) => exchange.aborted && !exchange.done));
});

Deno.test("abort: over TLS a whole answer is ended, and a broken one is not", async () => {
  // Where only the end delimits a body, this is all that tells one from the other.
  for (
    const request of [
      "GET / HTTP/1.0\r\n\r\n",
      GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
    ]
  ) {
    for (const broken of [false, true]) {
      const wire = new Wire([bytesOf(request)], true);
      await using server = new HttpServer({
        handle: (exchange) => {
          exchange.start(200, PLAIN, -1);
          exchange.write(bytesOf("hello"));
          if (broken) exchange.abort("the origin broke");
          else exchange.end();
        },
        refuse: () => {},
      });
      server.accept(wire);
      await within(wire.closed);
      assert(wire.written.includes("hello"));
      assert.equal(wire.finished, !broken);
    }
  }
});

Deno.test("abort: answers before the broken one arrive whole", async () => {
  await using server = serve((exchange) => {
    if (exchange.head.target !== "/bad") return say(exchange, "x".repeat(60_000));
    exchange.start(200, PLAIN, 10);
    exchange.abort("the origin broke");
  });
  using visitor = await server.connect();
  await visitor.send(GET.repeat(3) + GET.replace("/next", "/bad") + GET);
  for (let i = 0; i < 3; i++) assert.equal((await visitor.answer()).body.length, 60_000);
  assert.match(await visitor.rest(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
});

Deno.test("abort: before an answer the connection just ends", async () => {
  await using server = serve((exchange) => exchange.abort("nothing to say"));
  assert.equal(await server.ask(GET), "");
  assert.equal(server.finished.length, 1);
});

Deno.test("abort: who waits for the body is freed", async () => {
  const read = Promise.withResolvers<string>();
  await using server = serve((exchange) => {
    bodyOf(exchange).then(() => read.resolve("complete"), () => read.resolve("broken"));
    exchange.abort("changed its mind");
  });
  await server.ask(POST + "Content-Length: 5\r\n\r\n");
  assert.equal(await within(read.promise), "broken");
});

Deno.test("abort: a body that turns out malformed under a started answer breaks the answer off", async () => {
  const lost = Promise.withResolvers<string>();
  await using server = serve((exchange) => {
    exchange.onabort = lost.resolve;
    exchange.start(200, PLAIN, -1);
    exchange.write(bytesOf("so far"));
    bodyOf(exchange).catch(() => {});
  });
  using visitor = await server.connect();
  await visitor.send(POST + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  await visitor.until("6\r\nso far\r\n");
  await visitor.send("bad\rchunk");
  await visitor.ends();
  await within(lost.promise);
  assert.equal(server.finished.length, 1, "an exchange ended and nobody was told");
});
