/** Answers with the listing of a directory. @module */

import { pageBottom, pageRows, pageTop } from "./listing_page.ts";
import { nextTurn, readRows } from "./listing_rows.ts";
import type { OpenDirectory } from "./open_file.ts";
import type { ActiveSend } from "./active_send.ts";
import type { Root } from "./root.ts";

/** Up to so many rows the page is one piece with a Content-Length; a longer one is streamed. */
const WHOLE = 500;
/** Rows in one piece of a streamed page, some 100 KB. */
const PIECE = 500;
const encoder = new TextEncoder();
// No ETag: a listing changes with every file in it. The page needs nothing but its own style.
const FIELDS = encoder.encode(
  "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-cache\r\n" +
    "X-Content-Type-Options: nosniff\r\n" +
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\r\n",
);

/** What to list, and how to call it. */
export interface ListingOptions {
  readonly directory: OpenDirectory;
  readonly root: Root;
  /** The directory's names below the root. */
  readonly names: readonly string[];
  /** Public path of the root (`/alice`), shown before the names. */
  readonly base: string;
}

/**
 * Sends the page. HEAD gets the same fields as GET.
 * @throws {Error} with the system's `code`, before anything is sent, when the directory cannot be read.
 */
export async function sendListing(send: ActiveSend, options: ListingOptions): Promise<void> {
  const { directory, root, names, base } = options;
  const { exchange } = send;
  const isHead = exchange.head.method === "HEAD";
  const cancelled = () => send.closed;
  const rows = await readRows({ path: directory.path, names, root, cancelled });
  if (send.closed) return;
  const path = `${readable(base)}/${names.map((name) => `${name}/`).join("")}`;
  const top = pageTop(path, names.length > 0);
  if (rows.length <= WHOLE) {
    const body = encoder.encode(top + pageRows(rows) + pageBottom(rows.length === 0));
    exchange.respond(200, FIELDS, isHead ? null : body, body.length);
    return;
  }
  if (isHead) {
    exchange.respond(200, FIELDS, null, -1);
    return;
  }
  exchange.start(200, FIELDS, -1);
  await send.write(encoder.encode(top));
  for (let at = 0; at < rows.length && !send.closed; at += PIECE) {
    await (send.write(encoder.encode(pageRows(rows.slice(at, at + PIECE)))) ?? nextTurn());
  }
  await send.write(encoder.encode(pageBottom(false)));
  if (!send.closed) exchange.end();
}

/** A path with its escapes undone, for the eye. */
function readable(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
