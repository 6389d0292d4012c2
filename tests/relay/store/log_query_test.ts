/** Claims about asking the log, and about what it forgets. @module */

import assert from "node:assert/strict";
import { Database } from "../../../relay/store/database.ts";
import { RowStage } from "../../../relay/store/log_rows.ts";
import { LOG_SCHEMA } from "../../../relay/store/log_schema.ts";
import { LogWriter } from "../../../relay/store/log_writer.ts";
import { LogReader } from "../../../relay/store/mod.ts";
import { listRequests, type RequestPage, seqOf } from "../../../relay/store/request_query.ts";
import {
  type FieldTest,
  IN_BLOCK,
  isInBlock,
  type RequestField,
  type RequestTerm,
} from "../../../relay/store/request_terms.ts";
import { type TopQuestion, topRequests } from "../../../relay/store/request_top.ts";
import { UsageCounters } from "../../../relay/store/usage_counters.ts";
import { usage, type UsageQuestion, usageTotals } from "../../../relay/store/usage_query.ts";
import { TempDir } from "./temp_dir.ts";
import { finished } from "./finished.ts";

const DAY = 86_400_000;
const HOUR = 3_600_000;

class TempLog implements Disposable {
  readonly dir = new TempDir();
  readonly writer: LogWriter;
  readonly db: Database;
  seq = 1;

  constructor(
    limits: { keepMs: number; keepBytes: number; mostSeconds?: number } = {
      keepMs: 7 * DAY,
      keepBytes: 1e9,
    },
  ) {
    this.writer = new LogWriter(this.dir.at("log.db"), { ...limits, busyTimeoutMs: 100 });
    this.db = new Database(this.dir.at("log.db"), { durability: "normal", readOnly: true });
    this.db.define(IN_BLOCK, isInBlock);
  }

  /** Rows from `time` on, one a millisecond. */
  add(
    count: number,
    time: number,
    fields: { name?: string; target?: string; status?: number; ms?: number } = {},
  ) {
    const { name = "n", target = "/", status = 200, ms = 1 } = fields;
    for (let done = 0; done < count;) {
      const stage = new RowStage();
      for (; stage.count < 1000 && done < count; done++) {
        const id = `r${this.seq + stage.count}`;
        const account = `a-${name}`;
        stage.add(finished({ id, time: time + done, name, account, status, ms, target }));
      }
      const batch = stage.take(this.seq, undefined);
      this.seq += batch.count;
      this.writer.write(batch, undefined);
    }
  }

  seqs(page: RequestPage): number[] {
    return listRequests(this.db, page).items.map((row) => row.seq);
  }

  /** Prunes to the end; how many slices that took. */
  prune(now: number): number {
    let slices = 1;
    while (this.writer.prune(now)) slices++;
    return slices;
  }

  [Symbol.dispose](): void {
    this.db[Symbol.dispose]();
    this.writer[Symbol.dispose]();
    this.dir[Symbol.dispose]();
  }
}

Deno.test("log query: pages lead through all rows once, backward and forward", () => {
  using log = new TempLog();
  log.add(25, 1000);
  const back: number[] = [];
  let page = listRequests(log.db, { limit: 10 });
  back.push(...page.items.map((row) => row.seq));
  while (page.next !== null) {
    page = listRequests(log.db, { limit: 10, before: page.next });
    back.push(...page.items.map((row) => row.seq));
  }
  assert.deepEqual(back, Array.from({ length: 25 }, (_, i) => 25 - i));
  const first = listRequests(log.db, { after: 5, limit: 10 });
  assert.deepEqual(first.items.map((row) => row.seq), [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  assert.deepEqual(log.seqs({ after: first.next!, limit: 100 }).length, 10);
  assert.deepEqual(listRequests(log.db, { after: 25 }), { items: [], next: null });
});

Deno.test("log query: terms hold together and each alone", () => {
  using log = new TempLog();
  log.add(1, 1000, { name: "a", target: "/x/A.html", status: 404, ms: 700 });
  log.add(1, 2000, { name: "a", target: "/x_100%", status: 200, ms: 5 });
  log.add(1, 3000, { name: "b", target: "/xy100?q=/x/a.html", status: 503, ms: 5 });
  const term = (field: RequestField, ...any: FieldTest[]): RequestTerm => ({
    field,
    not: false,
    any,
  });
  const is = (field: RequestField, value: string) => term(field, { kind: "is", value });
  const glob = (field: RequestField, glob: string) => term(field, { kind: "glob", glob });
  const path = (glob: string) => term("target", { kind: "path", glob });
  const within = (field: RequestField, from: number, to: number) =>
    term(field, { kind: "within", from, to });
  const cases: [RequestTerm[], number[]][] = [
    [[], [3, 2, 1]],
    [[is("name", "a")], [2, 1]],
    [[{ ...is("name", "a"), not: true }], [3]],
    [[is("account", "a-b")], [3]],
    [[is("agent", "g"), is("visitor", "192.0.2.1"), is("method", "GET")], [3, 2, 1]],
    [[is("method", "POST")], []],
    [[within("status", 400, 499)], [1]],
    [[within("status", 200, 200)], [2]],
    [[within("status", 400, 599)], [3, 1]],
    [[{ ...within("status", 400, 499), not: true }], [3, 2]],
    [[glob("target", "*.HTML")], [3, 1]],
    [[glob("target", "/x?100%")], [2]],
    [[glob("target", "/x?100")], []],
    [[path("/x?100")], [3]],
    [[path("*q=*")], [3]],
    [[path("*.html")], [3, 1]],
    [[path("/x/a.html")], [1]],
    [[{ ...path("/xy100"), not: true }], [2, 1]],
    [[glob("target", "/x_100%")], [2]],
    [[glob("target", "100")], []],
    [[glob("target", "*")], [3, 2, 1]],
    [[within("duration", 500_001, 1e9)], [1]],
    [[within("duration", 0, 499_999), is("name", "a")], [2]],
    [[term("visitor", { kind: "block", block: "192.0.2.0/24" })], [3, 2, 1]],
    [[term("visitor", { kind: "block", block: "10.0.0.0/8" })], []],
    [[is("name", "a' OR 1=1 --")], []],
  ];
  for (const [terms, seqs] of cases) {
    assert.deepEqual(log.seqs({ terms }), seqs, JSON.stringify(terms));
  }
  assert.deepEqual(log.seqs({ since: 2000, until: 3000 }), [2]);
  assert.deepEqual(log.seqs({ account: "a-a", terms: [is("account", "a-b")] }), []);
});

Deno.test("log query: a time is found where the log was halved, holes and restarts or not", () => {
  using log = new TempLog();
  const day = 100 * DAY;
  log.add(3_000, day);
  log.seq += 1e9;
  log.add(3_000, day + HOUR);
  log.add(1, day - HOUR, { ms: 2 * HOUR }); // ended last, began first
  const count = (page: RequestPage) => {
    const seen: number[] = [];
    for (let next: number | null = Number.MAX_SAFE_INTEGER; next !== null;) {
      const list = listRequests(log.db, { ...page, before: next, limit: 1000 });
      seen.push(...list.items.map(({ seq }) => seq));
      next = list.next;
    }
    assert.deepEqual(seen, [...new Set(seen)].sort((a, b) => b - a));
    return seen.length;
  };
  assert.equal(count({}), 6_001);
  assert.equal(count({ since: day + HOUR }), 3_000);
  assert.equal(count({ since: day + HOUR + 1_000, until: day + HOUR + 1_500 }), 500);
  assert.equal(count({ since: day + 2_990 }), 3_010);
  assert.equal(count({ until: day }), 1);
  assert.equal(seqOf(log.db, day + HOUR), 3_001);
  assert.equal(seqOf(log.db, 0), 1);
});

Deno.test("log query: gaps stand between the requests, those side by side as one", () => {
  using log = new TempLog();
  const gap = (leftOut: number) => {
    log.writer.write(new RowStage().take(log.seq++, { time: log.seq, leftOut }));
  };
  gap(1);
  gap(2);
  log.add(2, 1000);
  gap(4);
  log.add(1, 2000);
  gap(8);
  gap(16);
  const shape = (page: RequestPage) => {
    const { items, next } = listRequests(log.db, page);
    return [items.map((row) => row.kind === "gap" ? -row.leftOut : row.seq), next];
  };
  assert.deepEqual(shape({}), [[-24, 6, -4, 4, 3, -3], null]);
  assert.deepEqual(shape({ limit: 1 }), [[-24, 6], 6]);
  assert.deepEqual(shape({ limit: 1, before: 6 }), [[-4, 4], 4]);
  assert.deepEqual(shape({ limit: 2, before: 6 }), [[-4, 4, 3, -3], null]);
  assert.deepEqual(shape({ after: 0, limit: 2 }), [[-3, 3, 4], 4]);
  assert.deepEqual(shape({ after: 4 }), [[-4, 6, -24], null]);
  assert.deepEqual(shape({ account: "a-n" }), [[6, 4, 3], null]);
});

Deno.test("log top: groups, sorts, and says how much was looked at", () => {
  using log = new TempLog();
  log.add(5, 1000, { target: "/a?x=1", ms: 10 });
  log.add(5, 2000, { target: "/a?y", ms: 20, name: "b" });
  log.add(3, 3000, { target: "/b", status: 503, ms: 1 });
  log.add(1, 4000, { target: "/c", status: 0, ms: 100 });
  const top = (question: Partial<TopQuestion> = {}) =>
    topRequests(log.db, { by: "path", sort: "requests", limit: 10, ...question });
  const list = top();
  assert.deepEqual([list.scanned, list.whole], [14, true]);
  assert.deepEqual(list.items[0], {
    ...{ value: "/a", requests: 10, errors: 0, bytesIn: 10, bytesOut: 20, avgMs: 15, maxMs: 20 },
  });
  const values = (question: Partial<TopQuestion>) => top(question).items.map(({ value }) => value);
  assert.deepEqual(values({ sort: "errors" }), ["/b", "/c"]);
  assert.deepEqual(values({ sort: "slow" }), ["/c", "/a", "/b"]);
  assert.deepEqual(values({ sort: "bytes", limit: 2 }), ["/a", "/b"]);
  assert.deepEqual(values({ by: "status" }), ["200", "503", "0"]);
  assert.deepEqual(values({ by: "name", since: 2000, until: 3000 }), ["b"]);
  assert.deepEqual(values({ by: "method", account: "a-b" }), ["GET"]);
  assert.deepEqual(top({ account: "a-c" }), { items: [], scanned: 0, whole: true });
  const failed: RequestTerm = {
    field: "status",
    not: false,
    any: [{ kind: "within", from: 500, to: 599 }],
  };
  assert.deepEqual(values({ terms: [failed] }), ["/b"]);
});

Deno.test("log top: of more than 200,000 the newest count", () => {
  using log = new TempLog();
  log.add(10, 1000, { target: "/old" });
  log.add(200_000, 2000, { target: "/new" });
  const { items, scanned, whole } = topRequests(log.db, { by: "path", sort: "requests", limit: 9 });
  assert.deepEqual([items.map(({ value }) => value), scanned, whole], [["/new"], 200_000, false]);
});

Deno.test("log query: failures are found by their index", () => {
  using log = new TempLog();
  const plan = log.db.prepare(
    `EXPLAIN QUERY PLAN SELECT * FROM requests
       WHERE status BETWEEN ? AND ? AND status >= 400 AND seq < ? AND seq >= ? ORDER BY seq DESC`,
  ).all(500, 599, 9, 1);
  assert.deepEqual(plan.length, 1); // no sorting
  assert.match(String(plan[0]!.detail), /requests_failures/);
});

Deno.test("usage: sums by minute, hour, day and whole, for accounts, names and all", () => {
  using log = new TempLog();
  const counters = new UsageCounters();
  const start = 100 * DAY;
  const count = (account: string, name: string, at: number, times: number) => {
    for (let i = 0; i < times; i++) counters.add(account, name, i % 2 ? 200 : 500, 1, 10, 100);
    log.writer.write(undefined, counters.take(at));
  };
  count("alice", "blog", start, 2);
  count("alice", "blog", start, 2);
  count("alice", "shop", start + 60_000, 6);
  count("bob", "bob", start + HOUR, 8);
  count("bob", "bob", start + DAY, 1);
  count("", "", start, 1);
  const ask = (
    step: UsageQuestion["step"],
    by: "account" | "name" | "all",
    more = {},
  ) =>
    usage(log.db, { since: start, until: start + 2 * DAY, step, by, ...more })
      .map((row) => [(row.start - start) / 60_000, row.account, row.name, row.requests]);
  assert.deepEqual(ask("minute", "name", { account: "alice" }), [
    [0, "alice", "blog", 4],
    [1, "alice", "shop", 6],
  ]);
  assert.deepEqual(ask("hour", "account", { until: start + 2 * HOUR }), [
    [0, "alice", "", 10],
    [0, "", "", 1],
    [60, "bob", "", 8],
  ]);
  assert.deepEqual(ask("day", "all"), [[0, "", "", 19], [1440, "", "", 1]]);
  assert.deepEqual(ask("whole", "name", { name: "bob" }), [[0, "bob", "bob", 9]]);
  assert.deepEqual(ask("day", "all", { until: start + 40 * DAY }), [[0, "", "", 19], [
    1440,
    "",
    "",
    1,
  ]]);
  const [row] = usage(log.db, { since: start, until: start + DAY, step: "whole", by: "all" });
  assert.deepEqual(row!.status, { "1xx": 0, "2xx": 9, "3xx": 0, "4xx": 0, "5xx": 10 });
  assert.deepEqual([row!.bytesIn, row!.bytesOut], [19, 190]);
  assert(row!.p50 > 64 && row!.p95 <= 128);
  assert.deepEqual(usageTotals(log.db), [
    { account: "alice", requests: 10, bytesIn: 10, bytesOut: 100 },
    { account: "bob", requests: 9, bytesIn: 9, bytesOut: 90 },
  ]);
  assert.deepEqual(usageTotals(log.db, { account: "bob" }).length, 1);
});

Deno.test("log schema: a log of the first version keeps its rows, and is known by the second from then on", () => {
  using dir = new TempDir();
  {
    using db = new Database(dir.at("log.db"), { durability: "normal" });
    db.exec(LOG_SCHEMA[0]!);
    db.exec("PRAGMA user_version = 1");
    db.exec("INSERT INTO requests (seq, time, status, account) VALUES (7, 1000, 503, 'a')");
    db.exec("INSERT INTO requests (seq, time, left_out) VALUES (8, 1001, 3)");
  }
  const limits = { keepMs: DAY, keepBytes: 1e9, busyTimeoutMs: 100 };
  using writer = new LogWriter(dir.at("log.db"), limits);
  assert.equal(writer.lastSeq, 8);
  const counters = new UsageCounters();
  counters.add("a", "a", 200, 1, 1, 1);
  writer.write(undefined, counters.take(5_000));
  using db = new Database(dir.at("log.db"), { durability: "normal", readOnly: true });
  assert.deepEqual(listRequests(db, {}).items.map(({ seq }) => seq), [8, 7]);
  const [row] = usage(db, { since: 0, until: 10_000, step: "second", by: "all" });
  assert.deepEqual([row?.start, row?.requests], [5_000, 1]);
});

Deno.test("retention: old rows go in slices, young ones stay", () => {
  using log = new TempLog({ keepMs: DAY, keepBytes: 1e9 });
  log.add(1700, 1000);
  log.add(300, 10 * DAY);
  assert(log.prune(10 * DAY + HOUR) >= 4);
  assert.equal(log.db.value("SELECT count(*) FROM requests"), 300);
});

Deno.test("retention: a file that grows too large loses its oldest rows, and shrinks", () => {
  using log = new TempLog({ keepMs: 100 * DAY, keepBytes: 8e6 });
  log.add(20_000, DAY, { target: "/".repeat(1500) });
  const size = () => Number(log.db.value("PRAGMA page_count")) * 4096;
  assert(size() > 30e6);
  log.prune(DAY);
  assert(size() < 8e6 + 4096 * 4096 + 2e6, String(size()));
  const left = Number(log.db.value("SELECT count(*) FROM requests"));
  assert(left > 1000 && left < 6000, String(left));
  assert.equal(log.db.value("SELECT max(seq) FROM requests"), 20_000);
});

Deno.test("usage: seconds add up to their minute", () => {
  using log = new TempLog();
  const counters = new UsageCounters();
  const start = 100 * DAY;
  for (const [second, times] of [[0, 1], [1, 2], [1, 3], [59, 4], [60, 5]] as const) {
    for (let i = 0; i < times; i++) counters.add("alice", "blog", 200, 1, 10, 100);
    log.writer.write(undefined, counters.take(start + second * 1000));
  }
  const ask = (step: UsageQuestion["step"], more = {}) =>
    usage(log.db, { since: start, until: start + 2 * 60_000, step, by: "all", ...more })
      .map((row) => [(row.start - start) / 1000, row.requests]);
  assert.deepEqual(ask("second"), [[0, 1], [1, 5], [59, 4], [60, 5]]);
  assert.deepEqual(ask("second", { since: start + 1_999, until: start + 60_000 }), [[1, 5], [
    59,
    4,
  ]]);
  assert.deepEqual(ask("minute"), [[0, 10], [60, 5]]);
});

Deno.test("retention: seconds go after 16 minutes, or the oldest where there are too many names", () => {
  using log = new TempLog({ keepMs: DAY, keepBytes: 1e9, mostSeconds: 3_000 });
  const count = () => Number(log.db.value("SELECT count(*) FROM usage_second"));
  const add = (second: number, names: number) => {
    const counters = new UsageCounters();
    for (let i = 0; i < names; i++) counters.add("a", `n${i}`, 200, 1, 1, 1);
    log.writer.write(undefined, counters.take(second * 1000));
  };
  add(0, 700);
  add(1, 1);
  log.prune(16 * 60_000 + 500);
  assert.equal(count(), 1);
  for (let second = 2; second < 33; second++) add(second, 100);
  log.prune(33_000);
  assert(count() <= 3_000 && count() > 2_500, String(count()));
});

Deno.test("retention: usage by minutes goes after 8 days, hours and totals stay", () => {
  using log = new TempLog();
  const counters = new UsageCounters();
  counters.add("a", "a", 200, 1, 1, 1);
  log.writer.write(undefined, counters.take(DAY));
  log.prune(10 * DAY);
  const rows = (table: string) => log.db.value(`SELECT count(*) FROM ${table}`);
  assert.deepEqual(["usage_minute", "usage_hour", "usage_total"].map(rows), [0, 1, 1]);
});

Deno.test("log reader: answers in its worker, finds one request, and shows no other account's", async () => {
  using log = new TempLog();
  log.add(3, 1000, { name: "a" });
  using reader = new LogReader(log.dir.path);
  const [page, found, foreign, missing] = await Promise.all([
    reader.requests({ limit: 2 }),
    reader.request("r2", { account: "a-a" }),
    reader.request("r2", { account: "bob" }),
    reader.request("r9"),
  ]);
  assert.deepEqual([page.items.length, page.next], [2, 2]);
  assert(found?.kind === "request" && found.seq === 2);
  assert.deepEqual([foreign, missing], [undefined, undefined]);
});

Deno.test("log reader: a missing file is an error, not made, and is read once it is there", async () => {
  using dir = new TempDir();
  using reader = new LogReader(dir.path);
  await assert.rejects(reader.requests(), { code: "storage" });
  assert.deepEqual([...Deno.readDirSync(dir.path)], []);
  const options = { keepMs: DAY, keepBytes: 1e9, busyTimeoutMs: 100 };
  using _writer = new LogWriter(dir.at("log.db"), options);
  assert.deepEqual((await reader.requests()).items, []);
});

Deno.test("log reader: too many questions are refused, and a closed one answers none", async () => {
  using log = new TempLog();
  const reader = new LogReader(log.dir.path);
  const asked = Array.from({ length: 65 }, () => reader.requests());
  await assert.rejects(asked.pop()!, { code: "busy" });
  await Promise.all(asked);
  const late = reader.requests();
  reader[Symbol.dispose]();
  await assert.rejects(late, { code: "storage" });
  await assert.rejects(reader.requests(), { code: "storage" });
});
