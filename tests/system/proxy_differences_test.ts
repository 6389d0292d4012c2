/** Claims that relay and agent change nothing of a request and its answer but what tunnel/PROTOCOL.md names. @module */

import assert from "node:assert/strict";
import { origin } from "../http/client/origin.ts";
import { Household } from "../support/crunch.ts";
import { AnswerHead, bytesOf, latin1Of, Visitor } from "../support/visitor.ts";

interface Case {
  readonly method?: string;
  readonly target?: string;
  /** Field lines besides Host and X-Case. */
  readonly lines?: readonly string[];
  /** All that follows the head, framed. */
  readonly body?: string;
  /** Status line, field lines, empty line and body. */
  readonly answer?: string;
  /** Interim answers in front of it. */
  readonly interim?: string;
}

const OK = "HTTP/1.1 200 OK\r\nDate: then\r\nContent-Length: 2\r\n\r\nok";
const chunked = (text: string, lines = "", trailers = "") =>
  `HTTP/1.1 200 OK\r\n${lines}Transfer-Encoding: chunked\r\n\r\n${text}0\r\n${trailers}\r\n`;
const bare = (line: string, ...lines: string[]) =>
  `HTTP/1.1 ${[line, ...lines].map((one) => `${one}\r\n`).join("")}\r\n`;
const sized = (line: string, lines: readonly string[], body = "body") =>
  bare(line, ...lines, `Content-Length: ${body.length}`) + body;

const METHODS = ["GET", "HEAD", "OPTIONS", "DELETE", "PATCH", "PROPFIND", "M-SEARCH", "get", "x!"];
const TARGETS = [
  "/",
  "/?",
  "/??a=b?c",
  "/a//b///",
  "/%2F%2f%00%7e~",
  "/a;b=c,d;e",
  "/a/%2e%2e/b",
  "/x?a=1&a=2&&=&%zz",
  "/!$&'()*+,;=:@",
  "/q?/../?:@!'()*",
  '/[a]|{b}^`"<>?[|]',
  "/%E2%82%AC?%80",
  `/${"long/".repeat(1000)}?${"q".repeat(5000)}`,
];
const FIELDS: readonly (readonly string[])[] = [
  ["x-ODD-case: 1", "X-oDD-CASE: 2", "ACCEPT: */*", "uSER-aGENT: me"],
  ["Z: 1", "A: 2", "Z: 3", "A: 4", "M:", "M:   ", "N: \t spaced \t "],
  ["Cookie: a=1; b=2", "cookie: c=3", "Authorization: Basic YTpi"],
  ["X-High: \xe4\xf6\xff", 'X-Quoted: "a, b\\"c"', "X-Comma: a,,b, ,c"],
  ["If-None-Match: *", "Range: bytes=0-1", 'If-Match: W/"a", "b"', "If-Range: x"],
  ["Accept-Encoding: gzip;q=0, br", "Cache-Control: no-cache", "Pragma: no-cache"],
  ["Connection: x-hop, keep-alive", "X-Hop: 1", "Keep-Alive: timeout=1", "X-Stays: 1"],
  ["TE: trailers", "Connection: TE", "Origin: null", "Referer: http://elsewhere/?x"],
  [`X-Long: ${"v".repeat(20_000)}`],
  Array.from({ length: 100 }, (_, i) => `F${i % 7}: ${i}`),
  ["!#$%&'*+-.^_`|~09az: every letter of a token"],
];
const ANSWERS = [
  "HTTP/1.1 200 \r\nDate: then\r\nContent-Length: 0\r\n\r\n",
  sized("200 As It Likes", ["x-ODD: 1", "Set-Cookie: a=1", "A: 2", "SET-cookie: b=2; Path=/x"]),
  sized("200 OK", ["Set-Cookie: a=1; HttpOnly; SameSite=Lax; X=y", "Set-Cookie: a=2", "Date: x"]),
  sized("404 Not Here", ["Server: s", "Server: t", "Vary: a", "Vary: b", "V:"]),
  sized("302 Found", ["Location: /else?x#y", "Content-Location: /c", "Refresh: 1; url=/z"]),
  sized("200 OK", ["Content-Encoding: gzip", 'ETag: W/"x"', "Last-Modified: then"], "\x1f\x8b\0"),
  sized("500 Broken", ["X-High: \xe4\xff", 'WWW-Authenticate: Basic realm="a, b", Digest x=y']),
  sized("299 Odd", ["Connection: x-hop", "X-Hop: 1", "Keep-Alive: timeout=9", "X-Stays: 1"]),
  sized("599 Odd Too", [], "x".repeat(200_000)),
  sized("401 No", Array.from({ length: 100 }, (_, i) => `G${i % 5}: ${i}`)),
  bare("204 No Content", "X-A: 1"),
  bare("304 Not Modified", 'ETag: "a"', "Content-Length: 77"),
  bare("304 Not Modified", "Date: then"),
  chunked("3\r\nabc\r\nA;ext=1\r\n0123456789\r\n", "X-A: 1\r\n"),
  chunked("3\r\nabc\r\n", "Trailer: X-Sum\r\n", "X-Sum: 3\r\nx-SUM: 4\r\n"),
  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
];
/** Content-Length frames the answer anew on each way, and comes last then. */
const HEADED = bare("200 OK", "Content-Type: a/b", "Content-Length: 1234");

const CASES: readonly Case[] = [
  ...METHODS.map((method): Case => ({ method, answer: method === "HEAD" ? HEADED : OK })),
  ...TARGETS.map((target): Case => ({ target })),
  ...FIELDS.map((lines): Case => ({ lines })),
  ...ANSWERS.map((answer): Case => ({ answer })),
  { method: "POST", lines: ["content-LENGTH: 3", "After: 1"], body: "abc" },
  { method: "POST", lines: ["Content-Length: 0"] },
  { method: "PUT", lines: ["Content-Length: 100000"], body: "\xff\0".repeat(50_000) },
  { method: "DELETE", lines: ["Content-Type: a", "Content-Length: 2"], body: "{}" },
  { method: "GET", lines: ["Content-Length: 4"], body: "body" },
  { method: "POST", lines: ["Transfer-Encoding: chunked"], body: "0\r\n\r\n" },
  {
    method: "POST",
    lines: ["transfer-ENCODING: Chunked", "B: 1"],
    body: "3;x=y\r\nabc\r\n0a\r\n0123456789\r\n0\r\n\r\n",
  },
  {
    method: "POST",
    lines: ["Trailer: X-Sum", "Transfer-Encoding: chunked"],
    body: "3\r\nabc\r\n0\r\nX-Sum: 3\r\nx-sum:  4\r\n\r\n",
    answer: chunked("2\r\nok\r\n", "", "Y: 1\r\n"),
  },
  {
    method: "POST",
    lines: ["Expect: 100-continue", "Content-Length: 3"],
    body: "abc",
    interim: bare("100 Continue"),
  },
  { interim: bare("103 Early Hints", "Link: </a>", "link: </b>") + bare("102 Processing") },
];

/** What tunnel/PROTOCOL.md says that the relay adds to requests, and what is about one hop. */
const ADDED = /^(x-forwarded-(for|proto|host|port|prefix)|x-real-ip|forwarded|x-request-id|via): /i;
const HOP = /^(connection|keep-alive|proxy-connection|te|upgrade|transfer-encoding|x-hop):/i;
/** White space around a value is not part of it (RFC 9110 section 5.5). */
const trimmed = (line: string) => line.replace(/^([^:]*):[ \t]*(.*?)[ \t]*$/s, "$1: $2");
const linesOf = (head: string) => head.slice(0, -4).split("\r\n").slice(1).map(trimmed);

interface Seen {
  readonly line: string;
  readonly lines: string[];
  readonly isChunked: boolean;
  readonly body: string;
  readonly trailers: string;
}

/** Reads one request as it comes; `greet` runs when its head is here. */
async function seen(connection: Visitor, greet: (head: string) => Promise<void>): Promise<Seen> {
  const text = await connection.until("\r\n\r\n");
  await greet(text);
  const line = text.slice(0, text.indexOf("\r\n"));
  const head = new AnswerHead(text.replace(/^.*/, () => "HTTP/1.1 200 OK"));
  const coding = head.get("transfer-encoding");
  const framed = coding === null
    ? head
    : new AnswerHead(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding.toLowerCase()}\r\n\r\n`);
  const { body, trailers } = coding === null && head.get("content-length") === null
    ? { body: new Uint8Array(0), trailers: "" }
    : await connection.body(framed);
  const isChunked = coding !== null;
  return { line, lines: linesOf(text), isChunked, body: latin1Of(body), trailers };
}

Deno.test("proxy: what an application sees and what a visitor gets differ from a direct request only in what PROTOCOL.md names", async (t) => {
  await using household = new Household();
  const recorded: Seen[] = [];
  await using app = origin(async (connection) => {
    for (;;) {
      let one: Case = {};
      try {
        const request = await seen(connection, async (head) => {
          one = CASES[Number(/\r\nX-Case: (\d+)/.exec(head)![1])]!;
          if (one.interim !== undefined) await connection.send(one.interim);
        });
        recorded.push(request);
      } catch {
        return;
      }
      const answer = one.answer ?? OK;
      await connection.send(bytesOf(answer));
      if (/\r\nConnection: close/.test(answer)) return connection.close();
    }
  });
  const relay = await household.relay();
  await household.agent(["--proxy", `http://127.0.0.1:${app.port}`]);
  const host = `local.localhost:${relay.http.split(":")[1]}`;

  const exchange = async (address: string, index: number, prefix = "") => {
    const { method = "GET", target = "/", lines = [], body = "" } = CASES[index]!;
    using visitor = await Visitor.connect(address);
    const head = [
      `${method} ${prefix}${target} HTTP/1.1`,
      `Host: ${prefix === "" ? host : relay.http}`,
      `X-Case: ${index}`,
      ...lines,
    ];
    await visitor.send(bytesOf(`${head.join("\r\n")}\r\n\r\n${body}`));
    const answer = await visitor.answer({ method });
    assert.equal(recorded.length, 1, `${answer.head.text}\r\n${answer.text}`);
    return { request: recorded.pop()!, answer };
  };

  assert.ok(CASES.length >= 50);
  for (const [index, one] of CASES.entries()) {
    const what = `${one.method ?? "GET"} ${one.target ?? "/"}`.slice(0, 40);
    await t.step(`${index}: ${what}`, async () => {
      const direct = await exchange(`127.0.0.1:${app.port}`, index);
      const passed = await exchange(relay.http, index);
      const requestOf = ({ request }: typeof direct) => ({
        ...request,
        lines: request.lines.filter((line) => !ADDED.test(line) && !HOP.test(line)),
      });
      assert.deepEqual(requestOf(passed), requestOf(direct));

      const hasDate = direct.answer.head.getAll("date").length > 0;
      const answerOf = ({ answer: { head, interim, body, trailers } }: typeof direct) => ({
        line: `${head.version} ${head.status} ${head.reason}`,
        lines: linesOf(head.text).filter((line) =>
          !HOP.test(line) && !/^x-request-id:/i.test(line) && (hasDate || !/^date:/i.test(line))
        ),
        interim: interim.map(({ text }) => text),
        body: latin1Of(body),
        trailers,
      });
      assert.deepEqual(answerOf(passed), answerOf(direct));

      const below = await exchange(relay.http, index, "/local");
      const withoutHost = (seen: Seen) => ({
        ...seen,
        lines: seen.lines.filter((line) => !line.startsWith("Host: ")),
      });
      assert.deepEqual(withoutHost(requestOf(below)), withoutHost(requestOf(direct)));
      assert.deepEqual(
        [below.answer.status, latin1Of(below.answer.body), below.answer.trailers],
        [direct.answer.status, latin1Of(direct.answer.body), direct.answer.trailers],
      );
    });
  }
});
