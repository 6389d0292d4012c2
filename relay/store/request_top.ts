/** Asks the request log what there was most of: the busiest, most failing, slowest or largest. @module */

import type { Database } from "./database.ts";
import type { Condition } from "./request_terms.ts";
import { conditionsOf, type RequestFilter, seqOf } from "./request_query.ts";

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
/** Rows by which it is found out what a filter costs, and what all of them may cost, ms. */
const TRIED = 1_000;
const PATIENCE = 5_000;

const GROUPS: Readonly<Record<TopQuestion["by"], string>> = {
  path:
    "CASE instr(target, '?') WHEN 0 THEN target ELSE substr(target, 1, instr(target, '?') - 1) END",
  visitor: "visitor",
  name: "name",
  status: "status",
  method: "method",
};

const SORTS: Readonly<Record<TopQuestion["sort"], string>> = {
  requests: "requests DESC",
  errors: "errors DESC, requests DESC",
  slow: "sum(us) / count(*) DESC",
  bytes: "bytes_in + bytes_out DESC",
};

/** The first of them. Where failures are asked for, what never failed is left out. */
export function topRequests(db: Database, question: TopQuestion): TopList {
  const { account, terms, since, until, by, sort, limit } = question;
  const lowest = since === undefined ? 0 : seqOf(db, since);
  const within = conditionsOf({
    ...(account === undefined ? {} : { account }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
  const chosen = conditionsOf(question);
  const most = terms === undefined ? MOST_SCANNED : affordable(db, chosen);
  const { seq, count } = db
    .prepare(
      `SELECT min(seq) AS seq, count(*) AS count FROM
         (SELECT seq FROM requests WHERE ${within.sql} AND seq >= ? ORDER BY seq DESC LIMIT ?)`,
    )
    .get(...within.values, lowest, most + 1)!;
  const whole = Number(count) <= most;
  const items = db
    .prepare(
      `SELECT ${GROUPS[by]} AS value, count(*) AS requests,
         sum(status >= 500 OR status = 0) AS errors,
         sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out, avg(us) AS avg, max(us) AS max
       FROM requests WHERE ${chosen.sql} AND seq >= ?
       GROUP BY value ${sort === "errors" ? "HAVING sum(status >= 500 OR status = 0) > 0" : ""}
       ORDER BY ${SORTS[sort]}, value LIMIT ?`,
    )
    .all(...chosen.values, Number(seq ?? 0) + (whole ? 0 : 1), Math.max(1, Math.min(limit, 1000)))
    .map((row) => ({
      value: String(row.value),
      requests: Number(row.requests),
      errors: Number(row.errors),
      bytesIn: Number(row.bytes_in),
      bytesOut: Number(row.bytes_out),
      avgMs: Math.round(Number(row.avg)) / 1000,
      maxMs: Number(row.max) / 1000,
    }));
  return { items, scanned: Math.min(Number(count), most), whole };
}

/** How many rows can be compared with a filter; it is tried on the newest. */
function affordable(db: Database, { sql, values }: Condition): number {
  const newest = Number(db.value("SELECT max(seq) FROM requests") ?? 0);
  const began = performance.now();
  db.prepare(`SELECT count(*) FROM requests WHERE ${sql} AND seq > ?`)
    .get(...values, newest - TRIED);
  const cost = (performance.now() - began) / TRIED;
  return Math.max(TRIED, Math.min(MOST_SCANNED, Math.floor(PATIENCE / cost)));
}
