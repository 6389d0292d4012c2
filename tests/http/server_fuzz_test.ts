/** Claims about the server under every split of what it reads, and under mutated conversations. @module */

import assert from "node:assert/strict";
import { DEFAULT_HEAD_LIMITS, type HeadLimits } from "../../http/head.ts";
import { HttpServer } from "../../http/server.ts";
import type { ServerExchange } from "../../http/server_exchange.ts";
import { bodyOf, bytesOf, PLAIN, randomFrom, say, textOf, within } from "./visitor.ts";
import { Wire } from "./wire.ts";

/** Length and a checksum of a text. */
function sumOf(text: string): string {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) >>> 0;
  return `${text.length} ${sum}`;
}

/** Answers by its target: at once or later, with the body, without having read it, or after one piece. */
function handle(exchange: ServerExchange): void {
  const { method, target } = exchange.head;
  if (target.startsWith("/now")) return say(exchange, `${method} ${target}`);
  if (target.startsWith("/later")) {
    setImmediate(() => say(exchange, `${method} ${target}`));
    return;
  }
  if (target.startsWith("/chunked")) {
    exchange.start(200, PLAIN, -1);
    exchange.write(bytesOf("chunk"));
    return exchange.end();
  }
  if (target.startsWith("/half")) {
    exchange.read().then(() => say(exchange, `${method} ${target}`), () => {});
    return;
  }
  if (target.startsWith("/sum")) {
    bodyOf(exchange).then((body) => say(exchange, `${method} ${target} ${sumOf(body)}`), () => {});
    return;
  }
  bodyOf(exchange).then((body) => {
    say(
      exchange,
      `${method} ${target} ${exchange.head.authority} [${body}] ${textOf(exchange.trailers)}`,
    );
  }, () => {});
}

/** What the visitor gets for `bytes` in these pieces, without what differs by time. */
async function converse(
  bytes: Uint8Array,
  cuts: readonly number[],
  limits: HeadLimits = { head: 600, target: 100, fields: 12 },
): Promise<string> {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (cut > from) pieces.push(bytes.subarray(from, cut));
    from = Math.max(from, cut);
  }
  const wire = new Wire(pieces);
  const handled = new Set<ServerExchange>();
  const told: ServerExchange[] = [];
  let closed = 0;
  const server = new HttpServer({
    handle: (exchange) => (handled.add(exchange), handle(exchange)),
    refuse: (exchange, error) => say(exchange, error.message, error.status),
    finished: (exchange) => told.push(exchange),
    closed: () => closed++,
    limits: { head: limits },
  });
  server.accept(wire);
  await within(wire.closed, `the end of ${JSON.stringify(textOf(bytes))}`);
  await server.drain(0);
  assert.equal(closed, 1, "a connection is told as closed once");
  assert.equal(new Set(told).size, told.length, "an exchange is told as finished once");
  for (const exchange of handled) {
    assert(told.includes(exchange), "each exchange is told as finished");
    assert(exchange.done || exchange.aborted);
  }
  return wire.written.replace(/(?:Date|X-Request-Id): .*\r\n/g, "");
}

/** The conversation in one piece, after showing that every other way of cutting gives the same. */
async function converseEveryWay(text: string): Promise<string> {
  const bytes = bytesOf(text);
  const whole = await converse(bytes, []);
  const each = Array.from(bytes.keys());
  assert.equal(await converse(bytes, each), whole, `byte by byte: ${JSON.stringify(text)}`);
  for (const cut of each) {
    assert.equal(await converse(bytes, [cut]), whole, `cut at ${cut}: ${JSON.stringify(text)}`);
  }
  return whole;
}

const SCRIPTS = [
  "GET /now/1 HTTP/1.1\r\nHost: h\r\n\r\nHEAD /later HTTP/1.1\r\nHost: h\r\n\r\nGET /chunked HTTP/1.1\r\nHost: h\r\n\r\n",
  "POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world" +
  "POST /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n" +
  "GET /now HTTP/1.1\r\nHost: h\r\n\r\n",
  "\r\nPOST /now HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n..." +
  "\r\nPUT /later HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /now HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\nHost: h\r\n\r\n",
  "GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /chunked HTTP/1.0\r\n\r\nGET /never HTTP/1.0\r\n\r\n",
  "POST /read HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabcPOST /now HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
  `GET /${"t".repeat(99)} HTTP/1.1\r\nHost: h\r\nX: ${"v".repeat(400)}\r\n\r\nGET /${
    "t".repeat(100)
  } HTTP/1.1\r\n`,
];

Deno.test("server: whole conversations give the same in every split", async () => {
  const counts: number[] = [];
  for (const script of SCRIPTS) {
    const text = await converseEveryWay(script);
    counts.push(text.match(/HTTP\/1\.1 (?!100)/g)!.length);
  }
  assert.deepEqual(counts, [3, 3, 3, 2, 2, 2]);
});

Deno.test("server: F25 a conversation cut off anywhere is answered as far as it was whole", async () => {
  for (const script of SCRIPTS) {
    const full = await converse(bytesOf(script), []);
    for (let length = 0; length < script.length; length++) {
      const text = await converse(bytesOf(script.slice(0, length)), []);
      // The answers to the requests that came whole, then nothing or a refusal.
      const refusal = text.indexOf("HTTP/1.1 400 ");
      const good = refusal < 0 ? text : text.slice(0, refusal);
      assert(full.startsWith(good), `${JSON.stringify(script.slice(0, length))}: ${text}`);
    }
  }
});

Deno.test("server: mutated conversations end, are told once, and give the same in every split", async () => {
  const random = randomFrom(31337);
  const at = (n: number) => Math.floor(random() * n);
  const splinters = [
    ..."\r|\n|\r\n|\r\n\r\n| |\t|:|0|1|5|a|;|\x00|\xa0|GET /now HTTP/1.1\r\nHost: h\r\n\r\n".split(
      "|",
    ),
    ..."Content-Length: 5\r\n|Transfer-Encoding: chunked\r\n|0\r\n\r\n|HTTP/1.0|close".split("|"),
    ..."Connection: close\r\n|Expect: 100-continue\r\n|Host: h\r\n|HEAD|/read|/now".split("|"),
  ];
  let refused = 0;
  let answered = 0;
  for (let round = 0; round < 1500; round++) {
    let text = SCRIPTS[round % SCRIPTS.length]!;
    for (let times = 1 + at(3); times > 0; times--) {
      const i = at(text.length + 1);
      const j = Math.min(text.length, i + at(10));
      const splinter = splinters[at(splinters.length)]!;
      text = text.slice(0, i) + (random() < 0.7 ? splinter : "") +
        text.slice(random() < 0.5 ? i : j);
    }
    const bytes = bytesOf(text);
    const whole = await converse(bytes, []);
    if (/HTTP\/1\.1 [45]/.test(whole)) refused++;
    if (/HTTP\/1\.1 200/.test(whole)) answered++;
    const cuts = Array.from({ length: 5 }, () => at(bytes.length)).sort((a, b) => a - b);
    assert.equal(await converse(bytes, cuts), whole, `${cuts}: ${JSON.stringify(text)}`);
    if (round % 5 === 0) {
      const each = Array.from(bytes.keys());
      assert.equal(await converse(bytes, each), whole, `byte by byte: ${JSON.stringify(text)}`);
    }
  }
  assert(refused > 300 && answered > 300, `${refused} refused, ${answered} answered`);
});

Deno.test("server: long random conversations with large heads and bodies are answered one by one", async () => {
  const random = randomFrom(99);
  const at = (n: number) => Math.floor(random() * n);
  const size = (most: number) => at(random() < 0.5 ? 200 : random() < 0.7 ? 5_000 : most);
  for (let round = 0; round < 30; round++) {
    let text = "";
    const expected: string[] = [];
    for (let count = 1 + at(12); count > 0; count--) {
      const kind = ["/now", "/later", "/sum", "/half", "/read"][at(5)]!;
      const target = `${kind}/${expected.length}`;
      const pad = `X-Pad: ${"p".repeat(size(30_000))}\r\n`;
      // What nobody reads must be short enough to be read over.
      const body = String.fromCharCode(97 + at(26)).repeat(
        size(kind === "/sum" ? 200_000 : 30_000),
      );
      const start = `POST ${target} HTTP/1.1\r\nHost: h\r\n${pad}`;
      let trailers = "";
      if (random() < 0.5) {
        text += `${start}Content-Length: ${body.length}\r\n\r\n${body}`;
      } else {
        text += `${start}Transfer-Encoding: chunked\r\n\r\n`;
        for (let from = 0; from < body.length;) {
          const chunk = body.slice(from, from + 1 + size(70_000));
          text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
          from += chunk.length;
        }
        trailers = random() < 0.5 ? "X: y\r\n" : "";
        text += `0\r\n${trailers}\r\n`;
      }
      expected.push(
        kind === "/sum"
          ? `POST ${target} ${sumOf(body)}`
          : kind === "/read"
          ? `POST ${target} h [${body}] ${trailers}`
          : `POST ${target}`,
      );
    }
    const bytes = bytesOf(text);
    const cuts: number[] = [];
    const most = [bytes.length >> 10, 3_000, 60_000][at(3)]! + 10;
    for (let cut = 1 + at(most); cut < bytes.length; cut += 1 + at(most)) cuts.push(cut);
    const got = await converse(bytes, cuts, DEFAULT_HEAD_LIMITS);
    const bodies = got.split(/HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*\r\n/).slice(1);
    assert(
      JSON.stringify(bodies) === JSON.stringify(expected),
      `round ${round}: ${JSON.stringify(bodies).slice(0, 500)}`,
    );
  }
});
