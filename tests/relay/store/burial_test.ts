/** Claims about the log of removed accounts: it stays, and the next account of the name does not inherit it. @module */

import assert from "node:assert/strict";
import { LogReader, openRequestLog } from "../../../relay/store/mod.ts";
import { eventually } from "../../support/deadline.ts";
import { TempDir } from "./temp_dir.ts";
import { finished } from "./finished.ts";

Deno.test("request log: a removed account's requests and sums stand under another name", async () => {
  using dir = new TempDir();
  const log = await openRequestLog(dir.path);
  const record = (account: string, id: string) =>
    log.record(finished({ id, name: account, account, bytesIn: 5, bytesOut: 7 }));
  record("alice", "r1");
  record("bob", "r2");
  await log.bury("alice", "alice (removed)");
  using reader = new LogReader(dir.path);
  await eventually(async () => {
    const totals = await reader.totals();
    return totals.some(({ account }) => account === "alice (removed)");
  });
  record("alice", "r3");
  await log.flush();
  const rows = async (account: string) => (await reader.requests({ account })).items.length;
  assert.equal(await rows("alice (removed)"), 1);
  assert.equal(await rows("alice"), 1);
  assert.equal(await rows("bob"), 1);
  const [totals] = await reader.totals({ account: "alice" });
  assert.equal(totals?.bytesIn, 5);
  await log[Symbol.asyncDispose]();
});
