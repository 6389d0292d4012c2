/** Brings what `crunch.db` has committed to the disk, without holding up the thread that serves. @module */

import { type Database, storageError } from "./database.ts";
import { StoreError } from "./store_error.ts";

/** After a change that nothing follows, ms. */
const QUIET = 300;
/** What was noted in passing, as when a token was used last, may wait so long, ms. */
const MINUTE = 60_000;

/** Moves all that stands in the -wal to the database, waits for the disk, and says whether that was all. */
export type Checkpoint = (path: string) => Promise<boolean>;

/**
 * Commits go to the -wal, which a kill survives, and wait for no disk; `synced` waits, beside the thread, for all of
 * them at once. Checkpoints are made by another thread.
 */
export class Disk implements Disposable {
  readonly #db: Database;
  readonly #path: string;
  readonly #waits: boolean;
  #wal: Deno.FsFile | undefined;
  /** Row changes that are on the disk. */
  #synced: number;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #checkpoint: Checkpoint | undefined;
  #isChecking = false;
  /** Row changes that the last checkpoint has seen. */
  #checked = -1;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #minute: ReturnType<typeof setInterval> | undefined;
  #isOpen = true;

  /** `waits`: commits do wait for the disk, so there is nothing to do. */
  constructor(db: Database, { path, waits }: { readonly path: string; readonly waits: boolean }) {
    this.#db = db;
    this.#path = path;
    this.#waits = waits;
    this.#synced = waits ? Infinity : -1;
  }

  /**
   * Resolves once all that is committed now would outlive a power cut.
   * @throws {StoreError} `storage`: it holds, but may be lost then.
   */
  synced(): Promise<void> {
    if (this.#waits || this.#synced >= this.#db.changes) return Promise.resolve();
    if (this.#running === undefined) return this.#running = this.#sync();
    // The one that runs may have begun before our commit: the next is for all who come meanwhile.
    return this.#next ??= this.#running.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.#running = this.#sync();
    });
  }

  async #sync(): Promise<void> {
    const { changes } = this.#db;
    try {
      this.#wal ??= Deno.openSync(`${this.#path}-wal`, { read: true, write: true });
      await this.#wal.syncData();
      this.#synced = changes;
    } catch (cause) {
      if (!this.#isOpen) return;
      throw new StoreError("storage", `Cannot use the database: ${(cause as Error).message}`, {
        cause,
      });
    } finally {
      this.#running = undefined;
    }
  }

  /** Has checkpoints made: soon after changes, and by the minute. */
  checkpointBy(checkpoint: Checkpoint): void {
    this.#checkpoint = checkpoint;
    this.#minute = setInterval(() => this.#check(), MINUTE);
    this.changed();
  }

  /** Something was changed that a copy of the database should have. */
  changed(): void {
    if (this.#checkpoint === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), QUIET);
  }

  async #check(): Promise<void> {
    const { changes } = this.#db;
    if (this.#isChecking || changes === this.#checked || !this.#isOpen) return;
    // By its path another file would be opened, or made.
    if (!this.#db.isAttached) return;
    // Where the disk is slow, changes come first.
    if (this.#running !== undefined) return this.changed();
    this.#isChecking = true;
    try {
      // What is written meanwhile may begin the -wal anew, whose head then has to be there first
      // (sqlite.org/src/info/ff5be73dee); in an empty one there is nothing to mistake for the new.
      this.#db.exec("PRAGMA synchronous = NORMAL");
      const isWhole = await this.#checkpoint!(this.#path);
      if (!isWhole || !this.#isOpen || changes !== this.#db.changes) return;
      this.#checked = changes;
      if (this.#db.emptyWal()) this.#db.exec("PRAGMA synchronous = OFF");
    } catch (error) {
      // A disk that fails is reported to the next change; the next minute tries again.
      if (storageError(error) === undefined) throw error;
      this.#checked = -1;
    } finally {
      this.#isChecking = false;
    }
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    clearInterval(this.#minute);
    this.#wal?.close();
    if (!this.#waits) this.#db.exec("PRAGMA synchronous = FULL"); // closing makes a checkpoint
  }
}
