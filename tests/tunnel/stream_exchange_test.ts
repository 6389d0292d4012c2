/** Claims about the agent's end of an HTTP exchange: what origins read and answer, and what goes over the tunnel. @module */

import assert from "node:assert/strict";
import { type Exchange, latin1 } from "../../http/mod.ts";
import { Frame, MAX_HEAD, STREAM_WINDOW, StreamExchange } from "../../tunnel/mod.ts";
import { turn, until } from "../support/pipe.ts";
import { againstRelay, type Duel, pair } from "./harness.ts";
import { frame, type RawFrame, streamId, textOf } from "./raw_peer.ts";

const id = streamId(0);
const bytes = (text: string) => new TextEncoder().encode(text);

/** A raw relay and an agent whose requests come to `answer`. */
async function origin(
  answer: (exchange: Exchange) => void,
): Promise<Duel & { readonly exchanges: Exchange[] }> {
  const exchanges: Exchange[] = [];
  const duel = await againstRelay({
    onstream: (stream) =>
      new StreamExchange(stream, (exchange) => {
        exchanges.push(exchange);
        answer(exchange);
      }),
  });
  return Object.assign(duel, { exchanges });
}

const ask = (lines = "", method = "GET") =>
  `${method} /path?q HTTP/1.1\r\nHost: test\r\n${lines}\r\n`;

/** What came on the stream up to its end, as text: heads, bytes, trailers, END, RESET. */
async function said(duel: Duel, stream = id): Promise<string> {
  const words: string[] = [];
  for (;;) {
    const next = await duel.peer.next() as RawFrame;
    if (next.stream !== stream || next.type === Frame.WINDOW) continue;
    if (next.type === Frame.RESET) return [...words, `RESET ${next.payload[1]}`].join("|");
    if (next.payload.length > 0) words.push(latin1(next.payload));
    if (next.end) return [...words, "END"].join("|");
  }
}

Deno.test("exchange: a small answer is two frames in one turn, a bodiless one a single frame", async () => {
  await using duel = await origin((exchange) => {
    if (exchange.head.target === "/empty") exchange.respond(204, bytes("A: b\r\n"), null);
    else exchange.respond(200, bytes("A: b\r\n"), bytes("hello"));
  });
  await duel.peer.send(frame(Frame.HEAD, id, ask(), { end: true }));
  assert.equal(
    await said(duel),
    "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\n\r\n|hello|END",
  );
  const second = streamId(0, 2);
  await duel.peer.send(
    frame(Frame.HEAD, second, "GET /empty HTTP/1.1\r\nHost: a\r\n\r\n", { end: true }),
  );
  const head = await duel.peer.nextOf(Frame.HEAD, second);
  assert.equal(head.end, true);
  assert.equal(textOf(head), "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n");
});

Deno.test("exchange: the handler sees head, id, body and trailers", async () => {
  const seen: unknown[] = [];
  await using duel = await origin(async (exchange) => {
    const { head } = exchange;
    seen.push(head.method, head.target, exchange.id, exchange.hasBody);
    for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
      seen.push(latin1(piece));
    }
    seen.push(latin1(exchange.trailers));
    exchange.respond(200, bytes(""), null);
  });
  await duel.peer.send(
    frame(Frame.HEAD, id, ask("X-Request-Id: r7\r\n", "POST")),
    frame(Frame.DATA, id, "one"),
    frame(Frame.DATA, id, "two"),
    frame(Frame.TRAILERS, id, "Sum: 6\r\n", { end: true }),
  );
  await said(duel);
  assert.deepEqual(seen, ["POST", "/path?q", "r7", true, "one", "two", "Sum: 6\r\n"]);
});

Deno.test("exchange: 100 is said once, when the body is first wanted and somebody waits for it", async () => {
  await using duel = await origin(async (exchange) => {
    while (await exchange.read() !== null);
    exchange.respond(200, bytes(""), null);
  });
  await duel.peer.send(
    frame(Frame.HEAD, id, ask("Expect: 100-continue\r\nContent-Length: 4\r\n", "PUT")),
    frame(Frame.DATA, id, "ab"),
    frame(Frame.DATA, id, "cd", { end: true }),
  );
  assert.equal(
    await said(duel),
    "HTTP/1.1 100 Continue\r\n\r\n|HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n|END",
  );
  await using refusing = await origin((exchange) => exchange.respond(413, bytes(""), null));
  await refusing.peer.send(
    frame(Frame.HEAD, id, ask("Expect: 100-continue\r\nContent-Length: 4\r\n", "PUT")),
  );
  assert.match(await said(refusing), /^HTTP\/1\.1 413 .*END$/s);
});

Deno.test("exchange: HEAD, 204 and 304 have no body and no trailers, whatever the handler writes", async () => {
  await using duel = await origin((exchange) => {
    exchange.start(exchange.head.method === "HEAD" ? 200 : 304, bytes(""), 10);
    exchange.write(bytes("0123456789"));
    exchange.end(bytes("Sum: 1\r\n"));
  });
  await duel.peer.send(frame(Frame.HEAD, id, ask("", "HEAD"), { end: true }));
  assert.equal(await said(duel), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n|END");
  await duel.peer.send(frame(Frame.HEAD, streamId(0, 2), ask(), { end: true }));
  assert.match(await said(duel, streamId(0, 2)), /^HTTP\/1\.1 304 [^|]*\r\n\r\n\|END$/);
});

Deno.test("exchange: hints go before the answer, trailers after it; nothing goes twice", async () => {
  await using duel = await origin((exchange) => {
    exchange.inform(103, bytes("Link: </a>\r\n"));
    exchange.start(200, bytes(""), -1);
    exchange.inform(103, bytes("Link: </late>\r\n"));
    exchange.start(500, bytes(""), -1);
    exchange.respond(500, bytes(""), null);
    exchange.write(bytes("body"));
    exchange.end(bytes("Sum: 1\r\n"));
    exchange.end();
    exchange.write(bytes("late"));
    exchange.abort("late");
  });
  await duel.peer.send(frame(Frame.HEAD, id, ask(), { end: true }));
  assert.equal(
    await said(duel),
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n|HTTP/1.1 200 OK\r\n\r\n|body|Sum: 1\r\n|END",
  );
  await duel.peer.send(frame(Frame.PING, 0, "12345678"));
  assert.equal((await duel.peer.next())?.type, Frame.PONG);
});

Deno.test("exchange: an answer longer or shorter than its Content-Length is broken off", async () => {
  for (const text of ["12345", "123"]) {
    await using duel = await origin((exchange) => {
      exchange.start(200, bytes(""), 4);
      exchange.write(bytes(text));
      exchange.end();
    });
    await duel.peer.send(frame(Frame.HEAD, id, ask(), { end: true }));
    assert.match(await said(duel), /RESET 4$/);
    assert.equal(duel.exchanges[0]!.aborted, true);
  }
});

Deno.test("exchange: a request body longer or shorter than its Content-Length is no request", async () => {
  const bodies: Array<Uint8Array[]> = [
    [frame(Frame.HEAD, id, ask("Content-Length: 4\r\n"), { end: true })],
    [
      frame(Frame.HEAD, id, ask("Content-Length: 4\r\n")),
      frame(Frame.DATA, id, "123", { end: true }),
    ],
    [frame(Frame.HEAD, id, ask("Content-Length: 4\r\n")), frame(Frame.DATA, id, "12345")],
    [
      frame(Frame.HEAD, id, ask("Content-Length: 4\r\n")),
      frame(Frame.DATA, id, "123"),
      frame(Frame.TRAILERS, id, "a: b\r\n", { end: true }),
    ],
    [frame(Frame.HEAD, id, ask()), frame(Frame.HEAD, id, ask())],
    [frame(Frame.OPEN, id, "{}"), frame(Frame.DATA, id, "bytes")],
    [frame(Frame.OPEN, id, "{}"), frame(Frame.TRAILERS, id, "a: b\r\n", { end: true })],
  ];
  for (const frames of bodies) {
    let failed: unknown = null;
    await using duel = await origin((exchange) => {
      (async () => {
        while (await exchange.read() !== null);
      })().catch((error) => failed = error);
    });
    await duel.peer.send(...frames);
    assert.match(await said(duel), /^RESET 2$/);
    await turn();
    for (const exchange of duel.exchanges) {
      assert.equal(exchange.aborted, true);
      assert(failed instanceof Error, "who reads learns of it");
    }
  }
});

Deno.test("exchange: when the visitor is gone the handler is told once, and its calls do nothing", async () => {
  let told = 0;
  await using duel = await origin((exchange) => {
    exchange.onabort = () => told++;
    exchange.start(200, bytes(""), -1);
  });
  await duel.peer.send(frame(Frame.HEAD, id, ask()));
  await duel.peer.nextOf(Frame.HEAD);
  const exchange = duel.exchanges[0]!;
  const waiting = exchange.read();
  await duel.peer.send(frame(Frame.RESET, id, "\0\x01gone"));
  await assert.rejects(waiting, /gone/);
  await assert.rejects(exchange.read(), /visitor is gone/);
  assert.equal(told, 1);
  assert.equal(exchange.write(bytes("x")), undefined);
  exchange.end();
  exchange.abort("x");
  exchange.respond(200, bytes(""), null);
  assert.equal((await duel.peer.next())?.type, Frame.RESET, "its answer, and no more");
  assert.equal(duel.session.streams, 0);
});

Deno.test("exchange: who breaks off while it reads is not left waiting", async () => {
  await using duel = await origin(() => {});
  await duel.peer.send(frame(Frame.HEAD, id, ask()));
  await until(() => duel.exchanges.length === 1, "the request comes");
  const waiting = assert.rejects(duel.exchanges[0]!.read(), /broke off/);
  duel.exchanges[0]!.abort("changed its mind");
  await waiting;
});

Deno.test("exchange: a body that nobody reads stops at a window; once answered it is read over", async () => {
  await using duel = await origin(() => {});
  await duel.peer.send(
    frame(Frame.HEAD, id, ask("", "POST")),
    frame(Frame.DATA, id, new Uint8Array(STREAM_WINDOW)),
    frame(Frame.PING, 0, "12345678"),
  );
  assert.equal((await duel.peer.next())?.type, Frame.PONG, "no credit is given");
  duel.exchanges[0]!.respond(200, bytes(""), bytes("enough"));
  const window = await duel.peer.nextOf(Frame.WINDOW, id);
  // All that was read comes back, and more where that was quick.
  const given = new DataView(window.payload.buffer).getUint32(0);
  assert.ok(given >= STREAM_WINDOW && given <= 2 * STREAM_WINDOW, String(given));
  await duel.peer.send(
    frame(Frame.DATA, id, new Uint8Array(1000)),
    frame(Frame.DATA, id, "", { end: true }),
  );
  await until(() => duel.session.streams === 0, "the stream is over");
});

Deno.test("exchange: an answer head that is too long for the tunnel breaks the exchange off", async () => {
  let told = "";
  await using duel = await origin((exchange) => {
    exchange.onabort = (reason) => told = reason;
    exchange.respond(200, bytes(`A: ${"x".repeat(MAX_HEAD)}\r\n`), bytes("body"));
  });
  await duel.peer.send(frame(Frame.HEAD, id, ask(), { end: true }));
  assert.equal(await said(duel), "RESET 2");
  assert.match(told, /too long/);
});

Deno.test("exchange: ten thousand of them leave nothing behind", async () => {
  await using sessions = pair({
    agent: {
      onstream: (stream) =>
        new StreamExchange(stream, (exchange) => exchange.respond(200, bytes(""), bytes("hello"))),
    },
  });
  const head = bytes(ask());
  for (let round = 0; round < 50; round++) {
    await Promise.all(Array.from({ length: 200 }, () =>
      new Promise<void>((resolve, reject) => {
        const stream = sessions.relay.session.open({
          onhead() {},
          ondata: (_bytes, end) => end && resolve(),
          ontrailers() {},
          onreset: (code) => reject(new Error(`reset ${code}`)),
        });
        stream!.head(head, true);
      })));
  }
  assert.equal(sessions.relay.session.streams + sessions.agent.session.streams, 0);
});

const UPGRADE = "Connection: Upgrade\r\nUpgrade: raw\r\nX-Real-IP: 203.0.113.7\r\n";

Deno.test("exchange: after a 101 bytes flow both ways, and each half ends by itself", async () => {
  const heard = Promise.withResolvers<string>();
  await using duel = await origin(async (exchange) => {
    assert.equal(exchange.client, "203.0.113.7");
    assert.equal(exchange.hasBody, false);
    assert.equal(await exchange.read(), null);
    exchange.start(101, bytes("Upgrade: raw\r\n"), -1, "Go On");
    exchange.write(bytes("welcome"));
    exchange.end();
    assert.equal(exchange.write(bytes("too late")), undefined);
    let text = "";
    for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
      text += latin1(piece);
    }
    heard.resolve(text);
  });
  await duel.peer.send(frame(Frame.HEAD, id, ask(UPGRADE)));
  const head = await duel.peer.nextOf(Frame.HEAD, id);
  assert.equal(
    textOf(head),
    "HTTP/1.1 101 Go On\r\nUpgrade: raw\r\nConnection: Upgrade\r\n\r\n",
  );
  assert.equal(head.end, false);
  assert.equal(await said(duel), "welcome|END");
  await duel.peer.send(frame(Frame.DATA, id, "still "));
  await duel.peer.send(frame(Frame.DATA, id, "here", { end: true }));
  assert.equal(await heard.promise, "still here");
  await until(() => duel.session.streams === 0, "the slot is free");
});

Deno.test("exchange: an upgrade that is declined is an exchange like any other", async () => {
  await using duel = await origin((exchange) => exchange.respond(426, bytes(""), bytes("no")));
  await duel.peer.send(frame(Frame.HEAD, id, ask(UPGRADE)));
  assert.equal(
    await said(duel),
    "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\n|no|END",
  );
  await duel.peer.send(frame(Frame.DATA, id, "", { end: true }));
  await until(() => duel.session.streams === 0, "the slot is free");
});

Deno.test("exchange: a 101 that was not asked for, and bytes before it, break off", async () => {
  await using duel = await origin((exchange) => {
    if (!exchange.head.upgrade) exchange.start(101, bytes("Upgrade: raw\r\n"), -1);
  });
  await duel.peer.send(frame(Frame.HEAD, id, ask(), { end: true }));
  assert.equal(await said(duel), "RESET 4");
  const second = streamId(1, 2);
  await duel.peer.send(frame(Frame.HEAD, second, ask(UPGRADE)));
  await duel.peer.send(frame(Frame.DATA, second, "early"));
  assert.equal(await said(duel, second), "RESET 2");
});

Deno.test("exchange: a reset ends an upgraded one, whose handler is told", async () => {
  const gone = Promise.withResolvers<string>();
  await using duel = await origin((exchange) => {
    exchange.onabort = gone.resolve;
    exchange.start(101, bytes("Upgrade: raw\r\n"), -1);
  });
  await duel.peer.send(frame(Frame.HEAD, id, ask(UPGRADE)));
  await duel.peer.nextOf(Frame.HEAD, id);
  await duel.peer.send(frame(Frame.RESET, id, Uint8Array.of(0, 1, 103, 111, 110, 101)));
  assert.equal(await gone.promise, "gone");
});

Deno.test("exchange: a head that is kept stays as it is when others have come", async () => {
  await using duel = await origin((exchange) => {
    assert.equal(exchange.keepHead(), exchange.head);
  });
  for (let i = 0; i < 3; i++) {
    const head = `GET /${i} HTTP/1.1\r\nHost: test${i}\r\nA: ${"x".repeat(i)}\r\n\r\n`;
    await duel.peer.send(frame(Frame.HEAD, streamId(i), head, { end: true }));
  }
  await until(() => duel.exchanges.length === 3, "three requests");
  duel.exchanges.forEach(({ head }, i) => {
    assert.equal(head.target, `/${i}`);
    assert.equal(head.authority, `test${i}`);
    assert.equal(head.value(1), "x".repeat(i));
  });
});
