/** Claims about visitors that end their side, or are gone before their answer. @module */

import assert from "node:assert/strict";
import type { ServerExchange } from "../../http/server_exchange.ts";
import { bodyOf, bytesOf, pause, PLAIN, say, sendAndReset, serve, within } from "./visitor.ts";

const GET = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: h\r\n";

/** Answers `/0` at once, `/50` after 50 ms. */
function answerLater(exchange: ServerExchange): void {
  const { target } = exchange.head;
  const delay = Number(target.slice(1)) || 0;
  if (delay === 0) say(exchange, target);
  else setTimeout(() => say(exchange, target), delay);
}

Deno.test("half-close: requests sent before it are answered, slow and pipelined ones too", async () => {
  await using server = serve(answerLater);
  using visitor = await server.connect();
  const targets = ["/300", "/0", "/30", "/0"];
  await visitor.send(targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`).join(""));
  await visitor.closeWrite();
  for (const target of targets) assert.equal((await visitor.answer()).body, target);
  await visitor.ends();
});

Deno.test("half-close: interim and chunked answers arrive whole, however long the pauses", async () => {
  await using server = serve(async (exchange) => {
    await pause(300);
    exchange.inform(103, bytesOf("Link: x\r\n"));
    await pause(300);
    exchange.start(200, PLAIN, -1);
    for (const text of ["one", "two"]) {
      await pause(300);
      exchange.write(bytesOf(text));
    }
    await pause(300);
    exchange.end(bytesOf("X: y\r\n"));
  });
  using visitor = await server.connect();
  await visitor.send(GET);
  await visitor.closeWrite();
  assert.equal(await visitor.until("\r\n\r\n"), "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
  const answer = await visitor.answer();
  assert.equal(answer.body, "onetwo");
  assert.equal(answer.trailers, "X: y\r\n");
  await visitor.ends();
});

/** A server whose handler never answers; resolves with the reason it was told, and how long that took. */
function waitForLoss(begin: (exchange: ServerExchange) => void) {
  const got = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<string>();
  const server = serve((exchange) => {
    exchange.onabort = (reason) => {
      assert.equal(exchange.aborted, true);
      lost.resolve(reason);
    };
    begin(exchange);
    got.resolve();
  });
  return { server, got: got.promise, lost: lost.promise };
}

const WAITING: Record<string, [request: string, begin: (exchange: ServerExchange) => void]> = {
  "that waits for an answer": [GET, () => {}],
  "whose body nobody has read yet": [POST + "Content-Length: 10\r\n\r\n", () => {}],
  "that expects 100": [POST + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n", () => {}],
  "whose body is waited for": [
    POST + "Content-Length: 10\r\n\r\nhello",
    (exchange) => void bodyOf(exchange).catch(() => {}),
  ],
  "whose body was read": [
    POST + "Content-Length: 5\r\n\r\nhello",
    (exchange) => void bodyOf(exchange).catch(() => {}),
  ],
  "that follows events": [GET, (exchange) => {
    exchange.start(200, PLAIN, -1);
    exchange.write(bytesOf("data: hello\n\n"));
  }],
};

for (const [who, [request, begin]] of Object.entries(WAITING)) {
  Deno.test(`gone: a visitor ${who} and closes is noticed within a second`, async () => {
    const { server, got, lost } = waitForLoss(begin);
    await using _ = server;
    const visitor = await server.connect();
    await visitor.send(request);
    await got;
    if (who === "that follows events") await visitor.until("hello");
    visitor.close();
    await within(lost, "to notice");
    await server.whenClosed(1);
    assert.equal(server.finished.length, 1);
  });

  Deno.test(`gone: a visitor ${who} and resets is noticed within a second`, async () => {
    const { server, got, lost } = waitForLoss(begin);
    await using _ = server;
    await sendAndReset(server.port, request, got);
    await within(lost, "to notice");
    await server.whenClosed(1);
    assert.equal(server.finished.length, 1);
  });
}

Deno.test("gone: after the loss an exchange takes everything and sends nothing", async () => {
  const { server, got, lost } = waitForLoss(() => {});
  await using _ = server;
  let exchange: ServerExchange | undefined;
  Object.defineProperty(server.server, "handle", {
    value: ((before) => (one: ServerExchange) => (exchange = one, before(one)))(
      server.server.handle,
    ),
  });
  await sendAndReset(server.port, GET, got);
  await within(lost);
  assert(exchange !== undefined);
  exchange.inform(103, PLAIN);
  exchange.respond(200, PLAIN, bytesOf("x"));
  exchange.start(200, PLAIN, -1);
  assert.equal(exchange.write(new Uint8Array(200_000)), undefined);
  exchange.end();
  exchange.abort("twice");
  exchange.start(101, PLAIN, -1);
  await assert.rejects(exchange.read());
  assert.equal(server.finished.length, 1);
});

Deno.test("gone: connections that come and go at once leave nothing behind", async () => {
  await using server = serve(answerLater);
  for (let i = 0; i < 30; i++) {
    using visitor = await server.connect();
    if (i % 3 === 1) await visitor.send("GET / HTT");
    if (i % 3 === 2) await visitor.send(GET);
  }
  await server.whenClosed(30);
  assert.equal(server.closed(), 30);
  assert.equal(server.server.size, 0);
});
