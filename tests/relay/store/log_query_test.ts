/** Claims about asking the log, and about what it forgets. @module */

import assert from "node:assert/strict";
import { Database } from "../../../relay/store/database.ts";
import { RowStage } from "../../../relay/store/log_rows.ts";
import { LogWriter } from "../../../relay/store/log_writer.ts";
import { LogReader } from "../../../relay/store/mod.ts";
import { listRequests, type RequestPage } from "../../../relay/store/request_query.ts";
import { UsageCounters } from "../../../relay/store/usage_counters.ts";
import { usage, type UsageQuestion, usageTotals } from "../../../relay/store/usage_query.ts";
import { TempDir } from "./temp_dir.ts";

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
        stage.addNumbers(time + done, status, 1, 2, ms, 1);
        stage.addTexts(
          `r${this.seq + stage.count}`,
          name,
          `a-${name}`,
          "g",
          "192.0.2.1",
          "GET",
          target,
        );
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

Deno.test("log query: filters hold together and each alone", () => {
  using log = new TempLog();
  log.add(1, 1000, { name: "a", target: "/x/A.html", status: 404, ms: 700 });
  log.add(1, 2000, { name: "a", target: "/x_100%", status: 200, ms: 5 });
  log.add(1, 3000, { name: "b", target: "/xy100", status: 503, ms: 5 });
  const cases: [RequestPage, number[]][] = [
    [{ name: "a" }, [2, 1]],
    [{ account: "a-b" }, [3]],
    [{ agent: "g", visitor: "192.0.2.1", method: "GET" }, [3, 2, 1]],
    [{ method: "POST" }, []],
    [{ status: [400, 499] }, [1]],
    [{ status: [200, 200] }, [2]],
    [{ status: [400, 599] }, [3, 1]],
    [{ target: "*.HTML" }, [1]],
    [{ target: "/x?100%" }, [2]],
    [{ target: "/x?100" }, [3]],
    [{ target: "/x_100%" }, [2]],
    [{ target: "100" }, []],
    [{ target: "*" }, [3, 2, 1]],
    [{ slowerThan: 500 }, [1]],
    [{ fasterThan: 500, name: "a" }, [2]],
    [{ since: 2000, until: 3000 }, [2]],
    [{ name: "a' OR 1=1 --" }, []],
  ];
  for (const [page, seqs] of cases) assert.deepEqual(log.seqs(page), seqs, JSON.stringify(page));
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
