/** Claims about the log's size, and about whose rows go when there are too many. @module */

import assert from "node:assert/strict";
import { LogReader, openRequestLog, type RequestLog } from "../../../relay/store/mod.ts";
import { RowStage } from "../../../relay/store/log_rows.ts";
import { LogWriter } from "../../../relay/store/log_writer.ts";
import { TempDir } from "./temp_dir.ts";
import { finished } from "./finished.ts";

const LIMIT = 2_000_000;

function sizeOf(dir: TempDir): number {
  return ["log.db", "log.db-wal"].reduce((sum, name) => sum + Deno.statSync(dir.at(name)).size, 0);
}

/** Writes rows of `account` with a target of so many characters. */
function write(writer: LogWriter, account: string, count: number, length: number, seq: number) {
  for (let done = 0; done < count;) {
    const stage = new RowStage();
    for (; stage.count < 1_000 && done < count; done++) {
      const target = "/".padEnd(length, "x");
      stage.add(finished({ id: `${account}${done}`, account, status: 404, ms: 3, target }));
    }
    writer.write(stage.take(seq + done - stage.count, undefined));
    writer.keepUp();
  }
}

function record(log: RequestLog, account: string, count: number): void {
  for (let i = 0; i < count; i++) {
    log.record(finished({ id: `${account}${i}`, account, status: 404 }));
  }
}

Deno.test("log size: a flood of long rows stays within it at once, and pushes out nobody else's", () => {
  using dir = new TempDir();
  const limits = { keepMs: 1e12, keepBytes: LIMIT, busyTimeoutMs: 1_000 };
  using writer = new LogWriter(dir.at("log.db"), limits);
  write(writer, "ann", 300, 100, 1);
  let most = 0;
  for (let i = 0; i < 30; i++) {
    write(writer, i % 2 === 0 ? "" : "mallory", 1_000, 2_000, 1_000 * (i + 1));
    most = Math.max(most, sizeOf(dir));
  }
  // 60 MB were written; between two batches there is one batch more, and what is on its way into the file.
  assert(most < 8 * LIMIT, `${most}`);
  while (writer.prune(Date.now()));
  assert(sizeOf(dir) < 4 * LIMIT, `${sizeOf(dir)}`);
  assert(Deno.statSync(dir.at("log.db")).size < 1.5 * LIMIT);
});

Deno.test("log size: the rows that go are of who has most", async () => {
  using dir = new TempDir();
  const limits = { keepMs: 1e12, keepBytes: LIMIT, busyTimeoutMs: 1_000 };
  {
    using writer = new LogWriter(dir.at("log.db"), limits);
    write(writer, "ann", 300, 100, 1);
    write(writer, "", 20_000, 200, 1_000);
  }
  // What a new process finds counts as well.
  using writer = new LogWriter(dir.at("log.db"), limits);
  write(writer, "mallory", 5_000, 1_000, 30_000);
  while (writer.prune(Date.now()));
  using reader = new LogReader(dir.path);
  const { items } = await reader.requests({ account: "ann", limit: 1_000 });
  assert.equal(items.length, 300);
  const others = await reader.requests({ account: "mallory", limit: 1_000 });
  assert(others.items.length > 100);
});

Deno.test("request log: requests to names that are nobody's are sampled before all others", async () => {
  using dir = new TempDir();
  await using log = await openRequestLog(dir.path, { rowsPerSecond: 1_000 });
  record(log, "", 3_000);
  record(log, "ann", 900);
  await log.flush();
  const { written, sampled } = log.counters;
  assert(written >= 1_000 && written < 1_300, `${written}`);
  assert.equal(written + sampled, 3_900);
  using reader = new LogReader(dir.path);
  const { items } = await reader.requests({ account: "ann", limit: 1_000 });
  assert.equal(items.length, 900);
});
