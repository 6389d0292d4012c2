/** Claims about the one stream that has all that a browser's windows look at. @module */

import assert from "node:assert/strict";
import { within } from "../../support/deadline.ts";
import { House, type Who } from "./house.ts";

interface LiveEvent {
  readonly to: string;
  readonly event: string;
  readonly id: string | undefined;
  // deno-lint-ignore no-explicit-any -- whatever was sent
  readonly data: any;
}

/** The events of an answer, with what they are addressed to. */
async function* eventsOf(response: Response): AsyncGenerator<LiveEvent, void, undefined> {
  let text = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const of = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
      const event = of("event");
      if (event === undefined) continue;
      yield { to: of("to")!, event, id: of("id"), data: JSON.parse(of("data")!) };
    }
  }
}

async function open(house: House, who: Who, body: unknown) {
  const response = await house.fetch(who, "POST", "/live", { body });
  assert.equal(response.status, 200, await (response.ok ? "" : response.text()));
  const events = eventsOf(response);
  const take = async (count: number): Promise<LiveEvent[]> => {
    const found: LiveEvent[] = [];
    while (found.length < count) {
      const { value, done } = await within(events.next());
      assert(!done && value !== undefined, `ended after ${found.length}`);
      found.push(value);
    }
    return found;
  };
  return { take, [Symbol.asyncDispose]: async () => void await events.return() };
}

Deno.test("live: one stream has events and several lists, each row once, to all lists that have it", async () => {
  await using house = await House.open();
  await using live = await open(house, "admin", {
    as: "boss",
    events: {},
    requests: [{}, { filter: "status:5xx" }, { filter: "name:olga" }, { filter: "path:*.jpg" }],
  });
  house.addRequest("olga", "a");
  house.addRequest("otto", "b", { status: 503, target: "/x.jpg" });
  house.addRequest("otto", "c");
  house.events.add("agent.gone", "otto", { i: 1 });
  const found = await live.take(4);
  const shown = found.map(({ to, event, data }) => `${to} ${event} ${data.id ?? data.i}`).sort();
  assert.deepEqual(shown, [
    "0 request c",
    "0,1,3 request b",
    "0,2 request a",
    "events agent.gone 1",
  ]);
});

Deno.test("live: each list goes on where it was, and a member's lists hold its own only", async () => {
  await using house = await House.open();
  for (let i = 0; i < 4; i++) house.addRequest(i % 2 === 0 ? "olga" : "otto", `r${i}`);
  await house.requestLog.flush();
  const page = (await house.call("olga", "GET", "/requests?limit=1")).body;
  const older = (await house.call("olga", "GET", `/requests?limit=1&cursor=${page.next}`)).body;
  house.addRequest("otto", "r4");
  house.addRequest("olga", "r5");
  await using live = await open(house, "olga", {
    requests: [{ after: page.newest }, { after: older.newest, filter: "" }],
  });
  const found = await live.take(3);
  const of = (to: string) =>
    found.filter((one) => one.to.split(",").includes(to)).map(({ data }) => data.id);
  assert.deepEqual([of("0"), of("1")], [["r5"], ["r2", "r5"]]);
  house.addRequest("otto", "r6");
  house.addRequest("olga", "r7");
  const [next] = await live.take(1);
  assert.deepEqual([next!.to, next!.data.id], ["0,1", "r7"]);
});

Deno.test("live: is for whom it was meant, and bounded", async () => {
  await using house = await House.open();
  const call = (body: unknown) => house.call("olga", "POST", "/live", { body });
  assert.equal((await call({ as: "otto", events: {} })).status, 409);
  assert.equal((await call({ requests: Array(33).fill({}) })).status, 422);
  assert.equal((await call({ requests: [{ filter: "statsu:1" }] })).status, 422);
  assert.equal((await call({ requests: [{ after: "x" }] })).status, 422);
  assert.equal(house.api.eventStreams, 0);
});
