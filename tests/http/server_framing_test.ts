/** Claims F1 to F29 about the server on real sockets: what it serves, what it refuses, where messages end. @module */

import assert from "node:assert/strict";
import type { ServerExchange } from "../../http/server_exchange.ts";
import { refuses } from "./refusal.ts";
import { bodyOf, bytesOf, DEADLINE, PLAIN, say, serve, within } from "./visitor.ts";

/** Answers with what it understood; bodies are read whole. */
function echo(exchange: ServerExchange): void {
  const { method, target, authority } = exchange.head;
  bodyOf(exchange).then(
    (body) => say(exchange, `${method} ${authority} ${target} [${body}]`),
    () => {},
  );
}

/** A handler that may not be called. */
function never(exchange: ServerExchange): void {
  say(exchange, "this was to be refused");
}

const PLAIN_GET = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";

Deno.test("F3 HTTP/1.0 without Host is served and closes, or stays when asked to", async () => {
  await using server = serve(echo);
  using visitor = await server.connect();
  await visitor.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const first = await visitor.answer();
  assert.equal(first.body, "GET  /a []");
  assert.equal(first.fields.get("connection"), "keep-alive");
  await visitor.send("GET /b HTTP/1.0\r\n\r\n" + PLAIN_GET);
  const second = await visitor.answer();
  assert.equal(second.body, "GET  /b []");
  assert.equal(second.fields.get("connection"), "close");
  await visitor.ends();
});

Deno.test("F4 an absolute target is served, and its authority beats Host", async () => {
  await using server = serve(echo);
  using visitor = await server.connect();
  await visitor.send("GET http://Other:81/p?q HTTP/1.1\r\nHost: h\r\n\r\n");
  assert.equal((await visitor.answer()).body, "GET Other:81 /p?q []");
});

Deno.test("F6, F10 OPTIONS * and methods of any name reach the handler", async () => {
  await using server = serve(echo);
  using visitor = await server.connect();
  await visitor.send("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\nBREW /pot HTTP/1.1\r\nHost: h\r\n\r\n");
  assert.equal((await visitor.answer()).body, "OPTIONS h * []");
  assert.equal((await visitor.answer()).body, "BREW h /pot []");
});

Deno.test("F8, F9 a target and a head of nearly the limit are served, also in small pieces", async () => {
  await using server = serve((exchange) =>
    say(exchange, `${exchange.head.target.length} ${exchange.head.count}`)
  );
  using visitor = await server.connect();
  const text = `GET /${"a".repeat(16383)} HTTP/1.1\r\nHost: h\r\n${
    `X: ${"b".repeat(360)}\r\n`.repeat(127)
  }\r\n`;
  await visitor.send(text);
  assert.equal((await visitor.answer()).body, "16384 128");
  for (let at = 0; at < text.length; at += 1500) {
    await visitor.send(text.slice(at, at + 1500));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await visitor.answer()).body, "16384 128");
});

Deno.test("F16 an empty line before a request is forgiven, on a fresh connection and after a body", async () => {
  await using server = serve(echo);
  using visitor = await server.connect();
  await visitor.send("\r\nPOST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
  assert.equal((await visitor.answer()).body, "POST h /a [hi]");
  await visitor.send("\r\n");
  await new Promise((resolve) => setTimeout(resolve, 10));
  await visitor.send(PLAIN_GET);
  assert.equal((await visitor.answer()).body, "GET h /next []");
});

Deno.test("F16 an empty line and then the end is no request, and gets no answer", async () => {
  await using server = serve(echo);
  using visitor = await server.connect();
  await visitor.send(PLAIN_GET + "\r\n");
  await visitor.closeWrite();
  assert.equal((await visitor.answer()).status, 200);
  await visitor.ends();
});

Deno.test("F22, F23 a malformed chunk is answered 400, the body breaks off, the connection closes", async () => {
  const bodies = [
    "0x5\r\nhello",
    "+5\r\nhello",
    "5 \r\nhello",
    "-1\r\nhello",
    "fffffffffffffffff\r\n",
    "5\r\nhelloX",
    "5\nhello",
    `5;${"e".repeat(5000)}\r\nhello`,
  ];
  for (const bad of bodies) {
    const broken = Promise.withResolvers<string>();
    let aborted = "";
    await using server = serve((exchange) => {
      exchange.onabort = (reason) => aborted = reason;
      bodyOf(exchange).then((body) => broken.reject(new Error(`complete: ${body}`)), (error) => {
        broken.resolve(error.message);
        say(exchange, "too late");
      });
    });
    using visitor = await server.connect();
    const head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    await refuses(visitor, `${head}3\r\nabc\r\n${bad}\r\n0\r\n\r\n${PLAIN_GET}`, 400);
    await within(broken.promise, bad);
    assert.notEqual(aborted, "", "who answers was not told");
    assert.equal(server.finished.length, 1);
  }
});

Deno.test("F22 upper-case chunk sizes are read, F23 extensions ignored", async () => {
  await using server = serve(echo);
  using visitor = await server.connect();
  await visitor.send(
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "A;x=y\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\n" + PLAIN_GET,
  );
  assert.equal((await visitor.answer()).body, "POST h / [0123456789!]");
  assert.equal((await visitor.answer()).body, "GET h /next []");
});

Deno.test("F24 request trailers come after the body, apart from the fields", async () => {
  await using server = serve((exchange) => {
    assert.equal(exchange.trailers.length, 0);
    bodyOf(exchange).then((body) => {
      const trailers = new TextDecoder().decode(exchange.trailers);
      say(exchange, `${exchange.head.authority}|${body}|${trailers}|${exchange.head.count}`);
    });
  });
  using visitor = await server.connect();
  const lines = "Host: other\r\nContent-Length: 9\r\nAuthorization: x\r\nContent-Type: y\r\n";
  await visitor.send(
    `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n${lines}\r\n`,
  );
  assert.equal((await visitor.answer()).body, `h|hi|${lines}|2`);
  // The next body on the connection does not inherit them.
  await visitor.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nyo");
  assert.equal((await visitor.answer()).body, "h|yo||2");
});

Deno.test("F24 answer trailers go out after the last chunk", async () => {
  await using server = serve((exchange) => {
    exchange.start(200, PLAIN, -1);
    exchange.write(bytesOf("hello"));
    exchange.end(bytesOf("X-Sum: 5\r\nX-Two: \xe9\r\n"));
  });
  using visitor = await server.connect();
  await visitor.send(PLAIN_GET.repeat(2));
  for (let i = 0; i < 2; i++) {
    const answer = await visitor.answer();
    assert.equal(answer.body, "hello");
    assert.equal(answer.trailers, "X-Sum: 5\r\nX-Two: \xe9\r\n");
  }
});

Deno.test("F25 a body that ends early is never taken for complete, and the connection closes", async () => {
  const heads = [
    "Content-Length: 10\r\n\r\nhello",
    "Content-Length: 10\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n",
  ];
  for (const head of heads) {
    const read = Promise.withResolvers<string>();
    const lost = Promise.withResolvers<string>();
    await using server = serve((exchange) => {
      exchange.onabort = lost.resolve;
      bodyOf(exchange).then(
        (body) => read.resolve(`complete: ${body}`),
        () => read.resolve("broken"),
      );
    });
    using visitor = await server.connect();
    await visitor.send(`POST / HTTP/1.1\r\nHost: h\r\n${head}`);
    await visitor.closeWrite();
    assert.equal(await within(read.promise), "broken", head);
    await within(lost.promise);
    assert(!(await visitor.rest()).includes(" 200 "), head);
    assert.deepEqual(server.finished.map((exchange) => exchange.done && exchange.status === 200), [
      false,
    ]);
  }
});

Deno.test("F25 a request head that ends early is answered 400", async () => {
  await using server = serve(never);
  for (const text of ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: h\r\n"]) {
    using visitor = await server.connect();
    await visitor.send(text);
    await visitor.closeWrite();
    assert.equal((await visitor.answer()).status, 400);
    await visitor.ends();
  }
});

Deno.test("F26 204 and 304 have neither body nor Transfer-Encoding, 204 no Content-Length", async () => {
  await using server = serve((exchange) => {
    const [status, way] = exchange.head.target.slice(1).split("/");
    if (way === "respond") exchange.respond(Number(status), PLAIN, null, -1);
    else if (way === "sized") exchange.respond(Number(status), PLAIN, null, 5);
    else if (way === "whole") exchange.respond(Number(status), PLAIN, bytesOf("hello"));
    else {
      exchange.start(Number(status), PLAIN, -1);
      exchange.write(bytesOf("hello"));
      exchange.end();
    }
  });
  using visitor = await server.connect();
  for (const status of [204, 304]) {
    for (const way of ["respond", "start", "sized", "whole"]) {
      await visitor.send(`GET /${status}/${way} HTTP/1.1\r\nHost: h\r\n\r\n`);
      const answer = await visitor.answer();
      assert.equal(answer.status, status);
      assert.equal(answer.fields.has("transfer-encoding"), false);
      if (status === 204) assert.equal(answer.fields.has("content-length"), false);
    }
  }
});

Deno.test("F26 a body of unknown length goes chunked to HTTP/1.1 and to its close to HTTP/1.0", async () => {
  await using server = serve((exchange) => {
    exchange.start(200, PLAIN, -1);
    for (const text of ["hel", "", "lo"]) exchange.write(bytesOf(text));
    exchange.end(bytesOf("X: y\r\n"));
  });
  const text = await server.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + PLAIN_GET);
  assert.match(text, /\r\nConnection: close\r\n/);
  assert(!/transfer-encoding|content-length/i.test(text));
  assert(text.endsWith("\r\n\r\nhello"));
  const chunked = await server.ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  assert(chunked.endsWith("\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n"), chunked);
});

Deno.test("F26 interim answers go to HTTP/1.1 only, without length, and not after the final one", async () => {
  await using server = serve((exchange) => {
    exchange.inform(103, bytesOf("Link: </a.css>\r\n"));
    exchange.inform(102, new Uint8Array(0));
    say(exchange, "done");
    exchange.inform(103, new Uint8Array(0));
  });
  using visitor = await server.connect();
  await visitor.send(PLAIN_GET.repeat(2));
  for (let i = 0; i < 2; i++) {
    assert.equal(
      await visitor.until("\r\n\r\n"),
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n",
    );
    assert.equal(await visitor.until("\r\n\r\n"), "HTTP/1.1 102 Processing\r\n\r\n");
    assert.equal((await visitor.answer()).body, "done");
  }
  const old = await server.ask("GET / HTTP/1.0\r\n\r\n");
  assert(old.startsWith("HTTP/1.1 200 ") && old.indexOf("HTTP/1.1", 1) < 0, old);
});

Deno.test("server: HEAD gets the head of GET and no body, with known and unknown length", async () => {
  await using server = serve((exchange) => {
    if (exchange.head.target === "/known") return exchange.respond(200, PLAIN, bytesOf("hello"));
    exchange.start(200, PLAIN, -1);
    exchange.write(bytesOf("hello"));
    exchange.end();
  });
  using visitor = await server.connect();
  await visitor.send(
    "HEAD /known HTTP/1.1\r\nHost: h\r\n\r\nHEAD /not HTTP/1.1\r\nHost: h\r\n\r\n",
  );
  const known = await visitor.answer({ bodiless: true });
  assert.equal(known.fields.get("content-length"), "5");
  const unknown = await visitor.answer({ bodiless: true });
  assert.equal(unknown.fields.has("content-length"), false);
  await visitor.send("GET /known HTTP/1.1\r\nHost: h\r\n\r\n");
  assert.equal((await visitor.answer()).body, "hello");
});

Deno.test("server: every answer is dated, carries the request's id, and field bytes over 127", async () => {
  const ids: string[] = [];
  await using server = serve((exchange) => {
    ids.push(exchange.id);
    exchange.openHead(299, "T\xe9apot");
    exchange.outgoing.put(bytesOf("x-BYTES: \xff\xe9\r\n"));
    exchange.closeHead(0, false);
    exchange.end();
  });
  using visitor = await server.connect();
  await visitor.send(PLAIN_GET);
  const answer = await visitor.answer();
  assert.match(answer.fields.get("date")!, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  assert(Math.abs(Date.parse(answer.fields.get("date")!) - Date.now()) < DEADLINE);
  assert.deepEqual([answer.fields.get("x-request-id")], ids);
  assert(answer.head.includes("\r\nx-BYTES: \xff\xe9\r\n"));
  assert.equal(answer.line, "HTTP/1.1 299 T\xe9apot");
});

Deno.test("F27 pipelined requests are answered in order, however long each takes", async () => {
  const delays = [30, 0, 15, 0, 0, 5, 1, 0];
  let at = 0;
  let open = 0;
  await using server = serve((exchange) => {
    assert.equal(++open, 1, "two exchanges at a time on one connection");
    const delay = delays[at++ % delays.length]!;
    const { target } = exchange.head;
    const answer = () => (open--, say(exchange, target));
    if (delay === 0) answer();
    else setTimeout(answer, delay);
  });
  using visitor = await server.connect();
  let text = "";
  for (let i = 0; i < 24; i++) text += `GET /${i} HTTP/1.1\r\nHost: h\r\n\r\n`;
  await visitor.send(text);
  for (let i = 0; i < 24; i++) assert.equal((await visitor.answer()).body, `/${i}`);
});

Deno.test("F27 thousands of pipelined requests are answered in order", async () => {
  await using server = serve((exchange) => say(exchange, exchange.head.target));
  using visitor = await server.connect();
  let text = "";
  for (let i = 0; i < 3000; i++) text += `GET /${i} HTTP/1.1\r\nHost: h\r\n\r\n`;
  const sending = visitor.send(text);
  for (let i = 0; i < 3000; i++) assert.equal((await visitor.answer()).body, `/${i}`);
  await sending;
});

Deno.test("F27 a small body that nobody read is drained, and the next request is not mistaken for it", async () => {
  await using server = serve((exchange) => say(exchange, exchange.head.target));
  const smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  const body = smuggled.repeat(200);
  using visitor = await server.connect();
  await visitor.send(
    `POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
      `POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `${body.length.toString(16)}\r\n${body}\r\n0\r\nX: y\r\n\r\n` + PLAIN_GET,
  );
  for (const target of ["/a", "/b", "/next"]) assert.equal((await visitor.answer()).body, target);
});

Deno.test("F27 a body half read is drained too, also when it arrives after the answer", async () => {
  await using server = serve((exchange) => {
    exchange.read().then(() => say(exchange, exchange.head.target));
  });
  using visitor = await server.connect();
  await visitor.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n01234");
  assert.equal((await visitor.answer()).body, "/a");
  await visitor.send("5678901");
  await visitor.send("23456789" + "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
  assert.equal((await visitor.answer()).body, "/b");
});

Deno.test("F27 a large body that nobody read ends the connection instead", async () => {
  await using server = serve((exchange) => say(exchange, exchange.head.target));
  const smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  const body = smuggled.repeat(10_000);
  for (
    const framed of [
      `Content-Length: ${body.length}\r\n\r\n${body}`,
      `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    ]
  ) {
    const text = await server.ask(`POST /a HTTP/1.1\r\nHost: h\r\n${framed}`);
    assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 1, text);
    assert(text.endsWith("/a"));
  }
});

Deno.test("F27 a malformed rest of a body that nobody wanted ends the connection, without a second answer", async () => {
  await using server = serve((exchange) => say(exchange, exchange.head.target));
  const text = await server.ask(
    "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX" + PLAIN_GET,
  );
  assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, text);
});

Deno.test("F28 after Connection: close nothing more is processed", async () => {
  let handled = 0;
  await using server = serve((exchange) => (handled++, echo(exchange)));
  using visitor = await server.connect();
  await visitor.send(
    "POST / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nhi" + PLAIN_GET,
  );
  const answer = await visitor.answer();
  assert.equal(answer.body, "POST h / [hi]");
  assert.equal(answer.fields.get("connection"), "close");
  await visitor.send(PLAIN_GET).catch(() => {});
  await visitor.ends();
  assert.equal(handled, 1);
});

Deno.test("F29 HTTP/1.2 is served as HTTP/1.1", async () => {
  await using server = serve(echo);
  using visitor = await server.connect();
  await visitor.send("GET /a HTTP/1.2\r\nHost: h\r\n\r\n" + PLAIN_GET);
  assert.match((await visitor.answer()).line, /^HTTP\/1\.1 200 /);
  assert.equal((await visitor.answer()).status, 200);
});
