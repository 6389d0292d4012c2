/** Claims about the heads of agents' answers on their way to visitors. @module */

import assert from "node:assert/strict";
import { Meeting } from "../../agents/meeting.ts";

Deno.test("answer head: Connection cannot take off what isolation and dates rest on", async () => {
  await using meeting = await Meeting.begin();
  const answer = await meeting.answer([
    "HTTP/1.1 200 OK",
    "Connection: content-type, date, x-gone, set-cookie, x-content-type-options",
    "Content-Type: image/png",
    "Date: Sun, 06 Nov 1994 08:49:37 GMT",
    "X-Gone: 1",
    "X-Stays: 1",
    "Set-Cookie: a=1",
    "Content-Length: 2",
  ]);
  assert.equal(answer.get("content-type"), "image/png");
  assert.equal(answer.get("x-content-type-options"), "nosniff");
  assert.equal(answer.get("x-gone"), null);
  assert.equal(answer.get("set-cookie"), null);
  assert.equal(answer.get("x-stays"), "1");
  assert.equal(answer.get("connection"), null);
  assert.equal(answer.getAll("date").length, 1);
});

Deno.test("answer head: Connection counts in interim answers too", async () => {
  await using meeting = await Meeting.begin();
  using visitor = await meeting.visitor();
  await visitor.request("/local/");
  const asked = await meeting.agent.next();
  asked.head("HTTP/1.1 103 Early Hints\r\nConnection: x-gone\r\nX-Gone: 1\r\nLink: </a>\r\n\r\n");
  asked.respond("ok");
  const { interim } = await visitor.answer();
  assert.deepEqual(interim[0]!.lines, [["Link", "</a>"]]);
});

Deno.test("answer head: trailers cannot say what the head may not", async () => {
  await using meeting = await Meeting.begin();
  using visitor = await meeting.visitor();
  await visitor.request("/local/");
  const asked = await meeting.agent.next();
  asked.head("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
  await asked.write("ok");
  asked.stream.trailers(
    new TextEncoder().encode(
      'X-Sum: 1\r\nSet-Cookie: crunch=1\r\nClear-Site-Data: "*"\r\nContent-Length: 9\r\n' +
        "Transfer-Encoding: chunked\r\nContent-Type: text/html\r\nServer-Timing: a\r\n",
    ),
  );
  const answer = await visitor.answer();
  assert.equal(answer.trailers, "X-Sum: 1\r\nServer-Timing: a\r\n");
});
