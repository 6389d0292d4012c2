/** Claims about what ids and cursors tell a member of others: nothing. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openRequestLog } from "../../../relay/store/mod.ts";
import { LOG_SCHEMA } from "../../../relay/store/log_schema.ts";
import { LogReader } from "../../../relay/store/mod.ts";
import { TempDir } from "../store/temp_dir.ts";
import { House } from "./house.ts";
import { StreamReader } from "./stream_reader.ts";

const OPAQUE = /^[0-9a-f]{32}$/;

async function follow(house: House, path: string, last?: string): Promise<StreamReader> {
  const headers: Record<string, string> = last === undefined ? {} : { "last-event-id": last };
  return new StreamReader(await house.fetch("olga", "GET", path, { headers }));
}

Deno.test("ids: a member's cursors and ids of requests, changes and events count nothing", async () => {
  await using house = await House.open();
  await using requests = await follow(house, "/requests/stream");
  await using events = await follow(house, "/events");
  for (let i = 0; i < 3; i++) {
    house.addRequest("olga", house.store.ids.next());
    house.events.add("agent.gone", "olga", { i });
    house.store.tokens.create("olga", { name: `t${i}`, scope: "read" });
  }
  await house.requestLog.flush();
  const list = (await house.call("olga", "GET", "/requests?limit=1")).body;
  const audit = (await house.call("olga", "GET", "/audit?limit=1")).body;
  const told = [
    ...[list.next, list.newest, list.items[0].id, audit.next, audit.items[0].id],
    ...(await requests.take(3)).map(({ id }) => id),
    ...(await events.take(3)).map(({ id }) => id),
  ];
  for (const text of told) assert.match(text, OPAQUE);
  // A page of one row begins and ends with that row's event, and an audit cursor is its last entry.
  assert.equal(new Set(told).size, told.length - 3);
  const second = (await house.call("olga", "GET", `/audit?cursor=${audit.next}`)).body;
  assert.equal(second.items[0].object !== audit.items[0].object, true);
});

Deno.test("ids: a number that is tried, or a cursor of another list, is none", async () => {
  await using house = await House.open();
  house.addRequest("olga", "one");
  house.store.tokens.create("olga", { name: "t", scope: "read" });
  await house.requestLog.flush();
  const { newest } = (await house.call("olga", "GET", "/requests")).body;
  const number = String(Date.now() * 1_000);
  for (
    const path of [
      ...[`/requests?cursor=${number}`, `/audit?cursor=5`, `/audit?cursor=${newest}`],
      `/events?after=${newest}`,
    ]
  ) {
    assert.equal((await house.call("olga", "GET", path)).status, 422, path);
  }
  assert.equal((await house.call("admin", "GET", `/requests?cursor=${number}`)).status, 200);
  // An EventSource from before the ids were hidden begins anew, and is told so.
  for (const path of ["/requests/stream", "/events"]) {
    await using stream = await follow(house, path, number);
    const event = await stream.next();
    assert.deepEqual([event?.event, event?.data], ["gap", { missed: null }]);
  }
});

Deno.test("ids: a request is found by the one that its visitor saw, whenever that was, by its owner only", async () => {
  await using house = await House.open({ rowsPerSecond: 1e6 });
  const ids = Array.from({ length: 2_000 }, house.store.ids.next);
  for (const id of ids) house.addRequest("olga", id);
  await house.requestLog.flush();
  for (const id of [ids[0]!, ids[777]!, ids[1_999]!]) {
    assert.equal((await house.call("olga", "GET", `/requests/${id}`)).body.id, id);
    assert.equal((await house.call("otto", "GET", `/requests/${id}`)).status, 404);
  }
  const other = house.store.ids.next();
  assert.equal((await house.call("olga", "GET", `/requests/${other}`)).status, 404);
});

Deno.test("ids: those that an earlier version gave still lead to their rows", async () => {
  using dir = new TempDir();
  {
    using db = new DatabaseSync(dir.at("log.db"));
    for (const step of LOG_SCHEMA.slice(0, 2)) db.exec(step);
    db.exec("PRAGMA user_version = 2");
    db.exec(`INSERT INTO requests VALUES (1700000000000001, 1700000000000, '0abc123-7', 'olga',
      'olga', 'a', 'v', 'GET', '/', 200, 1, 1, 1, 1, NULL)`);
  }
  await using _log = await openRequestLog(dir.path);
  using reader = new LogReader(dir.path);
  assert.equal((await reader.request("0abc123-7"))?.name, "olga");
  assert.equal(await reader.request("0abc123-7", { account: "otto" }), undefined);
  assert.equal(await reader.request("0abc123-8"), undefined);
});
