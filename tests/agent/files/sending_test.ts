/** Claims about sending a file: small ones in one piece, large ones in constant memory. @module */

import assert from "node:assert/strict";
import fs from "node:fs";
import { mock } from "node:test";
import { setImmediate } from "node:timers/promises";
import { eventually } from "../../support/deadline.ts";
import { openFilesBelow, pattern, Site } from "./site.ts";

const LARGE = 3 << 20;
const OLD = new Date("2020-05-05T05:05:05.000Z");

/** Waits until something holds, for a time: on a busy machine turns are over long before the disk has answered. */
async function until(holds: () => boolean): Promise<void> {
  await eventually(holds, { every: 1 });
}

/** Creates a file of `size` bytes that takes no room, with a few at its end. */
function sparse(path: string, size: number, ending: string): void {
  using file = Deno.openSync(path, { write: true, create: true });
  file.truncateSync(size);
  file.seekSync(size - ending.length, Deno.SeekMode.Start);
  file.writeSync(new TextEncoder().encode(ending));
}

Deno.test("large files: the last bytes of 5 GiB come by range", async () => {
  using site = new Site();
  const size = 5 * 2 ** 30;
  sparse(site.path("big"), size, "the end!!!");
  const head = await site.head("/big");
  assert.deepEqual([head.status, head.length], [200, size]);
  for (const range of ["bytes=-10", `bytes=${size - 10}-`, `bytes=${size - 10}-${size}`]) {
    const answer = await site.get("/big", { fields: { range } });
    assert.equal(answer.status, 206);
    assert.equal(answer.field("content-range"), `bytes ${size - 10}-${size - 1}/${size}`);
    assert.equal(answer.text, "the end!!!");
  }
});

Deno.test("large files: a gigabyte passes in constant memory", async () => {
  using site = new Site();
  sparse(site.path("big"), 2 ** 30, "x");
  await site.get("/big", { discarding: true, fields: { range: "bytes=-50000000" } });
  // Not the resident size: that is the whole process's, other tests included.
  const before = Deno.memoryUsage().external;
  const answer = await site.get("/big", { discarding: true });
  assert.equal(answer.written, 2 ** 30);
  const grown = Deno.memoryUsage().external - before;
  assert.ok(grown < 16 << 20, `grew by ${grown} bytes: buffers are not used again`);
});

for (const size of [200_000, LARGE]) {
  Deno.test(`sending ${size} bytes: a visitor that does not read is waited for`, async () => {
    using site = new Site();
    site.write("f", pattern(size));
    const reads = mock.method(fs, "read");
    const exchange = site.begin("/f", { stalled: true });
    try {
      for (let piece = 0; exchange.written < size; piece++) {
        const seen = exchange.written;
        if (seen === 0) await exchange.nextWrite();
        for (let turn = 0; turn < 20; turn++) await setImmediate();
        assert.ok(exchange.written - seen <= 256 << 10);
        assert.ok(reads.mock.callCount() <= piece + 2, "one piece is read ahead, no more");
        if (exchange.written === size) break;
        const next = exchange.nextWrite();
        exchange.release();
        await next;
      }
    } finally {
      reads.mock.restore();
    }
    exchange.release();
    assert.deepEqual((await exchange.done).body, pattern(size));
    await until(() => openFilesBelow(site.outside) <= 0);
  });

  Deno.test(`sending ${size} bytes: a visitor that leaves lets go of the file`, async () => {
    using site = new Site();
    site.write("f", pattern(size));
    const exchange = site.begin("/f", { stalled: true });
    if (exchange.written === 0) await exchange.nextWrite();
    const written = exchange.written;
    exchange.leave();
    await until(() => openFilesBelow(site.outside) <= 0);
    assert.equal(exchange.written, written);
    assert.equal(exchange.brokenBy, null);
  });
}

Deno.test("sending: memory that a writer may still hold goes to no other answer", async () => {
  for (const size of [200_000, LARGE]) {
    using site = new Site();
    site.write("f", pattern(size));
    site.write("other", new Uint8Array(size).fill(255));
    const held = site.begin("/f", { stalled: true });
    if (held.written === 0) await held.nextWrite();
    held.leave();
    await until(() => openFilesBelow(site.outside) <= 0);
    for (let i = 0; i < 3; i++) await site.get("/other");
    assert.doesNotThrow(() => held.release());
  }
});

/** Sends the file, does something to it after the first piece, and gives what came of it. */
async function disturbed(disturb: (path: string, site: Site) => void) {
  using site = new Site();
  const path = site.write("f", pattern(LARGE), { mtime: OLD });
  const exchange = site.begin("/f", { stalled: true });
  await exchange.nextWrite();
  disturb(path, site);
  let over = false;
  exchange.done.then(() => over = true);
  await until(() => {
    exchange.release();
    return over;
  });
  await until(() => openFilesBelow(site.outside) <= 0);
  return exchange;
}

Deno.test("changes while sending: a file cut short breaks the answer off", async () => {
  for (const length of [0, 1 << 20, LARGE - 1]) {
    const exchange = await disturbed((path) => Deno.truncateSync(path, length));
    assert.equal(exchange.brokenBy, "the file changed while it was sent");
    assert.ok(exchange.written < LARGE);
    assert.equal(exchange.length, LARGE);
  }
});

Deno.test("changes while sending: a file written over breaks the answer off", async () => {
  const exchange = await disturbed((path) => {
    using file = Deno.openSync(path, { write: true });
    file.seekSync(LARGE - 10, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(10));
  });
  assert.equal(exchange.brokenBy, "the file changed while it was sent");
  assert.ok(exchange.written < LARGE);
});

Deno.test("changes while sending: a file appended to is sent as long as it was", async () => {
  const exchange = await disturbed((path) => {
    using file = Deno.openSync(path, { append: true });
    file.writeSync(new Uint8Array(1000));
  });
  assert.equal(exchange.brokenBy, null);
  assert.deepEqual(exchange.body, pattern(LARGE));
});

Deno.test("changes while sending: of a file replaced or removed the old one is sent to its end", async () => {
  const replace = (path: string, site: Site) => Deno.renameSync(site.write("g", "new"), path);
  for (const disturb of [replace, (path: string) => Deno.removeSync(path)]) {
    const exchange = await disturbed(disturb);
    assert.equal(exchange.brokenBy, null);
    assert.deepEqual(exchange.body, pattern(LARGE));
  }
});

Deno.test("sending: a file that cannot be read on breaks the answer off", async () => {
  using site = new Site();
  site.write("f", pattern(LARGE));
  const exchange = site.begin("/f", { stalled: true });
  const failing = mock.method(fs, "read", (...all: unknown[]) => {
    const callback = all[all.length - 1] as (error: Error) => void;
    callback(new Error("input/output error"));
  });
  try {
    await exchange.nextWrite();
    let over = false;
    exchange.done.then(() => over = true);
    await until(() => {
      exchange.release();
      return over;
    });
  } finally {
    failing.mock.restore();
  }
  assert.match(exchange.brokenBy!, /input\/output error/);
  await until(() => openFilesBelow(site.outside) <= 0);
});

Deno.test("sending: above the bound requests get 503 and a time to come again", async () => {
  using site = new Site({ maxSending: 2 });
  site.write("f", pattern(LARGE));
  site.write("small", "small");
  const first = site.begin("/f", { stalled: true });
  const second = site.begin("/f", { stalled: true, fields: { range: "bytes=0-" } });
  const third = await site.get("/f");
  assert.deepEqual([third.status, third.field("retry-after")], [503, "1"]);
  assert.equal((await site.get("/small")).status, 200);
  assert.equal((await site.head("/f")).status, 200);
  first.leave();
  await until(() => openFilesBelow(site.outside) <= 1);
  const fourth = site.begin("/f");
  assert.equal(fourth.status, 200);
  assert.deepEqual((await fourth.done).body, pattern(LARGE));
  second.leave();
  await until(() => openFilesBelow(site.outside) <= 0);
});

Deno.test("sending: forty at a time arrive whole", async () => {
  using site = new Site();
  site.write("f", pattern(1_500_000));
  const all = Array.from(
    { length: 40 },
    (_, i) => site.get("/f", { fields: { range: `bytes=${i * 7}-` } }),
  );
  for (const [i, answer] of (await Promise.all(all)).entries()) {
    assert.equal(answer.status, 206);
    assert.deepEqual(answer.body, pattern(1_500_000).subarray(i * 7));
  }
  await until(() => openFilesBelow(site.outside) <= 0);
});

Deno.test("sending: the end of the origin breaks off what is under way", async () => {
  using site = new Site();
  site.write("f", pattern(LARGE));
  for (let i = 0; i < 600; i++) site.write(`d/${i}`, "");
  const file = site.begin("/f", { stalled: true });
  const listing = site.begin("/d/", { stalled: true });
  await Promise.all([file.nextWrite(), listing.nextWrite()]);
  site.origin[Symbol.dispose]();
  for (const exchange of [file, listing]) {
    assert.equal((await exchange.done).brokenBy, "the origin closes");
  }
  await until(() => openFilesBelow(site.outside) <= 0);
});
