/** The line to the log's worker: what is under way, what became of it, and a new worker when one breaks. @module */

import { HeldWorker } from "./held_worker.ts";
import type { FromLogWorker, ToLogWorker } from "./log_messages.ts";
import type { LogLimits } from "./log_writer.ts";
import type { RowBatch } from "./log_rows.ts";
import type { UsageChunk } from "./usage_counters.ts";

/** What goes to the worker at once. */
export interface Parcel {
  readonly rows: RowBatch | undefined;
  readonly usage: readonly UsageChunk[];
}

type Ready = Extract<FromLogWorker, { kind: "ready" }>;

/** How a {@linkcode LogChannel} works and whom it tells. */
export interface LogChannelOptions {
  readonly open: Extract<ToLogWorker, { kind: "open" }>;
  /** A new worker comes so long after one broke. */
  readonly retryMs: number;
  /** The oldest parcel was written, or was not and why. Never called within `send`'s caller's turn by a living worker. */
  readonly onsettled: (parcel: Parcel, trouble: string | undefined) => void;
  /** A worker has opened the file, or why not. */
  readonly onready: (message: Ready) => void;
}

/** Sends parcels to the worker and settles them in order. */
export class LogChannel {
  readonly #options: LogChannelOptions;
  readonly #module = new HeldWorker(new URL("./log_worker.ts", import.meta.url));
  /** Other limits than the first ones. */
  #limits: LogLimits | undefined;
  readonly #underWay: Parcel[] = [];
  #worker: Worker | undefined;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #failure = "its worker is not there";
  #onready: ((message: Ready) => void) | undefined;
  #onidle: (() => void)[] = [];
  #onclosed: (() => void) | undefined;
  #onchecked: ((isWhole: boolean) => void)[] = [];

  constructor(options: LogChannelOptions) {
    this.#options = options;
  }

  /** How many parcels are neither written nor lost yet. */
  get underWay(): number {
    return this.#underWay.length;
  }

  /** Starts a worker; settles when it has tried to open the file. */
  start(): Promise<Ready> {
    const ready = new Promise<Ready>((resolve) => this.#onready = resolve);
    this.#startWorker();
    return ready;
  }

  /** `insist`: to be tried even though the last one failed. */
  send(parcel: Parcel, { insist }: { insist: boolean }): void {
    this.#underWay.push(parcel);
    if (!this.#worker) this.#settle(this.#failure);
    else this.#worker.postMessage({ kind: "write", ...parcel, insist } satisfies ToLogWorker);
  }

  /** Has all rows of an account called otherwise. */
  bury(account: string, as: string): void {
    this.#worker?.postMessage({ kind: "bury", account, as } satisfies ToLogWorker);
  }

  /** Has the worker give back what memory it can do without. */
  rest(): void {
    this.#worker?.postMessage({ kind: "rest" } satisfies ToLogWorker);
  }

  /** Has a checkpoint made of another database; false where it was not whole, or the worker is not there. */
  checkpoint(path: string): Promise<boolean> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#onchecked.push(resolve);
      worker.postMessage({ kind: "checkpoint", path } satisfies ToLogWorker);
    });
  }

  /** Says what is kept from now on. */
  limit(limits: LogLimits): void {
    this.#limits = limits;
    this.#worker?.postMessage({ kind: "limit", limits } satisfies ToLogWorker);
  }

  /** Settles when nothing is under way. */
  idle(): Promise<void> {
    if (this.#underWay.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onidle.push(resolve));
  }

  /** Has the worker close the file. */
  async close(): Promise<void> {
    clearTimeout(this.#restart);
    if (!this.#worker) return;
    const closed = new Promise<void>((resolve) => this.#onclosed = resolve);
    this.#worker.postMessage({ kind: "close" } satisfies ToLogWorker);
    await closed;
  }

  /** Ends the worker, whatever it does. */
  terminate(): void {
    clearTimeout(this.#restart);
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const tell of this.#onchecked.splice(0)) tell(false);
  }

  #startWorker(): void {
    const worker = this.#module.start();
    worker.onmessage = ({ data }: MessageEvent<FromLogWorker>) => this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#crashed(event.message);
    };
    const { open } = this.#options;
    worker.postMessage(this.#limits === undefined ? open : { ...open, limits: this.#limits });
    this.#worker = worker;
  }

  #hear(message: FromLogWorker): void {
    if (message.kind === "done") this.#settle(message.trouble);
    else if (message.kind === "checked") this.#onchecked.shift()?.(message.isWhole);
    else if (message.kind === "closed") this.#onclosed?.();
    else {
      this.#options.onready(message);
      this.#onready?.(message);
    }
  }

  #settle(trouble: string | undefined): void {
    const parcel = this.#underWay.shift();
    if (parcel) this.#options.onsettled(parcel, trouble);
    if (this.#underWay.length > 0) return;
    for (const resolve of this.#onidle.splice(0)) resolve();
  }

  /** By an error of ours: the parcels under way are lost or written, which is not known, and count as lost. */
  #crashed(reason: string): void {
    this.terminate();
    this.#failure = `its worker failed (${reason})`;
    this.#restart = setTimeout(() => this.#startWorker(), this.#options.retryMs);
    while (this.#underWay.length > 0) this.#settle(this.#failure);
    this.#onready?.({ kind: "ready", lastSeq: 0, trouble: this.#failure, newer: false });
    this.#onclosed?.();
  }
}
