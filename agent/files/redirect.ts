/** Sends visitors from a directory's address without a slash to the one with it. @module */

import type { Exchange } from "../../http/mod.ts";

const encoder = new TextEncoder();

/**
 * Answers 308 to `path`, keeping the request's query: relative links on the page there need its slash. `path` is
 * absolute, encoded, and made of names, so that it can never be read as `//host`.
 */
export function redirectTo(exchange: Exchange, path: string): void {
  const target = exchange.head.target;
  const question = target.indexOf("?");
  const query = question < 0 ? "" : target.slice(question);
  // A file may take the directory's place some day: no cache should keep this for ever.
  const fields = `Location: ${path}${query}\r\nCache-Control: no-cache\r\n` +
    "X-Content-Type-Options: nosniff\r\n";
  exchange.respond(308, encoder.encode(fields), null, 0);
}
