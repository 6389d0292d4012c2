/** The relay's own pages: the landing page, health, and the way to the API. @module */

import { answerProblem, escapeHtml, type ServerExchange } from "../../http/mod.ts";
import { type Listening, whereaboutsFor } from "../visitors/reach/mod.ts";
import { staticText } from "./static_text.ts";
import type { Visitor } from "../visitors/mod.ts";
import { isReading } from "./read_only.ts";

/** Answers everything below one first segment. */
export type PageHandler = (exchange: ServerExchange, visitor: Visitor) => void;

const encoder = new TextEncoder();
const template = staticText("landing.html");
const HTML = encoder.encode(
  "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-cache\r\nVary: Host\r\nX-Content-Type-Options: nosniff\r\n" +
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'\r\n",
);
const TEXT = encoder.encode(
  "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
);

export interface OwnPagesOptions {
  /** Program and version, for the landing page. */
  readonly software: string;
  /** Whether the relay takes visitors and agents, or why not. */
  readonly state: () => "starting" | "ready" | "stopping" | "without its database";
  /** Whether `/admin` and `/api` are on this listener. */
  readonly admin: boolean;
  /** Whether `/download` has something. */
  readonly downloads: boolean;
  /** Where the relay listens, once it does. */
  readonly listening: () => Listening;
}

export class OwnPages {
  readonly #handlers = new Map<string, PageHandler>();
  readonly #options: OwnPagesOptions;
  readonly #landing: string;

  constructor(options: OwnPagesOptions) {
    this.#options = options;
    this.#landing = template.replaceAll("{{software}}", escapeHtml(options.software))
      .replaceAll("{{admin}}", options.admin ? "" : "hidden")
      .replaceAll("{{downloads}}", options.downloads ? "" : "hidden");
    this.set("", (exchange, visitor) => this.#page(exchange, visitor));
    this.set("healthz", (exchange) => this.#text(exchange, 200, "ok\n"));
    this.set("readyz", (exchange) => {
      const state = options.state();
      this.#text(exchange, state === "ready" ? 200 : 503, `${state}\n`);
    });
    this.set("robots.txt", (exchange) => this.#text(exchange, 200, "User-agent: *\nAllow: /\n"));
  }

  /** Who answers below a first segment: `admin`, `api` … */
  set(segment: string, handler: PageHandler): void {
    this.#handlers.set(segment, handler);
  }

  answer(exchange: ServerExchange, segment: string, visitor: Visitor): void {
    const handler = this.#handlers.get(segment);
    if (handler !== undefined) return handler(exchange, visitor);
    answerProblem(exchange, {
      status: 404,
      code: "not-found",
      detail: "There is nothing at this address.",
    });
  }

  #page(exchange: ServerExchange, visitor: Visitor): void {
    if (!isReading(exchange)) return;
    const command = whereaboutsFor(exchange, visitor, this.#options.listening())?.command ?? null;
    const page = encoder.encode(
      this.#landing.replaceAll("{{command}}", () => escapeHtml(command ?? ""))
        .replaceAll("{{reachable}}", command === null ? "hidden" : "")
        .replaceAll("{{unreachable}}", command === null ? "" : "hidden"),
    );
    exchange.respond(200, HTML, exchange.head.method === "HEAD" ? null : page, page.length);
  }

  #text(exchange: ServerExchange, status: number, text: string): void {
    if (!isReading(exchange)) return;
    const body = encoder.encode(text);
    exchange.respond(status, TEXT, exchange.head.method === "HEAD" ? null : body, body.length);
  }
}
