/** Answers `/metrics` to those who may read it. @module */

import { answerProblem, Field, isLocalPeer, type ServerExchange } from "../../http/mod.ts";
import { type Sender, senderOf, type Visitor } from "../visitors/mod.ts";
import type { PageHandler } from "./own_pages.ts";
import { allows, type LiveSettings, type Store } from "../store/mod.ts";
import {
  exposition,
  families,
  formatFor,
  MEDIA_TYPES,
  type MetricsSource,
} from "../metrics/mod.ts";
import { isReading } from "./read_only.ts";

export interface MetricsPageOptions {
  readonly source: MetricsSource;
  readonly store: Store;
  /** The page is on a listener that only this machine reaches, made for administration: no sign-in is needed. */
  readonly isOpen: boolean;
  /** A wrong token was sent. */
  readonly onfailure: (reason: "bad-credentials" | "wrong-scope") => void;
  readonly settings: LiveSettings<"publicUrl">;
}

const encoder = new TextEncoder();

/** Makes the page. */
export function metricsPage(options: MetricsPageOptions): PageHandler {
  return (exchange, visitor) => {
    const { method, target } = exchange.head;
    if (target.split("?", 1)[0] !== "/metrics") {
      return answerProblem(exchange, {
        status: 404,
        code: "not-found",
        detail: "There is nothing at this address.",
      });
    }
    if (!isReading(exchange, "The page of metrics")) return;
    if (!isAllowed(exchange, visitor, options)) return;
    const format = formatFor(exchange.head.getAll(Field.accept).join(","));
    const body = encoder.encode(exposition(families(options.source), format));
    const fields = encoder.encode(
      `Content-Type: ${MEDIA_TYPES[format]}\r\nCache-Control: no-store\r\nVary: Accept\r\n` +
        "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n" +
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n",
    );
    exchange.respond(200, fields, method === "HEAD" ? null : body, body.length);
  };
}

/** Answers who may not. */
function isAllowed(
  exchange: ServerExchange,
  visitor: Visitor,
  { store, isOpen, onfailure, settings }: MetricsPageOptions,
): boolean {
  // Whom a proxy of this machine brings is not of this machine.
  if (isOpen && (!visitor.proxied || isLocalPeer(visitor.address))) return true;
  const { head } = exchange;
  const authorization = head.get(Field.authorization) ?? null;
  const sender = senderOf(store, {
    authorization,
    cookie: head.getAll(Field.cookie).join("; "),
    secure: visitor.scheme === "https" || settings.current.publicUrl?.protocol === "https:",
  });
  if (sender === undefined) {
    if (authorization !== null) onfailure("bad-credentials");
    answerProblem(exchange, {
      status: 401,
      code: "not-signed-in",
      detail: authorization === null
        ? "Send a token with the scope metrics."
        : "The token is unknown, expired or revoked, or its account is disabled.",
      fields: "WWW-Authenticate: Bearer\r\n",
    });
    return false;
  }
  if (mayRead(sender)) return true;
  if (sender.token !== undefined) onfailure("wrong-scope");
  answerProblem(exchange, {
    status: 403,
    code: sender.token === undefined ? "forbidden" : "wrong-scope",
    detail: "Metrics need a token with the scope metrics, or an administrator.",
  });
  return false;
}

function mayRead({ account, token }: Sender): boolean {
  if (token !== undefined && allows(token.scope, "metrics")) return true;
  return account.role === "admin" && (token === undefined || allows(token.scope, "full"));
}
