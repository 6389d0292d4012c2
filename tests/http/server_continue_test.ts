/** Claims about 100 (Continue): when it is sent, and when never. @module */

import assert from "node:assert/strict";
import { bodyOf, pause, say, serve } from "./visitor.ts";

const GET = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: h\r\n";

const EXPECTING = POST + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";

Deno.test("100: is sent once, when the body is first wanted", async () => {
  const wanted = Promise.withResolvers<void>();
  await using server = serve(async (exchange) => {
    await wanted.promise;
    say(exchange, await bodyOf(exchange));
  });
  using visitor = await server.connect();
  await visitor.send(EXPECTING);
  const first = visitor.until("\r\n\r\n");
  let early = true;
  first.then(() => assert.equal(early, false, "100 before anybody wanted the body"));
  await pause(30);
  early = false;
  wanted.resolve();
  assert.equal(await first, "HTTP/1.1 100 Continue\r\n\r\n");
  await visitor.send("he");
  await pause(5);
  await visitor.send("llo" + GET.replace("/next", "/"));
  const answer = await visitor.answer();
  assert.equal(answer.status, 200);
  assert.equal(answer.body, "hello");
  assert.equal(answer.fields.has("connection"), false);
  assert.equal((await visitor.answer()).status, 200);
});

Deno.test("100: never after a final answer, which closes the connection instead", async () => {
  await using server = serve((exchange) => {
    say(exchange, "no", 413);
    exchange.read().catch(() => {});
  });
  using visitor = await server.connect();
  await visitor.send(EXPECTING);
  const answer = await visitor.answer();
  assert.equal(answer.status, 413);
  assert.equal(answer.fields.get("connection"), "close");
  // A body sent all the same is not taken for a request.
  await visitor.send("hello" + GET).catch(() => {});
  await visitor.ends();
});

Deno.test("100: not to HTTP/1.0, not without a body", async () => {
  await using server = serve((exchange) => {
    bodyOf(exchange).then((body) => say(exchange, `[${body}]`), () => {});
  });
  const old = await server.ask(
    "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
  );
  assert.match(old, /^HTTP\/1\.1 200 .*\[hi\]$/s);
  using visitor = await server.connect();
  await visitor.send(POST + "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n");
  const answer = await visitor.answer();
  assert.equal(answer.status, 200);
  assert.equal(answer.body, "[]");
});
