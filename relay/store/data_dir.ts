/** The directory with everything a relay keeps: private to its owner, marked, and used by one relay at a time. @module */

import { join } from "node:path";
import { sweepDrafts } from "../../cli/mod.ts";
import { exists } from "./data_files.ts";
import { StoreError } from "./store_error.ts";

/** The file that marks a directory as nothing to publish: agents answer 404 there. */
export const MARKER = ".crunch-private";
const LOCK_FILE = "relay.lock";

/**
 * Makes `dir` (mode 0700) with its marker, or checks the one that is there. A directory that was not empty
 * and not ours before keeps its mode: all files in it are 0600 anyway.
 * @throws {StoreError} `owner` where it is another user's or others may write to it; `storage` where it cannot be made.
 */
export function prepareDataDir(dir: string): void {
  try {
    Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
    checkOwner(dir);
    const entries = [...Deno.readDirSync(dir)].slice(0, 1);
    const marked = exists(join(dir, MARKER));
    const mode = Deno.statSync(dir).mode;
    if (marked || entries.length === 0) {
      if (mode !== null && (mode & 0o077) !== 0) Deno.chmodSync(dir, 0o700);
    } else if (mode !== null && (mode & 0o022) !== 0) {
      throw new StoreError(
        "owner",
        `Cannot use ${dir}: other users may write to it. Type: chmod go-w ${dir}`,
      );
    }
    if (!marked) createPrivateFile(join(dir, MARKER));
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw unusable(dir, cause);
  }
}

function unusable(dir: string, cause: unknown): StoreError {
  const reason = cause instanceof Deno.errors.PermissionDenied
    ? "this user may not write all of it; give it to whoever runs the relay (chown -R), " +
      "or name another directory: --data DIR"
    : cause instanceof Deno.errors.AlreadyExists
    ? "it is a file; give a directory: --data DIR"
    : (cause as { readonly code?: unknown }).code === "ENOSPC"
    ? "the disk is full"
    : cause instanceof Error
    ? cause.message
    : String(cause);
  return new StoreError("storage", `Cannot use ${dir}: ${reason}`, { cause });
}

/** Makes an empty file that only its owner may read, or makes the one that is there so. */
export function createPrivateFile(path: string): void {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    const mode = Deno.statSync(path).mode;
    if (mode !== null && (mode & 0o077) !== 0) Deno.chmodSync(path, 0o600);
  }
}

/** What uses a data directory: a relay for long, commands for a moment. */
export type Holder = "relay" | "account" | "restore";

/** Thrown where another process holds the data directory. */
export class DataDirTaken extends StoreError {
  /** Null where it cannot be told: who has just taken it has not written that yet. */
  readonly holder: Holder | null;

  constructor(dir: string, { pid, holder }: { pid: string; holder: Holder | null }) {
    const who = holder === null || holder === "relay"
      ? `the relay with pid ${pid}`
      : `crunch ${holder} (pid ${pid})`;
    super("locked", `Cannot use ${dir}: ${who} is using it`);
    this.holder = holder;
  }
}

/** Held by its user; ends with the process, however that ends. */
export interface DataDirLock extends Disposable {
  readonly dir: string;
  /** A database was there without the marker that belongs to it. */
  readonly lacksMarker: boolean;
}

/**
 * Takes `dir` for this process, making it if need be.
 * @throws {DataDirTaken} naming the pid that has it. @throws {StoreError} as {@linkcode prepareDataDir}.
 */
export function lockDataDir(dir: string, holder: Holder = "relay"): DataDirLock {
  const lacksMarker = checkDataDirOwner(dir) && exists(join(dir, "crunch.db")) &&
    !exists(join(dir, MARKER));
  prepareDataDir(dir);
  const path = join(dir, LOCK_FILE);
  const file = openLockFile(path, dir);
  if (!file.tryLockSync(true)) {
    file.close();
    throw new DataDirTaken(dir, readHolder(path));
  }
  try {
    file.truncateSync(0);
    file.writeSync(new TextEncoder().encode(`${Deno.pid} ${holder}\n`));
    sweepDrafts(dir);
  } catch (cause) {
    file.close();
    throw unusable(dir, cause);
  }
  let held = true;
  return {
    dir,
    lacksMarker,
    [Symbol.dispose]() {
      if (!held) return;
      held = false;
      // The file stays: removing it would let two processes lock two files of the same name.
      file.truncateSync(0);
      file.close();
    },
  };
}

function openLockFile(path: string, dir: string): Deno.FsFile {
  try {
    createPrivateFile(path);
    return Deno.openSync(path, { read: true, write: true });
  } catch (cause) {
    throw unusable(dir, cause);
  }
}

/**
 * Whether `dir` is there.
 * @throws {StoreError} `owner` where it is another user's, or we may not look; `storage` where it cannot be.
 */
export function checkDataDirOwner(dir: string): boolean {
  try {
    checkOwner(dir);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    if (cause instanceof Deno.errors.NotADirectory) {
      throw new StoreError("storage", `Cannot use ${dir}: it lies below a file`, { cause });
    }
    if (!(cause instanceof Deno.errors.PermissionDenied)) throw cause;
    throw new StoreError("owner", `Cannot use ${dir}: this user may not look into it`, { cause });
  }
}

function checkOwner(dir: string): void {
  const { uid } = Deno.statSync(dir);
  const user = Deno.build.os === "windows" ? null : Deno.uid();
  if (uid === null || user === null || uid === user) return;
  throw new StoreError(
    "owner",
    `Cannot use ${dir}: it belongs to the user with id ${uid}, this is the user with id ${user}`,
  );
}

function readHolder(path: string): { pid: string; holder: Holder | null } {
  let text = "";
  try {
    text = Deno.readTextFileSync(path).trim();
  } catch {
    // Windows lets no process read a locked file.
  }
  const [pid = "", holder = "relay"] = text.split(" ");
  if (pid === "") return { pid: "unknown", holder: null };
  return { pid, holder: holder === "account" || holder === "restore" ? holder : "relay" };
}
