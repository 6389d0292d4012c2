/** Writes log and usage into `log.db`, and removes what is too old or too much, a slice at a time. @module */

import { buryAccount } from "./burial.ts";
import { Database, type Statement } from "./database.ts";
import { type RowBatch, rowsOf } from "./log_rows.ts";
import { COUNTERS, LOG_SCHEMA } from "./log_schema.ts";
import { migrate } from "./migrate.ts";
import { CHUNK_STRIDE, type UsageChunk } from "./usage_counters.ts";

/** What is kept. */
export interface LogLimits {
  /** Rows that began longer ago go. */
  readonly keepMs: number;
  /** With more in the file the oldest rows go. */
  readonly keepBytes: number;
}

/** Rows removed in one transaction: about 5 ms. */
const SLICE = 500;
/** Slices after a batch: as many rows as it can bring, and more, so that the file stays at its size however much comes. */
const SLICES_A_BATCH = 8;
/** Free pages that stay in the file for the next rows, and what the write-ahead log keeps, as parts of the whole; beyond it both shrink. */
const SPARE_PART = 1 / 16;
const MOST_SPARE = 16 << 20;
const PAGE = 4096;
const SECONDS_KEPT = 16 * 60_000;
/** Some 20 MB; with more than 300 busy names the seconds of fewer minutes are kept. */
const MOST_SECONDS = 300_000;
const MINUTES_KEPT = 8 * 86_400_000;
const HOURS_KEPT = 400 * 86_400_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

/** The one writer of `log.db`. Synchronous: it lives in a worker. */
export class LogWriter implements Disposable {
  readonly #db: Database;
  /** May change. */
  limits: LogLimits;
  readonly #row: Statement;
  readonly #gap: Statement;
  readonly #second: Statement;
  readonly #minute: Statement;
  readonly #hour: Statement;
  readonly #total: Statement;
  readonly #oldest: Statement;
  readonly #removeOld: Statement;
  readonly #removeFirst: Statement;
  readonly #removeGaps: Statement;
  /** Each account's rows, those of none included. */
  readonly #rows = new Map<string, number>();
  readonly #removeSeconds: Statement;
  readonly #removeMinutes: Statement;
  readonly #removeHours: Statement;
  /** Rows of seconds, or more: one that was added to is counted again. */
  #seconds: number;
  readonly #mostSeconds: number;

  /** @throws {StoreError} `storage`, `newer-schema`. */
  constructor(
    path: string,
    options: LogLimits & { busyTimeoutMs: number; mostSeconds?: number },
  ) {
    this.limits = options;
    const { busyTimeoutMs, mostSeconds = MOST_SECONDS } = options;
    this.#mostSeconds = mostSeconds;
    const db = this.#db = new Database(path, { durability: "normal", busyTimeoutMs });
    try {
      migrate(db, { path, steps: LOG_SCHEMA, keepCopy: false });
      this.#row = db.prepare(
        `INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`,
      );
      this.#gap = db.prepare("INSERT INTO requests (seq, time, left_out) VALUES (?, ?, ?)");
      this.#second = db.prepare(upsert("usage_second", ["start", "account", "name"]));
      this.#minute = db.prepare(upsert("usage_minute", ["start", "account", "name"]));
      this.#hour = db.prepare(upsert("usage_hour", ["start", "account", "name"]));
      this.#total = db.prepare(upsert("usage_total", ["account", "name"]));
      this.#oldest = db.prepare("SELECT min(time) AS time FROM requests");
      this.#removeOld = db.prepare(
        `DELETE FROM requests WHERE seq IN
           (SELECT seq FROM requests WHERE time < ? ORDER BY time LIMIT ${SLICE})
         RETURNING account`,
      );
      this.#removeFirst = db.prepare(
        `DELETE FROM requests WHERE seq IN
           (SELECT seq FROM requests WHERE account = ? ORDER BY seq LIMIT ${SLICE})`,
      );
      this.#removeGaps = db.prepare(
        `DELETE FROM requests WHERE left_out IS NOT NULL AND seq IN
           (SELECT seq FROM requests WHERE left_out IS NOT NULL ORDER BY seq LIMIT ${SLICE})`,
      );
      const counted = db.prepare(
        "SELECT account, count(*) AS count FROM requests WHERE account IS NOT NULL GROUP BY account",
      );
      for (const { account, count } of counted.all()) {
        this.#rows.set(String(account), Number(count));
      }
      db.exec(`PRAGMA journal_size_limit = ${Math.max(1 << 20, this.#spare)}`);
      this.#removeSeconds = db.prepare(removeUsage("usage_second"));
      this.#removeMinutes = db.prepare(removeUsage("usage_minute"));
      this.#removeHours = db.prepare(removeUsage("usage_hour"));
      this.#seconds = this.#countSeconds();
    } catch (error) {
      db[Symbol.dispose]();
      throw error;
    }
  }

  /** The last row's `seq`, 0 where there is none. */
  get lastSeq(): number {
    return Number(this.#db.value("SELECT max(seq) FROM requests") ?? 0);
  }

  /**
   * Writes both in one transaction, or neither.
   * @throws {StoreError} `storage`.
   */
  write(batch: RowBatch | undefined, usage: readonly UsageChunk[] = []): void {
    const more = new Map<string, number>();
    this.#db.transaction(() => {
      if (batch) this.#writeRows(batch, more);
      for (const chunk of usage) this.#writeUsage(chunk);
    });
    for (const [account, count] of more) this.#count(account, count);
  }

  /** Removes what is too much after a batch, as many slices as one can be worth. */
  keepUp(): void {
    for (let i = 0; i < SLICES_A_BATCH && this.#isOver; i++) {
      if (this.#db.transaction(() => this.#removeMost()) === 0) return;
    }
  }

  /**
   * Removes one slice of what is too old or too much. `now` is milliseconds since 1970.
   * @returns whether there is more to remove.
   */
  prune(now: number): boolean {
    return this.#db.transaction(() => {
      const oldBefore = now - this.limits.keepMs;
      const oldest = this.#oldest.get()?.time;
      let removed = 0;
      if (typeof oldest === "number" && oldest < oldBefore) {
        const gone = this.#removeOld.all(oldBefore);
        for (const { account } of gone) if (account !== null) this.#count(String(account), -1);
        removed = gone.length;
      } else if (this.#isOver) removed = this.#removeMost();
      removed = Math.max(
        removed,
        this.#pruneSeconds(now),
        this.#removeMinutes.run(now - MINUTES_KEPT),
        this.#removeHours.run(now - HOURS_KEPT),
      );
      const spare = Number(this.#db.value("PRAGMA freelist_count")) - this.#spare / PAGE;
      if (spare > 0) this.#db.exec("PRAGMA incremental_vacuum(256)");
      return removed >= SLICE || spare > 256;
    });
  }

  get #spare(): number {
    return Math.floor(Math.min(MOST_SPARE, this.limits.keepBytes * SPARE_PART));
  }

  get #isOver(): boolean {
    return this.#bytes() > this.limits.keepBytes;
  }

  /** The oldest rows of the account that has most: no account's requests push out another's. @returns how many */
  #removeMost(): number {
    let most: string | undefined;
    for (const [account, count] of this.#rows) {
      if (most === undefined || count > this.#rows.get(most)!) most = account;
    }
    if (most === undefined) return this.#removeGaps.run();
    const removed = this.#removeFirst.run(most);
    this.#count(most, removed === 0 ? -Infinity : -removed);
    return Math.max(1, removed);
  }

  #count(account: string, more: number): void {
    const count = (this.#rows.get(account) ?? 0) + more;
    if (count > 0) this.#rows.set(account, count);
    else this.#rows.delete(account);
  }

  #pruneSeconds(now: number): number {
    if (this.#seconds > this.#mostSeconds) this.#seconds = this.#countSeconds();
    const isMuch = this.#seconds > this.#mostSeconds;
    const removed = this.#removeSeconds.run(isMuch ? Number.MAX_SAFE_INTEGER : now - SECONDS_KEPT);
    this.#seconds -= removed;
    return removed;
  }

  #countSeconds(): number {
    return Number(this.#db.value("SELECT count(*) FROM usage_second"));
  }

  /** Has all rows of an account called otherwise. */
  bury(account: string, as: string): void {
    buryAccount(this.#db, account, as);
  }

  /** Nothing goes on: gives back what it keeps of the file in memory. */
  rest(): void {
    this.#db.exec("PRAGMA shrink_memory");
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]();
  }

  #bytes(): number {
    const pages = Number(this.#db.value("PRAGMA page_count"));
    const free = Number(this.#db.value("PRAGMA freelist_count"));
    return (pages - free) * Number(this.#db.value("PRAGMA page_size"));
  }

  /** @param more is told how many rows of each account they are */
  #writeRows(batch: RowBatch, more: Map<string, number>): void {
    for (const row of rowsOf(batch)) {
      if (row.kind === "gap") this.#gap.run(row.seq, row.time, row.leftOut);
      else {
        more.set(row.account, (more.get(row.account) ?? 0) + 1);
        this.#row.run(
          ...[row.seq, row.time, row.id, row.name, row.account, row.agent, row.visitor],
          ...[row.method, row.target, row.status, row.bytesIn, row.bytesOut],
          ...[
            Math.round(row.ms * 1000),
            row.ttfbMs === null ? null : Math.round(row.ttfbMs * 1000),
          ],
        );
      }
    }
  }

  #writeUsage({ names, numbers }: UsageChunk): void {
    for (let i = 0; i * CHUNK_STRIDE < numbers.length; i++) {
      const at = i * CHUNK_STRIDE;
      const start = numbers[at]!;
      const counts = numbers.subarray(at + 1, at + CHUNK_STRIDE);
      const pair = [names[2 * i]!, names[2 * i + 1]!];
      this.#second.run(start, ...pair, ...counts);
      this.#seconds++;
      this.#minute.run(start - start % MINUTE, ...pair, ...counts);
      this.#hour.run(start - start % HOUR, ...pair, ...counts);
      this.#total.run(...pair, ...counts);
    }
  }
}

function upsert(table: string, keys: string[]): string {
  const columns = [...keys, ...COUNTERS];
  const sums = COUNTERS.map((name) => `${name} = ${name} + excluded.${name}`);
  return `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
    ON CONFLICT DO UPDATE SET ${sums.join(", ")}`;
}

function removeUsage(table: string): string {
  return `DELETE FROM ${table} WHERE (start, account, name) IN
    (SELECT start, account, name FROM ${table} WHERE start < ? LIMIT ${SLICE})`;
}
