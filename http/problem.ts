/** Error answers: a page for browsers, `application/problem+json` (RFC 9457) for programs, else a line of text. @module */

import type { Exchange } from "./exchange.ts";
import { Field } from "./field.ts";
import type { Head } from "./head.ts";
import { reasonOf } from "./status.ts";

export interface Problem {
  readonly status: number;
  /** What programs act on: `unknown-name`, `agent-offline` … */
  readonly code: string;
  /** One sentence for people: what happened, and what to do. */
  readonly detail: string;
  /** Seconds after which to try again. */
  readonly retryAfter?: number;
  /** More whole field lines, as `Allow: GET\r\n`. */
  readonly fields?: string;
}

/** The page with `{{status}} {{title}} {{detail}} {{id}}` in it. */
const template = Deno.readTextFileSync(new URL("../static/error.html", import.meta.url));
const encoder = new TextEncoder();

/** What `answerProblem` needs of an exchange. */
export type Answerable = Pick<Exchange, "id" | "respond"> & {
  readonly head: Pick<Head, "get" | "method">;
};

/** Answers with an error in the form that the request's Accept asks for. */
export function answerProblem(exchange: Answerable, problem: Problem): void {
  const title = reasonOf(problem.status);
  const accept = exchange.head.get(Field.accept) ?? "";
  let type: string;
  let text: string;
  if (prefersJson(accept)) {
    type = "application/problem+json";
    text = JSON.stringify({
      type: "about:blank",
      title,
      status: problem.status,
      code: problem.code,
      detail: problem.detail,
      request_id: exchange.id,
    }) + "\n";
  } else if (accept.includes("text/html")) {
    type = "text/html; charset=utf-8";
    const values: Record<string, string> = {
      status: String(problem.status),
      title,
      detail: problem.detail,
      id: exchange.id,
    };
    text = template.replace(/\{\{(\w+)\}\}/g, (_, name) => escapeHtml(values[name] ?? ""));
  } else {
    type = "text/plain; charset=utf-8";
    text = `${problem.status} ${title}: ${problem.detail}\nRequest id: ${exchange.id}\n`;
  }
  const fields =
    `Content-Type: ${type}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n` +
    "Vary: Accept\r\n" +
    (type.startsWith("text/html")
      ? "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:\r\n"
      : "") +
    (problem.retryAfter === undefined ? "" : `Retry-After: ${problem.retryAfter}\r\n`) +
    (problem.fields ?? "");
  const body = encoder.encode(text);
  const bodiless = exchange.head.method === "HEAD";
  exchange.respond(problem.status, encoder.encode(fields), bodiless ? null : body, body.length);
}

/** JSON is asked for by name, and not after HTML. */
function prefersJson(accept: string): boolean {
  const json = accept.search(/application\/(problem\+)?json/);
  if (json < 0) return false;
  const html = accept.indexOf("text/html");
  return html < 0 || json < html;
}

/** Text as it may stand in HTML, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
