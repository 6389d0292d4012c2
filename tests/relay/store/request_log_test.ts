/** Claims about the request log: from `record` to the file and back. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  LogReader,
  type LogRow,
  openRequestLog,
  type RequestLog,
  type RequestLogOptions,
} from "../../../relay/store/mod.ts";
import { LogChannel } from "../../../relay/store/log_channel.ts";
import { eventually } from "../../support/deadline.ts";
import { TempDir } from "./temp_dir.ts";
import { finished } from "./finished.ts";

interface Recorded {
  time: number;
  name: string;
  account: string;
  target: string;
  status: number;
  ttfbMs: number;
  id: string;
}

function record(log: RequestLog, fields: Partial<Recorded> = {}) {
  const { time = Date.now(), name = "blog", account = "alice", target = "/" } = fields;
  const { status = 200, ttfbMs = 1.25, id = "r1" } = fields;
  const bytes = { bytesIn: 10, bytesOut: 100 };
  const whose = { name, account, agent: "agent1" };
  log.record(finished({ time, id, ...whose, target, status, ...bytes, ms: 2.5, ttfbMs }));
}

/** All requests that the usage counters know of. */
async function counted(dir: TempDir): Promise<number> {
  using reader = new LogReader(dir.path);
  const totals = await reader.totals();
  return totals.reduce((sum, { requests }) => sum + requests, 0);
}

async function stored(dir: TempDir): Promise<readonly LogRow[]> {
  using reader = new LogReader(dir.path);
  return (await reader.requests({ limit: 1000 })).items;
}

/** Settles when `onWarning` or `onRecovery` is called; the texts of all calls. */
function watched(options: RequestLogOptions = {}) {
  const texts: string[] = [];
  let onnext = () => {};
  const hear = (text: string) => (texts.push(text), onnext());
  const next = () => new Promise<void>((resolve) => onnext = resolve);
  return { texts, next, options: { ...options, onWarning: hear, onRecovery: hear } };
}

Deno.test("request log: a row comes back as it was recorded, without its secrets", async () => {
  using dir = new TempDir();
  const time = Date.now();
  {
    await using log = await openRequestLog(dir.path);
    record(log, { time, target: "/a?token=abc&b=\u00fc" });
    record(log, { time, name: "", account: "", status: 0, ttfbMs: -1, id: "r2" });
  }
  const [second, first] = await stored(dir);
  assert.deepEqual(first, {
    ...{ kind: "request", seq: first!.seq, time, id: "r1", name: "blog", account: "alice" },
    ...{ agent: "agent1", visitor: "192.0.2.1", method: "GET", target: "/a?token=***&b=\u00fc" },
    ...{ status: 200, bytesIn: 10, bytesOut: 100, ms: 2.5, ttfbMs: 1.25 },
  });
  assert.deepEqual(second, {
    ...{ kind: "request", seq: first!.seq + 1, time, id: "r2", name: "", account: "" },
    ...{ agent: "agent1", visitor: "192.0.2.1", method: "GET", target: "/" },
    ...{ status: 0, bytesIn: 10, bytesOut: 100, ms: 2.5, ttfbMs: null },
  });
});

Deno.test("request log: is written by itself, a tenth of a second later", async () => {
  using dir = new TempDir();
  await using log = await openRequestLog(dir.path);
  const heard = new Promise<readonly LogRow[]>((resolve) => log.subscribe(resolve));
  record(log);
  assert.equal(log.counters.queued, 1);
  const rows = await heard;
  assert.equal(rows.length, 1);
  await log.flush();
  assert.deepEqual(log.counters, { queued: 0, written: 1, sampled: 0, dropped: 0 });
  assert.deepEqual((await stored(dir))[0], rows[0]);
});

Deno.test("request log: its numbers go on after a restart", async () => {
  using dir = new TempDir();
  for (let i = 0; i < 3; i++) {
    await using log = await openRequestLog(dir.path);
    record(log, { id: `r${i}` });
  }
  const rows = await stored(dir);
  assert.deepEqual(rows.map((row) => row.kind === "request" && row.id), ["r2", "r1", "r0"]);
});

Deno.test("request log: many batches keep every row and their order", async () => {
  using dir = new TempDir();
  await using log = await openRequestLog(dir.path);
  const heard: number[] = [];
  log.subscribe((rows) => heard.push(...rows.map((row) => row.seq)));
  for (let i = 0; i < 4_500; i++) record(log, { id: `r${i}`, target: "/".repeat(i % 50 + 1) });
  await log.flush();
  assert.deepEqual(log.counters, { queued: 0, written: 4_500, sampled: 0, dropped: 0 });
  assert.deepEqual(heard, heard.map((_, i) => heard[0]! + i));
  const [newest] = await stored(dir);
  assert(newest?.kind === "request");
  assert.deepEqual([newest.id, newest.target.length], ["r4499", 4499 % 50 + 1]);
});

Deno.test("request log: too many a second are sampled and counted; failures stay, and usage stays exact", async () => {
  using dir = new TempDir();
  {
    await using log = await openRequestLog(dir.path, { rowsPerSecond: 100 });
    for (let i = 0; i < 1000; i++) record(log, { status: i % 2 ? 200 : 302 });
    for (let i = 0; i < 50; i++) record(log, { status: i % 2 ? 404 : 503 });
    await log.flush();
    assert.deepEqual(log.counters, { queued: 0, written: 150, sampled: 900, dropped: 0 });
  }
  const rows = await stored(dir);
  assert.equal(rows.length, 151);
  assert(rows[0]?.kind === "gap");
  assert.equal(rows[0].leftOut, 900);
  assert.equal(rows.filter((row) => row.kind === "request" && row.status >= 400).length, 50);
  assert.equal(await counted(dir), 1050);
});

Deno.test("request log: a second's usage begins and ends with the clock's", async () => {
  using dir = new TempDir();
  await using log = await openRequestLog(dir.path);
  const { promise, resolve } = Promise.withResolvers<void>();
  let recorded = 0;
  const began = Date.now();
  const visitors = setInterval(() => {
    record(log);
    recorded++;
    if (Date.now() - began > 2_100) resolve();
  }, 5);
  await promise;
  clearInterval(visitors);
  await log.flush();
  using reader = new LogReader(dir.path);
  const until = Date.now() + 1;
  const rows = await reader.usage({ since: began, until, step: "second", by: "all" });
  assert.equal(rows.reduce((sum, { requests }) => sum + requests, 0), recorded);
  // A machine that stands still leaves out a second, or takes longer.
  assert(rows.length >= 2, String(rows.length));
  assert(rows.every(({ start }, i) => start % 1000 === 0 && start > (rows[i - 1]?.start ?? 0)));
});

Deno.test("request log: a full queue leaves out even failures, and counts them", async () => {
  using dir = new TempDir();
  {
    await using log = await openRequestLog(dir.path, { queueRows: 20 });
    for (let i = 0; i < 50; i++) record(log, { status: 500 });
    assert.deepEqual(log.counters, { queued: 20, written: 0, sampled: 0, dropped: 30 });
  }
  const rows = await stored(dir);
  assert(rows[0]?.kind === "gap");
  assert.deepEqual([rows.length, rows[0].leftOut], [21, 30]);
  assert.equal(await counted(dir), 50);
});

Deno.test("request log: long texts are cut, so that a full queue has a bound", async () => {
  using dir = new TempDir();
  {
    await using log = await openRequestLog(dir.path);
    record(log, { target: "/" + "x".repeat(16_000), name: "n".repeat(5000), id: "long" });
    record(log, { id: "short" });
  }
  const [short, long] = await stored(dir);
  assert(short?.kind === "request" && long?.kind === "request");
  assert.deepEqual([short.id, long.id, long.target.length, long.name.length], [
    "short",
    "long",
    2048,
    2048,
  ]);
});

Deno.test("request log: a file that somebody holds stops it with one warning, disturbs nothing, and goes on later", async () => {
  using dir = new TempDir();
  const { texts, next, options } = watched({ retryMs: 1, busyTimeoutMs: 1 });
  {
    await using log = await openRequestLog(dir.path, options);
    record(log);
    await log.flush();
    const warned = next();
    const holder = new DatabaseSync(dir.at("log.db"));
    holder.exec("BEGIN IMMEDIATE");
    record(log);
    await log.flush();
    await warned;
    record(log);
    await log.flush();
    assert.deepEqual(texts.length, 1);
    assert.match(texts[0]!, /has stopped: .*another process/);
    assert.match(log.trouble ?? "", /another process/);
    assert.deepEqual(log.counters, { queued: 0, written: 1, sampled: 0, dropped: 2 });
    const recovered = next();
    holder.close();
    record(log);
    await recovered;
    assert.deepEqual(texts.slice(1), ["The request log is written again."]);
    assert.equal(log.trouble, undefined);
  }
  assert.equal(await counted(dir), 4);
  const gaps = (await stored(dir)).map((row) => row.kind === "gap" ? row.leftOut : 0);
  assert.equal(gaps.reduce((a, b) => a + b), 2);
});

Deno.test("request log: is tried again while requests keep coming", async () => {
  using dir = new TempDir();
  const { next, options } = watched({ retryMs: 250, busyTimeoutMs: 1 });
  let recorded = 0;
  {
    await using log = await openRequestLog(dir.path, options);
    const holder = new DatabaseSync(dir.at("log.db"));
    holder.exec("BEGIN IMMEDIATE");
    const warned = next();
    const visitors = setInterval(() => (record(log), recorded++), 10);
    await warned;
    const recovered = next();
    holder.close();
    await recovered;
    clearInterval(visitors);
    assert(log.counters.dropped > 0);
  }
  assert.equal(await counted(dir), recorded);
});

Deno.test("request log: a worker that breaks is told, and replaced", async () => {
  using dir = new TempDir();
  const open = {
    kind: "open",
    path: dir.at("log.db"),
    limits: { keepMs: 1e9, keepBytes: 1e9 },
    busyTimeoutMs: 1,
  } as const;
  const opened: (string | undefined)[] = [];
  const settled: (string | undefined)[] = [];
  const { promise: replaced, resolve } = Promise.withResolvers<void>();
  let broken = true;
  const channel = new LogChannel({
    get open() {
      return broken ? null as never : open;
    },
    retryMs: 1,
    onready: ({ trouble }) => (opened.push(trouble), resolve()),
    onsettled: (_, trouble) => settled.push(trouble),
  });
  const first = await channel.start();
  assert.match(first.trouble ?? "", /its worker failed/);
  channel.send({ rows: undefined, usage: [] }, { insist: true });
  assert.match(settled[0] ?? "", /its worker failed/);
  broken = false;
  await replaced;
  channel.send({ rows: undefined, usage: [] }, { insist: true });
  await channel.idle();
  assert.deepEqual([opened, settled.slice(1)], [[undefined], [undefined]]);
  await channel.close();
  channel.terminate();
});

Deno.test("request log: a file that cannot be opened is no reason not to start", async () => {
  using dir = new TempDir();
  Deno.mkdirSync(dir.at("log.db"));
  const { texts, next, options } = watched({ retryMs: 1 });
  {
    await using log = await openRequestLog(dir.path, options);
    assert.equal(texts.length, 1);
    record(log);
    await log.flush();
    assert.equal(log.counters.dropped, 1);
    Deno.removeSync(dir.at("log.db"));
    const recovered = next();
    record(log);
    await recovered;
  }
  assert.equal(texts.length, 2);
  assert.equal(await counted(dir), 2);
});

Deno.test("request log: one of a newer version is refused", async () => {
  using dir = new TempDir();
  await (await openRequestLog(dir.path))[Symbol.asyncDispose]();
  {
    using db = new DatabaseSync(dir.at("log.db"));
    db.exec("PRAGMA user_version = 99");
  }
  await assert.rejects(openRequestLog(dir.path), { code: "newer-schema" });
});

Deno.test("request log: ends with its signal, twice does no harm, and later records are nothing", async () => {
  using dir = new TempDir();
  const controller = new AbortController();
  const log = await openRequestLog(dir.path, { signal: controller.signal });
  record(log);
  controller.abort();
  await log[Symbol.asyncDispose]();
  record(log);
  assert.equal(log.counters.written, 1);
  assert.equal(await counted(dir), 1);
});

Deno.test("request log: kill -9 loses at most the last second", {
  ignore: Deno.build.os === "windows",
}, async () => {
  using dir = new TempDir();
  const module = new URL("../../../relay/store/mod.ts", import.meta.url).href;
  const code = `const { openRequestLog } = await import(${JSON.stringify(module)});
    const log = await openRequestLog(${JSON.stringify(dir.path)});
    const request = ${JSON.stringify(finished())};
    let n = 0;
    setInterval(() => {
      log.record({ ...request, ended: Date.now(), id: String(n++) });
      console.log(n, Date.now());
    }, 10);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    stdout: "piped",
    stdin: "null",
  }).spawn();
  const said: { n: number; at: number }[] = [];
  let killedAt = 0;
  let begun = "";
  // What should take 10 ms: so long the machine had no time for that process, or none for this one.
  let stall = 0;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (begun + text).split("\n");
    begun = lines.pop()!;
    for (const line of lines) {
      const [n = 0, at = 0] = line.split(" ").map(Number);
      stall = Math.max(stall, at - (said.at(-1)?.at ?? at), Date.now() - at);
      said.push({ n, at });
    }
    const [first, last] = [said[0], said.at(-1)];
    if (first === undefined || last === undefined) continue;
    if (killedAt === 0 && last.at - first.at > 2_500 + 4 * stall) {
      killedAt = Date.now();
      child.kill("SIGKILL");
    }
  }
  await child.status;
  // A second; and a machine that stood still does so in the log's thread as well.
  const due = said.filter(({ at }) => at < killedAt - 1_400 - 4 * stall).length;
  assert(due > 20);
  assert((await stored(dir)).length >= due);
  assert(await counted(dir) >= due);
});

Deno.test("request log: what it keeps can change while it is open", async () => {
  using dir = new TempDir();
  await using log = await openRequestLog(dir.path, { keepMs: 3_600_000 });
  record(log, { time: Date.now() - 60_000 });
  await log.flush();
  assert.equal((await stored(dir)).length, 1);
  log.limit({ keepMs: 1_000, keepBytes: 1e9 });
  await eventually(async () => (await stored(dir)).length === 0, { every: 100 });
});

Deno.test("request log: that keeps nothing counts usage, and keeps rows again when it may", async () => {
  using dir = new TempDir();
  await using log = await openRequestLog(dir.path, { keepMs: 0 });
  const heard: number[] = [];
  log.subscribe((rows) => heard.push(rows.length));
  record(log);
  await log.flush();
  assert.equal(log.keeps, false);
  assert.deepEqual(heard, []);
  assert.deepEqual(log.counters, { queued: 0, written: 0, sampled: 0, dropped: 0 });
  assert.equal(await counted(dir), 1);
  log.limit({ keepMs: 60_000, keepBytes: 1e9 });
  record(log);
  await log.flush();
  assert.deepEqual(heard, [1]);
  assert.equal(log.counters.written, 1);
});
