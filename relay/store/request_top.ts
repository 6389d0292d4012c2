/** Asks the request log what there was most of: the busiest, most failing, slowest or largest. @module */

import type { Database, Row } from "./database.ts";
import {
  atOnce,
  conditionsOf,
  type RequestFilter,
  seqOf,
  type Slices,
  Stretches,
} from "./request_query.ts";
import { prepareConditions } from "./request_terms.ts";

/** What rows are put together by. */
export const TOP_GROUPS = ["path", "visitor", "name", "status", "method"] as const;
/** What comes first: most requests, most failures, the longest on average, most bytes both ways. */
export const TOP_SORTS = ["requests", "errors", "slow", "bytes"] as const;

/** What is asked. */
export interface TopQuestion extends RequestFilter {
  readonly by: typeof TOP_GROUPS[number];
  readonly sort: typeof TOP_SORTS[number];
  /** Rows at most. */
  readonly limit: number;
}

/** Requests that have `value` in common. */
export interface TopRow {
  /** A path is a target without its query. */
  readonly value: string;
  readonly requests: number;
  /** Answered by 5xx, or not at all. */
  readonly errors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly avgMs: number;
  readonly maxMs: number;
}

/** The answer. */
export interface TopList {
  readonly items: readonly TopRow[];
  /** Rows that were looked at. */
  readonly scanned: number;
  /** Whether that was all of that time; otherwise the newest of it. */
  readonly whole: boolean;
}

/** Rows looked at. */
const MOST_SCANNED = 200_000;
/** What that may cost, ms of work; then it is the newest that were looked at until then. */
const PATIENCE = 3_000;
/** Characters of the values that are told apart; with more it ends as well. */
const MOST_CHARACTERS = 16 << 20;

const GROUPS: Readonly<Record<TopQuestion["by"], string>> = {
  path:
    "CASE instr(target, '?') WHEN 0 THEN target ELSE substr(target, 1, instr(target, '?') - 1) END",
  visitor: "visitor",
  name: "name",
  status: "status",
  method: "method",
};

/** The value that is greater comes first; then the other ones in turn. */
const SORTS: Readonly<Record<TopQuestion["sort"], (sum: Sum) => readonly number[]>> = {
  requests: ({ requests }) => [requests],
  errors: ({ errors, requests }) => [errors, requests],
  slow: ({ us, requests }) => [us / requests],
  bytes: ({ bytesIn, bytesOut }) => [bytesIn + bytesOut],
};

interface Sum {
  readonly value: string;
  requests: number;
  errors: number;
  bytesIn: number;
  bytesOut: number;
  us: number;
  most: number;
}

/** The first of them. Where failures are asked for, what never failed is left out. */
export function topRequests(db: Database, question: TopQuestion): TopList {
  return atOnce(topSlices(db, question));
}

/** The same in slices. */
export function* topSlices(db: Database, question: TopQuestion): Slices<TopList> {
  prepareConditions(db);
  const { account, terms = [], since, until, by, sort, limit } = question;
  const within = conditionsOf({
    ...(account === undefined ? {} : { account }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
  const chosen = conditionsOf(question);
  const first = since === undefined ? 0 : seqOf(db, since);
  const stretches = new Stretches(db, {
    first,
    last: Number.MAX_SAFE_INTEGER,
    isForward: false,
  });
  // Of a stretch with more rows than may still be looked at, the newest.
  const measure = db.prepare(
    `SELECT count(*) AS count, min(seq) AS seq FROM
       (SELECT seq FROM requests WHERE ${within.sql} AND seq BETWEEN ? AND ? ORDER BY seq DESC LIMIT ?)`,
  );
  const select = db.prepare(
    `SELECT ${GROUPS[by]} AS value, count(*) AS requests,
       sum(status >= 500 OR status = 0) AS errors,
       sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out, sum(us) AS us, max(us) AS most
     FROM requests WHERE ${chosen.sql} AND seq BETWEEN ? AND ? GROUP BY value`,
  );
  const sums = new Sums();
  let scanned = 0;
  let spent = 0;
  let isWhole = true;
  for (let stretch = stretches.next(); stretch !== null; stretch = stretches.next()) {
    const began = performance.now();
    const room = MOST_SCANNED - scanned;
    const { count, seq } = measure.get(...within.values, ...stretch, room + 1)!;
    const isOver = Number(count) > room;
    scanned += Math.min(Number(count), room);
    if (room > 0 && Number(count) > 0) {
      const from = isOver ? Number(seq) + 1 : stretch[0];
      for (const row of select.iterate(...chosen.values, from, stretch[1])) sums.add(row);
    }
    spent += performance.now() - began;
    isWhole = !isOver;
    if (isOver) break;
    if (spent > PATIENCE * (terms.length === 0 ? 2 : 1) || sums.characters > MOST_CHARACTERS) {
      isWhole = stretches.next() === null;
      break;
    }
    yield;
  }
  return { items: sums.first({ sort, limit }), scanned, whole: isWhole };
}

class Sums {
  readonly #all = new Map<string, Sum>();
  /** Of all values. */
  characters = 0;

  add(row: Row): void {
    const value = String(row.value);
    let sum = this.#all.get(value);
    if (sum === undefined) {
      sum = { value, requests: 0, errors: 0, bytesIn: 0, bytesOut: 0, us: 0, most: 0 };
      this.#all.set(value, sum);
      this.characters += value.length;
    }
    sum.requests += Number(row.requests);
    sum.errors += Number(row.errors);
    sum.bytesIn += Number(row.bytes_in);
    sum.bytesOut += Number(row.bytes_out);
    sum.us += Number(row.us);
    sum.most = Math.max(sum.most, Number(row.most));
  }

  first({ sort, limit }: Pick<TopQuestion, "sort" | "limit">): TopRow[] {
    const rank = SORTS[sort];
    return [...this.#all.values()]
      .filter(({ errors }) => sort !== "errors" || errors > 0)
      .map((sum) => ({ sum, rank: rank(sum) }))
      .sort((a, b) => inOrder(a.rank, b.rank) || (a.sum.value < b.sum.value ? -1 : 1))
      .slice(0, Math.max(1, Math.min(limit, 1000)))
      .map(({ sum: { us, most, ...rest } }) => ({
        ...rest,
        avgMs: Math.round(us / rest.requests) / 1000,
        maxMs: most / 1000,
      }));
  }
}

function inOrder(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) if (value !== b[i]) return b[i]! - value;
  return 0;
}
