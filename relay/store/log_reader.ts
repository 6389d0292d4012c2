/** Asks the log in a worker of its own, so that a long question delays no request. @module */

import { join } from "node:path";
import { HeldWorker } from "./held_worker.ts";
import type { RequestRow } from "./log_rows.ts";
import type { RequestList, RequestPage, WantedRequest } from "./request_query.ts";
import type { ExportPage, ExportPart } from "./request_text.ts";
import type { TopList, TopQuestion } from "./request_top.ts";
import { StoreError } from "./store_error.ts";
import type { UsageQuestion, UsageRow, UsageTotal } from "./usage_query.ts";

/** The questions and their answers. */
export interface LogQuestions {
  requests(page: RequestPage): RequestList;
  request(which: WantedRequest): RequestRow | undefined;
  export(page: ExportPage): ExportPart;
  top(question: TopQuestion): TopList;
  usage(question: UsageQuestion): UsageRow[];
  totals(which: { account?: string }): UsageTotal[];
}

/** To the reading worker; answered by {@linkcode Reply}, in order. */
export interface Question {
  readonly path: string;
  readonly method: keyof LogQuestions;
  readonly argument: unknown;
}

/** From the reading worker. */
export type Reply =
  | { readonly answer: unknown }
  | { readonly failure: string; readonly storage: boolean };

/** Questions under way or waiting; with more, callers hear `busy` at once. */
const MOST_WAITING = 64;
/** An answer that takes longer is given up, with its worker. */
const LONGEST_MS = 30_000;

interface Waiting {
  readonly question: Question;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Answers questions, one at a time. The worker starts with the first one. */
export class LogReader implements Disposable {
  readonly #path: string;
  readonly #module = new HeldWorker(new URL("./log_reader_worker.ts", import.meta.url));
  readonly #queue: Waiting[] = [];
  #worker: Worker | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** Reads `log.db` in the data directory `dir`, which somebody has made by `openRequestLog`. */
  constructor(dir: string) {
    this.#path = join(dir, "log.db");
  }

  /** A page of requests. @throws {StoreError} `busy`, `storage`. */
  requests(page: RequestPage = {}): Promise<RequestList> {
    return this.#ask("requests", page);
  }

  /** One request by its id. @throws {StoreError} `busy`, `storage`. */
  request(id: string, more: Omit<WantedRequest, "id"> = {}): Promise<RequestRow | undefined> {
    return this.#ask("request", { id, ...more });
  }

  /** A page of requests as text. @throws {StoreError} `busy`, `storage`. */
  export(page: ExportPage): Promise<ExportPart> {
    return this.#ask("export", page);
  }

  /** What there was most of. @throws {StoreError} `busy`, `storage`. */
  top(question: TopQuestion): Promise<TopList> {
    return this.#ask("top", question);
  }

  /** Sums over time. @throws {StoreError} `busy`, `storage`. */
  usage(question: UsageQuestion): Promise<UsageRow[]> {
    return this.#ask("usage", question);
  }

  /** Sums since the beginning for each account. @throws {StoreError} `busy`, `storage`. */
  totals(which: { account?: string } = {}): Promise<UsageTotal[]> {
    return this.#ask("totals", which);
  }

  /** Ends the worker; questions under way fail. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#fail("the reader is closed");
  }

  #ask<M extends keyof LogQuestions>(
    method: M,
    argument: Parameters<LogQuestions[M]>[0],
  ): Promise<ReturnType<LogQuestions[M]>> {
    if (this.#closed) return Promise.reject(failed("the reader is closed"));
    if (this.#queue.length >= MOST_WAITING) {
      const text = "Too many questions to the log at once: try again in some seconds";
      return Promise.reject(new StoreError("busy", text));
    }
    return new Promise((resolve, reject) => {
      const question = { path: this.#path, method, argument };
      this.#queue.push({ question, resolve: resolve as (answer: unknown) => void, reject });
      if (this.#queue.length === 1) this.#next();
    });
  }

  #next(): void {
    clearTimeout(this.#deadline);
    const waiting = this.#queue[0];
    if (!waiting) return;
    this.#worker ??= this.#start();
    this.#worker.postMessage(waiting.question);
    this.#deadline = setTimeout(() => this.#fail("it took too long"), LONGEST_MS);
  }

  #start(): Worker {
    const worker = this.#module.start();
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      const waiting = this.#queue.shift();
      if ("answer" in data) waiting?.resolve(data.answer);
      else waiting?.reject(data.storage ? failed(data.failure) : new Error(data.failure));
      this.#next();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message);
    };
    return worker;
  }

  /** Gives everything up; the next question gets a new worker. */
  #fail(reason: string): void {
    clearTimeout(this.#deadline);
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of this.#queue.splice(0)) reject(failed(reason));
  }
}

function failed(reason: string): StoreError {
  return new StoreError("storage", `Cannot read the log: ${reason}`);
}
