/** Whether a request's conditions hold for a file (RFC 9110 section 13). @module */

import { Field, type Head } from "../../http/mod.ts";
import { parseHttpDate } from "./http_date.ts";

/** What conditions are compared with. */
export interface Validators {
  /** Opaque tag in its quotes, without `W/`. */
  readonly tag: string;
  readonly weak: boolean;
  /** Last-Modified in ms, on a whole second; NaN where the answer has none. */
  readonly modified: number;
}

/** "send" the file (or part of it), answer 304, or answer 412. */
export type Verdict = "send" | "unmodified" | "failed";

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

/** Whether the head has a condition or a range at all; most have not. */
export function isConditional(head: Head): boolean {
  for (let i = 0; i < head.count; i++) if (CONDITIONAL[head.number(i)] === 1) return true;
  return false;
}

/** Evaluates the conditions of a GET or HEAD in the order of section 13.2.2; If-Range is `rangeHolds`. */
export function judge(head: Head, file: Validators): Verdict {
  const match = listOf(head, Field["if-match"]);
  if (match !== undefined) {
    if (match !== "*" && (file.weak || !hasTag(match, file.tag, false))) return "failed";
  } else {
    const limit = dateOf(head, Field["if-unmodified-since"]);
    if (limit !== undefined && file.modified > limit) return "failed";
  }
  const none = listOf(head, Field["if-none-match"]);
  if (none !== undefined) {
    return none === "*" || hasTag(none, file.tag, true) ? "unmodified" : "send";
  }
  const since = dateOf(head, Field["if-modified-since"]);
  return since !== undefined && file.modified <= since ? "unmodified" : "send";
}

/** Whether If-Range lets the Range field count: it is absent, or names exactly this state of the file. */
export function rangeHolds(head: Head, file: Validators): boolean {
  const value = head.get(Field["if-range"]);
  if (value === undefined) return true;
  if (value.startsWith('"')) return !file.weak && value === file.tag;
  return parseHttpDate(value) === file.modified;
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
