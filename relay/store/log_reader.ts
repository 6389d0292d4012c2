/** Asks the log in workers of its own: what pages count in one, what has to be searched for in another. @module */

import { join } from "node:path";
import { type Asker, SHELL_ASKER } from "./fair_queue.ts";
import { LogLane } from "./log_lane.ts";
import type { MatchQuestion } from "./log_matcher.ts";
import type { RequestRow } from "./log_rows.ts";
import type { RequestFilter, RequestList, RequestPage, WantedRequest } from "./request_query.ts";
import type { ExportPage, ExportPart } from "./request_text.ts";
import type { TopList, TopQuestion } from "./request_top.ts";
import type { UsageQuestion, UsageRow, UsageTotal } from "./usage_query.ts";

/** The questions and their answers. */
export interface LogQuestions {
  requests(page: RequestPage): RequestList;
  request(which: WantedRequest): RequestRow | undefined;
  export(page: ExportPage): ExportPart;
  top(question: TopQuestion): TopList;
  match(question: MatchQuestion): Uint16Array[];
  usage(question: UsageQuestion): UsageRow[];
  totals(which: { account?: string }): UsageTotal[];
}

/** Those that an index answers: no search keeps a page from its numbers. */
const COUNTS: ReadonlySet<keyof LogQuestions> = new Set(["request", "usage", "totals"]);

/** Answers questions, each for who asks: accounts take turns. */
export class LogReader implements Disposable {
  readonly #counts: LogLane;
  readonly #searches: LogLane;
  #filters = 0;

  /** Reads `log.db` in the data directory `dir`, which `openRequestLog` has made. */
  constructor(dir: string) {
    const path = join(dir, "log.db");
    this.#counts = new LogLane(path);
    this.#searches = new LogLane(path);
  }

  /** A page of requests. @throws {StoreError} `busy`, `storage`. */
  requests(page: RequestPage = {}, asker?: Asker): Promise<RequestList> {
    return this.#ask("requests", page, asker);
  }

  /** One request by its id. @throws {StoreError} `busy`, `storage`. */
  request(
    id: string,
    more: Omit<WantedRequest, "id"> = {},
    asker?: Asker,
  ): Promise<RequestRow | undefined> {
    return this.#ask("request", { id, ...more }, asker);
  }

  /** A page of requests as text. @throws {StoreError} `busy`, `storage`. */
  export(page: ExportPage, asker?: Asker): Promise<ExportPart> {
    return this.#ask("export", page, asker);
  }

  /** What there was most of. @throws {StoreError} `busy`, `storage`. */
  top(question: TopQuestion, asker?: Asker): Promise<TopList> {
    return this.#ask("top", question, asker);
  }

  /** Sums over time. @throws {StoreError} `busy`, `storage`. */
  usage(question: UsageQuestion, asker?: Asker): Promise<UsageRow[]> {
    return this.#ask("usage", question, asker);
  }

  /** Sums since the beginning for each account. @throws {StoreError} `busy`, `storage`. */
  totals(which: { account?: string } = {}, asker?: Asker): Promise<UsageTotal[]> {
    return this.#ask("totals", which, asker);
  }

  /** The places in a batch of the rows that fit each filter. @throws {StoreError} `busy`, `storage`. */
  match(question: MatchQuestion, asker: Asker): Promise<Uint16Array[]> {
    return this.#ask("match", question, asker);
  }

  /** A key for a filter, by which `match` knows it. */
  addFilter(filter: RequestFilter): number {
    const key = this.#filters++;
    this.#searches.setFilter(key, filter);
    return key;
  }

  /** Forgets a filter. */
  removeFilter(key: number): void {
    this.#searches.setFilter(key, undefined);
  }

  /** Ends the workers; questions under way fail. */
  [Symbol.dispose](): void {
    this.#counts[Symbol.dispose]();
    this.#searches[Symbol.dispose]();
  }

  #ask<M extends keyof LogQuestions>(
    method: M,
    argument: Parameters<LogQuestions[M]>[0],
    asker: Asker = SHELL_ASKER,
  ): Promise<ReturnType<LogQuestions[M]>> {
    const lane = COUNTS.has(method) ? this.#counts : this.#searches;
    return lane.ask(asker, method, argument) as Promise<ReturnType<LogQuestions[M]>>;
  }
}
