/** Claims about the field lines that pass to an application and back: which, and in which order. @module */

import assert from "node:assert/strict";
import { answerFields, ownLines, requestFields } from "../../../agent/proxy/fields.ts";
import { rewriting } from "../../../agent/proxy/rewriting.ts";
import { latin1, parseHead } from "../../../http/mod.ts";
import { bytesOf } from "../../support/visitor.ts";

const request = (lines: string) => parseHead(bytesOf(`GET / HTTP/1.1\r\n${lines}\r\n`), "request");
const answer = (lines: string) => parseHead(bytesOf(`HTTP/1.1 200 OK\r\n${lines}\r\n`), "response");
const plain = { host: undefined, prefix: "", upgrades: false, own: null };
const HOP = "Connection: x-hop, close\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\n" +
  "Proxy-Connection: close\r\n";

Deno.test("proxy fields: a request's lines pass as they are, but those of one hop", () => {
  const kept =
    "Host: a.example\r\nx-ODD: \xff \r\ncookie: a=1\r\nCookie: b=2\r\nContent-Length: 5\r\n";
  assert.equal(latin1(requestFields(request(kept + HOP + "Z: 1\r\n"), plain)), kept + "Z: 1\r\n");
  assert.equal(latin1(requestFields(request(kept), plain)), kept);
});

Deno.test("proxy fields: Host is kept, or stands in its place; the prefix is the mount's", () => {
  const lines = "A: 1\r\nHost: a.example\r\nX-Forwarded-Prefix: /alice\r\nB: 2\r\n";
  assert.equal(
    latin1(
      requestFields(request(lines), { ...plain, host: "localhost:3000", prefix: "/alice/api" }),
    ),
    "A: 1\r\nHost: localhost:3000\r\nX-Forwarded-Prefix: /alice/api\r\nB: 2\r\n",
  );
  assert.equal(
    latin1(requestFields(request("Host: a\r\nX-Forwarded-Prefix: /evil\r\n"), plain)),
    "Host: a\r\n",
  );
  assert.equal(
    latin1(requestFields(request("Host: a\r\n"), { ...plain, prefix: "/api" })),
    "Host: a\r\nX-Forwarded-Prefix: /api\r\n",
  );
});

Deno.test("proxy fields: Upgrade passes with an upgrade only", () => {
  const head = request(
    "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n",
  );
  assert.equal(latin1(requestFields(head, plain)), "Host: a\r\nSec-WebSocket-Key: x\r\n");
  assert.equal(
    latin1(requestFields(head, { ...plain, upgrades: true })),
    "Host: a\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n",
  );
  const switched = answer("Upgrade: websocket\r\nConnection: upgrade\r\nA: 1\r\n");
  assert.equal(latin1(answerFields(switched, null, true)), "Upgrade: websocket\r\nA: 1\r\n");
  assert.equal(latin1(answerFields(switched, null)), "A: 1\r\n");
});

Deno.test("proxy fields: an answer's lines pass as they are, redirects and cookies rewritten in their places", () => {
  const changes = rewriting({ base: "/alice", authority: "localhost:3000", publicAuthority: "r" });
  const head = answer(
    "Date: now\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2\r\nlocation: /x\r\nX-Odd: \xff\r\n" +
      HOP +
      "Content-Length: 5\r\nContent-Location: /y\r\nRefresh: 1; url=/z\r\nServer: s\r\n",
  );
  assert.equal(
    latin1(answerFields(head, changes)),
    "Date: now\r\nSet-Cookie: a=1; Path=/alice/\r\nset-cookie: b=2\r\nlocation: /alice/x\r\nX-Odd: \xff\r\n" +
      "Content-Location: /alice/y\r\nRefresh: 1; url=/alice/z\r\nServer: s\r\n",
  );
  assert.equal(
    latin1(answerFields(head, null)),
    "Date: now\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2\r\nlocation: /x\r\nX-Odd: \xff\r\n" +
      "Content-Location: /y\r\nRefresh: 1; url=/z\r\nServer: s\r\n",
  );
});

Deno.test("proxy fields: what options say stands in the place of all lines of its name", () => {
  const head = request(
    "Host: a\r\nx-USER: evil\r\nA: 1\r\nX-User: evil\r\nCookie: c\r\nConnection: x-user\r\n" +
      "X-Forwarded-Prefix: /alice\r\nB: 2\r\n",
  );
  const own = ownLines([
    { name: "X-User", value: "\xe4" },
    { name: "x-user", value: "" },
    { name: "X-Forwarded-Prefix", value: "/mine" },
  ], ["cookie", "Nowhere"]);
  assert.equal(
    latin1(requestFields(head, { ...plain, prefix: "/alice", own })),
    "Host: a\r\nA: 1\r\nB: 2\r\nX-User: \xc3\xa4\r\nx-user: \r\nX-Forwarded-Prefix: /mine\r\n",
  );
  const answered = answer("server: s\r\nSet-Cookie: a=1\r\nLocation: /x\r\nB: 2\r\n");
  assert.equal(
    latin1(answerFields(
      answered,
      rewriting({ base: "/a", authority: "o", publicAuthority: "r" }),
      false,
      ownLines([
        { name: "Server", value: "mine" },
        { name: "Set-Cookie", value: "b=2" },
        { name: "Location", value: "/y" },
      ]),
    )),
    "Set-Cookie: a=1\r\nB: 2\r\nServer: mine\r\nSet-Cookie: b=2\r\nLocation: /y\r\n",
  );
  const added = ownLines([{ name: "A", value: "1" }]);
  assert.equal(latin1(answerFields(answer(""), null, false, added)), "A: 1\r\n");
  assert.equal(ownLines([]), null);
});

Deno.test("proxy fields: none at all", () => {
  assert.equal(answerFields(answer(""), null).length, 0);
});
