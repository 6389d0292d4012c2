/** Asks the request log: pages of rows, with filters, a stretch at a time. @module */

import type { Database, Row } from "./database.ts";
import type { GapRow, LogRow, RequestRow } from "./log_rows.ts";
import {
  type Condition,
  conditionOf,
  prepareConditions,
  type RequestTerm,
} from "./request_terms.ts";

/** Which requests; all that is given must hold. */
export interface RequestFilter {
  /** One account's; gaps are left out then. */
  readonly account?: string;
  readonly terms?: readonly RequestTerm[];
  /** Began at or after, ms since 1970. */
  readonly since?: number;
  /** Began before, ms since 1970. */
  readonly until?: number;
}

/** Which part of the answer. */
export interface RequestPage extends RequestFilter {
  /** Newest first, below this `seq`. */
  readonly before?: number;
  /** Oldest first, above this `seq`: for who follows. Instead of `before`. */
  readonly after?: number;
  /** Requests at most. Default 100, at most 1,000. */
  readonly limit?: number;
}

/** A page of rows. */
export interface RequestList {
  /** Requests, and between them the gaps of the stretch that was looked at, each run of gaps as one. */
  readonly items: readonly LogRow[];
  /** For the next page, as `before` or `after`; null at the end. There may be one after a page with few items or none. */
  readonly next: number | null;
  /** Where the newest come first: the newest row's `seq` of all, as the page was begun; 0 without any. */
  readonly newest?: number;
}

/** Rows looked at in one go, first and at most: what a filter costs is not known before. */
const FIRST_STRETCH = 128;
const STRETCH = 50_000;
/** A stretch that takes less, ms, is followed by one twice as long, and one that takes four times that by half of it. */
const QUICK = 20;
/** When so much time is gone, ms, the page ends where it is: the next one goes on. */
const PATIENCE = 500;
/** Clocks are set back by less, ms. */
const CLOCK_ERROR = 60_000;
/** How far from what its id tells a request may have begun, ms: ids are made up to a second before they are used. */
const BEFORE = 2_000;
const AFTER = 3_000;

/** Work in parts, between which others have their turn. */
export type Slices<T> = Generator<void, T, undefined>;

/** All of it at once. */
export function atOnce<T>(slices: Slices<T>): T {
  for (;;) {
    const { done, value } = slices.next();
    if (done === true) return value;
  }
}

/** Rows of the log. */
export function listRequests(db: Database, page: RequestPage): RequestList {
  return atOnce(requestSlices(db, page));
}

/** The same in slices. */
export function* requestSlices(db: Database, page: RequestPage): Slices<RequestList> {
  prepareConditions(db);
  const { account, since, after, before = Number.MAX_SAFE_INTEGER } = page;
  const limit = Math.max(1, Math.min(page.limit ?? 100, 1000));
  const isForward = after !== undefined;
  const first = Math.max(isForward ? after + 1 : 0, since === undefined ? 0 : seqOf(db, since));
  const last = isForward ? Number.MAX_SAFE_INTEGER : before - 1;
  const newest = isForward
    ? {}
    : { newest: Number(db.value("SELECT max(seq) FROM requests") ?? 0) };
  const stretches = new Stretches(db, { first, last, isForward });
  const { sql, values } = conditionsOf(page);
  const select = db.prepare(
    `SELECT * FROM requests WHERE ${sql} AND seq BETWEEN ? AND ?
     ORDER BY seq ${isForward ? "ASC" : "DESC"} LIMIT ?`,
  );
  let spent = 0;
  const found: RequestRow[] = [];
  let next: number | null = null;
  for (let stretch = stretches.next(); stretch !== null; stretch = stretches.next()) {
    const began = performance.now();
    const rows = select.all(...values, ...stretch, limit + 1 - found.length);
    for (const row of rows) found.push(requestOf(row));
    spent += performance.now() - began;
    if (found.length > limit) {
      found.length = limit;
      next = found.at(-1)!.seq;
      break;
    }
    if (spent > PATIENCE) {
      next = isForward ? stretch[1] : stretch[0];
      break;
    }
    yield;
  }
  if (account !== undefined) return { items: found, next, ...newest };
  const [from, to] = isForward ? [first, next ?? last] : [next ?? first, last];
  return { items: withGaps(found, gaps(db, page, [from, to]), isForward), next, ...newest };
}

/** One request. */
export interface WantedRequest {
  readonly id: string;
  /** About when it began, ms since 1970, for an id that tells it. */
  readonly began?: number;
  /** Only if it is that account's. */
  readonly account?: string;
}

/** The request with that id. */
export function findRequest(
  db: Database,
  { id, began, account }: WantedRequest,
): RequestRow | undefined {
  const [which, ...values] = began === undefined
    ? ["length(id) <> 32 AND id = ?"]
    : ["time BETWEEN ? AND ? AND id = ?", began - BEFORE, began + AFTER];
  const row = db
    .prepare(`SELECT * FROM requests WHERE ${which} AND coalesce(account = ?, 1) LIMIT 1`)
    .get(...values, id, account ?? null);
  return row && requestOf(row);
}

/** The filter as one condition, which gaps never fulfil. */
export function conditionsOf({ account, terms = [], since, until }: RequestFilter): Condition {
  const all: Condition[] = [{ sql: "left_out IS NULL", values: [] }];
  if (account !== undefined) all.push({ sql: "account = ?", values: [account] });
  // Stretches are bounded by `seq`; the index of times would have to be sorted.
  if (since !== undefined) all.push({ sql: "+time >= ?", values: [since] });
  if (until !== undefined) all.push({ sql: "+time < ?", values: [until] });
  all.push(...terms.map(conditionOf));
  return {
    sql: all.map(({ sql }) => sql).join(" AND "),
    values: all.flatMap(({ values }) => values),
  };
}

/**
 * A `seq` below which no row began at or after `time`. Rows come in the order in which requests end, so one that ended
 * before that began before that: the log is halved until the first one is found that ended later.
 */
export function seqOf(db: Database, time: number): number {
  const ended = db.prepare(
    "SELECT seq, time + coalesce(us, 0) / 1000 AS ended FROM requests WHERE seq >= ? ORDER BY seq LIMIT 1",
  );
  let low = Number(db.value("SELECT min(seq) FROM requests") ?? 0);
  let high = Number(db.value("SELECT max(seq) FROM requests") ?? 0);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = ended.get(middle);
    if (row !== undefined && Number(row.ended) < time - CLOCK_ERROR) low = Number(row.seq) + 1;
    else high = middle;
  }
  return low;
}

/** Parts of the log one after the other, without the holes that restarts and removals leave. */
export class Stretches {
  readonly #db: Database;
  readonly #isForward: boolean;
  #first: number;
  #last: number;
  #size = FIRST_STRETCH / 2;
  #began = 0;

  constructor(db: Database, range: { first: number; last: number; isForward: boolean }) {
    this.#db = db;
    this.#isForward = range.isForward;
    [this.#first, this.#last] = [range.first, range.last];
  }

  /** The lowest and highest `seq`; null at the end. */
  next(): [number, number] | null {
    const [edge, order] = this.#isForward ? ["min", "seq >= ?1"] : ["max", "seq <= ?2"];
    const row = this.#db
      .prepare(`SELECT ${edge}(seq) AS seq FROM requests WHERE ${order} AND seq BETWEEN ?1 AND ?2`)
      .get(this.#first, this.#last);
    if (typeof row?.seq !== "number") return null;
    this.#size = Math.min(STRETCH, this.#factor() * this.#size);
    this.#began = performance.now();
    const stretch: [number, number] = this.#isForward
      ? [row.seq, Math.min(this.#last, row.seq + this.#size - 1)]
      : [Math.max(this.#first, row.seq - this.#size + 1), row.seq];
    if (this.#isForward) this.#first = stretch[1] + 1;
    else this.#last = stretch[0] - 1;
    return stretch;
  }

  /** Time in which others had their turn counts as well: a stretch is too short then rather than too long. */
  #factor(): number {
    if (this.#began === 0) return 2;
    const took = performance.now() - this.#began;
    return took < QUICK ? 2 : took > 4 * QUICK && this.#size > FIRST_STRETCH ? 0.5 : 1;
  }
}

function gaps(db: Database, page: RequestPage, [from, to]: [number, number]): GapRow[] {
  const { since = 0, until = Number.MAX_SAFE_INTEGER } = page;
  return db
    .prepare(
      `SELECT seq, time, left_out FROM requests
       WHERE left_out IS NOT NULL AND seq BETWEEN ? AND ? AND +time >= ? AND +time < ? ORDER BY seq`,
    )
    .all(from, to, since, until)
    .map(({ seq, time, left_out }) => ({
      ...{ kind: "gap", seq: Number(seq), time: Number(time), leftOut: Number(left_out) },
    }));
}

/** Both in the order of `rows`. */
function withGaps(rows: readonly RequestRow[], gaps: GapRow[], isForward: boolean): LogRow[] {
  if (gaps.length === 0) return [...rows];
  const all: LogRow[] = [...rows, ...gaps].sort((a, b) =>
    isForward ? a.seq - b.seq : b.seq - a.seq
  );
  const items: LogRow[] = [];
  for (const row of all) {
    const before = items.at(-1);
    if (row.kind === "gap" && before?.kind === "gap") {
      const newest = isForward ? row : before;
      items[items.length - 1] = { ...newest, leftOut: before.leftOut + row.leftOut };
    } else items.push(row);
  }
  return items;
}

function requestOf(row: Row): RequestRow {
  return {
    kind: "request",
    seq: Number(row.seq),
    time: Number(row.time),
    id: String(row.id),
    name: String(row.name),
    account: String(row.account),
    agent: String(row.agent),
    visitor: String(row.visitor),
    method: String(row.method),
    target: String(row.target),
    status: Number(row.status),
    bytesIn: Number(row.bytes_in),
    bytesOut: Number(row.bytes_out),
    ms: Number(row.us) / 1000,
    ttfbMs: row.ttfb_us === null ? null : Number(row.ttfb_us) / 1000,
  };
}
