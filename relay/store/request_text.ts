/** Requests as the API shows them, and pages of them as text: CSV, or a JSON object a line. @module */

import { csvLine } from "./csv.ts";
import type { Database } from "./database.ts";
import type { RequestRow } from "./log_rows.ts";
import { type RequestPage, requestSlices, type Slices } from "./request_query.ts";

/** A request as the API shows it. Times are RFC 3339, durations ms. */
export interface RequestView {
  readonly id: string;
  readonly time: string;
  readonly name: string;
  readonly account: string;
  readonly agent: string;
  readonly visitor: string;
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly ms: number;
  readonly ttfb_ms: number | null;
}

/** The view of a row. */
export function requestView(row: RequestRow): RequestView {
  return {
    id: row.id,
    time: new Date(row.time).toISOString(),
    name: row.name,
    account: row.account,
    agent: row.agent,
    visitor: row.visitor,
    method: row.method,
    target: row.target,
    status: row.status,
    bytes_in: row.bytesIn,
    bytes_out: row.bytesOut,
    ms: row.ms,
    ttfb_ms: row.ttfbMs,
  };
}

/** The forms of an export. */
export const EXPORT_FORMATS = ["csv", "ndjson"] as const;
/** One of them. */
export type ExportFormat = typeof EXPORT_FORMATS[number];

const COLUMNS = [
  ...["time", "id", "name", "account", "agent", "visitor", "method", "target"],
  ...["status", "bytes_in", "bytes_out", "ms", "ttfb_ms"],
] as const satisfies readonly (keyof RequestView)[];

/** What a file of that form begins with. */
export function exportHead(format: ExportFormat): string {
  return format === "csv" ? csvLine(COLUMNS) : "";
}

/** Which page, and how. */
export interface ExportPage extends RequestPage {
  readonly format: ExportFormat;
}

/** A page as UTF-8, in memory of its own. */
export interface ExportPart {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** See `RequestList`. */
  readonly next: number | null;
}

/** A page of requests as text, the first one with the head of its file; gaps are left out. */
export function* exportSlices(
  db: Database,
  { format, ...page }: ExportPage,
): Slices<ExportPart> {
  const { items, next } = yield* requestSlices(db, page);
  let text = page.before === undefined ? exportHead(format) : "";
  for (const row of items) {
    if (row.kind !== "request") continue;
    const view = requestView(row);
    text += format === "csv"
      ? csvLine(COLUMNS.map((name) => view[name]))
      : JSON.stringify(view) + "\n";
  }
  return { bytes: new TextEncoder().encode(text), next };
}
