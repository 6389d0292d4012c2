/** Claims about the parser of heads: what it takes, what it refuses, and that the split of the bytes never matters. @module */

import assert from "node:assert/strict";
import { Field, fieldNumber } from "../../http/field.ts";
import {
  CHUNKED,
  DEFAULT_HEAD_LIMITS,
  Head,
  type HeadKind,
  parseHead,
  UNTIL_CLOSE,
} from "../../http/head.ts";
import { HttpError } from "../../http/http_error.ts";
import { parseEveryWay, told } from "./head_pieces.ts";
import { bytesOf } from "./visitor.ts";

function taken(text: string, kind: HeadKind = "request"): Head {
  const outcome = parseEveryWay(text, kind);
  assert(typeof outcome === "object" && "end" in outcome, `${text}: ${JSON.stringify(outcome)}`);
  assert.equal(outcome.end, text.length);
  return parseHead(bytesOf(text), kind);
}

function refused(text: string, kind: HeadKind = "request"): number {
  const outcome = parseEveryWay(text, kind);
  assert(typeof outcome === "object" && "error" in outcome, `taken: ${JSON.stringify(text)}`);
  return outcome.error;
}

/** A GET with these field lines beside a Host. */
function get(lines: string): string {
  return `GET / HTTP/1.1\r\nHost: h\r\n${lines}\r\n`;
}

Deno.test("head: a browser's request comes out as it was sent, in any split", () => {
  const head = taken(
    "GET /alice/a%20b.txt?x=1&y=/../ HTTP/1.1\r\nHost: Localhost:8080\r\nACCEPT:text/html\r\n" +
      "X-Empty:\r\nX-Blank: \t \r\nX-Mixed-Case: \t a  b\t\r\nCookie: a=b\r\ncookie: c=d\r\n\r\n",
  );
  assert.equal(head.method, "GET");
  assert.equal(head.target, "/alice/a%20b.txt?x=1&y=/../");
  assert.equal(head.authority, "Localhost:8080");
  assert.equal(head.get(Field.accept), "text/html");
  assert.deepEqual(head.getAll(Field.cookie), ["a=b", "c=d"]);
  assert.equal(head.has(Field.range), false);
  assert.deepEqual([head.name(2), head.value(2)], ["X-Empty", ""]);
  assert.deepEqual([head.name(3), head.value(3)], ["X-Blank", ""]);
  assert.deepEqual([head.name(4), head.value(4)], ["X-Mixed-Case", "a  b"]);
  assert.equal(head.number(4), 0);
});

Deno.test("head: what follows a head is not touched", () => {
  const text = get("");
  const outcome = parseEveryWay(text + "\x00garbage", "request");
  assert(typeof outcome === "object" && "end" in outcome);
  assert.equal(outcome.end, text.length);
});

Deno.test("head: field bytes over 127 and the case of names are kept as they came", () => {
  const head = taken(get("X-Mixed-CASE: x\r\nx-BYTES: \x80\xe9\xff\r\n"));
  assert.equal(head.name(1), "X-Mixed-CASE");
  assert.equal(head.name(2), "x-BYTES");
  assert.equal(head.value(2), "\x80\xe9\xff");
  assert.equal(refused(get("X-\xdcnicode: x\r\n")), 400);
});

Deno.test("head: every known field name is found in any case, and no neighbour of it", () => {
  for (const [name, number] of Object.entries(Field)) {
    for (const way of [name, name.toUpperCase(), name.replace(/^./, (c) => c.toUpperCase())]) {
      const bytes = bytesOf(`..${way}..`);
      assert.equal(fieldNumber(bytes, 2, 2 + way.length), number, way);
    }
    for (const way of [`${name}x`, name.slice(1), name.replace(/.$/, "~"), name + "-"]) {
      const known = (Field as Record<string, number>)[way] ?? 0;
      assert.equal(fieldNumber(bytesOf(way), 0, way.length), known, way);
    }
    // Bit 5 folds letters only: `@` is no lower-case backquote, `^` no `~`, `\r` no `-`.
    const bytes = bytesOf(name);
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice();
      changed[i]! ^= 32;
      const letter = bytes[i]! >= 97;
      assert.equal(fieldNumber(changed, 0, changed.length), letter ? number : 0);
    }
  }
});

Deno.test("F1 HTTP/1.1 without Host is refused with 400", () => {
  assert.equal(refused("GET / HTTP/1.1\r\nAccept: */*\r\n\r\n"), 400);
  assert.equal(refused("GET http://h/ HTTP/1.1\r\n\r\n"), 400);
});

Deno.test("F2 two Host lines, or a Host that is no host, are refused with 400", () => {
  assert.equal(refused("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"), 400);
  for (
    const host of [
      ..."a b|u@h|h/p|a,b|h?q|h#f|a\\b|<h>|h;p|h'|h\"|a%41b|%|h%2fp|*".split("|"),
      ..."h:80:80|h:x|h:-1|h:+80|h:65536|h:99999|h:123456|h: 80|:80|h:80 x|:".split("|"),
      ..."h\xe9.example|\x80|h\xff:80|[::1\xff]|\xa0h".split("|"),
      ..."[::1|::1]|[]|[]:80|[::1]x|x[::1]|[g::1]|[::1%25eth0]|[::1]:99999|[[::1]]|::1"
        .split("|"),
    ]
  ) {
    assert.equal(refused(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`), 400, host);
    if (!/[ #]/.test(host) && !/^h[/?]/.test(host)) {
      assert.equal(refused(`GET http://${host}/ HTTP/1.1\r\nHost: h\r\n\r\n`), 400, host);
    }
  }
});

Deno.test("F2 each well-formed Host is taken", () => {
  for (
    const host of [
      ..."h|H.example|h:80|h:|h:0|h:65535|127.0.0.1:8080|[::1]|[::1]:80|[::ffff:1.2.3.4]".split(
        "|",
      ),
      ..."a_b.example|xn--e1afmkfd.example|h.|~h".split("|"),
      "",
    ]
  ) {
    assert.equal(taken(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`).authority, host);
  }
});

Deno.test("F3 HTTP/1.0 needs no Host, and keeps the connection only when asked to", () => {
  const head = taken("GET / HTTP/1.0\r\n\r\n");
  assert.equal(head.minor, 0);
  assert.equal(head.keepAlive, false);
  assert.equal(head.authority, "");
  assert.equal(taken("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keepAlive, true);
  assert.equal(taken("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").keepAlive, false);
  assert.equal(refused("GET / HTTP/1.0\r\nHost: a b\r\n\r\n"), 400);
});

Deno.test("F4, F5 of an absolute target the authority beats Host, and the rest is the path", () => {
  const cases = [
    ["http://other:81/p?q", "other:81", "/p?q"],
    ["HTTP://Other", "Other", "/"],
    ["https://other?q=/x", "other", "/?q=/x"],
    ["http://[::1]:8080//double", "[::1]:8080", "//double"],
    ["http://other/http://third/", "other", "/http://third/"],
  ];
  for (const [target, authority, path] of cases) {
    const head = taken(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`);
    assert.equal(head.absolute, true);
    assert.equal(head.authority, authority);
    assert.equal(head.target, path);
  }
  assert.equal(taken(get("")).absolute, false);
  for (
    const target of "http://|http:///p|http://?q|http:/p|ftp://h/|h/p|h|?q|a:80|http://u@h/"
      .split("|")
  ) {
    assert.equal(refused(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`), 400, target);
  }
});

Deno.test("F6 only OPTIONS can be asked of *", () => {
  assert.equal(taken("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").target, "*");
  assert.equal(refused("GET * HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  assert.equal(refused("OPTIONS ** HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
});

Deno.test("F7 CONNECT is refused with 501, whatever its target", () => {
  for (const target of ["h:443", "/", "http://h/", "*"]) {
    assert.equal(refused(`CONNECT ${target} HTTP/1.1\r\nHost: h\r\n\r\n`), 501, target);
  }
  assert.equal(refused("CONNECT / HTTP/1.0\r\n\r\n"), 501);
});

Deno.test("F8 a target of the limit is taken, one byte more is 414", () => {
  const limits = { head: 400, target: 100, fields: 4 };
  for (const length of [99, 100]) {
    const text = `GET /${"a".repeat(length - 1)} HTTP/1.1\r\nHost: h\r\n\r\n`;
    const outcome = parseEveryWay(text, "request", limits);
    assert(typeof outcome === "object" && "end" in outcome);
  }
  for (const length of [101, 102, 395, 500]) {
    const text = `GET /${"a".repeat(length - 1)} HTTP/1.1\r\nHost: h\r\n\r\n`;
    const outcome = parseEveryWay(text, "request", limits);
    assert.equal(typeof outcome === "object" && "error" in outcome && outcome.error, 414);
  }
  // Where the target alone breaks the limit of the head.
  const outcome = parseEveryWay(`GET /${"a".repeat(100)} HTTP/1.1`, "request", {
    head: 60,
    target: 100,
    fields: 4,
  });
  assert.equal(typeof outcome === "object" && "error" in outcome && outcome.error, 414);
  assert(DEFAULT_HEAD_LIMITS.target >= 8000, "RFC 9112 section 3 recommends 8000 octets");
  assert.equal(
    parseHead(bytesOf(`GET /${"a".repeat(16383)} HTTP/1.0\r\n\r\n`), "request").count,
    0,
  );
});

Deno.test("F9 a head of the limit is taken, one byte more is 431", () => {
  const rest = "GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n";
  for (const blank of ["", "\r\n"]) {
    for (const [length, status] of [[199, 0], [200, 0], [201, 431], [202, 431], [300, 431]]) {
      const text = blank + rest.replace("X: ", `X: ${"v".repeat(length! - rest.length)}`);
      const outcome = parseEveryWay(text, "request", { head: 200, target: 100, fields: 4 });
      assert(typeof outcome === "object");
      assert.equal("error" in outcome ? outcome.error : 0, status, `${blank.length} + ${length}`);
    }
  }
});

Deno.test("F9 as many fields as the limit are taken, one more is 431", () => {
  const limits = { head: 4000, target: 100, fields: 40 };
  for (const [count, status] of [[39, 0], [40, 0], [41, 431]]) {
    const text = get("X: y\r\n".repeat(count! - 1));
    const outcome = parseEveryWay(text, "request", limits);
    assert(typeof outcome === "object");
    assert.equal("error" in outcome ? outcome.error : 0, status);
  }
});

Deno.test("F10 an unknown method is left to who answers; one beyond 64 letters is 501", () => {
  assert.equal(taken("BREW / HTTP/1.1\r\nHost: h\r\n\r\n").method, "BREW");
  assert.equal(taken("get / HTTP/1.1\r\nHost: h\r\n\r\n").method, "get");
  assert.equal(taken(`${"M".repeat(64)} / HTTP/1.1\r\nHost: h\r\n\r\n`).method.length, 64);
  assert.equal(refused(`${"M".repeat(65)} / HTTP/1.1\r\nHost: h\r\n\r\n`), 501);
});

Deno.test("F11 white space before a field's colon is refused with 400", () => {
  for (const line of ["X : y", "X\t: y", " X: y", "Host : h", "Content-Length : 5"]) {
    assert.equal(refused(get(line + "\r\n")), 400, line);
  }
});

Deno.test("F12 folded lines are refused with 400", () => {
  assert.equal(refused(get("X: a\r\n b\r\n")), 400);
  assert.equal(refused(get("X: a\r\n\tb: c\r\n")), 400);
  assert.equal(refused(get("X: a\r\n \r\n")), 400);
});

Deno.test("F13 folded lines and garbage in a response are refused", () => {
  for (
    const text of [
      "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
      "HTTP/1.1 200 OK\r\n X: a\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
      "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: a\x00\r\n\r\n",
      "HTTP/1.1 200 OK\nX: a\n\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 600 OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/1.1 -20 OK\r\n\r\n",
      "HTTP/1.1 200\tOK\r\n\r\n",
      "HTTP/1.1 200 O\x01K\r\n\r\n",
      "HTP/1.1 200 OK\r\n\r\n",
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
    ]
  ) {
    assert.equal(refused(text, "response"), 400, JSON.stringify(text));
  }
  assert.equal(refused("HTTP/2.0 200 OK\r\n\r\n", "response"), 505);
  assert.equal(refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: br\r\n\r\n", "response"), 501);
});

Deno.test("head: responses say where their body ends", () => {
  const cases: Array<[string, number, boolean]> = [
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 5, true],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", CHUNKED, true],
    ["HTTP/1.1 200 OK\r\n\r\n", UNTIL_CLOSE, true],
    ["HTTP/1.0 200 OK\r\n\r\n", UNTIL_CLOSE, false],
    ["HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 0, true],
    ["HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", 0, false],
    ["HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 0, true],
    ["HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 0, true],
    ["HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 0, true],
  ];
  for (const [text, length, keepAlive] of cases) {
    const head = taken(text, "response");
    assert.equal(head.bodyLength, length, text);
    assert.equal(head.keepAlive, keepAlive, text);
  }
  const head = taken("HTTP/1.1 418 I'm a t\xe9apot\r\n\r\n", "response");
  assert.equal(head.status, 418);
  assert.equal(head.reason, "I'm a t\xe9apot");
});

Deno.test("F14 control bytes in a field value are refused with 400", () => {
  for (let byte = 0; byte < 256; byte++) {
    const line = `X: a${String.fromCharCode(byte)}b\r\n`;
    if (byte === 9 || (byte >= 32 && byte !== 127)) taken(get(line));
    else assert.equal(refused(get(line)), 400, `byte ${byte}`);
  }
});

Deno.test("head: a field name is a token of at least one byte", () => {
  for (let byte = 0; byte < 256; byte++) {
    const char = String.fromCharCode(byte);
    // A colon only ends the name earlier.
    if (char === ":" || /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(char)) taken(get(`a${char}b: c\r\n`));
    else assert.equal(refused(get(`a${char}b: c\r\n`)), 400, `byte ${byte}`);
  }
  assert.equal(refused(get(": c\r\n")), 400);
  assert.equal(refused(get("no-colon\r\n")), 400);
});

Deno.test("head: a request target holds visible ASCII only, and no fragment", () => {
  for (let byte = 0; byte < 256; byte++) {
    const char = String.fromCharCode(byte);
    const text = `GET /a${char}b HTTP/1.1\r\nHost: h\r\n\r\n`;
    if (byte > 32 && byte < 127 && char !== "#") {
      assert.equal(taken(text).target, `/a${char}b`);
    } else assert.equal(refused(text), 400, `byte ${byte}`);
  }
});

Deno.test("F15 a carriage return or line feed alone is refused, and so is a first line of white space", () => {
  for (
    const text of [
      "GET / HTTP/1.1\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n\n",
      "GET / HTTP/1.1\rHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n\rX",
      "GET / HTTP/1.1\r\n \r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\n\tX: y\r\nHost: h\r\n\r\n",
      "GET /\rHTTP/1.1\r\n",
      "GET\r/ HTTP/1.1\r\n",
      "\rGET / HTTP/1.1\r\n",
      "\nGET / HTTP/1.1\r\n",
      " GET / HTTP/1.1\r\n",
    ]
  ) {
    assert.equal(refused(text), 400, JSON.stringify(text));
  }
});

Deno.test("head: the request line has exactly two spaces", () => {
  for (
    const line of [
      "GET  / HTTP/1.1",
      "GET /  HTTP/1.1",
      "GET / HTTP/1.1 ",
      "GET\t/ HTTP/1.1",
      "GET /",
      "GET",
      "GET / ",
      "/ HTTP/1.1",
    ]
  ) {
    assert.equal(refused(`${line}\r\nHost: h\r\n\r\n`), 400, line);
  }
});

Deno.test("F16 one empty line before a request is forgiven, two are not", () => {
  assert.equal(taken("\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n").target, "/x");
  assert.equal(refused("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
});

Deno.test("head: an empty line alone does not begin a head", () => {
  const head = new Head();
  head.reset("request", 0);
  const bytes = bytesOf("\r\nG");
  assert.equal(head.parse(bytes, 2), false);
  assert.equal(head.begun, false);
  assert.equal(head.parse(bytes, 3), false);
  assert.equal(head.begun, true);
});

Deno.test("F17 a Content-Length that is not one plain number is refused with 400", () => {
  for (
    const value of [
      ..."abc|-1|+5|0x5|1_0|5, 7|5,5|5 5|5.0|1e3|5;|\x35\xb2|999999999999999999999|''".split("|"),
      "",
      "1".repeat(16),
    ]
  ) {
    assert.equal(refused(get(`Content-Length: ${value}\r\n`)), 400, value);
  }
  assert.equal(refused(get("Content-Length: 5\r\nContent-Length: 5\r\n")), 400);
  assert.equal(refused(get("Content-Length: 5\r\nContent-Length: 7\r\n")), 400);
  assert.equal(taken(get("Content-Length: \t005 \r\n")).bodyLength, 5);
  assert.equal(taken(get("Content-Length: 999999999999999\r\n")).bodyLength, 999999999999999);
  assert.equal(taken(get("Content-Length: 0\r\n")).bodyLength, 0);
});

Deno.test("F18 Transfer-Encoding beside Content-Length is refused with 400", () => {
  assert.equal(refused(get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")), 400);
  assert.equal(refused(get("Content-Length: 0\r\nTRANSFER-ENCODING: chunked\r\n")), 400);
});

Deno.test("F19 a last coding that is not chunked is refused with 400", () => {
  for (
    const value of [
      "chunked, gzip",
      "gzip",
      "identity",
      "chunked, chunked",
      "chunked, identity",
      "chunked, xgzip",
      "gzip, deflate",
      "chunked,",
      ",chunked",
      "gzip,, chunked",
      ",",
      "",
      "chunked, chunked, chunked",
    ]
  ) {
    assert.equal(refused(get(`Transfer-Encoding: ${value}\r\n`)), 400, value);
  }
  assert.equal(refused(get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400);
});

Deno.test("F20 an unknown coding is refused with 501", () => {
  for (
    const value of [
      ...'xchunked|chunkedx|chunked;q=1|"chunked"|\x80chunked|ch\xfbnked|gzip, chunked'.split("|"),
      // JavaScript's trim() takes these two for white space.
      "\xa0chunked",
      "chunked\xa0",
    ]
  ) {
    assert.equal(refused(get(`Transfer-Encoding: ${value}\r\n`)), 501, JSON.stringify(value));
  }
  assert.equal(taken(get("Transfer-Encoding:\tChUnKeD \r\n")).bodyLength, CHUNKED);
});

Deno.test("F19, F20 several Transfer-Encoding lines are one list", () => {
  const cases: Array<[codings: string[], status: number]> = [
    [["chunked", "chunked"], 400],
    [["chunked", "gzip"], 400],
    [["chunked", "xyz"], 400],
    [["gzip", "deflate"], 400],
    [["", "chunked"], 400],
    [["chunked", ""], 400],
    [["gzip", "chunked"], 501],
    [["identity", "chunked"], 501],
    [["xyz", "chunked"], 501],
    [["xyz", "abc"], 501],
    [["a, b", "chunked"], 501],
    [["chunked;q=1", "chunked"], 501],
    [["a", "b", "chunked"], 501],
  ];
  for (const [codings, status] of cases) {
    const lines = codings.map((coding) => `Transfer-Encoding: ${coding}\r\n`);
    assert.equal(refused(get(lines.join(""))), status, codings.join(" + "));
    assert.equal(refused(get(lines.join("X: y\r\n"))), status, codings.join(" + "));
    assert.equal(refused(`HTTP/1.1 200 OK\r\n${lines.join("")}\r\n`, "response"), status);
  }
});

Deno.test("F21 Transfer-Encoding with HTTP/1.0 is refused with 400", () => {
  assert.equal(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
});

Deno.test("F28 Connection: close anywhere in the list ends the connection", () => {
  for (
    const lines of [
      "close",
      "Close",
      "x, close",
      "close,x",
      "keep-alive,\tclose",
      "x\r\nConnection: close",
    ]
  ) {
    assert.equal(taken(get(`Connection: ${lines}\r\n`)).keepAlive, false, lines);
  }
  for (const lines of ["keep-alive", "x", "closed", "x-close", "", ",", "\xa0close"]) {
    assert.equal(taken(get(`Connection: ${lines}\r\n`)).keepAlive, true, lines);
  }
  assert.deepEqual(
    taken(get("Connection: Close, X-Foo,,\tte\r\nConnection: \xa0X-Bar\r\n")).connectionOptions(),
    ["close", "x-foo", "te", "\xa0x-bar"],
  );
});

Deno.test("F29 HTTP/1.2 is served, another major version is 505, a malformed one 400", () => {
  assert.equal(taken("GET / HTTP/1.2\r\nHost: h\r\n\r\n").minor, 1);
  assert.equal(taken("GET / HTTP/1.9\r\nHost: h\r\n\r\n").keepAlive, true);
  for (const version of ["HTTP/2.0", "HTTP/0.9", "HTTP/3.0"]) {
    assert.equal(refused(`GET / ${version}\r\nHost: h\r\n\r\n`), 505, version);
  }
  assert.equal(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  for (
    const version of [
      ..."HTTP/1|HTTP/2|http/1.1|Http/1.1|HTTP/01.1|HTTP/1.01|HTTP/1.10|HTTP/1.|HTTP/.1".split("|"),
      ..."HTTP/1.1a|HTTP/1,1|HTTP/11|HTTP1.1|HTTP/A.1|HTTP/1.A|HTTPS/1.1|HTTP /1.1|X".split("|"),
    ]
  ) {
    assert.equal(refused(`GET / ${version}\r\nHost: h\r\n\r\n`), 400, version);
  }
});

Deno.test("head: 100-continue is expected of HTTP/1.1 requests with a body only", () => {
  const post = (lines: string, version = "1.1") =>
    `POST / HTTP/${version}\r\nHost: h\r\n${lines}\r\n`;
  assert.equal(taken(post("Expect: 100-Continue\r\nContent-Length: 1\r\n")).expectsContinue, true);
  assert.equal(
    taken(post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n")).expectsContinue,
    true,
  );
  assert.equal(taken(post("Expect: 100-continue\r\nContent-Length: 0\r\n")).expectsContinue, false);
  assert.equal(taken(post("Expect: 100-continue\r\n")).expectsContinue, false);
  const old = post("Expect: 100-continue\r\nContent-Length: 1\r\n", "1.0");
  assert.equal(taken(old).expectsContinue, false);
  assert.equal(refused(post("Expect: the-unexpected\r\n")), 417);
  assert.equal(taken(post("Expect: the-unexpected\r\n", "1.0")).expectsContinue, false);
});

Deno.test("head: an upgrade takes both fields and HTTP/1.1", () => {
  const both = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
  assert.equal(taken(get(both)).upgrade, true);
  assert.equal(taken(get("Upgrade: websocket\r\n")).upgrade, false);
  assert.equal(taken(get("Connection: upgrade\r\n")).upgrade, false);
  assert.equal(taken(`GET / HTTP/1.0\r\nHost: h\r\n${both}\r\n`).upgrade, false);
});

Deno.test("head: a used parser remembers nothing of the head before", () => {
  const head = new Head();
  const full = get(
    "Connection: upgrade, close\r\nUpgrade: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n",
  ).replace("GET /", "POST http://other/path");
  head.reset("request", 0);
  assert(head.parse(bytesOf(full), full.length));
  head.reset("request", 0);
  const plain = "GET /y HTTP/1.0\r\n\r\n";
  assert(head.parse(bytesOf(plain), plain.length));
  assert.deepEqual(told(head), told(parseHead(bytesOf(plain), "request")));
  head.reset("response", 0);
  const answer = "HTTP/1.1 204\r\n\r\n";
  assert(head.parse(bytesOf(answer), answer.length));
  assert.deepEqual(told(head), told(parseHead(bytesOf(answer), "response")));
});

Deno.test("head: parseHead refuses a head that is not complete", () => {
  for (const text of ["", "GET", "GET / HTTP/1.1\r\nHost: h\r\n", get("").slice(0, -1)]) {
    assert.throws(() => parseHead(bytesOf(text), "request"), HttpError);
  }
});

Deno.test("head: a copy is the same in memory of its own", () => {
  const text = "GET http://h:1/p?q HTTP/1.1\r\nHost: x\r\nConnection: a, b\r\n" +
    [...Array(40).keys()].map((i) => `F${i}: ${i}\r\n`).join("") + "\r\n";
  const bytes = bytesOf("junk" + text + "junk");
  const head = new Head();
  head.reset("request", 4);
  assert(head.parse(bytes, bytes.length));
  const copy = head.copy();
  const before = told(head);
  bytes.fill(0);
  head.reset("response", 0);
  assert.deepEqual(told(copy), before);
  assert.equal(copy.target, "/p?q");
  assert.equal(copy.authority, "h:1");
  assert.deepEqual(copy.connectionOptions(), ["a", "b"]);
  assert.equal(copy.get(Field.host), "x");
});
