/** The page at `/admin`: signs in, and shows who is connected. @module */

import { answerProblem, type ServerExchange } from "../http/mod.ts";
import type { PageHandler } from "./own_pages.ts";

const FILES: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  "/admin": { file: "admin.html", type: "text/html; charset=utf-8" },
  "/admin/": { file: "admin.html", type: "text/html; charset=utf-8" },
  "/admin/admin.css": { file: "admin.css", type: "text/css; charset=utf-8" },
  "/admin/admin.js": { file: "admin.js", type: "text/javascript; charset=utf-8" },
};

const encoder = new TextEncoder();
const FIELDS = "Cache-Control: no-store\r\n" +
  "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n" +
  "Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Resource-Policy: same-origin\r\n" +
  "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n";

/** Answers everything below `/admin`. Files are read when they are first asked for. */
export function adminPage(): PageHandler {
  const read = new Map<string, Uint8Array>();
  return (exchange: ServerExchange) => {
    const { method, target } = exchange.head;
    const found = FILES[target.split("?", 1)[0]!];
    if (found === undefined) {
      return answerProblem(exchange, {
        status: 404,
        code: "not-found",
        detail: "There is nothing at this address.",
      });
    }
    if (method !== "GET" && method !== "HEAD") {
      return answerProblem(exchange, {
        status: 405,
        code: "method-not-allowed",
        detail: "This page can only be read.",
        fields: "Allow: GET, HEAD\r\n",
      });
    }
    let body = read.get(found.file);
    if (body === undefined) {
      body = Deno.readFileSync(new URL(`../static/${found.file}`, import.meta.url));
      read.set(found.file, body);
    }
    const fields = encoder.encode(`Content-Type: ${found.type}\r\n${FIELDS}`);
    exchange.respond(200, fields, method === "HEAD" ? null : body, body.length);
  };
}
