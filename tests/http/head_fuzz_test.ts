/** Claims about heads that were mutated at random: read as the grammar says, or refused. @module */

import assert from "node:assert/strict";
import type { HeadKind } from "../../http/head.ts";
import { parseInPieces } from "./head_pieces.ts";
import { bytesOf, randomFrom } from "./visitor.ts";

// An independent reading of the grammar (RFC 9112 sections 3 and 5), slow and short.
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
const FIELDS = `((?:${TOKEN}+:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n)*)\\r\\n`;
const REQUEST = new RegExp(
  `^(?:\\r\\n)?(${TOKEN}{1,64}) ([!-"$-~]+) HTTP/1\\.(\\d)\\r\\n${FIELDS}`,
);
const RESPONSE = new RegExp(
  `^HTTP/1\\.(\\d) ([1-5]\\d\\d)(?: ([\\t\\x20-\\x7e\\x80-\\xff]*))?\\r\\n${FIELDS}`,
);

/** A GET with these field lines beside a Host. */
function get(lines: string): string {
  return `GET / HTTP/1.1\r\nHost: h\r\n${lines}\r\n`;
}

const SEEDS: Array<[HeadKind, string]> = [
  ["request", get("X: y\r\nAccept: */*\r\n")],
  ["request", "POST /p?q HTTP/1.1\r\nHost: h:80\r\nContent-Length: 12\r\n\r\nhello world!"],
  [
    "request",
    "\r\nPUT http://h/p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTE: x\r\n\r\n0\r\n\r\n",
  ],
  [
    "request",
    get("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nExpect: 100-continue\r\n"),
  ],
  ["response", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"],
  ["response", "HTTP/1.1 301 Moved\r\nLocation: /x\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["trailers", "X-Sum: 1\r\nY: \r\n\r\n"],
];
const SPLINTERS = [
  ..."\r|\n|\r\n|\r\n\r\n| |\t|:|,|;|\x00|\x7f|\x80|\xa0|\xff|/|#|@|[|]|%|*|0|-1".split("|"),
  ..."Host: h\r\n|Content-Length: 5\r\n|Transfer-Encoding: chunked\r\n|HTTP/1.1|close".split("|"),
];

function mutate(text: string, random: () => number): string {
  const at = (n: number) => Math.floor(random() * n);
  for (let times = 1 + at(3); times > 0; times--) {
    const i = at(text.length + 1);
    const j = Math.min(text.length, i + at(12));
    switch (at(5)) {
      case 0:
        text = text.slice(0, i) + String.fromCharCode(at(256)) + text.slice(i + 1);
        break;
      case 1:
        text = text.slice(0, i) + text.slice(j);
        break;
      case 2:
        text = text.slice(0, j) + text.slice(i);
        break;
      case 3:
        text = text.slice(0, i) + SPLINTERS[at(SPLINTERS.length)] + text.slice(i);
        break;
      default:
        text = text.slice(0, i) + SPLINTERS[at(SPLINTERS.length)] + text.slice(j);
    }
  }
  return text;
}

Deno.test("head: mutated heads are refused or read as the grammar says, and alike in every split", () => {
  const random = randomFrom(20261120);
  const statuses = new Set([400, 414, 417, 431, 501, 505]);
  let read = 0;
  let bad = 0;
  for (let round = 0; round < 6000; round++) {
    const [kind, seed] = SEEDS[round % SEEDS.length]!;
    const text = mutate(seed, random);
    const bytes = bytesOf(text);
    const whole = parseInPieces(bytes, kind, []);
    const cuts = Array.from({ length: 4 }, () => Math.floor(random() * bytes.length)).sort((a, b) =>
      a - b
    );
    const moved = () => Math.floor(random() * 100);
    assert.deepEqual(parseInPieces(bytes, kind, cuts, { moved }), whole, JSON.stringify(text));
    const each = Array.from(bytes.keys());
    assert.deepEqual(parseInPieces(bytes, kind, each), whole, JSON.stringify(text));
    const grammar = kind === "request"
      ? REQUEST.exec(text)
      : kind === "response"
      ? RESPONSE.exec(text)
      : new RegExp("^" + FIELDS).exec(text);
    if (whole === "incomplete") {
      assert.equal(grammar, null, JSON.stringify(text));
    } else if ("error" in whole) {
      bad++;
      assert(statuses.has(whole.error), `${whole.error}: ${JSON.stringify(text)}`);
    } else {
      read++;
      assert(grammar !== null, `taken against the grammar: ${JSON.stringify(text)}`);
      assert.equal(whole.end, grammar[0].length);
      const lines = grammar[grammar.length - 1]!.split("\r\n").slice(0, -1);
      assert.deepEqual(
        (whole.told.lines as string[]).map((line) => line.split("|").pop()),
        lines.map((line) => line + "\r\n").map((line) => line.split("|").pop()),
      );
      assert.equal((whole.told.lines as string[]).length, lines.length);
      if (kind === "request") assert.equal(whole.told.method, grammar[1]);
      if (kind === "response") assert.equal(whole.told.status, Number(grammar[2]));
    }
  }
  assert(read > 500 && bad > 500, `${read} read, ${bad} refused: the mutations test nothing`);
});
