/** Claims about what is counted of visitors' requests, and in how many series. @module */

import assert from "node:assert/strict";
import { Tally, Traffic } from "../../../relay/metrics/mod.ts";
import { finished } from "../store/finished.ts";

Deno.test("traffic: requests are counted by method and class, unknown methods together", () => {
  const traffic = new Traffic();
  for (const method of ["GET", "GET", "POST", "BREW", "get", "x".repeat(1000)]) {
    traffic.count(
      finished({
        name: "a",
        account: "a",
        method: method,
        status: 204,
        bytesIn: 1,
        bytesOut: 2,
        ms: 1,
        ttfbMs: 1,
      }),
    );
  }
  traffic.count(
    finished({
      name: "a",
      account: "a",
      method: "GET",
      status: 0,
      bytesIn: 0,
      bytesOut: 0,
      ms: 1,
      ttfbMs: -1,
    }),
  );
  const counts = [...traffic.requests()].filter(({ count }) => count > 0)
    .map(({ method, status, count }) => `${method} ${status} ${count}`);
  assert.deepEqual(counts, ["GET none 1", "GET 2xx 2", "POST 2xx 1", "other 2xx 3"]);
  assert.deepEqual([traffic.received, traffic.sent], [6, 12]);
  assert.equal(traffic.names, null, "names are not told apart unless asked for");
});

Deno.test("traffic: what had no first byte is in one histogram only", () => {
  const traffic = new Traffic();
  traffic.count(
    finished({
      name: "a",
      account: "a",
      method: "GET",
      status: 200,
      bytesIn: 0,
      bytesOut: 0,
      ms: 300,
      ttfbMs: 0.1,
    }),
  );
  traffic.count(
    finished({
      name: "a",
      account: "a",
      method: "GET",
      status: 503,
      bytesIn: 0,
      bytesOut: 0,
      ms: 5_000,
      ttfbMs: -1,
    }),
  );
  const total = (counts: Float64Array): number => counts.reduce((sum, count) => sum + count, 0);
  assert.deepEqual([total(traffic.durations.counts), traffic.durations.sum], [2, 5_300]);
  assert.deepEqual([total(traffic.firstBytes.counts), traffic.firstBytes.sum], [1, 0.1]);
});

Deno.test("traffic: a thousand names are told apart, the rest is one", () => {
  const traffic = new Traffic({ names: true });
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 1_500; i++) {
      traffic.count(
        finished({
          name: `n${i}`,
          account: "a",
          method: "GET",
          status: 200,
          bytesIn: 1,
          bytesOut: 1,
          ms: 1,
          ttfbMs: 1,
        }),
      );
    }
  }
  traffic.count(
    finished({
      name: "",
      account: "",
      method: "GET",
      status: 404,
      bytesIn: 1,
      bytesOut: 1,
      ms: 1,
      ttfbMs: -1,
    }),
  );
  const names = traffic.names!;
  assert.equal(names.length, 1_001);
  const rest = names.find(({ name }) => name === "other")!;
  assert.equal(rest.requests[2], 1_000);
  assert.equal(rest.requests[4], 1, "what is no name of anybody's counts there, too");
  assert.equal(names.find(({ name }) => name === "n999")!.requests[2], 2);
  assert.equal(names.reduce((sum, { received }) => sum + received, 0), 3_001);
});

Deno.test("tally: known kinds are there from the start, and others have a bound", () => {
  const tally = new Tally(["known"]);
  assert.deepEqual([...tally.entries()], [["known", 0]]);
  for (let i = 0; i < 1_000; i++) tally.add(`k${i}`);
  const entries = [...tally.entries()];
  assert.ok(entries.length <= 66, String(entries.length));
  assert.equal(entries.reduce((sum, [, count]) => sum + count, 0), 1_000);
});
