/** Claims about many questions to the log at once: the dear ones of one account are that account's trouble. @module */

import assert from "node:assert/strict";
import type { Asker } from "../../../relay/store/mod.ts";
import { LogReader } from "../../../relay/store/mod.ts";
import { LogLane } from "../../../relay/store/log_lane.ts";
import { RowStage } from "../../../relay/store/log_rows.ts";
import type { RequestList, RequestPage } from "../../../relay/store/request_query.ts";
import { LogWriter } from "../../../relay/store/log_writer.ts";
import { eventually } from "../../support/deadline.ts";
import { TempDir } from "./temp_dir.ts";
import { finished } from "./finished.ts";

const member: Asker = { account: "mallory", isStaff: false };
const admin: Asker = { account: "admin", isStaff: true };

/** A log of long targets. */
function fill(dir: TempDir, count: number): void {
  using writer = new LogWriter(dir.at("log.db"), {
    keepMs: 1e12,
    keepBytes: 1e12,
    busyTimeoutMs: 1_000,
  });
  for (let done = 0; done < count;) {
    const stage = new RowStage();
    for (; stage.count < 1_000 && done < count; done++) {
      const target = `/${"a".repeat(1_000)}${done % 50}`;
      const row = { id: `r${done}`, time: 1_000 + done, account: "mallory", ms: 3, target };
      stage.add(finished(row));
    }
    writer.write(stage.take(done - stage.count + 1, undefined));
  }
}

Deno.test("log lanes: a worker that nobody asks any more ends, and the next question gets another", async () => {
  using dir = new TempDir();
  fill(dir, 10);
  using lane = new LogLane(dir.at("log.db"), { idleMs: 50 });
  const argument: RequestPage = { limit: 3 };
  for (let i = 0; i < 2; i++) {
    const { items } = await lane.ask(admin, "requests", argument) as RequestList;
    assert.equal(items.length, 3);
    await eventually(() => !lane.isRunning);
  }
});

Deno.test("log lanes: an account's dear questions keep nobody else from answers, and none of them fails", async () => {
  using dir = new TempDir();
  fill(dir, 30_000);
  using reader = new LogReader(dir.path);
  await reader.requests({ limit: 1 }, admin);
  const dear = {
    ...{ by: "path", sort: "slow", limit: 10, account: "mallory" } as const,
    terms: [{
      field: "target" as const,
      not: false,
      any: Array.from({ length: 20 }, (_, i) => ({
        kind: "path" as const,
        glob: `*${"a?".repeat(8)}${i}x*`,
      })),
    }],
  };
  let over = 0;
  const attack = Array.from(
    { length: 60 },
    () => reader.top(dear, member).finally(() => over++),
  );
  for (let i = 0; i < 10; i++) {
    const page = await reader.requests({ limit: 100 }, admin);
    assert.equal(page.items.length, 100);
    const top = await reader.top({ by: "path", sort: "requests", limit: 5 }, admin);
    assert.deepEqual([top.items.length, top.scanned], [5, 30_000]);
  }
  assert(over < 30, `${over} of 60 were over by then`);
  const counted = await reader.usage({
    ...{ since: 0, until: 1e13, step: "whole", by: "all" },
  }, admin);
  assert.deepEqual(counted, []);
  await reader.request("r1", {}, admin);
  assert(over < 60);
  // The other ones go: their worker has other things to do.
  reader[Symbol.dispose]();
  const ends = await Promise.allSettled(attack);
  for (const end of ends) {
    if (end.status === "rejected") assert.match(String(end.reason), /the reader is closed/);
    else assert.equal(end.value.items.length, 0);
  }
});
