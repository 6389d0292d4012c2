/** Follows the request log: first what a reader has missed, then rows as they are made. @module */

import {
  type Asker,
  type Followed,
  type Ids,
  type LogFollowers,
  type LogReader,
  type LogRow,
  type RequestFilter,
  type RequestLog,
  requestView,
} from "../store/mod.ts";
import { eventText, type Sender } from "./event_stream.ts";

/** One list of requests that a page shows. */
export interface Wanted {
  readonly filter: RequestFilter;
  /** The `seq` of the last row that the reader has; undefined begins with now. */
  readonly after: number | undefined;
  /** It has some, and which ones is not known any more. */
  readonly isForgotten?: boolean;
}

/** What to send to whom. */
export interface Following {
  readonly requestLog: RequestLog;
  readonly reader: LogReader;
  readonly followers: LogFollowers;
  readonly asker: Asker;
  readonly wanted: readonly Wanted[];
  /** Whether each event says in a field `to` which of `wanted` it is for. */
  readonly isAddressed: boolean;
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

/** Sends rows until the function it gives back is called. */
export function followRequests(sender: Sender, following: Following): () => void {
  const lists = following.wanted.map((wanted, at) => new List(at, wanted, following));
  const unfollow = following.followers.follow(
    following.asker,
    following.wanted.map(({ filter }) => filter),
    (followed) => tell(sender, lists, following, followed),
  );
  for (const list of lists) list.catchUp(sender).catch(() => sender.end()); // the log cannot be read: the browser comes back
  return () => {
    unfollow();
    for (const list of lists) list.isStopped = true;
  };
}

/** Sends new rows, each once, to all lists that have it. */
function tell(
  sender: Sender,
  lists: readonly List[],
  { texts, isAddressed, showsGaps }: Following,
  { rows, places, missed }: Followed,
): void {
  if (missed > 0) {
    const told = lists.filter((list) => list.miss(missed));
    if (told.length > 0) sender.sendTexts([gapText(told, isAddressed, showsGaps ? missed : null)]);
  }
  const to = new Map<number, List[]>();
  for (const [i, list] of lists.entries()) {
    for (const at of list.choose(rows, places[i] ?? null)) {
      const others = to.get(at);
      if (others === undefined) to.set(at, [list]);
      else others.push(list);
    }
  }
  const order = lists.length === 1 ? [...to.keys()] : [...to.keys()].sort((a, b) => a - b);
  sender.sendTexts(
    order.map((at) => (isAddressed ? addressOf(to.get(at)!) : "") + texts.of(rows, at)),
  );
}

/** One list, as far as it was sent. */
class List {
  readonly at: number;
  isStopped = false;
  readonly #wanted: Wanted;
  readonly #following: Following;
  /** What came while older rows are read; null when all is read. */
  #early: LogRow[] | null;
  #missed = 0;
  #last: number;

  constructor(at: number, wanted: Wanted, following: Following) {
    this.at = at;
    this.#wanted = wanted;
    this.#following = following;
    this.#early = wanted.after === undefined ? null : [];
    this.#last = wanted.after ?? -1;
  }

  /** Whether a follower is to be told now that rows were left out; else it is told when older ones are read. */
  miss(count: number): boolean {
    if (this.#early === null) return true;
    this.#missed += count;
    return false;
  }

  /** The places of those rows that are to be sent now. */
  choose(rows: readonly LogRow[], places: Uint16Array | null): number[] {
    const chosen: number[] = [];
    const { account } = this.#wanted.filter;
    const { showsGaps } = this.#following;
    let next = 0;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at]!;
      const isPlace = places === null || places[next] === at;
      if (isPlace && places !== null) next++;
      if (row.seq <= this.#last) continue;
      if (row.kind === "gap" ? showsGaps : isPlace && isOf(row.account, account)) chosen.push(at);
    }
    if (this.#early === null) {
      this.#last = Math.max(this.#last, rows.at(-1)?.seq ?? 0);
      return chosen;
    }
    for (const at of chosen) this.#early.push(rows[at]!);
    const over = this.#early.length - MOST_EARLY;
    if (over > 0) {
      this.#early.splice(0, over);
      this.#missed += over;
    }
    return [];
  }

  /** Sends what the reader has missed until now. */
  async catchUp(sender: Sender): Promise<void> {
    const { requestLog, reader, asker, isAddressed, showsGaps } = this.#following;
    const { filter, isForgotten } = this.#wanted;
    if (isForgotten) sender.sendTexts([gapText([this], isAddressed, null)]);
    if (this.#early === null) return;
    // What was on its way to the file before we listened has to be in it before we read.
    await requestLog.flush();
    let isWhole = false;
    for (let i = 0; i < MOST_PAGES && !this.isStopped && !isWhole; i++) {
      const page = await reader.requests({ ...filter, after: this.#last, limit: PAGE }, asker);
      this.#send(sender, page.items);
      isWhole = page.next === null;
      if (page.next !== null) this.#last = Math.max(this.#last, page.next);
      await sender.drained();
    }
    if (this.isStopped) return;
    if (!isWhole || this.#missed > 0) {
      const missed = isWhole && showsGaps ? this.#missed : null;
      sender.sendTexts([gapText([this], isAddressed, missed)]);
    }
    const early = this.#early;
    this.#early = null;
    this.#send(sender, early);
  }

  #send(sender: Sender, rows: readonly LogRow[]): void {
    const { texts, isAddressed, showsGaps } = this.#following;
    const address = isAddressed ? addressOf([this]) : "";
    const wanted: string[] = [];
    for (const [at, row] of rows.entries()) {
      if (row.seq <= this.#last || (row.kind === "gap" && !showsGaps)) continue;
      wanted.push(address + texts.of(rows, at));
    }
    this.#last = Math.max(this.#last, rows.at(-1)?.seq ?? 0);
    sender.sendTexts(wanted);
  }
}

function isOf(account: string, wanted: string | undefined): boolean {
  return wanted === undefined || account === wanted;
}

function addressOf(lists: readonly List[]): string {
  return `to: ${lists.map(({ at }) => at).join()}\n`;
}

function gapText(lists: readonly List[], isAddressed: boolean, missed: number | null): string {
  return (isAddressed ? addressOf(lists) : "") + eventText({ event: "gap", data: { missed } });
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
    if (rows !== this.#rows) {
      this.#rows = rows;
      this.#ids = this.#hidden.hideAll("log", rows.map(({ seq }) => seq));
      this.#texts = [];
    }
    return this.#texts[i] ??= textOf(rows[i]!, this.#ids[i]!);
  }
}

function textOf(row: LogRow, id: string): string {
  return row.kind === "gap"
    ? eventText({ event: "gap", id, data: { missed: row.leftOut } })
    : eventText({ event: "request", id, data: requestView(row) });
}
