/** Asks the usage counters: sums over time for accounts and names, with the median and the slowest. @module */

import type { Database, Row } from "./database.ts";
import { COUNTERS, DURATION_BOUNDS } from "./log_schema.ts";

/** What is asked. */
export interface UsageQuestion {
  /** From, ms since 1970; seconds are known for 16 minutes, minutes for 8 days, hours for 400. */
  readonly since: number;
  /** Before, ms since 1970. */
  readonly until: number;
  /** A row for each of these, or one for the whole time. Days begin at midnight UTC. */
  readonly step: "second" | "minute" | "hour" | "day" | "whole";
  /** A row for each account, each name, or for all together. */
  readonly by: "account" | "name" | "all";
  readonly account?: string;
  readonly name?: string;
}

/** Sums of requests. */
export interface UsageRow {
  /** Where the step begins, ms since 1970. */
  readonly start: number;
  /** Empty where the row is for several, and for what belonged to no account. */
  readonly account: string;
  readonly name: string;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Answers by their first digit. */
  readonly status: { readonly [kind in "1xx" | "2xx" | "3xx" | "4xx" | "5xx"]: number };
  /** Half of them took no longer, ms: from a histogram whose steps double, so right to about 20 %. */
  readonly p50: number;
  /** 95 of a hundred took no longer, ms. */
  readonly p95: number;
}

/** What an account had since it was made. */
export interface UsageTotal {
  readonly account: string;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const STEPS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const sums = COUNTERS.map((name) => `sum(${name}) AS ${name}`).join(", ");

/** Usage in order of time, the busiest first within a step. */
export function usage(db: Database, question: UsageQuestion): UsageRow[] {
  const { since, until, step, by, account, name } = question;
  // Hours serve where they are fine enough; the rest of the first and last hour counts with them.
  const unit = step === "second" || step === "minute"
    ? step
    : until - since <= 2 * STEPS.day
    ? "minute"
    : "hour";
  const start = step === "whole" ? "?1" : `start - start % ${STEPS[step]}`;
  const one = by === "all"
    ? "'' AS account, '' AS name"
    : by === "account"
    ? "account, '' AS name"
    : "account, name";
  return db
    .prepare(
      `SELECT ${start} AS step, ${one}, ${sums} FROM usage_${unit}
       WHERE start >= ?1 - ?1 % ?2 AND start < ?3
         AND (?4 IS NULL OR account = ?4) AND (?5 IS NULL OR name = ?5)
       GROUP BY step${by === "all" ? "" : by === "account" ? ", account" : ", account, name"}
       ORDER BY step, sum(requests) DESC`,
    )
    .all(since, STEPS[unit], until, account ?? null, name ?? null)
    .map(rowOf);
}

/** What accounts had since they were made, exactly; of one account only with `account`. */
export function usageTotals(db: Database, { account }: { account?: string } = {}): UsageTotal[] {
  return db
    .prepare(
      `SELECT account, sum(requests) AS requests, sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out
       FROM usage_total WHERE account != '' AND (?1 IS NULL OR account = ?1)
       GROUP BY account ORDER BY account`,
    )
    .all(account ?? null)
    .map((row) => ({
      account: String(row.account),
      requests: Number(row.requests),
      bytesIn: Number(row.bytes_in),
      bytesOut: Number(row.bytes_out),
    }));
}

/** The duration, ms, that `share` of the requests in a histogram did not exceed; in a bucket they are taken as spread evenly. */
export function quantile(buckets: readonly number[], share: number): number {
  let rest = buckets.reduce((sum, count) => sum + count, 0) * share;
  for (const [i, count] of buckets.entries()) {
    if (count > 0 && rest <= count) {
      const low = i === 0 ? 0 : DURATION_BOUNDS[i - 1]!;
      const high = DURATION_BOUNDS[i] ?? low; // how far the last one reaches is not known
      return low + (high - low) * rest / count;
    }
    rest -= count;
  }
  return 0;
}

function rowOf(row: Row): UsageRow {
  const buckets = [...DURATION_BOUNDS, 0].map((_, k) => Number(row[`h${k}`]));
  return {
    start: Number(row.step),
    account: String(row.account),
    name: String(row.name),
    requests: Number(row.requests),
    bytesIn: Number(row.bytes_in),
    bytesOut: Number(row.bytes_out),
    status: {
      "1xx": Number(row.s0),
      "2xx": Number(row.s2),
      "3xx": Number(row.s3),
      "4xx": Number(row.s4),
      "5xx": Number(row.s5),
    },
    p50: quantile(buckets, 0.5),
    p95: quantile(buckets, 0.95),
  };
}
