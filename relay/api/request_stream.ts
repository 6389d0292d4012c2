/** Follows the request log: first what a reader has missed, then rows as they are made. @module */

import {
  type Ids,
  type LogReader,
  type LogRow,
  matcherOf,
  type RequestFilter,
  type RequestLog,
  type RequestRow,
  requestView,
} from "../store/mod.ts";
import { eventText, type Sender } from "./event_stream.ts";

/** What to send. */
export interface Following {
  readonly requestLog: RequestLog;
  readonly reader: LogReader;
  readonly filter: RequestFilter;
  /** The `seq` of the last row that the reader has; undefined begins with now. */
  readonly after: number | undefined;
  /** It has some, and nobody knows any more which. */
  readonly isForgotten: boolean;
  /** Of all who follow. */
  readonly texts: RowTexts;
  /** Whether to say how many rows the log left out. */
  readonly showsGaps: boolean;
}

/** Rows a page while catching up, few enough to wait for any reader, and pages at most: who missed more begins with now. */
const PAGE = 250;
const MOST_PAGES = 40;
/** New rows that wait meanwhile; with more the oldest go, and are counted. */
const MOST_EARLY = 2_000;

/** What a filter may cost at once, ms: some 20 times what 500 rows cost an ordinary one. The rest is left out, and counted. */
const MOST_MS = 50;

/** Sends rows until the function it gives back is called. */
export function followRequests(sender: Sender, following: Following): () => void {
  const follower = new Follower(sender, following);
  if (following.isForgotten) sender.send({ event: "gap", data: { missed: null } });
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
      this.#send(rows);
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
      this.#send(page.items);
      isWhole = page.next === null;
      await this.#sender.drained();
    }
    if (!isWhole || this.#missed > 0) {
      this.#sender.send({ event: "gap", data: { missed: isWhole ? this.#missed : null } });
    }
    const early = this.#early;
    this.#early = null;
    this.#send(early);
  }

  #send(rows: readonly LogRow[]): void {
    if (this.stopped) return;
    const { showsGaps, texts } = this.#following;
    const wanted: string[] = [];
    const began = performance.now();
    for (const [i, row] of rows.entries()) {
      if (performance.now() - began > MOST_MS) {
        const missed = showsGaps ? rows.length - i : null;
        wanted.push(
          eventText({ event: "gap", id: texts.idOf(rows, rows.length - 1), data: { missed } }),
        );
        break;
      }
      if (row.seq <= this.#last) continue;
      if (row.kind === "gap" ? showsGaps : this.#matches(row)) wanted.push(texts.of(rows, i));
    }
    this.#last = Math.max(this.#last, rows.at(-1)?.seq ?? 0);
    this.#sender.sendTexts(wanted);
  }
}

/** Rows as events. All who follow are told of the same rows in the same turn: each is written once for all of them. */
export class RowTexts {
  readonly #hidden: Ids;
  #rows: readonly LogRow[] = [];
  #ids: string[] = [];
  #texts: string[] = [];

  constructor(ids: Ids) {
    this.#hidden = ids;
  }

  /** Row `i` of `rows` as an event. */
  of(rows: readonly LogRow[], i: number): string {
    const id = this.idOf(rows, i);
    return this.#texts[i] ??= textOf(rows[i]!, id);
  }

  /** That event's id. */
  idOf(rows: readonly LogRow[], i: number): string {
    if (rows !== this.#rows) {
      this.#rows = rows;
      this.#ids = this.#hidden.hideAll("log", rows.map(({ seq }) => seq));
      this.#texts = [];
    }
    return this.#ids[i]!;
  }
}

function textOf(row: LogRow, id: string): string {
  return row.kind === "gap"
    ? eventText({ event: "gap", id, data: { missed: row.leftOut } })
    : eventText({ event: "request", id, data: requestView(row) });
}
