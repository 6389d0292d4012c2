/** Claims about deadlines: whoever dribbles, stalls or sleeps is let go, and nobody else notices. @module */

import assert from "node:assert/strict";
import { coarseDate, dateField, TICK, unwatch, watch } from "../../http/clock.ts";
import { DEFAULT_SERVER_LIMITS } from "../../http/server_limits.ts";
import type { ServerExchange } from "../../http/server_exchange.ts";
import { MockClock } from "../support/mock_clock.ts";
import {
  bodyOf,
  bytesOf,
  eventually,
  pause,
  PLAIN,
  say,
  serve,
  settled,
  type Visitor,
  within,
} from "./visitor.ts";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: h\r\n";

/** The server's clock in the test's hand: the default limits pass without waiting for them. */
class Clock extends MockClock {
  /** Lets time pass, and then whatever came of it happen. */
  async pass(ms: number): Promise<void> {
    this.tick(ms);
    await pause(2);
  }
}

/** Asserts that the connection is still open and silent. */
async function stays(
  visitor: Visitor,
  server: { closed(): number },
  closed: number,
): Promise<void> {
  await pause(5);
  assert.equal(server.closed(), closed);
  assert.equal(visitor.reset, false);
}

const served = (exchange: ServerExchange) => say(exchange, "served");

Deno.test("F30 a head that is dribbled is answered 408 after 10 s, and others are served meanwhile", async () => {
  using clock = new Clock();
  await using server = serve(served);
  using slow = await server.connect();
  using other = await server.connect();
  let read = 0;
  for (let i = 0; i < 10; i++) {
    await slow.send(GET[i]!);
    await other.send(GET);
    assert.equal((await other.answer()).body, "served");
    await server.whenRead(read += 1 + GET.length);
    await clock.pass(i < 9 ? 1_000 : 900);
  }
  await stays(slow, server, 0);
  await clock.pass(2 * TICK);
  const answer = await slow.answer();
  assert.equal(answer.status, 408);
  assert.equal(answer.fields.get("connection"), "close");
  await slow.ends();
  await other.send(GET);
  assert.equal((await other.answer()).body, "served");
});

Deno.test("F30 a connection that sends nothing, or empty lines only, is closed after 10 s without a word", async () => {
  using clock = new Clock();
  await using server = serve(served);
  using silent = await server.connect();
  using blank = await server.connect();
  await blank.send("\r\n");
  await server.whenRead(2);
  await clock.pass(9_500);
  await stays(silent, server, 0);
  await stays(blank, server, 0);
  await clock.pass(1_000);
  await Promise.all([silent.ends(), blank.ends()]);
  assert.equal(server.finished.length, 0);
});

Deno.test("F30 a later head on a kept connection has 10 s too", async () => {
  using clock = new Clock();
  await using server = serve(served);
  using visitor = await server.connect();
  await visitor.send(GET);
  await visitor.answer();
  await clock.pass(60_000);
  await visitor.send("GET / HTTP/1.1\r\n");
  await server.whenRead(GET.length + 16);
  await clock.pass(9_500);
  await stays(visitor, server, 0);
  await clock.pass(1_000);
  assert.equal((await visitor.answer()).status, 408);
  await visitor.ends();
});

Deno.test("time: an idle connection is kept for 75 s, then closed without a word", async () => {
  using clock = new Clock();
  await using server = serve(served);
  using visitor = await server.connect();
  for (let i = 0; i < 2; i++) {
    await visitor.send(GET);
    await visitor.answer();
    await clock.pass(74_000);
    await stays(visitor, server, 0);
  }
  await clock.pass(2_000);
  await visitor.ends();
  assert.equal(server.finished.length, 2);
});

Deno.test("time: an answer may take longer than every limit on the request", async () => {
  using clock = new Clock();
  const got = Promise.withResolvers<ServerExchange>();
  await using server = serve(got.resolve);
  using visitor = await server.connect();
  await visitor.send(POST + "Content-Length: 2\r\n\r\n");
  const exchange = await within(got.promise);
  await clock.pass(600_000);
  assert.equal(exchange.aborted, false);
  say(exchange, "at last");
  assert.equal((await visitor.answer()).body, "at last");
});

Deno.test("time: a body that stops for 30 s is answered 408, its reader and its handler are told", async () => {
  using clock = new Clock();
  const read = Promise.withResolvers<string>();
  const lost = Promise.withResolvers<string>();
  await using server = serve((exchange) => {
    exchange.onabort = lost.resolve;
    bodyOf(exchange).then(() => read.resolve("complete"), () => read.resolve("broken"));
  });
  using visitor = await server.connect();
  const start = POST + "Content-Length: 10\r\n\r\nhel";
  await visitor.send(start);
  let count = start.length;
  await server.whenRead(count);
  // It goes on as long as something comes.
  for (const char of "lo!") {
    await clock.pass(29_000);
    await visitor.send(char);
    await server.whenRead(++count);
  }
  await clock.pass(29_000);
  await stays(visitor, server, 0);
  await clock.pass(2_000);
  const answer = await visitor.answer();
  assert.equal(answer.status, 408);
  assert.equal(answer.fields.get("connection"), "close");
  await visitor.ends();
  assert.equal(await within(read.promise), "broken");
  await within(lost.promise);
  assert.equal(server.finished.length, 1);
});

Deno.test("time: a body that stops under a started answer breaks the answer off", async () => {
  using clock = new Clock();
  const read = Promise.withResolvers<string>();
  const lost = Promise.withResolvers<string>();
  await using server = serve((exchange) => {
    exchange.onabort = lost.resolve;
    exchange.start(200, PLAIN, -1);
    exchange.write(bytesOf("so far"));
    bodyOf(exchange).then(() => read.resolve("complete"), () => read.resolve("broken"));
  });
  using visitor = await server.connect();
  await visitor.send(POST + "Content-Length: 10\r\n\r\nhello");
  await visitor.until("so far\r\n");
  await clock.pass(31_000);
  await visitor.ends();
  assert.equal(await within(read.promise), "broken");
  await within(lost.promise);
  assert.equal(server.finished.length, 1);
});

Deno.test("time: a visitor that was not yet sent 100 need not send its body", async () => {
  using clock = new Clock();
  const got = Promise.withResolvers<ServerExchange>();
  await using server = serve(got.resolve);
  using visitor = await server.connect();
  await visitor.send(POST + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  const exchange = await within(got.promise);
  // As a relay does: only the origin may say 100.
  const first = exchange.pull();
  await clock.pass(50_000);
  exchange.continue();
  assert.equal(await visitor.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  await clock.pass(29_000);
  await visitor.send("hello");
  assert.equal(new TextDecoder().decode((await within(first))!), "hello");
  assert.equal(await exchange.pull(), null);
  say(exchange, "thanks");
  assert.equal((await visitor.answer()).body, "thanks");
});

for (const size of [30_000, 1 << 20]) {
  Deno.test(`F31 a visitor that takes nothing for 60 s is let go, and the producer freed (${size})`, async () => {
    using clock = new Clock();
    const over = Promise.withResolvers<string>();
    let sent = 0;
    await using server = serve(async (exchange) => {
      let reason = "";
      exchange.onabort = (why) => reason = why;
      exchange.start(200, PLAIN, -1);
      const piece = new Uint8Array(size);
      while (!exchange.aborted) {
        sent += size;
        const wait = exchange.write(piece);
        if (wait !== undefined) await wait;
      }
      over.resolve(reason);
    });
    using visitor = await server.connect();
    await visitor.send(GET);
    await settled(() => sent);
    await clock.pass(59_000);
    await stays(visitor, server, 0);
    await clock.pass(2_000);
    assert.match(await within(over.promise), /does not read/);
    await server.whenClosed(1);
    assert.equal(server.finished.length, 1);
  });
}

Deno.test("F31 a visitor that reads slowly is not let go", async () => {
  using clock = new Clock();
  let sent = 0;
  await using server = serve(async (exchange) => {
    exchange.start(200, PLAIN, 1e12);
    for (; !exchange.aborted; sent++) await exchange.write(new Uint8Array(1 << 20));
  });
  using visitor = await server.connect();
  await visitor.send(GET);
  await visitor.until("\r\n\r\n");
  await settled(() => sent);
  for (let i = 0; i < 6; i++) {
    const before = sent;
    await visitor.take(4 << 20);
    // Only now the server can know that something was read.
    await eventually(() => sent > before, { every: 1 });
    await clock.pass(40_000);
  }
  await visitor.take(4 << 20);
  assert.equal(server.closed(), 0);
});

Deno.test("F31 a visitor that pipelines without reading is let go after 60 s", async () => {
  using clock = new Clock();
  let handled = 0;
  await using server = serve((exchange) => {
    handled++;
    exchange.respond(200, PLAIN, new Uint8Array(40_000));
  });
  using visitor = await server.connect();
  const flood = (async () => {
    for (let i = 0; i < 500; i++) await visitor.send(GET.repeat(100));
  })().catch(() => {});
  await settled(() => handled);
  await clock.pass(61_000);
  await server.whenClosed(1);
  visitor.close();
  await flood;
});

Deno.test("time: an unwanted body that is dribbled holds the connection for 5 s at most", async () => {
  using clock = new Clock();
  await using server = serve((exchange) => say(exchange, "no"));
  using visitor = await server.connect();
  const start = POST + "Content-Length: 60000\r\n\r\n";
  await visitor.send(start);
  assert.equal((await visitor.answer()).body, "no");
  for (let i = 1; i <= 4; i++) {
    await visitor.send("x");
    await server.whenRead(start.length + i);
    await clock.pass(1_000);
  }
  await stays(visitor, server, 0);
  await clock.pass(1_500);
  await visitor.ends();
});

Deno.test("lingering: ends 5 s after the last byte, and after 30 s in any case", async () => {
  using clock = new Clock();
  await using server = serve(served);
  using silent = await server.connect();
  using busy = await server.connect();
  const bad = "BAD\r\n\r\n";
  for (const visitor of [silent, busy]) {
    await visitor.send(bad);
    assert.equal((await visitor.answer()).status, 400);
    await visitor.ends();
  }
  let count = 2 * bad.length;
  await clock.pass(4_000);
  assert.equal(server.closed(), 0);
  for (let i = 0; i < 6; i++) {
    await busy.send("more");
    await server.whenRead(count += 4);
    await clock.pass(4_000);
    assert.equal(server.closed(), 1, `after ${4 * (i + 2)} s`);
  }
  await busy.send("more");
  await server.whenRead(count += 4);
  await clock.pass(3_000);
  assert.equal(server.closed(), 2);
});

Deno.test("time: an upgraded connection is left alone", async () => {
  using clock = new Clock();
  await using server = serve(async (exchange) => {
    exchange.start(101, bytesOf("Upgrade: raw\r\n"), -1);
    for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
      await exchange.write(piece);
    }
    exchange.end();
  });
  using visitor = await server.connect();
  await visitor.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n");
  assert.equal((await visitor.answer()).status, 101);
  for (const text of ["one", "two", "three"]) {
    await clock.pass(100_000);
    await visitor.send(text);
    assert.equal(await visitor.take(text.length), text);
  }
  await visitor.closeWrite();
  await visitor.ends();
});

Deno.test("time: the defaults are those of the contract", () => {
  assert.deepEqual(DEFAULT_SERVER_LIMITS, {
    head: { head: 65536, target: 16384, fields: 128 },
    headTime: 10_000,
    idle: 75_000,
    bodyTime: 30_000,
    writeStall: 60_000,
  });
});

Deno.test("a server that could not look for a minute gives every visitor what is left of his time", async () => {
  using clock = new Clock();
  await using server = serve(served);
  using slow = await server.connect();
  using silent = await server.connect();
  await slow.send("GET / HTTP/1.1\r\n");
  await server.whenRead(16);
  await clock.pass(5_000);
  clock.freeze(60_000);
  await clock.pass(TICK);
  await stays(slow, server, 0);
  await stays(silent, server, 0);
  await slow.send("Host: h\r\n\r\n");
  assert.equal((await slow.answer()).body, "served");
  await clock.pass(5_000);
  await silent.ends();
});

Deno.test("clock: the Date line is an IMF-fixdate of this second, made anew when it is over", async () => {
  using clock = new Clock();
  const thing = { tick: () => {} };
  watch(thing);
  try {
    for (let i = 0; i < 3; i++) {
      const line = new TextDecoder().decode(dateField());
      const matched = /^Date: (\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)\r\n$/.exec(line);
      assert(matched !== null, line);
      assert.equal(Date.parse(matched[1]!), Math.floor(coarseDate() / 1000) * 1000);
      assert(Math.abs(coarseDate() - Date.now()) <= TICK);
      await clock.pass(1_000);
    }
  } finally {
    unwatch(thing);
  }
});
