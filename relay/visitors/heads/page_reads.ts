/** Decides which requests of sandboxed pages may be read by their scripts, and says so to browsers and caches. @module */

import { Field, type Head } from "../../../http/mod.ts";

const encoder = new TextEncoder();
/** All that an answer's readers hang on, as caches need to know it. */
const VARY_NULL = "Origin, Referer, Sec-Fetch-Dest, Cookie";
const ALLOW = encoder.encode(
  "Access-Control-Allow-Origin: null\r\nAccess-Control-Expose-Headers: *\r\n",
);
/** How long a browser keeps a leave that it asked for, s. */
const LEAVE_AGE = 600;

/** Whether a page without an origin asks, and whether it is the name's own. */
export type Reader = "other" | "stranger" | "own";

export interface ReaderFacts {
  /** The address has the name's key, or the reader could have read it anyway. */
  readonly known: boolean;
  /** Where the name's addresses begin: `http://relay.example:8080/alice/`. */
  readonly place: string;
}

/**
 * Who asks. Modules and fonts are the business of the page that loads them: a script can be run but not read, as any can by
 * `<script>`, and a font be drawn with. All else is for pages of the same name only: such that have its key, and what
 * their style sheets and modules load, for which browsers send a Referer. What carries rights is never read.
 */
export function readerOf(head: Head, facts: () => ReaderFacts): Reader {
  if (head.get(Field.origin) !== "null") return "other";
  if (head.has(Field.cookie) || head.has(Field.authorization)) return "stranger";
  const method = head.method === "OPTIONS" ? wanted(head) : head.method;
  if (method !== "GET" && method !== "HEAD") return "stranger";
  const destination = head.get(Field["sec-fetch-dest"]);
  if (destination === "script" || destination === "font") return "own";
  const { known, place } = facts();
  return known || head.get(Field.referer)?.startsWith(place) === true ? "own" : "stranger";
}

/** The Vary value that an answer to `reader` needs besides its own. */
export function varyFor(reader: Reader): string {
  return reader === "other" ? "Origin" : VARY_NULL;
}

/** Lets a page without an origin read an answer. */
export function allowNull(): Uint8Array {
  return ALLOW;
}

/** Whether a browser asks for leave before it sends a reading request (a preflight). */
export function asksLeave(head: Head): boolean {
  const method = wanted(head);
  return head.method === "OPTIONS" && (method === "GET" || method === "HEAD");
}

/** The fields of the answer that gives leave, whatever harmless fields the page wants to send. */
export function leaveFields(head: Head): Uint8Array {
  const names = head.getAll(Field["access-control-request-headers"]).join(",").split(",")
    .map((name) => name.trim()).filter((name) => /^[!#$%&'*+.^_`|~\w-]+$/.test(name))
    .filter((name) => !/^(?:authorization|cookie)$/i.test(name));
  return encoder.encode(
    "Access-Control-Allow-Origin: null\r\nAccess-Control-Allow-Methods: GET, HEAD\r\n" +
      (names.length === 0 ? "" : `Access-Control-Allow-Headers: ${names.join(", ")}\r\n`) +
      `Access-Control-Max-Age: ${LEAVE_AGE}\r\nVary: ${VARY_NULL}, ` +
      "Access-Control-Request-Method, Access-Control-Request-Headers\r\n",
  );
}

function wanted(head: Head): string | undefined {
  return head.get(Field["access-control-request-method"]);
}
