/** One SQLite file: opened private and in WAL mode, with transactions and errors that callers understand. @module */

import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { basename } from "node:path";
import { createPrivateFile } from "./data_dir.ts";
import { FileIdentity } from "./file_identity.ts";
import { StoreError } from "./store_error.ts";

/** A row as SQLite gives it. */
export type Row = Record<string, string | number | bigint | Uint8Array | null>;

/** How to open a {@linkcode Database}. */
export interface DatabaseOptions {
  /**
   * `full`: what was committed outlives a power cut. `normal`: it outlives a kill, and commits do not wait for the
   * disk, but checkpoints do. `later`: nothing waits, {@linkcode Disk} does.
   */
  readonly durability: "full" | "normal" | "later";
  /** How long a lock of another connection is waited for; the thread stands still meanwhile. Default 2,000 ms. */
  readonly busyTimeoutMs?: number;
  /** For one that only asks. */
  readonly readOnly?: boolean;
}

/**
 * An open database.
 * @throws {StoreError} `storage` from the constructor and from every transaction where the disk is at fault.
 */
export class Database implements Disposable {
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #changes: StatementSync;
  readonly #busyTimeoutMs: number;
  readonly #path: string;
  readonly #file: FileIdentity;
  #depth = 0;
  #open = true;

  constructor(path: string, options: DatabaseOptions) {
    let db: DatabaseSync | undefined;
    try {
      // SQLite would make a missing one, and with mode 0644; -wal and -shm get the file's mode.
      if (options.readOnly) Deno.statSync(path);
      else createPrivateFile(path);
      this.#busyTimeoutMs = options.busyTimeoutMs ?? 2_000;
      db = new DatabaseSync(path, { timeout: this.#busyTimeoutMs });
      // Taken by a new file only; lets the log give pages back without a VACUUM of the whole.
      db.exec("PRAGMA auto_vacuum = INCREMENTAL");
      db.exec("PRAGMA journal_mode = WAL");
      db.exec(`PRAGMA synchronous = ${options.durability === "full" ? "FULL" : "NORMAL"}`);
      db.exec("PRAGMA foreign_keys = ON");
      db.exec("PRAGMA journal_size_limit = 67108864");
      if (options.durability === "later") db.exec("PRAGMA wal_autocheckpoint = 0");
      if (options.readOnly) db.exec("PRAGMA query_only = ON");
      this.#db = db;
      this.#path = path;
      this.#file = new FileIdentity(path);
      // Statements carry SQLite's error code, `exec` does not.
      this.#begin = db.prepare("BEGIN IMMEDIATE");
      this.#commit = db.prepare("COMMIT");
      this.#rollback = db.prepare("ROLLBACK");
      this.#changes = db.prepare("SELECT total_changes() AS n");
    } catch (cause) {
      db?.close();
      throw new StoreError("storage", `Cannot open ${path}: ${reasonOf(cause, path)}`, { cause });
    }
  }

  /** A statement to keep and use again. */
  prepare(sql: string): Statement {
    try {
      return new Statement(this.#db.prepare(sql));
    } catch (error) {
      throw storageError(error) ?? error;
    }
  }

  /** Makes a function of ours one of SQL's; it has to give the same for the same always. */
  define(name: string, work: (...values: unknown[]) => string | number | null): void {
    this.#db.function(name, { deterministic: true, varargs: true }, work);
  }

  /** Runs statements that give nothing back. */
  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** The one value that `sql` gives. */
  value(sql: string): string | number | bigint | Uint8Array | null {
    return Object.values(this.prepare(sql).get() ?? {})[0] ?? null;
  }

  /** What of the file is damaged, in SQLite's words; undefined where it is sound. Reads all of it. */
  findDamage(): string | undefined {
    const said = String(this.value("PRAGMA quick_check(1)"));
    // Of several lines the first only says which database it is.
    return said === "ok" ? undefined : said.replace(/^\*\*\*.*\*\*\*\n/, "").split("\n", 1)[0];
  }

  /** Rows that this connection has changed, ever. */
  get changes(): number {
    return Number(this.#changes.get()!.n);
  }

  /** Empties the -wal after a checkpoint that has moved all of it: waits for no disk. False while another connection reads it. */
  emptyWal(): boolean {
    this.#db.exec("PRAGMA busy_timeout = 0");
    const row = this.#db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
    this.#db.exec(`PRAGMA busy_timeout = ${this.#busyTimeoutMs}`);
    return row?.busy === 0;
  }

  /** The file is where it was opened. Otherwise what is written to it is lost with the last who has it open. */
  get isAttached(): boolean {
    return this.#file.isThere;
  }

  /** All of `work` or nothing. Within another transaction it is a part of that. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    if (!this.isAttached) {
      throw new StoreError(
        "storage",
        `${basename(this.#path)} was removed or replaced while it was in use, ` +
          "and nothing is written to it any more; restart the relay",
      );
    }
    try {
      this.#begin.run();
      this.#depth++;
      const result = work();
      this.#commit.run();
      return result;
    } catch (cause) {
      try {
        this.#rollback.run();
      } catch {
        // A full disk has rolled back by itself.
      }
      throw storageError(cause) ?? cause;
    } finally {
      this.#depth = 0;
    }
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#db.close();
  }
}

/** A prepared statement. Where the disk is at fault it throws a {@linkcode StoreError}, `storage`. */
export class Statement {
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
  }

  /** The first row. */
  get(...values: SQLInputValue[]): Row | undefined {
    try {
      return this.#statement.get(...values);
    } catch (error) {
      throw storageError(error) ?? error;
    }
  }

  /** Every row. */
  all(...values: SQLInputValue[]): Row[] {
    try {
      return this.#statement.all(...values);
    } catch (error) {
      throw storageError(error) ?? error;
    }
  }

  /** One row after the other. */
  iterate(...values: SQLInputValue[]): Iterable<Row> {
    return this.#statement.iterate(...values);
  }

  /** How many rows it changed. */
  run(...values: SQLInputValue[]): number {
    try {
      return Number(this.#statement.run(...values).changes);
    } catch (error) {
      throw storageError(error) ?? error;
    }
  }
}

/** Whether a constraint of uniqueness stood in the way. */
export function isDuplicate(error: unknown): boolean {
  const code = errcode(error);
  return code === 1555 || code === 2067;
}

/** The {@linkcode StoreError} for a database that cannot be written or read at the moment, if `error` is one. */
export function storageError(error: unknown): StoreError | undefined {
  if (error instanceof StoreError) return error.code === "storage" ? error : undefined;
  const reason = STORAGE_REASONS[(errcode(error) ?? 0) & 0xff];
  if (!reason) return undefined;
  return new StoreError("storage", `Cannot use the database: ${reason}`, { cause: error });
}

/** SQLite's words for damage, where it gives no code. */
const DAMAGE = /malformed|not a database/;
/** And for a file that this user may not write. */
const READ_ONLY = /readonly database/;
const CLOSED = /unable to open database file/;
const FORBIDDEN =
  "this user may not write it; give it and its directory to whoever runs the relay " +
  "(chown), with the modes 0600 and 0700";
/** What to do then. */
export const REMEDY = "; stop the relay and bring back a backup: crunch restore FILE --replace";

const STORAGE_REASONS: Readonly<Record<number, string>> = {
  5: "another process holds it",
  6: "another process holds it",
  8: "it is read-only",
  10: "the disk reports an error",
  11: `the file is damaged${REMEDY}`,
  13: "the disk is full",
  14: "the file cannot be opened",
  26: `the file is not a database${REMEDY}`,
};

function errcode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code : undefined;
}

/** Why it cannot be opened, and what to do where there is something. */
function reasonOf(error: unknown, path: string): string {
  const text = error instanceof Error ? error.message : String(error);
  if (DAMAGE.test(text)) return text + REMEDY;
  const isForbidden = error instanceof Deno.errors.PermissionDenied || READ_ONLY.test(text) ||
    (CLOSED.test(text) && isAnothers(path));
  return isForbidden ? FORBIDDEN : text;
}

function isAnothers(path: string): boolean {
  try {
    const { uid } = Deno.statSync(path);
    return uid !== null && Deno.uid() !== 0 && uid !== Deno.uid();
  } catch {
    return false;
  }
}
