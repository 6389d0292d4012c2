/** What a request's conditions and range make of the answer to a GET or HEAD (RFC 9110 sections 13 and 14). @module */

import { Field } from "./field.ts";
import type { Head } from "./head.ts";
import { parseHttpDate } from "./http_date.ts";
import type { Problem } from "./problem.ts";
import { type ByteRange, parseRange } from "./range.ts";

/** What conditions are compared with: one state of what is asked for. */
export interface Validators {
  /** In bytes. */
  readonly size: number;
  /** Opaque tag in its quotes, without `W/`. */
  readonly tag: string;
  readonly weak: boolean;
  /** Last-Modified in ms, on a whole second; NaN where the answer has none. */
  readonly modified: number;
}

/** The conditions of a request, taken from its head. Undefined is what it does not have, or not as it has to be. */
export interface Conditions {
  /** All lines of If-Match. */
  readonly match: string | undefined;
  /** In ms. */
  readonly unmodifiedSince: number | undefined;
  /** All lines of If-None-Match. */
  readonly noneMatch: string | undefined;
  /** In ms. */
  readonly modifiedSince: number | undefined;
  /** Only for GET. Several lines are as good as a malformed one. */
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/** Send all of it or these bytes (200, 206), or answer 304, 412 or 416. */
export type Selection = "whole" | ByteRange | "unmodified" | "failed" | "unsatisfiable";

const CONDITIONAL = new Uint8Array(256);
for (
  const name of [
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "range",
  ] as const
) CONDITIONAL[Field[name]] = 1;

/** The conditions and the range of a GET or HEAD; null where it has none, as most have not. */
export function conditionsOf(head: Head): Conditions | null {
  if (!isConditional(head)) return null;
  const ranges = head.method === "GET" ? head.getAll(Field.range) : [];
  return {
    match: listOf(head, Field["if-match"]),
    unmodifiedSince: dateOf(head, Field["if-unmodified-since"]),
    noneMatch: listOf(head, Field["if-none-match"]),
    modifiedSince: dateOf(head, Field["if-modified-since"]),
    range: ranges.length === 1 ? ranges[0] : undefined,
    ifRange: head.get(Field["if-range"]),
  };
}

function isConditional(head: Head): boolean {
  for (let i = 0; i < head.count; i++) if (CONDITIONAL[head.number(i)] === 1) return true;
  return false;
}

/** Evaluates conditions in the order of section 13.2.2, and then the range. */
export function select(conditions: Conditions, state: Validators): Selection {
  const { match, unmodifiedSince, noneMatch, modifiedSince, range } = conditions;
  if (match !== undefined) {
    if (match !== "*" && (state.weak || !hasTag(match, state.tag, false))) return "failed";
  } else if (unmodifiedSince !== undefined && state.modified > unmodifiedSince) return "failed";
  if (noneMatch !== undefined) {
    if (noneMatch === "*" || hasTag(noneMatch, state.tag, true)) return "unmodified";
  } else if (modifiedSince !== undefined && state.modified <= modifiedSince) return "unmodified";
  if (range === undefined || !rangeHolds(conditions.ifRange, state)) return "whole";
  return parseRange(range, state.size) ?? "whole";
}

/** What is wrong with a request that cannot be answered as it asks. */
export function refusalOf(selection: "failed" | "unsatisfiable", { size }: Validators): Problem {
  return selection === "failed"
    ? {
      status: 412,
      code: "precondition-failed",
      detail: "The file is not in the state that the request names.",
    }
    : {
      status: 416,
      code: "range-not-satisfiable",
      detail: `The file ends before the range begins: it has ${size} bytes.`,
      fields: `Content-Range: bytes */${size}\r\nAccept-Ranges: bytes\r\n`,
    };
}

/** Whether If-Range lets the Range field count: it is absent, or names exactly this state. */
function rangeHolds(value: string | undefined, state: Validators): boolean {
  if (value === undefined) return true;
  if (value.startsWith('"')) return !state.weak && value === state.tag;
  return parseHttpDate(value) === state.modified;
}

/** All lines of a list field as one. */
function listOf(head: Head, field: number): string | undefined {
  return head.has(field) ? head.getAll(field).join(",") : undefined;
}

/** The date of a field that must be there once; undefined where there is none or no valid one. */
function dateOf(head: Head, field: number): number | undefined {
  const values = head.getAll(field);
  return values.length === 1 ? parseHttpDate(values[0]!) : undefined;
}

/** Whether a list of entity tags has `tag`; comparing weakly, `W/"a"` counts as `"a"`. */
function hasTag(list: string, tag: string, weakly: boolean): boolean {
  for (const [whole, opaque] of list.matchAll(/(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g)) {
    if (opaque === tag && (weakly || whole === opaque)) return true;
  }
  return false;
}
