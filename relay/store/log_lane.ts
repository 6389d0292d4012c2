/** A worker that answers questions to the log a slice at a time, so that each account has its turns and none waits for another's. @module */

import { type Asker, FairQueue } from "./fair_queue.ts";
import { HeldWorker } from "./held_worker.ts";
import { StoreError } from "./store_error.ts";

/** To the reading worker. */
export type ToReader =
  /** A new question; answered like `go`. */
  | {
    readonly kind: "ask";
    readonly id: number;
    readonly path: string;
    readonly method: string;
    readonly argument: unknown;
  }
  /** The next slice of it. Answered by a {@linkcode FromReader}. */
  | { readonly kind: "go"; readonly id: number }
  /** From now on match requests with this filter; none forgets it. Not answered. */
  | { readonly kind: "filter"; readonly key: number; readonly filter: unknown };

/** From the reading worker: the answer, why there is none, or neither and there is more to do; and what it took. */
export interface FromReader {
  readonly ms: number;
  readonly answer?: unknown;
  readonly failure?: { readonly message: string; readonly isStorage: boolean };
}

/** Questions of one account that wait; with more it hears `busy`. */
const MOST_OF_ACCOUNT = 64;
const MOST_WAITING = 1_024;
/** A slice that takes longer, ms, is given up with the worker; some 20 are usual. Others' questions go on in a new one. */
const LONGEST_SLICE = 10_000;
/** A worker without a question for so long, ms, ends: it holds some 15 MB. */
const IDLE = 60_000;
/** The first one of a worker, which starts with it. */
const LONGEST_START = 60_000;

interface Job {
  readonly id: number;
  readonly asker: Asker;
  readonly method: string;
  readonly argument: unknown;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  /** The worker knows it. */
  isKnown: boolean;
}

/** Answers questions. The worker starts with the first one, and ends when none came for a minute. */
export class LogLane implements Disposable {
  readonly #path: string;
  readonly #module = new HeldWorker(new URL("./log_reader_worker.ts", import.meta.url));
  readonly #queue = new FairQueue<Job>();
  readonly #filters = new Map<number, unknown>();
  #running: Job | undefined;
  #worker: Worker | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #count = 0;

  readonly #idleMs: number;

  /** @param path of `log.db` */
  constructor(path: string, { idleMs = IDLE }: { readonly idleMs?: number } = {}) {
    this.#path = path;
    this.#idleMs = idleMs;
  }

  /** There is a worker at the moment. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** @throws {StoreError} `busy`, `storage`. */
  ask(asker: Asker, method: string, argument: unknown): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(failed("the reader is closed"));
    const own = this.#queue.sizeOf(asker) + Number(this.#running?.asker.account === asker.account);
    if (own >= MOST_OF_ACCOUNT || (this.#queue.size >= MOST_WAITING && !asker.isStaff)) {
      const text = "Too many questions to the log at once: try again in some seconds";
      return Promise.reject(new StoreError("busy", text));
    }
    return new Promise((resolve, reject) => {
      const id = this.#count++;
      this.#queue.add(asker, { id, asker, method, argument, resolve, reject, isKnown: false });
      this.#next();
    });
  }

  /** Has the worker know a filter by its key; undefined forgets it. */
  setFilter(key: number, filter: unknown): void {
    if (filter === undefined) this.#filters.delete(key);
    else this.#filters.set(key, filter);
    this.#worker?.postMessage({ kind: "filter", key, filter } satisfies ToReader);
  }

  /** Ends the worker; questions under way fail. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#stop();
    clearTimeout(this.#pause);
    for (const { reject } of [...this.#taken(), ...this.#queue.clear()]) {
      reject(failed("the reader is closed"));
    }
  }

  #next(): void {
    if (this.#running !== undefined || this.#isClosed) return;
    clearTimeout(this.#pause);
    clearTimeout(this.#idle);
    const now = performance.now();
    const job = this.#queue.take(now);
    if (job === undefined) {
      if (this.#queue.size > 0) {
        this.#pause = setTimeout(() => this.#next(), this.#queue.pauseUntil - now);
      } else if (this.#worker !== undefined) {
        this.#idle = setTimeout(() => this.#stop(), this.#idleMs);
      }
      return;
    }
    this.#running = job;
    const longest = this.#worker === undefined ? LONGEST_START : LONGEST_SLICE;
    this.#worker ??= this.#start();
    const { id, method, argument } = job;
    this.#worker.postMessage(
      (job.isKnown
        ? { kind: "go", id }
        : { kind: "ask", id, path: this.#path, method, argument }) satisfies ToReader,
    );
    job.isKnown = true;
    this.#deadline = setTimeout(() => this.#fail("it took too long"), longest);
  }

  #start(): Worker {
    const worker = this.#module.start();
    worker.onmessage = ({ data }: MessageEvent<FromReader>) => this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message);
    };
    for (const [key, filter] of this.#filters) {
      worker.postMessage({ kind: "filter", key, filter } satisfies ToReader);
    }
    return worker;
  }

  #hear(said: FromReader): void {
    clearTimeout(this.#deadline);
    const [job] = this.#taken();
    if (job === undefined) return;
    const { answer, failure, ms } = said;
    if (failure !== undefined) {
      job.reject(failure.isStorage ? failed(failure.message) : new Error(failure.message));
    } else if ("answer" in said) job.resolve(answer);
    else this.#queue.add(job.asker, job);
    this.#queue.charge(job.asker, ms, performance.now());
    this.#next();
  }

  /** Gives up what is being answered; the next question gets a new worker, to which all others are new. */
  #fail(reason: string): void {
    this.#stop();
    const [job] = this.#taken();
    const waiting = this.#queue.clear();
    for (const other of waiting) {
      other.isKnown = false;
      this.#queue.add(other.asker, other);
    }
    job?.reject(failed(reason));
    this.#next();
  }

  #taken(): Job[] {
    const job = this.#running;
    this.#running = undefined;
    return job === undefined ? [] : [job];
  }

  #stop(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#idle);
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

function failed(reason: string): StoreError {
  return new StoreError("storage", `Cannot read the log: ${reason}`);
}
