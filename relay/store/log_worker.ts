/** The worker in which the request log is written, so that no request waits for a disk. @module */

/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

import { setPriority } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { collectGarbage } from "./garbage.ts";
import type { FromLogWorker, ToLogWorker } from "./log_messages.ts";
import { LogWriter } from "./log_writer.ts";
import { StoreError } from "./store_error.ts";

/** How often old rows are looked for. */
const PRUNE_EVERY = 1_000;
/** Between two slices, for batches that wait. */
const PRUNE_PAUSE = 20;
/** What its thread is niced by. */
const NICE = 10;

let options: Extract<ToLogWorker, { kind: "open" }> | undefined;
let writer: LogWriter | undefined;
let trouble: string | undefined;
let pruner: ReturnType<typeof setTimeout> | undefined;

/** The log can wait: where it shares its cores with those who serve, it must not push them aside ten times a second. */
function stepBack(): void {
  if (Deno.build.os !== "linux") return;
  try {
    // On Linux a thread has a priority of its own, by its own id.
    setPriority(Number(Deno.readLinkSync("/proc/thread-self").split("/").at(-1)), NICE);
  } catch {
    // Without /proc, or without leave, it runs as everything else does.
  }
}

stepBack();

self.onmessage = ({ data }: MessageEvent<ToLogWorker>) => {
  if (data.kind === "open") {
    options = data;
    const error = attempt(() => open());
    const newer = error instanceof StoreError && error.code === "newer-schema";
    const lastSeq = writer?.lastSeq ?? 0;
    answer({ kind: "ready", lastSeq, trouble, newer });
  } else if (data.kind === "write") {
    // While the disk is full most rows go by at once; the sender says when to try.
    if (data.insist || trouble === undefined) {
      attempt(() => {
        open().write(data.rows, data.usage);
        if (data.rows) open().keepUp();
      });
    }
    answer({ kind: "done", trouble });
  } else if (data.kind === "limit") {
    if (options) options = { ...options, limits: data.limits };
    if (writer) writer.limits = data.limits;
  } else if (data.kind === "bury") {
    attempt(() => open().bury(data.account, data.as));
  } else if (data.kind === "rest") {
    writer?.rest();
    collectGarbage();
  } else if (data.kind === "checkpoint") {
    answer({ kind: "checked", isWhole: checkpoint(data.path) });
  } else {
    clearTimeout(pruner);
    writer?.[Symbol.dispose]();
    writer = undefined;
    answer({ kind: "closed" });
  }
};

function open(): LogWriter {
  if (writer) return writer;
  if (!options) throw new Error("Cannot write the log: it is not opened");
  writer = new LogWriter(options.path, { ...options.limits, busyTimeoutMs: options.busyTimeoutMs });
  pruner ??= setTimeout(prune, PRUNE_EVERY);
  return writer;
}

/** Does it and sets what is wrong since then. */
function attempt(work: () => void): unknown {
  try {
    work();
    trouble = undefined;
    return undefined;
  } catch (error) {
    trouble = error instanceof Error ? error.message : String(error);
    return error;
  }
}

/** Here, because here no visitor waits for the disk. What goes wrong is tried again with the next one. */
function checkpoint(path: string): boolean {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: 0 });
    db.exec("PRAGMA synchronous = FULL");
    const row = db.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
    return row?.busy === 0 && row.log === row.checkpointed;
  } catch {
    return false;
  } finally {
    db?.close();
  }
}

function prune(): void {
  let more = false;
  // Not while the disk is full: removing needs space too.
  if (writer && trouble === undefined) attempt(() => more = writer!.prune(Date.now()));
  pruner = setTimeout(prune, more ? PRUNE_PAUSE : PRUNE_EVERY);
}

function answer(message: FromLogWorker): void {
  self.postMessage(message);
}
