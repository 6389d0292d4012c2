/** Claims about conditional requests: validators, dates, and which of them decides. @module */

import assert from "node:assert/strict";
import { parseHttpDate } from "../../../http/mod.ts";
import { pattern, Site } from "./site.ts";

const MODIFIED = new Date("2020-05-05T05:05:05.678Z");
const SAME = "Tue, 05 May 2020 05:05:05 GMT";
const EARLIER = "Tue, 05 May 2020 05:05:04 GMT";
const LATER = "Tue, 05 May 2020 05:05:06 GMT";

/** A file of each kind: kept in memory, hashed, and known by its times; with its ETag. */
async function* files(): AsyncGenerator<{ site: Site; etag: string; size: number }> {
  for (const size of [1000, 300_000, 1_100_000]) {
    using site = new Site();
    site.write("f.txt", pattern(size), { mtime: MODIFIED });
    const first = await site.get("/f.txt");
    assert.equal(first.field("last-modified"), SAME);
    const etag = first.field("etag")!;
    assert.match(etag, /^"/, "strong");
    yield { site, etag, size };
  }
}

type Fields = Record<string, string | readonly string[]>;

/** Statuses of a GET and a HEAD, which must be the same. */
async function status(site: Site, fields: Fields): Promise<number> {
  const get = await site.get("/f.txt", { fields });
  const head = await site.head("/f.txt", { fields });
  assert.equal(head.status, get.status);
  return get.status;
}

Deno.test("conditions: If-None-Match compares weakly, in lists, and with *", async () => {
  for await (const { site, etag } of files()) {
    const hits = [etag, `W/${etag}`, "*", `"a", ${etag}`, `"a,b",W/"c" ,${etag}, "d"`];
    for (const tags of hits) assert.equal(await status(site, { "if-none-match": tags }), 304, tags);
    assert.equal(await status(site, { "if-none-match": ['"a"', etag] }), 304);
    for (
      const tags of ['"a"', `"${etag}"`, etag.slice(1, -1), etag.toUpperCase() + "x", "**", ""]
    ) {
      assert.equal(await status(site, { "if-none-match": tags }), 200, tags);
    }
  }
});

Deno.test("conditions: a 304 has the ETag and no body", async () => {
  for await (const { site, etag } of files()) {
    const answer = await site.get("/f.txt", { fields: { "if-none-match": etag } });
    assert.equal(answer.field("etag"), etag);
    assert.equal(answer.field("content-type"), null);
    assert.equal(answer.written, 0);
    assert.equal(answer.length, -1);
  }
});

Deno.test("conditions: If-Match compares strongly", async () => {
  for await (const { site, etag } of files()) {
    for (const tags of [etag, "*", `"a", ${etag}`]) {
      assert.equal(await status(site, { "if-match": tags }), 200);
    }
    for (const tags of ['"a"', `W/${etag}`, `"a", W/${etag}`, ""]) {
      assert.equal(await status(site, { "if-match": tags }), 412, tags);
    }
  }
});

Deno.test("conditions: a weak ETag never satisfies If-Match or If-Range", async () => {
  using site = new Site();
  site.write("f.txt", pattern(1_100_000));
  const etag = (await site.get("/f.txt")).field("etag")!;
  assert.match(etag, /^W\/"/);
  assert.equal(await status(site, { "if-match": etag }), 412);
  assert.equal(await status(site, { "if-match": etag.slice(2) }), 412);
  assert.equal(await status(site, { "if-none-match": etag.slice(2) }), 304);
  for (const tag of [etag, etag.slice(2)]) {
    assert.equal(await status(site, { range: "bytes=0-1", "if-range": tag }), 200);
  }
});

Deno.test("conditions: If-Modified-Since counts in seconds", async () => {
  for await (const { site } of files()) {
    for (
      const date of [SAME, LATER, "Tuesday, 05-May-20 05:05:05 GMT", "Tue May  5 05:05:05 2020"]
    ) {
      assert.equal(await status(site, { "if-modified-since": date }), 304, date);
    }
    for (const date of [EARLIER, "yesterday", "", "2020-05-05T05:05:05Z"]) {
      assert.equal(await status(site, { "if-modified-since": date }), 200, date);
    }
    assert.equal(await status(site, { "if-modified-since": [LATER, LATER] }), 200);
  }
});

Deno.test("conditions: If-Unmodified-Since refuses what is newer", async () => {
  for await (const { site } of files()) {
    for (const date of [SAME, LATER, "yesterday"]) {
      assert.equal(await status(site, { "if-unmodified-since": date }), 200, date);
    }
    assert.equal(await status(site, { "if-unmodified-since": EARLIER }), 412);
  }
});

Deno.test("conditions: precedence is If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since", async () => {
  for await (const { site, etag } of files()) {
    const rows: ReadonlyArray<readonly [Fields, number]> = [
      [{ "if-match": etag, "if-unmodified-since": EARLIER }, 200],
      [{ "if-match": '"x"', "if-none-match": etag }, 412],
      [{ "if-unmodified-since": EARLIER, "if-none-match": etag }, 412],
      [{ "if-match": etag, "if-none-match": etag }, 304],
      [{ "if-none-match": '"x"', "if-modified-since": LATER }, 200],
      [{ "if-none-match": etag, "if-modified-since": EARLIER }, 304],
      [{ "if-none-match": etag, range: "bytes=0-1" }, 304],
      [{ "if-match": '"x"', range: "bytes=0-1" }, 412],
    ];
    for (const [fields, expected] of rows) {
      assert.equal(await status(site, fields), expected, JSON.stringify(fields));
    }
  }
});

Deno.test("ranges: one range is 206 with its place, length and the ETag of the whole", async () => {
  for await (const { site, etag, size } of files()) {
    const rows: ReadonlyArray<readonly [string, number, number]> = [
      ["bytes=0-", 0, size],
      ["bytes=0-0", 0, 1],
      ["bytes=100-299", 100, 300],
      ["bytes=-10", size - 10, size],
      [`bytes=${size - 1}-`, size - 1, size],
      [`bytes=5-${size + 5}`, 5, size],
      [`bytes=-${size * 2}`, 0, size],
      ["bytes=0-9,5-30", 0, 31],
    ];
    for (const [range, start, end] of rows) {
      const answer = await site.get("/f.txt", { fields: { range } });
      assert.equal(answer.status, 206, range);
      assert.equal(answer.field("content-range"), `bytes ${start}-${end - 1}/${size}`);
      assert.equal(answer.field("etag"), etag);
      assert.equal(answer.field("content-type"), "text/plain; charset=utf-8");
      assert.equal(answer.length, end - start);
      assert.deepEqual(answer.body, pattern(size).subarray(start, end));
    }
  }
});

Deno.test("ranges: beyond the end is 416 with the size", async () => {
  for await (const { site, size } of files()) {
    for (const range of [`bytes=${size}-`, "bytes=-0", `bytes=${size}-${size + 9}`]) {
      const answer = await site.get("/f.txt", { fields: { range } });
      assert.equal(answer.status, 416, range);
      assert.equal(answer.field("content-range"), `bytes */${size}`);
    }
  }
});

Deno.test("ranges: what is not understood, lies apart or is doubled gets the whole file", async () => {
  for await (const { site, size } of files()) {
    for (
      const range of ["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-0,5-5", [
        "bytes=0-1",
        "bytes=2-3",
      ]]
    ) {
      const answer = await site.get("/f.txt", { fields: { range } });
      assert.equal(answer.status, 200, String(range));
      assert.equal(answer.field("content-range"), null);
      assert.equal(answer.written, size);
    }
  }
});

Deno.test("ranges: HEAD ignores them", async () => {
  for await (const { site, size } of files()) {
    for (const range of ["bytes=0-1", `bytes=${size}-`]) {
      const answer = await site.head("/f.txt", { fields: { range } });
      assert.deepEqual([answer.status, answer.length], [200, size]);
    }
  }
});

Deno.test("ranges: an empty file is always whole", async () => {
  using site = new Site();
  site.write("empty", "");
  for (const range of ["bytes=0-", "bytes=0-0", "bytes=-5", "bytes=-0"]) {
    const answer = await site.get("/empty", { fields: { range } });
    assert.deepEqual([answer.status, answer.length], [200, 0]);
  }
});

Deno.test("ranges: If-Range lets only the very same file be continued", async () => {
  for await (const { site, etag, size } of files()) {
    const ask = (value: string) =>
      site.get("/f.txt", { fields: { range: "bytes=2-3", "if-range": value } });
    for (const value of [etag, SAME]) assert.equal((await ask(value)).status, 206, value);
    for (const value of [`W/${etag}`, '"x"', `"x", ${etag}`, EARLIER, LATER, "*", "nonsense", ""]) {
      const answer = await ask(value);
      assert.equal(answer.status, 200, value);
      assert.equal(answer.written, size);
    }
    assert.equal((await site.get("/f.txt", { fields: { "if-range": etag } })).status, 200);
    const beyond = { range: `bytes=${size}-`, "if-range": '"x"' };
    assert.equal((await site.get("/f.txt", { fields: beyond })).status, 200);
  }
});

Deno.test("ranges: a hundred thousand bytes of ranges cost one answer", async () => {
  using site = new Site();
  site.write("f.txt", pattern(5000));
  const range = `bytes=${
    Array.from({ length: 5000 }, (_, index) => `${index}-${index}`).join(",")
  }`;
  const answer = await site.get("/f.txt", { fields: { range } });
  assert.deepEqual([answer.status, answer.written], [200, 5000]);
});

Deno.test("validators: Last-Modified is a date that the server reads as what it wrote", async () => {
  for await (const { site } of files()) {
    const text = (await site.get("/f.txt")).field("last-modified")!;
    assert.equal(parseHttpDate(text), Math.floor(MODIFIED.getTime() / 1000) * 1000);
  }
});
