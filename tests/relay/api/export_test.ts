/** Claims about exports of the request log: whole, in order, in bounded memory, and for nobody who left. @module */

import assert from "node:assert/strict";
import { RowStage } from "../../../relay/store/log_rows.ts";
import { LogWriter } from "../../../relay/store/log_writer.ts";
import { House, type Who } from "./house.ts";
import { finished } from "../store/finished.ts";

/** Adds rows behind the relay's back: seq and id from 1 on. */
function fill(house: House, count: number, target = "/some/path/that/is/usual.html"): void {
  const limits = { keepMs: 1e12, keepBytes: 1e12, busyTimeoutMs: 1_000 };
  using writer = new LogWriter(house.dir.at("log.db"), limits);
  for (let seq = 1; seq <= count;) {
    const stage = new RowStage();
    for (; stage.count < 1_000 && seq + stage.count <= count;) {
      const id = String(seq + stage.count);
      const whose = { name: "olga", account: "olga", agent: "agent" };
      stage.add(finished({ id, ...whose, target, ms: 1.5, ttfbMs: -1 }));
    }
    const batch = stage.take(seq, undefined);
    seq += batch.count;
    writer.write(batch);
  }
}

/** Counts the pages that are asked for. */
function watch(house: House): { pages: number } {
  const reader = house.context.reader!;
  const ask = reader.export.bind(reader);
  const seen = { pages: 0 };
  reader.export = (page) => (seen.pages++, ask(page));
  return seen;
}

Deno.test("export: 100,000 requests are all there once, newest first, and memory stays flat", async () => {
  await using house = await House.open();
  const count = 100_000;
  fill(house, count);
  const response = await house.fetch("admin", "GET", "/requests/export?format=ndjson");
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  const file = response.headers.get("content-disposition")!;
  assert.match(file, /^attachment; filename="requests-\d{4}-\d\d-\d\d\.ndjson"$/);
  let expected = count;
  let bytes = 0;
  let rest = "";
  const decoder = new TextDecoder();
  const memory: number[] = [];
  for await (const piece of response.body!) {
    bytes += piece.length;
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) assert.equal(JSON.parse(line).id, String(expected--));
    memory.push(Deno.memoryUsage().external);
  }
  assert.deepEqual([expected, rest], [0, ""]);
  assert(bytes > 20e6, String(bytes));
  // What waits lies outside of the heap: a page is 0.25 MB, the collector lets some of them lie.
  assert(Math.max(...memory) - memory[0]! < 12e6, String(Math.max(...memory) - memory[0]!));
});

Deno.test("export: is read no further than its reader takes it, and no more once that one is gone", async () => {
  await using house = await House.open();
  fill(house, 10_000);
  const seen = watch(house);
  const { body } = await house.fetch("admin", "GET", "/requests/export");
  const reader = body!.getReader();
  await reader.read();
  await reader.read();
  assert(seen.pages <= 3, String(seen.pages));
  await reader.cancel();
  const { pages } = seen;
  await house.context.reader!.totals(); // answered after all that was asked before
  assert.equal(seen.pages, pages);
});

Deno.test("export: too many at once are refused, and those that ended make room", async () => {
  await using house = await House.open();
  fill(house, 5_000);
  const open = (who: Who = "admin") => house.fetch(who, "GET", "/requests/export");
  const answers = await Promise.all(Array.from({ length: 5 }, () => open()));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(4).fill(200), 429]);
  // One account does not take all the room that there is.
  for (let i = 0; i < 4; i++) answers.push(await open("viewer"));
  assert.deepEqual(answers.slice(5).map(({ status }) => status), Array(4).fill(200));
  answers.push(await open("olga"));
  assert.equal(answers.at(-1)!.status, 429);
  const whole = answers.find(({ status }) => status === 200)!;
  assert.equal((await whole.text()).split("\r\n").length, 5_002);
  const again = await open();
  assert.equal(again.status, 200);
  await Promise.all([...answers, again].map(({ body, bodyUsed }) => bodyUsed || body!.cancel()));
});

Deno.test("export: asked for its head only, it is over at once", async () => {
  await using house = await House.open();
  fill(house, 5_000);
  for (let i = 0; i < 10; i++) {
    const { status, body, headers } = await house.fetch("admin", "HEAD", "/requests/export");
    assert.deepEqual([status, body], [200, null]);
    assert.match(headers.get("content-disposition")!, /^attachment/);
  }
});

Deno.test("export: breaks off when its reader may no longer have it", async () => {
  await using house = await House.open();
  fill(house, 5_000);
  const response = await house.fetch("olga", "GET", "/requests/export");
  await house.call("admin", "PATCH", "/accounts/olga", { body: { disabled: true } });
  await assert.rejects(response.text(), /no longer/);
});

Deno.test("export: CSV holds exactly what the filter shows, and no cell is a formula", async () => {
  await using house = await House.open();
  house.addRequest("olga", "=1+1", { target: '/a,"b"' });
  house.addRequest("olga", "+2", { target: "-cmd|' /C calc'!A0", status: 404 });
  house.addRequest("otto", "@x", { target: "/c", status: 404 });
  await house.requestLog.flush();
  const rows = async (query: string) => {
    const response = await house.fetch("admin", "GET", `/requests/export?${query}`);
    assert.equal(response.status, 200);
    const lines = (await response.text()).split("\r\n");
    assert.equal(lines.pop(), "");
    assert.match(lines.shift()!, /^time,id,name,account,agent,visitor,method,target,status,/);
    return lines.map((line) => line.replace(/^[^,]*,/, ""));
  };
  const rest = (status: number) => `${status},10,20,3,1`;
  assert.deepEqual(await rows("filter=account:olga"), [
    `'+2,olga,olga,a1,192.0.2.9,GET,'-cmd|' /C calc'!A0,${rest(404)}`,
    `'=1+1,olga,olga,a1,192.0.2.9,GET,"/a,""b""",${rest(200)}`,
  ]);
  const failed = await rows("filter=status:404&format=csv");
  assert.deepEqual(failed.map((line) => line.split(",")[0]), ["'@x", "'+2"]);
  assert.deepEqual(await rows("until=2020-01-01T00:00:00Z"), []);
  assert.deepEqual((await house.call("admin", "GET", "/requests/export?filter=x:y")).status, 422);
  assert.deepEqual((await house.call("admin", "GET", "/requests/export?format=xls")).status, 422);
});
