/** Claims about the cache of open files: what is kept, and for how long it is believed. @module */

import assert from "node:assert/strict";
import fs from "node:fs";
import { mock } from "node:test";
import type { Entry } from "../../../agent/files/entry.ts";
import { EntryCache } from "../../../agent/files/entry_cache.ts";
import { OpenFile, sameState } from "../../../agent/files/open_file.ts";
import { createDirectoryOrigin, PRIVATE_MARKER } from "../../../agent/files/mod.ts";
import { FakeExchange } from "../../support/fake_exchange.ts";
import { Clock, pattern, Site } from "./site.ts";

const OLD = new Date("2020-05-05T05:05:05.000Z");

/** How many files were opened since. */
function countOpens(): { readonly count: number } & Disposable {
  const spy = mock.method(fs, "openSync");
  return {
    get count(): number {
      return spy.mock.callCount();
    },
    [Symbol.dispose]: () => spy.mock.restore(),
  };
}

Deno.test("cache: a small file is opened once", async () => {
  using site = new Site();
  site.write("d/f.txt", "abc", { mtime: OLD });
  using clock = new Clock(10_000);
  using opens = countOpens();
  for (let i = 0; i < 5; i++) {
    assert.equal((await site.get("/d/f.txt")).text, "abc");
    assert.equal((await site.get("/d/f.txt", { fields: { range: "bytes=1-1" } })).text, "b");
    assert.equal((await site.head("/d/f.txt")).length, 3);
    clock.tick(3000);
  }
  assert.equal(opens.count, 1);
});

Deno.test("cache: requests that came together look at a kept file once, and later ones look again", async () => {
  using site = new Site();
  const path = site.write("f.txt", "abc", { mtime: OLD });
  using _clock = new Clock(10_000);
  await site.get("/f.txt");
  const looks = mock.method(Deno, "lstatSync");
  using _looks = { [Symbol.dispose]: () => looks.mock.restore() };
  const ask = async (): Promise<string[]> => {
    const together = Array.from({ length: 20 }, () => site.get("/f.txt"));
    return (await Promise.all(together)).map(({ text }) => text);
  };
  const ownLooks = (): number =>
    looks.mock.calls.filter(({ arguments: [looked] }) => looked === path).length;
  assert.deepEqual(await ask(), Array(20).fill("abc"));
  assert.equal(ownLooks(), 1);
  Deno.writeTextFileSync(path, "other");
  assert.deepEqual(await ask(), Array(20).fill("other"));
});

Deno.test("cache: of a larger file what is known is kept, and its bytes are not", async () => {
  using site = new Site();
  site.write("f.bin", pattern(300_000), { mtime: OLD });
  using _clock = new Clock(10_000);
  await site.get("/f.bin");
  using opens = countOpens();
  for (let i = 0; i < 3; i++) await site.head("/f.bin");
  assert.equal(opens.count, 0);
  assert.deepEqual((await site.get("/f.bin")).body, pattern(300_000));
  assert.equal(opens.count, 1);
});

Deno.test("cache: without bytes for it every request opens the file", async () => {
  using site = new Site({ cacheBytes: 0 });
  site.write("f.txt", "abc", { mtime: OLD });
  using _clock = new Clock(10_000);
  using opens = countOpens();
  for (let i = 0; i < 3; i++) assert.equal((await site.get("/f.txt")).text, "abc");
  assert.equal(opens.count, 3);
});

for (const size of [10, 300_000, 2_000_000]) {
  Deno.test(`changes: a kept file of ${size} bytes is seen to be written over, replaced, cut and removed`, async () => {
    using site = new Site();
    site.write("f", pattern(size), { mtime: OLD });
    using _clock = new Clock(10_000);
    const seen = new Set([(await site.get("/f")).field("etag")]);

    const over = pattern(size).map((byte) => byte ^ 1);
    site.write("f", over);
    let answer = await site.get("/f");
    assert.deepEqual(answer.body, over);
    seen.add(answer.field("etag"));

    const other = pattern(size).map((byte) => byte ^ 2);
    site.write("g", other);
    Deno.renameSync(site.path("g"), site.path("f"));
    answer = await site.get("/f");
    assert.deepEqual(answer.body, other);
    seen.add(answer.field("etag"));

    Deno.truncateSync(site.path("f"), 5);
    answer = await site.get("/f");
    assert.deepEqual(answer.body, other.subarray(0, 5));
    seen.add(answer.field("etag"));
    assert.equal(seen.size, 4);

    Deno.removeSync(site.path("f"));
    assert.equal((await site.get("/f")).status, 404);
    Deno.mkdirSync(site.path("f"));
    assert.equal((await site.get("/f")).status, 308);
  });
}

for (const size of [10, 300_000]) {
  Deno.test(`changes: two contents of ${size} bytes with the same times have two ETags, and each is sent`, async () => {
    using site = new Site();
    const tags = new Set<string | null>();
    for (let flip = 0; flip < 8; flip++) {
      const bytes = pattern(size).map((byte) => byte ^ flip);
      site.write("f", bytes, { mtime: OLD });
      const answer = await site.get("/f");
      assert.deepEqual(answer.body, bytes);
      tags.add(answer.field("etag"));
    }
    assert.equal(tags.size, 8);
  });
}

Deno.test("validators: the same bytes have the same ETag, whenever they were written", async () => {
  using site = new Site();
  for (const size of [10, 300_000]) {
    site.write("f", pattern(size));
    const etag = (await site.get("/f")).field("etag");
    site.write("f", pattern(size), { mtime: OLD });
    assert.equal((await site.get("/f")).field("etag"), etag);
    using _clock = new Clock(10_000);
    assert.equal((await site.get("/f")).field("etag"), etag);
  }
});

Deno.test("validators: a large file's ETag is weak while it is young, and another, strong one later", async () => {
  using site = new Site();
  site.write("f", pattern(1_100_000));
  const young = (await site.get("/f")).field("etag")!;
  assert.match(young, /^W\/"/);
  using _clock = new Clock(10_000);
  const old = (await site.get("/f")).field("etag")!;
  assert.match(old, /^"/);
  assert.notEqual(young.slice(2), old);
  assert.equal((await site.get("/f")).field("etag"), old);
});

Deno.test("changes: a state is told from another by each of its marks", () => {
  using site = new Site();
  const info = Deno.lstatSync(site.write("f", "x"));
  using file = OpenFile.open(site.path("f"))!;
  assert.ok(sameState(file, info));
  const later = (date: Date | null) => new Date(date!.getTime() + 1000);
  const others: ReadonlyArray<Partial<Deno.FileInfo>> = [
    { dev: info.dev + 1 },
    { ino: info.ino! + 1 },
    { size: 2 },
    { mtime: later(info.mtime) },
    { ctime: later(info.ctime) },
    { isFile: false },
  ];
  for (const other of others) assert.equal(sameState(file, { ...info, ...other }), false);
});

Deno.test("cache: a directory that becomes a symlink to elsewhere takes its files along at once", async () => {
  using site = new Site();
  site.write("d/f", "public", { mtime: OLD });
  Deno.mkdirSync(`${site.outside}/d`);
  Deno.writeTextFileSync(`${site.outside}/d/f`, "secret");
  using _clock = new Clock(10_000);
  assert.equal((await site.get("/d/f")).text, "public");
  Deno.renameSync(site.path("d"), `${site.outside}/away`);
  Deno.symlinkSync(`${site.outside}/d`, site.path("d"));
  assert.equal((await site.get("/d/f")).status, 404);
});

Deno.test("cache: even the very same file is let go of within a second when its path leads outside", async () => {
  using site = new Site();
  site.write("d/f", "public", { mtime: OLD });
  using clock = new Clock(10_000);
  await site.get("/d/f");
  Deno.renameSync(site.path("d"), `${site.outside}/d`);
  Deno.symlinkSync(`${site.outside}/d`, site.path("d"));
  clock.tick(1001);
  assert.equal((await site.get("/d/f")).status, 404);
});

for (const size of [10, 300_000]) {
  Deno.test(`cache: a marker put above a kept file of ${size} bytes counts within a second`, async () => {
    for (const place of ["", "a/", "a/b/"]) {
      using site = new Site();
      site.write("a/b/f", pattern(size), { mtime: OLD });
      using clock = new Clock(10_000);
      assert.equal((await site.get("/a/b/f")).status, 200);
      site.write(place + PRIVATE_MARKER, "");
      clock.tick(1001);
      assert.equal((await site.get("/a/b/f")).status, 404, place);
      Deno.removeSync(site.path(place + PRIVATE_MARKER));
      assert.equal((await site.get("/a/b/f")).status, 200, place);
    }
  });
}

Deno.test("cache: a date that was set back does not freeze it", async () => {
  using site = new Site();
  site.write("f", "x", { mtime: OLD });
  using clock = new Clock(10_000_000);
  await site.get("/f");
  site.write(PRIVATE_MARKER, "");
  clock.setDate(-10_000_000);
  clock.tick(1001);
  assert.equal((await site.get("/f")).status, 404);
});

Deno.test("root: a symlink that is switched to another directory is followed within a second", async () => {
  using site = new Site();
  site.write("v1/f", "one", { mtime: OLD });
  site.write("v2/f", "two", { mtime: OLD });
  const current = `${site.outside}/current`;
  Deno.symlinkSync(site.path("v1"), current);
  using origin = createDirectoryOrigin({ root: current });
  const ask = async () => {
    const exchange = new FakeExchange({ target: "/f" });
    origin.handle(exchange, "/f", "");
    return (await exchange.done).text;
  };
  using clock = new Clock(10_000);
  assert.equal(await ask(), "one");
  Deno.symlinkSync(site.path("v2"), `${current}.new`);
  Deno.renameSync(`${current}.new`, current);
  clock.tick(1001);
  assert.equal(await ask(), "two");
});

function entry(size: number): Entry {
  const none = new Uint8Array(0);
  const numbers = { dev: 1, ino: 1, size, mtime: 1, ctime: 1, modified: 1, verified: 0 };
  const content = new Uint8Array(size);
  return {
    ...numbers,
    path: "/f",
    tag: '"x"',
    weak: false,
    fields: none,
    unmodifiedFields: none,
    content,
    lasting: true,
    used: false,
    seen: -1,
  };
}

Deno.test("entry cache: stays below its bound and keeps what is used", () => {
  const cache = new EntryCache(100_000);
  for (let i = 0; i < 1000; i++) {
    cache.set(`/${i}`, entry(5000));
    assert.ok(cache.bytes <= 100_000);
    assert.ok(cache.get("/0"), `after ${i}`);
  }
  assert.ok(cache.size > 10);
  assert.equal(cache.get("/1"), undefined);
  assert.ok(cache.get("/999"));
});

Deno.test("entry cache: replaces, removes, and counts down to nothing", () => {
  const cache = new EntryCache(100_000);
  cache.set("/a", entry(1000));
  const once = cache.bytes;
  cache.set("/a", entry(1000));
  assert.equal(cache.bytes, once);
  cache.set("/b", entry(1));
  cache.delete("/a");
  cache.delete("/a");
  cache.delete("/b");
  assert.deepEqual([cache.bytes, cache.size], [0, 0]);
});

Deno.test("entry cache: takes no entry that would push out most others", () => {
  const cache = new EntryCache(100_000);
  cache.set("/small", entry(10));
  cache.set("/large", entry(50_000));
  assert.equal(cache.get("/large"), undefined);
  assert.ok(cache.get("/small"));
});
