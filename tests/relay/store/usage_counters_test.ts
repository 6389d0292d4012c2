/** Claims about counting in memory. @module */

import assert from "node:assert/strict";
import { COUNTERS, DURATION_BOUNDS } from "../../../relay/store/log_schema.ts";
import {
  bucketOf,
  CHUNK_STRIDE,
  type UsageChunk,
  UsageCounters,
} from "../../../relay/store/usage_counters.ts";
import { quantile } from "../../../relay/store/usage_query.ts";

/** Chunks as rows of their counters that are not 0. */
function rows(chunks: readonly UsageChunk[]) {
  return chunks.flatMap(rowsOf);
}

function rowsOf(chunk: UsageChunk) {
  return Array.from({ length: chunk.names.length / 2 }, (_, i) => {
    const numbers = [...chunk.numbers.slice(i * CHUNK_STRIDE, (i + 1) * CHUNK_STRIDE)];
    const counts = numbers.slice(1).map((n, k) => [COUNTERS[k], n]).filter(([, n]) => n !== 0);
    const { requests, bytes_in = 0, bytes_out = 0, ...more } = Object.fromEntries(counts);
    const [account, name] = chunk.names.slice(2 * i);
    return { account, name, minute: numbers[0], requests, bytes_in, bytes_out, more };
  });
}

Deno.test("usage counters: sums for each account and name, by status and duration", () => {
  const usage = new UsageCounters();
  usage.add("alice", "blog", 200, 10, 100, 1);
  usage.add("alice", "blog", 304, 1, 2, 1);
  usage.add("bob", "bob", 500, 0, 5, 70_000);
  usage.add("alice", "blog", 404, 0, 0, 0.1);
  usage.add("alice", "alice", 101, 0, 0, 3);
  usage.add("alice", "alice", 0, 0, 0, 3);
  assert.deepEqual(rows(usage.take(60_000)), [
    {
      ...{ account: "alice", name: "blog", minute: 60_000, requests: 3, bytes_in: 11 },
      ...{ bytes_out: 102, more: { s2: 1, s3: 1, s4: 1, h0: 1, h2: 2 } },
    },
    {
      ...{ account: "bob", name: "bob", minute: 60_000, requests: 1, bytes_in: 0 },
      ...{ bytes_out: 5, more: { s5: 1, h19: 1 } },
    },
    {
      ...{ account: "alice", name: "alice", minute: 60_000, requests: 2, bytes_in: 0 },
      ...{ bytes_out: 0, more: { s0: 2, h4: 2 } },
    },
  ]);
  assert(usage.isEmpty);
  assert.deepEqual(usage.take(60_000), []);
});

Deno.test("usage counters: a name that changed hands counts for both accounts", () => {
  const usage = new UsageCounters();
  for (const account of ["alice", "bob", "alice", "carol", "bob"]) {
    usage.add(account, "n", 200, 1, 0, 1);
  }
  const sums = rows(usage.take(0)).map(({ account, requests }) => [account, requests]);
  assert.deepEqual(sums, [["alice", 2], ["bob", 2], ["carol", 1]]);
});

Deno.test("usage counters: names without an account are one, however many visitors make up", () => {
  const usage = new UsageCounters();
  for (let i = 0; i < 1000; i++) usage.add("", `x${i}`, 404, 0, 1, 1);
  const [row, ...others] = rows(usage.take(0));
  assert.deepEqual([row?.account, row?.name, row?.requests, others], ["", "", 1000, []]);
});

Deno.test("usage counters: what is given back comes first the next time, each as of its minute", () => {
  const usage = new UsageCounters();
  usage.add("a", "a", 200, 1, 1, 1);
  const first = usage.take(60_000);
  usage.add("a", "a", 200, 2, 2, 1);
  usage.setAside(60_000);
  usage.add("a", "a", 200, 4, 4, 1);
  usage.giveBack(first);
  assert(!usage.isEmpty);
  const all = rows(usage.take(120_000)).map((row) => [row.minute, row.bytes_in]);
  assert.deepEqual(all, [[60_000, 1], [60_000, 2], [120_000, 4]]);
});

Deno.test("usage counters: a disk that is full for days costs bounded memory and no request", () => {
  const usage = new UsageCounters();
  const waiting = () => {
    const chunks = usage.take(0);
    usage.giveBack(chunks);
    return rows(chunks);
  };
  for (let minute = 0; minute < 200; minute++) {
    for (let name = 0; name < 100; name++) usage.add("a", `n${name}`, 200, 1, 0, 1);
    usage.setAside(minute * 60_000);
    if (minute % 10 === 9) assert(waiting().length <= 5_000);
  }
  const all = waiting();
  assert.equal(all.reduce((sum, row) => sum + row.requests, 0), 20_000);
  assert.equal(all.at(-1)?.minute, 199 * 60_000);
});

Deno.test("usage counters: more names than the bound keep a row each", () => {
  const usage = new UsageCounters();
  for (let round = 0; round < 3; round++) {
    for (let name = 0; name < 6_000; name++) usage.add("a", `n${name}`, 200, 1, 0, 1);
    usage.setAside(round * 60_000);
  }
  const all = rows(usage.take(0));
  assert(all.length <= 12_000);
  assert.equal(all.reduce((sum, row) => sum + row.requests, 0), 18_000);
});

Deno.test("duration histogram: each bound is the last of its bucket", () => {
  assert.equal(bucketOf(0), 0);
  assert.equal(bucketOf(-1), 0);
  assert.equal(bucketOf(NaN), 0);
  for (const [bucket, bound] of DURATION_BOUNDS.entries()) {
    assert.equal(bucketOf(bound), bucket);
    assert.equal(bucketOf(bound + 0.001), bucket + 1);
  }
  assert.equal(bucketOf(Infinity), 19);
});

Deno.test("duration histogram: quantiles lie within the right bucket", () => {
  const buckets = new Array(20).fill(0);
  assert.equal(quantile(buckets, 0.5), 0);
  for (let ms = 1; ms <= 1000; ms++) buckets[bucketOf(ms)]++;
  assert(Math.abs(quantile(buckets, 0.5) - 500) < 20);
  assert(Math.abs(quantile(buckets, 0.95) - 950) < 60);
  const slow = [...new Array(19).fill(0), 5];
  assert.equal(quantile(slow, 0.5), 65_536);
});
