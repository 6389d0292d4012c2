/** Writes log and usage into `log.db`, and removes what is too old or too much, a slice at a time. @module */

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
/** Free pages that stay in the file for the next rows; beyond it the file shrinks. */
const SPARE_PAGES = 4096;
const MINUTES_KEPT = 8 * 86_400_000;
const HOURS_KEPT = 400 * 86_400_000;
const HOUR = 3_600_000;

/** The one writer of `log.db`. Synchronous: it lives in a worker. */
export class LogWriter implements Disposable {
  readonly #db: Database;
  /** May change. */
  limits: LogLimits;
  readonly #row: Statement;
  readonly #gap: Statement;
  readonly #minute: Statement;
  readonly #hour: Statement;
  readonly #total: Statement;
  readonly #oldest: Statement;
  readonly #removeOld: Statement;
  readonly #removeFirst: Statement;
  readonly #removeMinutes: Statement;
  readonly #removeHours: Statement;

  /** @throws {StoreError} `storage`, `newer-schema`. */
  constructor(path: string, options: LogLimits & { busyTimeoutMs: number }) {
    this.limits = options;
    const { busyTimeoutMs } = options;
    const db = this.#db = new Database(path, { durability: "normal", busyTimeoutMs });
    try {
      migrate(db, { path, steps: LOG_SCHEMA, keepCopy: false });
      this.#row = db.prepare(
        `INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`,
      );
      this.#gap = db.prepare("INSERT INTO requests (seq, time, left_out) VALUES (?, ?, ?)");
      this.#minute = db.prepare(upsert("usage_minute", ["start", "account", "name"]));
      this.#hour = db.prepare(upsert("usage_hour", ["start", "account", "name"]));
      this.#total = db.prepare(upsert("usage_total", ["account", "name"]));
      this.#oldest = db.prepare("SELECT min(time) AS time FROM requests");
      this.#removeOld = db.prepare(
        `DELETE FROM requests WHERE seq IN
           (SELECT seq FROM requests WHERE time < ? ORDER BY time LIMIT ${SLICE})`,
      );
      this.#removeFirst = db.prepare(
        `DELETE FROM requests WHERE seq IN (SELECT seq FROM requests ORDER BY seq LIMIT ${SLICE})`,
      );
      this.#removeMinutes = db.prepare(removeUsage("usage_minute"));
      this.#removeHours = db.prepare(removeUsage("usage_hour"));
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
    this.#db.transaction(() => {
      if (batch) this.#writeRows(batch);
      for (const chunk of usage) this.#writeUsage(chunk);
    });
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
        removed = this.#removeOld.run(oldBefore);
      } else if (this.#bytes() > this.limits.keepBytes) removed = this.#removeFirst.run();
      removed = Math.max(
        removed,
        this.#removeMinutes.run(now - MINUTES_KEPT),
        this.#removeHours.run(now - HOURS_KEPT),
      );
      const spare = Number(this.#db.value("PRAGMA freelist_count"));
      if (spare > SPARE_PAGES) this.#db.exec("PRAGMA incremental_vacuum(256)");
      return removed >= SLICE || spare > SPARE_PAGES + 256;
    });
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]();
  }

  #bytes(): number {
    const pages = Number(this.#db.value("PRAGMA page_count"));
    const free = Number(this.#db.value("PRAGMA freelist_count"));
    return (pages - free) * Number(this.#db.value("PRAGMA page_size"));
  }

  #writeRows(batch: RowBatch): void {
    for (const row of rowsOf(batch)) {
      if (row.kind === "gap") this.#gap.run(row.seq, row.time, row.leftOut);
      else {
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
      const minute = numbers[at]!;
      const counts = numbers.subarray(at + 1, at + CHUNK_STRIDE);
      const pair = [names[2 * i]!, names[2 * i + 1]!];
      this.#minute.run(minute, ...pair, ...counts);
      this.#hour.run(minute - minute % HOUR, ...pair, ...counts);
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
