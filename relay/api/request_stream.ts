/** Follows the request log: first what a reader has missed, then rows as they are made. @module */

import {
  type LogReader,
  type LogRow,
  matcherOf,
  type RequestFilter,
  type RequestLog,
  type RequestRow,
} from "../store/mod.ts";
import type { Sender } from "./event_stream.ts";

/** What to send. */
export interface Following {
  readonly requestLog: RequestLog;
  readonly reader: LogReader;
  readonly filter: RequestFilter;
  /** The `seq` of the last row that the reader has; undefined begins with now. */
  readonly after: number | undefined;
  readonly view: (row: RequestRow) => unknown;
  /** Whether to say how many rows the log left out. */
  readonly showsGaps: boolean;
}

/** Rows a page while catching up, and pages at most: who missed more begins with now. */
const PAGE = 1_000;
const MOST_PAGES = 10;
/** New rows that wait meanwhile; with more the oldest go, and are counted. */
const MOST_EARLY = 2_000;

/** Sends rows until the function it gives back is called. */
export function followRequests(sender: Sender, following: Following): () => void {
  const follower = new Follower(sender, following);
  const unsubscribe = following.requestLog.subscribe((rows) => follower.take(rows));
  follower.catchUp().catch(() => sender.end()); // the log cannot be read: the browser comes back
  return () => {
    follower.stopped = true;
    unsubscribe();
  };
}

class Follower {
  stopped = false;
  readonly #sender: Sender;
  readonly #following: Following;
  readonly #matches: (row: RequestRow) => boolean;
  /** What came while older rows are read; null when all is read. */
  #early: LogRow[] | null;
  #missed = 0;
  #last: number;

  constructor(sender: Sender, following: Following) {
    this.#sender = sender;
    this.#following = following;
    const { account, terms = [] } = following.filter;
    const fits = matcherOf(terms);
    this.#matches = (row) => (account === undefined || row.account === account) && fits(row);
    this.#early = following.after === undefined ? null : [];
    this.#last = following.after ?? -1;
  }

  take(rows: readonly LogRow[]): void {
    if (this.#early === null) {
      for (const row of rows) this.#send(row);
      return;
    }
    this.#early.push(...rows);
    const over = this.#early.length - MOST_EARLY;
    if (over <= 0) return;
    this.#early.splice(0, over);
    this.#missed += over;
  }

  async catchUp(): Promise<void> {
    if (this.#early === null) return;
    const { requestLog, reader, filter } = this.#following;
    // What was on its way to the file before we listened has to be in it before we read.
    await requestLog.flush();
    let isWhole = false;
    for (let i = 0; i < MOST_PAGES && !this.stopped && !isWhole; i++) {
      const page = await reader.requests({ ...filter, after: this.#last, limit: PAGE });
      for (const row of page.items) this.#send(row);
      isWhole = page.next === null;
      await this.#sender.drained();
    }
    if (!isWhole || this.#missed > 0) {
      this.#sender.send({ event: "gap", data: { missed: isWhole ? this.#missed : null } });
    }
    const early = this.#early;
    this.#early = null;
    for (const row of early) this.#send(row);
  }

  #send(row: LogRow): void {
    const { showsGaps, view } = this.#following;
    if (this.stopped || row.seq <= this.#last) return;
    this.#last = row.seq;
    const id = String(row.seq);
    if (row.kind === "gap") {
      if (showsGaps) this.#sender.send({ event: "gap", id, data: { missed: row.leftOut } });
    } else if (this.#matches(row)) {
      this.#sender.send({ event: "request", id, data: view(row) });
    }
  }
}
