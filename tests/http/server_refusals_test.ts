/** Claims about requests that are refused before anybody sees them: readably, and the connection closes. @module */

import assert from "node:assert/strict";
import { refuses } from "./refusal.ts";
import { say, serve } from "./visitor.ts";

const PLAIN_GET = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";

/** Each is answered with its status, and the connection closes without answering the request after it. */
const REFUSALS: Record<string, ReadonlyArray<readonly [number, string]>> = {
  "F1 no Host on HTTP/1.1 is answered 400 and the connection closes": [
    [400, "GET / HTTP/1.1\r\n\r\n"],
  ],
  "F2 two or malformed Hosts are answered 400 and the connection closes": [
    [400, "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"],
    ...["a b", "u@h", "h/p", "a,b", "h:port", "[::1", "a%41"].map((host) =>
      [400, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`] as const
    ),
  ],
  "F6 GET * is answered 400": [[400, "GET * HTTP/1.1\r\nHost: h\r\n\r\n"]],
  "F7 CONNECT is answered 501": [
    [501, "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"],
    [501, "CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n"],
  ],
  "F8 a target over 16 KiB is answered 414 and the connection closes": [
    [414, `GET /${"a".repeat(16384)} HTTP/1.1\r\nHost: h\r\n\r\n`],
    [414, `GET /${"a".repeat(200_000)} HTTP/1.1\r\nHost: h\r\n\r\n`],
  ],
  "F9 a head over 64 KiB or 128 fields is answered 431 and the connection closes": [
    [431, `GET / HTTP/1.1\r\nHost: h\r\nX: ${"a".repeat(65536)}\r\n\r\n`],
    [431, `GET / HTTP/1.1\r\nHost: h\r\n${"X: y\r\n".repeat(128)}\r\n`],
    [431, `GET / HTTP/1.1\r\nHost: h\r\nX: ${"a".repeat(3_000_000)}\r\n\r\n`],
  ],
  "F11 white space before a colon is answered 400": [
    [400, "GET / HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n"],
  ],
  "F12 a folded line is answered 400": [
    [400, "GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n z\r\n\r\n"],
  ],
  "F14 NUL, CR or LF in a value is answered 400": [
    [400, "GET / HTTP/1.1\r\nHost: h\r\nX: \x00\r\n\r\n"],
    [400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"],
    [400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\nb\r\n\r\n"],
  ],
  "F15 a bare CR or LF and a first line of white space are answered 400": [
    [400, "GET / HTTP/1.1\rHost: h\r\n\r\n"],
    [400, "GET / HTTP/1.1\nHost: h\n\n"],
    [400, "GET / HTTP/1.1\r\n \r\nHost: h\r\n\r\n"],
  ],
  "F17 a Content-Length that is no number, or two of them, are answered 400 and the connection closes":
    ["abc", "-1", "+5", "0x5", "1_0", "5, 7", "5, 5", "5\r\nContent-Length: 7", ""].map((value) =>
      [400, `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${value}\r\n\r\nhello`] as const
    ),
  "F18 Transfer-Encoding with Content-Length is answered 400 and the connection closes": [
    [
      400,
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ],
    [
      400,
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
  ],
  "F19 a last coding that is not chunked is answered 400 and the connection closes": [
    [400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"],
  ],
  "F20 an unknown coding is answered 501 and the connection closes": [
    [501, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"],
  ],
  "F21 Transfer-Encoding on HTTP/1.0 is answered 400 and the connection closes": [
    [400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    [
      400,
      "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
  ],
  "F29 a foreign version is answered 505, a malformed one 400": [
    [505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n"],
    [505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    [400, "GET / HTTP/1\r\nHost: h\r\n\r\n"],
    [400, "GET / http/1.1\r\nHost: h\r\n\r\n"],
    [400, "GET / HTTP/01.1\r\nHost: h\r\n\r\n"],
  ],
  "server: bytes that are no HTTP at all are answered 400": [
    [400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    [400, "SSH-2.0-OpenSSH_9.2\r\n"],
    [400, "\x00".repeat(100)],
  ],
  "server: an expectation other than 100-continue is answered 417": [
    [417, "POST / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\nContent-Length: 5\r\n\r\nhello"],
  ],
};

for (const [claim, cases] of Object.entries(REFUSALS)) {
  Deno.test(claim, async () => {
    let handled = 0;
    await using server = serve((exchange) => (handled++, say(exchange, "this was to be refused")));
    for (const [status, text] of cases) {
      using visitor = await server.connect();
      await refuses(visitor, text + PLAIN_GET, status);
    }
    assert.equal(handled, 0, "a refused request, or one after it, was handled");
    assert.equal(server.finished.length, cases.length);
    // Other visitors are served as before.
    using other = await server.connect();
    await other.send(PLAIN_GET);
    assert.equal((await other.answer()).status, 200);
  });
}
