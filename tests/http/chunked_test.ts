/** Claims about the chunked coding: what is read, what is refused, and that the split never matters. @module */

import assert from "node:assert/strict";
import { ChunkedDecoder, chunkHeader } from "../../http/chunked.ts";
import { HttpError } from "../../http/http_error.ts";
import { bytesOf, randomFrom, textOf } from "./visitor.ts";

/** `used`: how many bytes the body took, up to the end of its trailer section. */
type Outcome =
  | { error: number; message: string }
  | { body: string; trailers: string; used: number }
  | { body: string; incomplete: true };

/** Decodes `bytes`, which arrive in pieces that end at `cuts`. */
function decodeInPieces(bytes: Uint8Array, cuts: readonly number[]): Outcome {
  const decoder = new ChunkedDecoder();
  let body = "";
  let position = 0;
  for (const cut of [...cuts, bytes.length]) {
    // Only what has come lies in the buffer, at another place each time.
    const arrived = new Uint8Array(cut - position + 9).fill(0xaa);
    arrived.set(bytes.subarray(position, cut), 5);
    let at = 5;
    const end = 5 + cut - position;
    try {
      for (;;) {
        const what = decoder.next(arrived, at, end);
        assert(decoder.position >= at && decoder.position <= end, "position outside of the piece");
        at = decoder.position;
        if (what === "data") {
          assert(decoder.dataStart < decoder.dataEnd && decoder.dataEnd === at);
          body += textOf(arrived.subarray(decoder.dataStart, decoder.dataEnd));
        } else if (what === "end") {
          const used = position + at - 5;
          // Nothing more is read after the end.
          assert.equal(decoder.next(arrived, at, end), "end");
          assert.equal(decoder.position, at);
          return { body, trailers: textOf(decoder.trailers), used };
        } else {
          assert.equal(at, end, "asked for more without having read what is there");
          break;
        }
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return { error: error.status, message: error.message };
    }
    position = cut;
  }
  return { body, incomplete: true };
}

/** The outcome in one piece, after showing that every other way of cutting gives the same. */
function decodeEveryWay(text: string): Outcome {
  const bytes = bytesOf(text);
  const whole = decodeInPieces(bytes, []);
  assert.deepEqual(decodeInPieces(bytes, Array.from(bytes.keys())), whole, JSON.stringify(text));
  for (let cut = 1; cut < bytes.length; cut++) {
    assert.deepEqual(decodeInPieces(bytes, [cut]), whole, `${JSON.stringify(text)} at ${cut}`);
  }
  return whole;
}

function refused(text: string): number {
  const outcome = decodeEveryWay(text);
  assert("error" in outcome, `taken: ${JSON.stringify(text)}`);
  return outcome.error;
}

function taken(text: string, next = "GET /next"): { body: string; trailers: string } {
  const outcome = decodeEveryWay(text + next);
  assert("used" in outcome, `${JSON.stringify(text)}: ${JSON.stringify(outcome)}`);
  assert.equal(outcome.used, text.length, "the next request is not where the body ends");
  return { body: outcome.body, trailers: outcome.trailers };
}

Deno.test("chunked: chunks are joined, and the next request begins after the empty line", () => {
  assert.deepEqual(taken("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), {
    body: "hello world",
    trailers: "",
  });
  assert.deepEqual(taken("0\r\n\r\n"), { body: "", trailers: "" });
  assert.deepEqual(taken("4\r\n\r\n\r\n\r\n0\r\n\r\n"), { body: "\r\n\r\n", trailers: "" });
});

Deno.test("chunked: every prefix of a body asks for more, and is never taken for the whole", () => {
  const text = "a;x=y\r\n0123456789\r\n1\r\n.\r\n0\r\nX-Sum: 1\r\nY: z\r\n\r\n";
  for (let length = 0; length < text.length; length++) {
    assert("incomplete" in decodeInPieces(bytesOf(text.slice(0, length)), []), `${length}`);
  }
  taken(text);
});

Deno.test("F22 a chunk size is 1 to 16 hexadecimal digits in any case, and nothing else", () => {
  assert.equal(taken("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n").body.length, 20);
  assert.equal(taken("000000000000000A\r\n0123456789\r\n0000000000000000\r\n\r\n").body.length, 10);
  assert.equal(taken(`fF\r\n${"x".repeat(255)}\r\n00\r\n\r\n`).body.length, 255);
  for (
    const size of [
      ..."0x5|+5|5 | 5|-1|5\t|g|5g|\u00b2|5,|5.0|\x00|0000000000000000A|fffffffffffffffff".split(
        "|",
      ),
      ..."0_2e|0x|-0|-0x0|+0| 0|\t0|\xa05|5\xa0|5h|5\r|5;a=b\r|5;a\r;b".split("|"),
      ..."ffffffffffffffff|20000000000000|10000000000000005".split("|"),
      "",
    ]
  ) {
    assert.equal(refused(`${size}\r\nhello\r\n0\r\n\r\n`), 400, JSON.stringify(size));
  }
  // 2^53 - 1 is still a size.
  assert("incomplete" in decodeEveryWay("1fffffffffffff\r\nhello"));
});

Deno.test("F22 chunk lines end with CRLF, and chunks have exactly their size", () => {
  for (
    const text of [
      "5\nhello\r\n0\r\n\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\rhello\r\n0\r\n\r\n",
      "5\r\r\nhello\r\n0\r\n\r\n",
      "5\r\nhello!\r\n0\r\n\r\n",
      "5\r\nhell\r\n0\r\n\r\n",
      "5\r\nhello0\r\n\r\n",
      "5\r\nhello\r0\r\n\r\n",
      "0\n\r\n",
      "0\r\n\n",
      "0\r\n\rX",
      "0\r\r\n\r\n",
    ]
  ) {
    assert.equal(refused(text), 400, JSON.stringify(text));
  }
});

Deno.test("F23 chunk extensions are ignored", () => {
  assert.equal(taken("5;a=b;c\r\nhello\r\n0;last\r\n\r\n").body, "hello");
  assert.equal(taken('5;q="x;y\t z\xe9"\r\nhello\r\n0\r\n\r\n').body, "hello");
  for (
    const extension of [
      ";a",
      ";a=b",
      ";a;b=c;d",
      ";!#$%&'*+-.^_`|~0=!#$%&'*+-.^_`|~0",
      ';a=""',
      ';a="\\"\\\\\\\t\xe9";b',
    ]
  ) {
    assert.equal(taken(`5${extension}\r\nhello\r\n0${extension}\r\n\r\n`).body, "hello", extension);
  }
});

Deno.test("F23 white space around an extension and around its equals sign is read over", () => {
  for (
    const extension of [
      " ;a=b",
      "; a=b",
      ";a =b",
      ";a= b",
      ";a=b ",
      ";a ",
      ' \t ; \ta\t = \t"b c" \t; d \t',
    ]
  ) {
    assert.equal(taken(`5${extension}\r\nhello\r\n0${extension}\r\n\r\n`).body, "hello", extension);
  }
});

Deno.test("F23 an extension has a name, and what is no extension is refused with 400", () => {
  for (
    const extension of [
      ...";|; |;;|;;a|;a;|;a; |;=|;=b|; =b|;a=|;a= |;a=;b|;a==b|;a=b=c|;a b|;a=b c|z|,a|=b".split(
        "|",
      ),
      ..." z| |\t|  |;a\nb|;a\x00b|;a\x0bb|;\x7f|;\xe9|;a=\xe9|;(|;a=(|;a=[b]|;a\rb".split("|"),
      ...';"a"|;a="|;a="b|;a="b\\"|;a="b"c|;a="b""c"|;a="\x00"|;a="\\\x00"|;a="\x7f"|;a=b"c"'.split(
        "|",
      ),
    ]
  ) {
    assert.equal(refused(`5${extension}\r\nhello\r\n0\r\n\r\n`), 400, JSON.stringify(extension));
    assert.equal(refused(`0${extension}\r\n\r\n`), 400, JSON.stringify(extension));
  }
});

Deno.test("F23 the extensions of one body are bounded, all together", () => {
  const cuts = [1, 4000, 4090, 4095, 4096, 4097, 4098, 4099, 4100];
  // The bound counts what stands between the semicolon and the line feed.
  for (const [length, error] of [[4094, false], [4095, false], [4096, true], [9000, true]]) {
    const bytes = bytesOf(`1;${"e".repeat(length as number)}\r\nx\r\n0\r\n\r\n`);
    const whole = decodeInPieces(bytes, []);
    assert.equal("error" in whole, error, `${length}`);
    assert.deepEqual(decodeInPieces(bytes, cuts.filter((cut) => cut < bytes.length)), whole);
  }
  const many = decodeInPieces(bytesOf("1;eeeeeee\r\nx\r\n".repeat(600) + "0\r\n\r\n"), []);
  assert("error" in many);
});

Deno.test("F24 trailers are kept apart, as they came", () => {
  const lines = "X-Sum: 1\r\nHost: other\r\nContent-Length: 99\r\nTransfer-Encoding: gzip\r\n";
  assert.deepEqual(taken(`1\r\nx\r\n0\r\n${lines}\r\n`), { body: "x", trailers: lines });
  assert.deepEqual(taken("0\r\nX: \xe9\t\r\n\r\n"), { body: "", trailers: "X: \xe9\t\r\n" });
});

Deno.test("F24 trailers are held to the grammar of fields", () => {
  for (
    const lines of [
      "X : y\r\n",
      " X: y\r\n",
      "X: y\r\n z\r\n",
      "no colon\r\n",
      "X: a\x00\r\n",
      "X: y\n",
      ": y\r\n",
      "X: a\rb\r\n",
    ]
  ) {
    assert.equal(refused(`0\r\n${lines}\r\n`), 400, JSON.stringify(lines));
  }
});

Deno.test("F24 a trailer section of 8192 bytes or 128 fields is taken, more is 431", () => {
  for (const [length, status] of [[8191, 0], [8192, 0], [8193, 431], [20000, 431]]) {
    const lines = `X: ${"y".repeat(length! - 7)}\r\n\r\n`;
    assert.equal(lines.length, length);
    const bytes = bytesOf(`1\r\nx\r\n0\r\n${lines}GET /next`);
    const whole = decodeInPieces(bytes, []);
    assert.equal("error" in whole ? whole.error : 0, status, `${length}`);
    if ("used" in whole) assert.equal(whole.used, bytes.length - 9);
    for (const cuts of [[100, 5000], [9, 10, 11], [8200, 8201, 8202, 8203, 8204]]) {
      const inside = cuts.filter((cut) => cut < bytes.length);
      assert.deepEqual(decodeInPieces(bytes, inside), whole);
    }
  }
  for (const [count, status] of [[127, 0], [128, 0], [129, 431]]) {
    const whole = decodeInPieces(bytesOf(`0\r\n${"X: y\r\n".repeat(count!)}\r\n`), []);
    assert.equal("error" in whole ? whole.error : 0, status);
  }
});

Deno.test("chunked: random bodies in random chunks and random pieces come out whole", () => {
  const random = randomFrom(71);
  for (let round = 0; round < 300; round++) {
    let coded = "";
    let body = "";
    for (let chunks = Math.floor(random() * 6); chunks > 0; chunks--) {
      const size = 1 + Math.floor(random() * (random() < 0.1 ? 3000 : 40));
      const data = Array.from({ length: size }, () => String.fromCharCode(random() * 256)).join("");
      coded += chunkHeader(size) + data + "\r\n";
      body += data;
    }
    const trailers = random() < 0.3 ? "X: y\r\n" : "";
    coded += `0\r\n${trailers}\r\n`;
    const bytes = bytesOf(coded + "rest");
    const cuts = Array.from({ length: 8 }, () => Math.floor(random() * bytes.length));
    cuts.sort((a, b) => a - b);
    const outcome = decodeInPieces(bytes, cuts);
    assert.deepEqual(outcome, { body, trailers, used: coded.length });
  }
});

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
/** A chunk's size and its extensions (RFC 9112 section 7.1.1), with white space after the last one too. */
const LINE = new RegExp(
  `^([0-9a-fA-F]{1,16})(?:(?:[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED}))?)+[ \\t]*)?\\r\\n`,
);

/** Reads the grammar of RFC 9112 section 7.1 slowly and independently; undefined where it does not match. */
function decodeByGrammar(
  text: string,
): { body: string; trailers: string; used: number } | undefined {
  let body = "";
  let at = 0;
  for (;;) {
    const line = LINE.exec(text.slice(at));
    if (line === null) return undefined;
    at += line[0].length;
    const size = parseInt(line[1]!, 16);
    if (size === 0) break;
    const data = text.slice(at, at + size);
    at += size;
    if (text.slice(at, at + 2) !== "\r\n" || data.length !== size) return undefined;
    at += 2;
    body += data;
  }
  const end = /^((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n/.exec(
    text.slice(at),
  );
  if (end === null) return undefined;
  return { body, trailers: end[1]!, used: at + end[0].length };
}

Deno.test("chunked: mutated bodies are refused or read as the grammar says, and alike in every split", () => {
  const random = randomFrom(4711);
  const seeds = [
    "5\r\nhello\r\n0\r\n\r\n",
    '5 ;a = "b\\"";c\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\nZ: \r\n\r\n',
    "1\r\nx\r\n1\r\ny\r\n1\r\nz\r\n000\r\n\r\nGET / HTTP/1.1\r\n\r\n",
  ];
  const splinters =
    '\r|\n|\r\n|0|1|a|F|;|;;|=|"|\\\\| |\t|\x00|-|+|0x|ffffffff|X: y\r\n|0\r\n\r\n|\xff'.split(
      "|",
    );
  let read = 0;
  let bad = 0;
  for (let round = 0; round < 8000; round++) {
    let text = seeds[round % seeds.length]!;
    for (let times = 1 + Math.floor(random() * 2); times > 0; times--) {
      const i = Math.floor(random() * (text.length + 1));
      const j = Math.min(text.length, i + Math.floor(random() * 4));
      const splinter = splinters[Math.floor(random() * splinters.length)]!;
      text = text.slice(0, i) + (random() < 0.7 ? splinter : "") +
        text.slice(random() < 0.5 ? i : j);
    }
    const bytes = bytesOf(text);
    const whole = decodeInPieces(bytes, []);
    assert.deepEqual(decodeInPieces(bytes, Array.from(bytes.keys())), whole, JSON.stringify(text));
    const cuts = [random(), random(), random()].map((part) => Math.floor(part * bytes.length));
    cuts.sort((a, b) => a - b);
    assert.deepEqual(decodeInPieces(bytes, cuts), whole, JSON.stringify(text));
    const grammar = decodeByGrammar(text);
    if ("used" in whole) {
      read++;
      assert.deepEqual(whole, grammar, JSON.stringify(text));
    } else {
      assert.equal(grammar, undefined, JSON.stringify(text));
      if ("error" in whole) {
        bad++;
        assert(whole.error === 400 || whole.error === 431);
      }
    }
  }
  assert(read > 500 && bad > 500, `${read} read, ${bad} refused: the mutations test nothing`);
});
