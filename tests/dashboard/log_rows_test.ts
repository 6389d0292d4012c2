/** Claims about what the log's page keeps in memory. @module */

import assert from "node:assert/strict";
import { MOST, type Request, Rows } from "../../dashboard/log/rows.js";

function request(id: string): Request {
  return {
    ...{ kind: "request", id, time: 0, name: "", account: "", agent: "", visitor: "" },
    ...{ method: "GET", target: "/", status: 200, bytes_in: 0, bytes_out: 0, ms: 1, ttfb_ms: 1 },
  } as Request;
}

function ids(rows: Rows): string[] {
  return Array.from({ length: rows.length }, (_, at) => {
    const row = rows.at(rows.front - at);
    return row?.kind === "request" ? row.id : `gap ${row?.missed}`;
  });
}

Deno.test("log rows: the newest first, older ones below, new ones wait until they are shown", () => {
  const rows = new Rows();
  rows.addOlder(request("b"));
  rows.addOlder(request("a"));
  rows.show();
  rows.addNewer(request("c"));
  assert.deepEqual([ids(rows), rows.waiting], [["b", "a"], 1]);
  const place = rows.find("a");
  rows.show();
  assert.deepEqual([ids(rows), rows.waiting], [["c", "b", "a"], 0]);
  assert.equal(rows.find("a"), place, "a row keeps its place");
  assert.equal(rows.find("d"), null);
});

Deno.test("log rows: gaps one after the other are one; an unknown number makes all unknown", () => {
  const rows = new Rows();
  rows.addNewer(request("a"));
  for (const missed of [2, 3]) rows.addNewer({ kind: "gap", time: 0, missed });
  rows.addNewer(request("b"));
  for (const missed of [2, null]) rows.addNewer({ kind: "gap", time: 0, missed });
  rows.show();
  assert.deepEqual(ids(rows), ["gap null", "b", "gap 5", "a"]);
});

Deno.test("log rows: the oldest go when there are too many; none is added below then", () => {
  const rows = new Rows();
  for (let i = 0; i < 250_000; i++) {
    rows.addNewer(request(String(i)));
    if (i % 100 === 0) rows.show();
  }
  rows.show();
  assert.equal(rows.length, MOST);
  rows.addOlder(request("older"));
  const all = ids(rows);
  assert.deepEqual([all.length, all[0], all.at(-1)], [MOST, "249999", "150000"]);
  assert.equal(new Set(all).size, MOST);
});

Deno.test("log rows: what waits is bounded, too, and never takes the place of what is read", () => {
  const rows = new Rows();
  for (let i = 0; i < MOST; i++) rows.addOlder(request(String(i)));
  rows.show();
  const before = ids(rows);
  for (let i = 0; i < 60_000; i++) rows.addNewer(request(`new ${i}`));
  assert.deepEqual(ids(rows), before);
  assert.equal(rows.waiting, 60_000, "all are counted");
  assert.equal(rows.over, 40_000);
});
