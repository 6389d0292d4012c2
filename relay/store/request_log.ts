/** Takes note of every request on the main thread, for next to nothing, and has a worker write it. @module */

import { join } from "node:path";
import { prepareDataDir } from "./data_dir.ts";
import { LogChannel, type Parcel } from "./log_channel.ts";
import {
  type LogRow,
  LONGEST_TEXT,
  type RowBatch,
  rowsOf,
  RowStage,
  STAGE_ROWS,
} from "./log_rows.ts";
import type { FinishedRequest } from "./finished_request.ts";
import type { LogCounters, RequestLogOptions } from "./log_options.ts";
import { type Redactor, redactTarget } from "./redact.ts";
import { StoreError } from "./store_error.ts";
import { type UsageChunk, UsageCounters } from "./usage_counters.ts";

/** Rows go to the worker so often. */
const BATCH_MS = 100;
/** Usage and gap rows go to the worker at the end of each second: what a kill -9 may lose. */
const SECOND = 1_000;
/** Batches under way; beyond it usage stays in memory and rows only up to `queueRows`. */
const MOST_UNDER_WAY = 8;
/** What a stop waits for the disk. */
const CLOSE_MS = 5_000;
const MINUTE = 60_000;

/** Of the rows a second so much is for requests to names without an account: strangers can make those up. */
const UNOWNED = 1 / 20;

/** The request log and usage counters. Made by {@linkcode openRequestLog}. */
export class RequestLog implements AsyncDisposable {
  readonly #options: RequestLogOptions;
  readonly #rowsPerSecond: number;
  readonly #queueRows: number;
  readonly #retryMs: number;
  /** May change. */
  redact: Redactor;
  readonly #channel: LogChannel;
  readonly #stage = new RowStage();
  readonly #usage = new UsageCounters();
  readonly #listeners = new Set<(rows: readonly LogRow[], batch: RowBatch) => void>();
  readonly #abort = () => void this[Symbol.asyncDispose]();
  #seq = Date.now() * 1000;
  #keeps: boolean;
  /** Rows that may still be kept; refilled as time goes, up to a second's worth. */
  #budget: number;
  /** The same for rows without an account, a tenth of a second's worth of all at once. */
  #unowned: number;
  #queued = 0;
  #written = 0;
  #sampled = 0;
  #dropped = 0;
  #leftOut = 0;
  #armed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refilledAt = performance.now();
  /** Since when what is being counted is counted. */
  #usageAt = 0;
  /** While there is trouble: not before, by `performance.now()`. */
  #retryAt = 0;
  #trouble: string | undefined;
  #closing: Promise<void> | undefined;

  /** For {@linkcode openRequestLog}. */
  constructor(path: string, options: RequestLogOptions) {
    this.#options = options;
    this.#keeps = options.keepMs !== 0 && options.keepBytes !== 0;
    this.#rowsPerSecond = options.rowsPerSecond ?? 5_000;
    this.#queueRows = options.queueRows ?? 16_384;
    this.#retryMs = options.retryMs ?? 10_000;
    this.#budget = this.#rowsPerSecond;
    this.#unowned = this.#mostUnowned;
    this.redact = options.redact ?? redactTarget;
    this.#channel = new LogChannel({
      open: {
        kind: "open",
        path,
        limits: {
          keepMs: options.keepMs ?? 7 * 86_400_000,
          keepBytes: options.keepBytes ?? 1_000_000_000,
        },
        busyTimeoutMs: options.busyTimeoutMs ?? 2_000,
      },
      retryMs: this.#retryMs,
      onready: ({ lastSeq, newer, trouble }) => {
        this.#seq = Math.max(this.#seq, lastSeq + 1);
        if (!newer) this.#note(trouble);
      },
      onsettled: (parcel, trouble) => this.#settle(parcel, trouble),
    });
  }

  /** Says what is kept from now on. */
  limit({ keepMs, keepBytes }: Required<Pick<RequestLogOptions, "keepMs" | "keepBytes">>): void {
    this.#keeps = keepMs > 0 && keepBytes > 0;
    this.#channel.limit({ keepMs, keepBytes });
  }

  /** Has all that is known of an account so far stand under another name: the next one of its name is another account. */
  async bury(account: string, as: string): Promise<void> {
    await this.flush();
    if (this.#closing === undefined) this.#channel.bury(account, as);
  }

  /** Has its worker make a checkpoint of the database at `path`; false where that was not all, or is not to be had. */
  checkpoint(path: string): Promise<boolean> {
    return this.#closing === undefined ? this.#channel.checkpoint(path) : Promise.resolve(false);
  }

  /** Nothing goes on: its worker may give back memory. */
  rest(): void {
    this.#channel.rest();
  }

  /** Whether requests are kept at all; usage always is. */
  get keeps(): boolean {
    return this.#keeps;
  }

  /**
   * Takes note of one finished request. Never throws, never waits: 0.1 µs where the row is left out, about 1 µs
   * otherwise; hence no object but a dozen places.
   * @param time when it began, ms since 1970
   * @param name the public name; counted as unowned without an `account`
   * @param account whose name that is; empty for unknown names
   * @param target as sent; secrets in it are replaced here
   * @param status 0 where there was no answer
   * @param ms until the last byte of the answer
   * @param ttfbMs until the first byte of the answer; negative where there was none
   */
  record(request: FinishedRequest): void {
    if (this.#closing) return;
    const { name, account, target, status, bytesIn, bytesOut, ms } = request;
    this.#usage.add(account, name, status, bytesIn, bytesOut, ms);
    if (!this.#armed) this.#arm();
    if (!this.#keeps) return;
    const isUnowned = account === "";
    const isFull = isUnowned ? this.#unowned <= 0 : this.#budget <= 0;
    if (isFull && (isUnowned || (status >= 100 && status < 400))) {
      this.#sampled++;
      this.#leftOut++;
      return;
    }
    if (this.#queued >= this.#queueRows) {
      this.#dropped++;
      this.#leftOut++;
      return;
    }
    if (isUnowned) this.#unowned--;
    else this.#budget--;
    this.#queued++;
    const kept = target.length > LONGEST_TEXT ? target.slice(0, LONGEST_TEXT) : target;
    this.#stage.add(request, this.redact(kept));
    if (this.#stage.count >= STAGE_ROWS) this.#post(Date.now(), { all: false });
  }

  /** Calls `listener` with the kept rows of each batch, and the batch, at most 100 ms after they were recorded. It must not throw. */
  subscribe(listener: (rows: readonly LogRow[], batch: RowBatch) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What became of the requests so far. */
  get counters(): LogCounters {
    const [queued, written] = [this.#queued, this.#written];
    return { queued, written, sampled: this.#sampled, dropped: this.#dropped };
  }

  /** Why the log cannot be written at the moment, for the operator; undefined where all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Settles when all that was recorded until now is in the file, or was given up. */
  flush(): Promise<void> {
    this.#post(Date.now(), { all: true });
    return this.#channel.idle();
  }

  /** Writes what is left and ends the worker; waits 5 s for that at most. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** For {@linkcode openRequestLog}: starts the worker and has it open the file. */
  async start(): Promise<void> {
    this.#options.signal?.addEventListener("abort", this.#abort, { once: true });
    const { newer, trouble = "" } = await this.#channel.start();
    if (!newer) return;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#channel.terminate();
    throw new StoreError("newer-schema", trouble);
  }

  #settle({ rows, usage }: Parcel, trouble: string | undefined): void {
    const count = rows?.count ?? 0;
    this.#queued -= count;
    if (trouble === undefined) this.#written += count;
    else {
      this.#dropped += count;
      this.#leftOut += count + (rows?.gap?.leftOut ?? 0);
      this.#usage.giveBack(usage);
      if (!this.#armed && !this.#closing) this.#arm();
    }
    this.#note(trouble);
  }

  #note(trouble: string | undefined): void {
    const before = this.#trouble;
    this.#trouble = trouble;
    if (trouble !== undefined && before === undefined) {
      this.#retryAt = performance.now() + this.#retryMs;
      this.#options.onWarning?.(
        `The request log has stopped: ${trouble}. Requests go on and are counted; ` +
          `it is tried again every ${this.#retryMs / 1000} s.`,
      );
    } else if (trouble === undefined && before !== undefined) {
      this.#options.onRecovery?.("The request log is written again.");
    }
  }

  /** Begins a time of counting; nothing waited before. */
  #arm(): void {
    this.#armed = true;
    this.#usageAt = Date.now();
    this.#refill();
    this.#wait(this.#usageAt);
  }

  /** Until the next tenth of the clock's second, so that every second is as long as the others. */
  #wait(now: number): void {
    this.#timer = setTimeout(() => this.#tick(), BATCH_MS - now % BATCH_MS);
  }

  #tick(): void {
    const now = Date.now();
    this.#refill();
    this.#post(now, { all: false });
    this.#armed = this.#stage.count > 0 || this.#leftOut > 0 || !this.#usage.isEmpty;
    if (this.#armed) this.#wait(now);
  }

  #refill(): void {
    const now = performance.now();
    const more = this.#rowsPerSecond * (now - this.#refilledAt) / 1000;
    this.#budget = Math.min(this.#rowsPerSecond, Math.max(0, this.#budget) + more);
    this.#unowned = Math.min(this.#mostUnowned, this.#unowned + more * UNOWNED);
    this.#refilledAt = now;
  }

  get #mostUnowned(): number {
    return Math.max(1, this.#rowsPerSecond / 10);
  }

  /** @param now the date, by which what is counted is sorted into seconds and minutes. */
  #post(now: number, { all }: { all: boolean }): void {
    const second = this.#usageAt - this.#usageAt % SECOND;
    const over = now >= second - second % MINUTE + MINUTE;
    const well = this.#trouble === undefined || performance.now() >= this.#retryAt;
    const due = now >= second + SECOND || now < second; // or the clock was set back
    let usage: readonly UsageChunk[] = [];
    let gap: RowBatch["gap"];
    if (all || due && well && this.#channel.underWay < MOST_UNDER_WAY) {
      usage = this.#usage.take(second);
      if (this.#leftOut > 0) gap = { time: now, leftOut: this.#leftOut };
      this.#leftOut = 0;
      this.#usageAt = now;
    } else if (over) {
      // While nothing can be written seconds run together, but a minute's counts do not mix with the next one's.
      this.#usage.setAside(second);
      this.#usageAt = now;
    }
    const count = this.#stage.count;
    const rows = count > 0 || gap ? this.#stage.take(this.#seq, gap) : undefined;
    if (!rows && usage.length === 0) return;
    this.#seq += count + (gap ? 1 : 0);
    if (rows && this.#listeners.size > 0) this.#tell(rows);
    if (well) this.#retryAt = performance.now() + this.#retryMs;
    this.#channel.send({ rows, usage }, { insist: all || well });
  }

  #tell(batch: RowBatch): void {
    const rows = rowsOf(batch);
    for (const listener of this.#listeners) listener(rows, batch);
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#abort);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const deadline = setTimeout(resolve, CLOSE_MS);
    await Promise.race([this.flush().then(() => this.#channel.close()), late]);
    clearTimeout(deadline);
    this.#channel.terminate();
    if (!this.#usage.isEmpty || this.#channel.underWay > 0) {
      this.#options.onWarning?.("The usage of the last requests could not be written and is lost.");
    }
  }
}

/**
 * Opens `log.db` in the data directory `dir`, making both if need be. A file that cannot be written is no reason
 * to stop: it is warned of and tried again.
 * @throws {StoreError} `newer-schema`, `owner`, or `storage` for the directory.
 */
export async function openRequestLog(
  dir: string,
  options: RequestLogOptions = {},
): Promise<RequestLog> {
  options.signal?.throwIfAborted();
  prepareDataDir(dir);
  const log = new RequestLog(join(dir, "log.db"), options);
  await log.start();
  return log;
}
