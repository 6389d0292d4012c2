/** Marks documents' tags with the rights they were sent with: no copy with other rights is ever said to be unchanged. @module */

import { Field, type Head } from "../../../http/mod.ts";

/**
 * With which rights a copy was sent: in the sandbox, there and with a policy of the agent's own, with all that the
 * relay's origin has, or those of a browser's PDF viewer. Another sandbox gets another number: copies with the former
 * one are old then.
 */
export type Mark = "sandbox2" | "policy2" | "trusted" | "pdf";

const CURRENT: Readonly<Record<"sandbox" | "trusted", ReadonlySet<string>>> = {
  sandbox: new Set<Mark>(["sandbox2", "policy2", "pdf"]),
  trusted: new Set<Mark>(["trusted", "pdf"]),
};
/** Behind the last hyphen of a tag. */
const MARKED = /-((?:sandbox|policy)\d|trusted|pdf)"$/;
const ANY_MARKED = /-(?:(?:sandbox|policy)\d|trusted|pdf)"/;
const TAG = /(?:W\/)?"[^"]*"/g;

/** `"x"` with its mark, `"x-sandbox2"`; null for what is no tag. */
export function markedTag(tag: string, mark: Mark): string | null {
  return /^(?:W\/)?"[^"]*"$/.test(tag) ? `${tag.slice(0, -1)}-${mark}"` : null;
}

/** What of a request's conditions the agent gets. */
export interface Believed {
  /** Of `If-None-Match`, `If-Match` and `If-Range`: the value to send instead; "" drops the line. */
  readonly noneMatch: string;
  readonly match: string;
  readonly range: string;
  /** What marked tags said of the copy that is asked about, "" where none was marked. */
  readonly mark: Mark | "";
}

/**
 * Takes the marks off. A tag that was given with other rights than those that hold now is left out; null where nothing is marked, as
 * is nearly always so.
 */
export function believed(head: Head, rights: "sandbox" | "trusted"): Believed | null {
  const noneMatch = head.getAll(Field["if-none-match"]).join(", ");
  const match = head.getAll(Field["if-match"]).join(", ");
  const range = head.get(Field["if-range"]) ?? "";
  if (![noneMatch, match, range].some((value) => ANY_MARKED.test(value))) return null;
  let found: Mark | "" = "";
  const plain = (list: string): string =>
    (list.match(TAG) ?? []).flatMap((tag) => {
      const its = MARKED.exec(tag)?.[1];
      if (its === undefined) return tag;
      if (!CURRENT[rights].has(its)) return [];
      found = its as Mark;
      return tag.replace(MARKED, '"');
    }).join(", ");
  return { noneMatch: plain(noneMatch), match: plain(match), range: plain(range), mark: found };
}
