/** Asks the request log: pages of rows, newest first, with filters. @module */

import type { SQLInputValue } from "node:sqlite";
import type { Database, Row } from "./database.ts";
import type { LogRow } from "./log_rows.ts";

/** Which requests; all that is given must hold. */
export interface RequestFilter {
  /** One account's. */
  readonly account?: string;
  readonly name?: string;
  readonly agent?: string;
  readonly visitor?: string;
  readonly method?: string;
  /** The lowest and highest status: `[404, 404]`, `[500, 599]`. */
  readonly status?: readonly [number, number];
  /** A glob over the target: `*` any text, `?` one character, all else itself; letters in any case. */
  readonly target?: string;
  /** Took longer, ms. */
  readonly slowerThan?: number;
  /** Took less long, ms. */
  readonly fasterThan?: number;
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
  /** Rows at most. Default 100, at most 1,000. */
  readonly limit?: number;
}

/** A page of rows. */
export interface RequestList {
  readonly items: readonly LogRow[];
  /** For the next page, as `before` or `after`; null at the end. */
  readonly next: number | null;
}

/** Rows of the log. Gap rows appear where nothing but the time is asked for. */
export function listRequests(db: Database, page: RequestPage): RequestList {
  const limit = Math.max(1, Math.min(page.limit ?? 100, 1000));
  const { conditions, values } = where(page);
  const forward = page.after !== undefined;
  conditions.push(forward ? "seq > ?" : "seq < ?");
  values.push(page.after ?? page.before ?? Number.MAX_SAFE_INTEGER);
  const rows = db
    .prepare(
      `SELECT * FROM requests WHERE ${conditions.join(" AND ")}
       ORDER BY seq ${forward ? "ASC" : "DESC"} LIMIT ?`,
    )
    .all(...values, limit + 1)
    .map(rowOf);
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? items.at(-1)!.seq : null };
}

/** The request with that id; with `account`, only if it is that account's. */
export function findRequest(
  db: Database,
  { id, account }: { id: string; account?: string },
): LogRow | undefined {
  const { conditions, values } = where(account === undefined ? {} : { account });
  const row = db
    .prepare(`SELECT * FROM requests WHERE ${["id = ?", ...conditions].join(" AND ")} LIMIT 1`)
    .get(id, ...values);
  return row && rowOf(row);
}

function where(filter: RequestFilter): { conditions: string[]; values: SQLInputValue[] } {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (condition: string, ...more: (string | number | undefined)[]) => {
    if (more.includes(undefined)) return;
    conditions.push(condition);
    values.push(...more as SQLInputValue[]);
  };
  add("account = ?", filter.account);
  add("name = ?", filter.name);
  add("agent = ?", filter.agent);
  add("visitor = ?", filter.visitor);
  add("method = ?", filter.method);
  const [lowest, highest] = filter.status ?? [];
  // Said again as a constant, it lets SQLite use the index of failures.
  add(`status BETWEEN ? AND ?${(lowest ?? 0) >= 400 ? " AND status >= 400" : ""}`, lowest, highest);
  add("target LIKE ? ESCAPE '\\'", filter.target === undefined ? undefined : likeOf(filter.target));
  add("us > ?", filter.slowerThan === undefined ? undefined : filter.slowerThan * 1000);
  add("us < ?", filter.fasterThan === undefined ? undefined : filter.fasterThan * 1000);
  add("time >= ?", filter.since);
  add("time < ?", filter.until);
  return { conditions, values };
}

function likeOf(glob: string): string {
  return glob.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%").replaceAll("?", "_");
}

function rowOf(row: Row): LogRow {
  const [seq, time] = [Number(row.seq), Number(row.time)];
  if (row.left_out !== null) return { kind: "gap", seq, time, leftOut: Number(row.left_out) };
  return {
    kind: "request",
    seq,
    time,
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
