/** Claims about answers that go on: requests and events as they come. @module */

import assert from "node:assert/strict";
import { globMatcher } from "../../../relay/store/glob.ts";
import { within } from "../../support/deadline.ts";
import { House, type Who } from "./house.ts";
import { StreamReader } from "./stream_reader.ts";

async function follow(house: House, who: Who, path: string, last?: string): Promise<StreamReader> {
  const headers = last === undefined ? {} : { headers: { "last-event-id": last } };
  const response = await house.fetch(who, "GET", path, headers);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  return new StreamReader(response);
}

Deno.test("request stream: sends each request once it has ended, and waits for no other", async () => {
  await using house = await House.open();
  await using stream = await follow(house, "admin", "/requests/stream");
  house.addRequest("olga", "one");
  const event = await within(stream.next());
  assert.deepEqual([event?.event, event?.data.id, event?.data.name], ["request", "one", "olga"]);
  assert.match(event!.id!, /^[0-9a-f]{32}$/);
});

Deno.test("request stream: a filter and a member's own sight hold for it, too", async () => {
  await using house = await House.open();
  await using failed = await follow(house, "viewer", "/requests/stream?status=5xx&target=*.jpg");
  await using own = await follow(house, "olga", "/requests/stream");
  house.addRequest("otto", "a", { status: 500, target: "/a.html" });
  house.addRequest("otto", "b", { status: 200, target: "/b.jpg" });
  house.addRequest("otto", "c", { status: 503, target: "/C.JPG" });
  house.addRequest("olga", "d");
  assert.equal((await failed.next())?.data.id, "c");
  assert.equal((await own.next())?.data.id, "d");
});

Deno.test("request stream: who follow together have the same, each what it asked for", async () => {
  await using house = await House.open();
  await using all = await follow(house, "admin", "/requests/stream");
  await using same = await follow(house, "viewer", "/requests/stream");
  await using some = await follow(house, "admin", "/requests/stream?filter=-path:*0,*5");
  for (let i = 0; i < 1_200; i++) house.addRequest("olga", `r${i}`, { target: `/${i}` });
  const seen = await all.take(1_200);
  assert.deepEqual(seen.map(({ data }) => data.id), seen.map((_, i) => `r${i}`));
  assert.deepEqual(await same.take(1_200), seen);
  assert.deepEqual(await some.take(960), seen.filter(({ data }) => !/[05]$/.test(data.target)));
});

Deno.test("request stream: goes on after the last one that was read, without gap or double", async () => {
  await using house = await House.open();
  let last: string;
  {
    await using stream = await follow(house, "admin", "/requests/stream");
    house.addRequest("olga", "r0");
    last = (await stream.next())!.id!;
  }
  for (let i = 1; i <= 3; i++) house.addRequest("olga", `r${i}`);
  await house.requestLog.flush();
  // Still on their way to the file when the stream begins.
  for (let i = 4; i <= 6; i++) house.addRequest("olga", `r${i}`);
  await using stream = await follow(house, "admin", "/requests/stream", last);
  for (let i = 7; i <= 9; i++) house.addRequest("olga", `r${i}`);
  const ids = (await stream.take(9)).map(({ data }) => data.id);
  assert.deepEqual(ids, ["r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"]);
});

Deno.test("request stream: goes on where a page of the list ends, with what is on its way to the file", async () => {
  await using house = await House.open();
  for (let i = 0; i < 5; i++) house.addRequest(i === 4 ? "otto" : "olga", `r${i}`);
  await house.requestLog.flush();
  for (
    const [filter, status] of [["name:olga", 200], ["status:500", 500], [
      "-status:200,500",
      404,
    ]] as const
  ) {
    const query = `filter=${encodeURIComponent(filter)}`;
    const { body } = await house.call("admin", "GET", `/requests?limit=2&${query}`);
    assert.equal(body.items.length, filter === "name:olga" ? 2 : 0);
    house.addRequest("olga", `${filter} a`, { status });
    const path = `/requests/stream?${query}&after=${body.newest}`;
    await using stream = await follow(house, "admin", path);
    house.addRequest("olga", `${filter} b`, { status });
    const ids = (await within(stream.take(2))).map(({ data }) => data.id);
    assert.deepEqual(ids, [`${filter} a`, `${filter} b`]);
    await house.requestLog.flush();
  }
  const bad = await house.call("admin", "GET", "/requests/stream?after=x");
  assert.equal(bad.status, 422);
});

Deno.test("event stream: a slow reader loses the oldest, and is told how many", async () => {
  await using house = await House.open();
  await using stream = await follow(house, "admin", "/events");
  for (let i = 0; i < 5_000; i++) house.events.add("agent.connected", "olga", { i });
  const early: number[] = [];
  let event = await stream.next();
  for (; event?.event !== "gap"; event = await stream.next()) early.push(event!.data.i);
  const { missed } = event.data;
  assert(missed >= 2_500, String(missed));
  const late = await stream.take(5_000 - missed - early.length);
  assert.equal(late[0]!.data.i, early.length + missed);
  assert.equal(late.at(-1)!.data.i, 4_999);
});

Deno.test("event stream: what waits for slow readers is bounded in bytes, however long the targets", async () => {
  await using house = await House.open({ rowsPerSecond: 100_000 });
  await using stream = await follow(house, "admin", "/requests/stream");
  const target = "/" + "z".repeat(2_000);
  for (let i = 0; i < 3_000; i++) house.addRequest("olga", `r${i}`, { target });
  await house.requestLog.flush();
  let missed = 0;
  let bytes = 0;
  for (let last = ""; last !== "r2999";) {
    const event = await within(stream.next());
    assert(event !== null);
    if (event.event === "gap") missed += event.data.missed;
    else bytes += JSON.stringify(event.data).length;
    last = event.data.id;
  }
  assert(missed > 1_000, String(missed));
  assert(bytes < 2 << 20, String(bytes));
});

Deno.test("event stream: heads take no place", async () => {
  await using house = await House.open();
  for (const path of ["/events", "/requests/stream"]) {
    const { status, body } = await house.fetch("olga", "HEAD", path);
    assert.deepEqual([status, body, house.api.eventStreams], [200, null, 0]);
  }
});

Deno.test("event stream: everybody hears of their own, and resumes", async () => {
  await using house = await House.open();
  await using own = await follow(house, "olga", "/events");
  await using all = await follow(house, "viewer", "/events");
  house.events.add("agent.gone", "otto", { id: 1 });
  house.events.add("setting.set", "", { id: 2 });
  house.events.add("agent.gone", "olga", { id: 3 });
  assert.equal((await own.next())?.data.id, 3);
  const heard = await all.take(3);
  assert.deepEqual(heard.map(({ data }) => data.id), [1, 2, 3]);
  await using again = await follow(house, "viewer", "/events", heard[0]!.id);
  assert.deepEqual((await again.take(2)).map(({ data }) => data.id), [2, 3]);
  await using late = await follow(house, "viewer", "/events", "1");
  assert.equal((await late.next())?.event, "gap");
});

Deno.test("event stream: ends with the rights of who reads it", async () => {
  await using house = await House.open();
  const authorization = `Bearer ${house.token("otto", "read")}`;
  const byToken = new StreamReader(
    await house.fetch("nobody", "GET", "/events", { headers: { authorization } }),
  );
  await using bySession = await follow(house, "olga", "/events");
  await using demoted = await follow(house, "viewer", "/requests/stream");
  const [token] = house.store.tokens.list({ account: "otto" });
  await house.call("admin", "DELETE", `/tokens/${token!.id}`);
  assert.equal(await byToken.next(), null);
  await house.call("admin", "PATCH", "/accounts/olga", { body: { disabled: true } });
  assert.equal(await bySession.next(), null);
  await house.call("admin", "PATCH", "/accounts/vera", { body: { role: "member" } });
  assert.equal(await demoted.next(), null);
});

Deno.test("event stream: ends with the relay", async () => {
  await using house = await House.open();
  await using stream = await follow(house, "admin", "/events");
  house.api[Symbol.dispose]();
  assert.equal(await stream.next(), null);
});

Deno.test("globs: stars are any text, question marks one character, all else itself", () => {
  const fits: [string, string][] = [
    ["/a/b.jpg", "*.jpg"],
    ["/a/b.JPG", "*.jpg"],
    ["/a", "/?"],
    ["", "*"],
    ["/a.c", "/a.c"],
    ["/aXbXc", "*x*x*"],
  ];
  for (const [text, glob] of fits) assert(globMatcher(glob)(text), `${text} ${glob}`);
  const not: [string, string][] = [["/abc", "/a"], ["/abc", "/a.c"], ["/a", "/??"], ["a", ""]];
  for (const [text, glob] of not) assert(!globMatcher(glob)(text), `${text} ${glob}`);
});

Deno.test("globs: the worst one takes no time", () => {
  const began = performance.now();
  const text = "a".repeat(2_000);
  for (
    const glob of ["*a".repeat(500) + "b", `*${"a".repeat(900)}?b*`, "*" + "?a".repeat(490) + "b*"]
  ) {
    assert(!globMatcher(glob)(text));
  }
  assert(globMatcher("*a".repeat(500))(text));
  // One that tries every way would take for ever.
  assert(performance.now() - began < 10_000);
});

Deno.test("request stream: dear filters of one member hold up neither the thread nor anybody else's stream", async () => {
  await using house = await House.open({ rowsPerSecond: 1e6 });
  await using all = await follow(house, "admin", "/requests/stream?filter=path:*end*");
  const globs = Array.from({ length: 15 }, (_, i) => `*a?a*${"a?".repeat(6)}${i}`);
  const path = `/requests/stream?filter=${
    encodeURIComponent(`path:${globs.slice(0, 3).join(",")}`)
  }`;
  const streams: StreamReader[] = [];
  for (let i = 0; i < 64; i++) streams.push(await follow(house, "olga", path));
  let longest = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 5);
  const target = `/${"a".repeat(1_900)}`;
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 400; i++) house.addRequest("olga", `r${i}`, { target });
    house.addRequest("olga", `end${round}`, { target: "/end" });
    const event = await within(all.next());
    assert.equal(event?.data.id, `end${round}`);
  }
  clearInterval(watch);
  // 130,000 comparisons with such globs took seconds.
  assert(longest < 1_000, `${longest} ms`);
  for (const stream of streams) await stream[Symbol.asyncDispose]();
});

Deno.test("request stream: wildcards are bounded", async () => {
  await using house = await House.open();
  for (const filter of ["path:" + "*a".repeat(17), "*a".repeat(17), "ip:" + "1*".repeat(17)]) {
    const { status, body } = await house.call("olga", "GET", `/requests?filter=${filter}`);
    assert.equal(status, 422);
    assert.match(body.errors[0].message, /may have 16 wildcards, not 17$/);
  }
  const many = Array(14).fill("a*b?c*d*e*").join(" ");
  const { body } = await house.call("olga", "GET", `/requests?filter=${encodeURIComponent(many)}`);
  assert.equal(body.errors[0].message, "may have 64 wildcards, not 70");
});
