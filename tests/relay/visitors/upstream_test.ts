/** Claims about requests that an agent refuses: another one that answers for the name gets them, as long as they are whole. @module */

import assert from "node:assert/strict";
import { Reset } from "../../../tunnel/mod.ts";
import { within } from "../../support/deadline.ts";
import { Meeting } from "../agents/meeting.ts";

for (
  const [what, refusal, status] of [
    ["refused", Reset.REFUSED, 200],
    ["broken off", Reset.CANCELLED, 502],
  ] as const
) {
  Deno.test(`upstream: a request that is ${what} when another agent has the name`, async () => {
    await using meeting = await Meeting.begin();
    using visitor = await meeting.visitor();
    await visitor.request("/local/a", { fields: ["X-Own: kept"] });
    const first = await meeting.agent.next();
    await using next = await meeting.further();
    await within(meeting.agent.wentAway, "the first one's end");
    first.stream.reset(refusal, "not now");
    if (status === 200) {
      const second = await next.next();
      assert.deepEqual([second.target, second.getAll("x-own")], ["/a", ["kept"]]);
      second.respond("by the second");
    }
    const answer = await visitor.answer();
    assert.equal(answer.status, status);
    if (status === 200) assert.equal(answer.text, "by the second");
  });
}

Deno.test("upstream: a body of which nothing was sent goes to the next one whole", async () => {
  await using meeting = await Meeting.begin();
  using visitor = await meeting.visitor();
  await visitor.send("POST /local/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n");
  const first = await meeting.agent.next();
  await using next = await meeting.further();
  await within(meeting.agent.wentAway, "the first one's end");
  first.stream.reset(Reset.REFUSED, "not now");
  const second = await next.next();
  await visitor.send("whole");
  await within(second.whole, "the body");
  assert.equal(second.body, "whole");
  second.respond("taken");
  assert.equal((await visitor.answer()).text, "taken");
});

Deno.test("upstream: a body of which something was sent goes to no other", async () => {
  await using meeting = await Meeting.begin();
  using visitor = await meeting.visitor();
  await visitor.send("POST /local/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nha");
  const first = await meeting.agent.next();
  await first.got(2);
  await using next = await meeting.further();
  await within(meeting.agent.wentAway, "the first one's end");
  first.stream.reset(Reset.REFUSED, "not now");
  assert.equal((await visitor.answer()).status, 503);
  assert.equal(next.waiting, 0);
});

Deno.test("upstream: one that refuses alone is tried once", async () => {
  await using meeting = await Meeting.begin();
  using visitor = await meeting.visitor();
  await visitor.request("/local/a", { fields: ["Accept: application/json"] });
  (await meeting.agent.next()).stream.reset(Reset.REFUSED, "not now");
  const answer = await visitor.answer();
  assert.deepEqual([answer.status, answer.json().code], [503, "overloaded"]);
  assert.equal(meeting.agent.waiting, 0);
});
