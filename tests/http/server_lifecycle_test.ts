/** Claims about the stopping of a server. @module */

import assert from "node:assert/strict";
import type { ServerExchange } from "../../http/server_exchange.ts";
import { bytesOf, DEADLINE, PLAIN, say, serve, Visitor, within } from "./visitor.ts";

const GET = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";

/** Answers `/0` at once, `/50` after 50 ms. */
function answerLater(exchange: ServerExchange): void {
  const { target } = exchange.head;
  const delay = Number(target.slice(1)) || 0;
  if (delay === 0) say(exchange, target);
  else setTimeout(() => say(exchange, target), delay);
}

Deno.test("drain: idle connections end at once, and with them the drain", async () => {
  await using server = serve(answerLater);
  using fresh = await server.connect();
  using used = await server.connect();
  await used.send(GET);
  await used.answer();
  const begun = performance.now();
  const drained = server.server.drain(2 * DEADLINE);
  await used.ends();
  await fresh.ends();
  used.close();
  fresh.close();
  assert.equal(await drained, 0);
  assert(performance.now() - begun < DEADLINE);
});

Deno.test("drain: visitors that keep an idle connection open do not hold it up", async () => {
  await using server = serve(answerLater);
  using used = await server.connect();
  await used.send(GET);
  await used.answer();
  const begun = performance.now();
  assert.equal(await server.server.drain(2 * DEADLINE), 0);
  assert(performance.now() - begun < DEADLINE, `took ${performance.now() - begun} ms`);
  await used.ends();
});

Deno.test("drain: what is under way finishes and is told to close, also when its head was out before", async () => {
  await using server = serve((exchange) => {
    const { target } = exchange.head;
    if (target === "/later") {
      setTimeout(() => say(exchange, target), 200);
      return;
    }
    exchange.start(200, PLAIN, 10);
    exchange.write(bytesOf("hello"));
    setTimeout(() => {
      exchange.write(bytesOf("world"));
      exchange.end();
    }, 200);
  });
  using later = await server.connect();
  using started = await server.connect();
  await later.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  await started.send(GET + GET);
  await started.until("hello");
  const drained = server.server.drain(2 * DEADLINE);
  const answer = await later.answer();
  assert.equal(answer.body, "/later");
  assert.equal(answer.fields.get("connection"), "close");
  assert.equal(await started.take(5), "world");
  await later.ends();
  // The pipelined one is not begun: its answer would come after the end.
  await started.ends();
  assert.equal(await drained, 0);
  assert.equal(server.finished.length, 2);
});

Deno.test("drain: after its time it cuts what is left, and says how many", async () => {
  const reasons: string[] = [];
  await using server = serve((exchange) => exchange.onabort = (reason) => reasons.push(reason));
  using one = await server.connect();
  using two = await server.connect();
  for (const visitor of [one, two]) await visitor.send(GET);
  await server.whenRead(2 * GET.length);
  assert.equal(await server.server.drain(100), 2);
  assert.equal(reasons.length, 2);
  await one.ends();
});

Deno.test("drain: a second one with less time ends the first", async () => {
  await using server = serve(() => {});
  using visitor = await server.connect();
  await visitor.send(GET);
  await server.whenRead(GET.length);
  const first = server.server.drain(10_000);
  assert.equal(await server.server.drain(20), 1);
  await within(first, "the first drain");
});

Deno.test("drain: a visitor who comes later is turned away and counted", async () => {
  await using server = serve(answerLater);
  await server.server.drain(0);
  using visitor = await Visitor.connect(server.port);
  await visitor.ends();
  assert.equal(server.closed(), 1);
});
