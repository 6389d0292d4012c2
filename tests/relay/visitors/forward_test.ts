/** Claims about agents that answer badly or not at all, and visitors who pay nothing for it. @module */

import assert from "node:assert/strict";
import { SignInError } from "../../../agent/sign_in.ts";
import { within } from "../../support/deadline.ts";
import { Meeting } from "../agents/meeting.ts";

Deno.test("forward: an answer without a body is over with its head, whatever the agent sends on", async () => {
  await using meeting = await Meeting.begin();
  using visitor = await meeting.visitor();
  for (
    const [method, head] of [
      ["HEAD", "200 OK\r\nContent-Length: 9"],
      ["GET", "204 No Content"],
      ["GET", '304 Not Modified\r\nETag: "a"'],
    ] as const
  ) {
    await visitor.request("/local/", { method });
    const asked = await meeting.agent.next();
    asked.head(`HTTP/1.1 ${head}\r\n\r\n`);
    await asked.write("a body that nobody asked for");
    const answer = await visitor.answer({ method });
    assert.equal(answer.body.length, 0);
    await within(asked.reset, "the reset of what goes on and on");
  }
  await visitor.request("/local/next");
  (await meeting.agent.next()).respond("in step");
  assert.equal((await visitor.answer()).text, "in step");
});

Deno.test("forward: a request's body that the agent never takes ends with the answer", async () => {
  await using meeting = await Meeting.begin();
  using visitor = await meeting.visitor();
  const size = 4 << 20;
  await visitor.send(
    `POST /local/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\n\r\n`,
  );
  const sending = visitor.send(new Uint8Array(size)).catch(() => {});
  const asked = await meeting.agent.next();
  asked.greedy = false;
  await asked.got(64 << 10);
  asked.respond("enough");
  assert.equal((await visitor.answer()).text, "enough");
  await within(asked.reset, "the reset of what is left");
  visitor.close();
  await sending;
});

Deno.test("forward: who waits for a stream of an agent that leaves is told that it left", async () => {
  await using meeting = await Meeting.begin({ maxStreams: 1 });
  using first = await meeting.visitor();
  await first.request("/local/");
  await meeting.agent.next();
  using second = await meeting.visitor();
  await second.request("/local/", { fields: ["Accept: application/json"] });
  using third = await meeting.visitor();
  assert.equal((await third.ask("/healthz")).status, 200, "the second is there by now");
  meeting.agent.die();
  const answer = await second.answer();
  assert.deepEqual([answer.status, answer.json().code], [502, "agent-error"]);
});

Deno.test("forward: connections of one agent have a bound", async () => {
  await using meeting = await Meeting.begin();
  const join = meeting.agent.welcome.session;
  const further = [];
  for (let i = 1; i < 16; i++) further.push(await meeting.further({ join }));
  await assert.rejects(
    meeting.further({ join }),
    (error) => error instanceof SignInError && error.end.code === "too-many-connections",
  );
  for (const agent of further) await agent[Symbol.asyncDispose]();
});

Deno.test("forward: Via names the version that the visitor spoke", async () => {
  await using meeting = await Meeting.begin();
  for (const version of ["1.0", "1.1"]) {
    using visitor = await meeting.visitor();
    await visitor.request("/local/", { version, fields: ["Via: 1.1 before"] });
    const asked = await meeting.agent.next();
    assert.deepEqual(asked.getAll("via"), ["1.1 before", `${version} crunch`]);
    asked.respond("ok");
    await visitor.answer();
  }
});

Deno.test("forward: Max-Forwards of nought is answered here, however it is written", async () => {
  await using meeting = await Meeting.begin();
  using visitor = await meeting.visitor();
  for (const [method, status] of [["OPTIONS", 204], ["TRACE", 501]] as const) {
    const answer = await visitor.ask("/local/", { method, fields: ["Max-Forwards: 00"] });
    assert.equal(answer.status, status);
  }
});

Deno.test("forward: a redirect keeps the bytes of its query", async () => {
  await using meeting = await Meeting.begin();
  using visitor = await meeting.visitor();
  const answer = await visitor.ask("/LOCAL?a=%ff%20");
  assert.deepEqual([answer.status, answer.get("location")], [308, "/local/?a=%ff%20"]);
});
