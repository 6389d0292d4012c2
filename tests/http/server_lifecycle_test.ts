/** Claims about how exchanges and connections live and end: half-closes, visitors that leave, drains, upgrades. @module */

import assert from "node:assert/strict";
import type { Connection } from "../../http/connection.ts";
import { HttpServer } from "../../http/server.ts";
import type { ServerExchange } from "../../http/server_exchange.ts";
import {
  bodyOf,
  bytesOf,
  pause,
  PLAIN,
  randomFrom,
  say,
  sendAndReset,
  serve,
  textOf,
  Visitor,
  within,
} from "./visitor.ts";
import { Wire } from "./wire.ts";

const GET = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: h\r\n";

/** Answers `/0` at once, `/50` after 50 ms. */
function answerLater(exchange: ServerExchange): void {
  const { target } = exchange.head;
  const delay = Number(target.slice(1)) || 0;
  if (delay === 0) say(exchange, target);
  else setTimeout(() => say(exchange, target), delay);
}

// Half-closed and gone

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
  const answer = await visitor.answer({ ms: 5000 });
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
    await within(1000, lost, "to notice");
    await server.whenClosed(1);
    assert.equal(server.finished.length, 1);
  });

  Deno.test(`gone: a visitor ${who} and resets is noticed within a second`, async () => {
    const { server, got, lost } = waitForLoss(begin);
    await using _ = server;
    await sendAndReset(server.port, request, got);
    await within(1000, lost, "to notice");
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
  await within(1000, lost);
  assert(exchange !== undefined);
  exchange.inform(103, PLAIN);
  exchange.respond(200, PLAIN, bytesOf("x"));
  exchange.start(200, PLAIN, -1);
  assert.equal(exchange.write(new Uint8Array(200_000)), undefined);
  exchange.end();
  exchange.abort("twice");
  assert.equal(exchange.upgrade(PLAIN), null);
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

// 100 (Continue)

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

// Bodies

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
  assert.equal(await within(1000, read.promise), "broken");
  assert.equal(await within(1000, later.promise), "broken");
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

Deno.test("body: a reader that stops makes the visitor stop", async () => {
  const go = Promise.withResolvers<void>();
  await using server = serve(async (exchange) => {
    await exchange.read();
    await go.promise;
    say(exchange, `${(await bodyOf(exchange)).length}`);
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
  let before = -1;
  for (let i = 0; i < 50 && before !== sent; i++) {
    before = sent;
    await pause(60);
  }
  assert(sent < 24 << 20, `${sent} bytes were taken from a visitor whom nobody reads`);
  go.resolve();
  await within(5000, sending);
  assert((await visitor.answer()).body.length > 0);
});

// Refusals stay readable

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

// Answers that break

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
      await within(1000, wire.closed);
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
  assert.equal(await within(1000, read.promise), "broken");
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
  await within(1000, lost.promise);
  assert.equal(server.finished.length, 1, "an exchange ended and nobody was told");
});

// Upgrades

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
  assert.equal(await within(1000, heard.promise), "still here");
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
  await within(1000, broke.promise);
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
    await within(1000, over.promise);
    count = server.closed();
    assert.equal(server.finished.length, 1);
  }
  assert.equal(count, 1);
});

// Stopping

Deno.test("drain: idle connections end at once, and with them the drain", async () => {
  await using server = serve(answerLater);
  using fresh = await server.connect();
  using used = await server.connect();
  await used.send(GET);
  await used.answer();
  const begun = performance.now();
  const drained = server.server.drain(5000);
  await used.ends();
  await fresh.ends();
  used.close();
  fresh.close();
  assert.equal(await drained, 0);
  assert(performance.now() - begun < 1000);
});

Deno.test("drain: visitors that keep an idle connection open do not hold it up", async () => {
  await using server = serve(answerLater);
  using used = await server.connect();
  await used.send(GET);
  await used.answer();
  const begun = performance.now();
  assert.equal(await server.server.drain(5000), 0);
  assert(performance.now() - begun < 2000, `took ${performance.now() - begun} ms`);
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
  const drained = server.server.drain(5000);
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
  while (server.server.size < 2) await pause(5);
  await pause(20);
  assert.equal(await server.server.drain(100), 2);
  assert.equal(reasons.length, 2);
  await one.ends();
});

Deno.test("drain: a second one with less time ends the first", async () => {
  await using server = serve(() => {});
  using visitor = await server.connect();
  await visitor.send(GET);
  await pause(20);
  const first = server.server.drain(10_000);
  assert.equal(await server.server.drain(20), 1);
  await within(500, first, "the first drain");
});

Deno.test("drain: a visitor who comes later is turned away and counted", async () => {
  await using server = serve(answerLater);
  await server.server.drain(0);
  using visitor = await Visitor.connect(server.port);
  await visitor.ends();
  assert.equal(server.closed(), 1);
});

// Backpressure towards the visitor

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
    let before = -1;
    for (let i = 0; i < 50 && before !== sent; i++) {
      before = sent;
      await pause(60);
    }
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
  let before = -1;
  for (let i = 0; i < 50 && before !== handled; i++) {
    before = handled;
    await pause(60);
  }
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
