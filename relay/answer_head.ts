/** Writes an agent's answer head as the visitor gets it, isolated where its origin is shared. @module */

import { Field, type Head, type ServerExchange } from "../http/mod.ts";
import { chosenLines } from "./chosen_lines.ts";
import {
  confineCookie,
  confineSubdomainCookie,
  isAnonymousNull,
  isInert,
  isOriginWide,
  SANDBOX,
} from "./isolation.ts";

/** How far an answer may act. */
export type AnswerPolicy =
  /** On a path URL: it shares its origin with the relay and other names. `base`: `/alice`. */
  | { readonly kind: "path"; readonly base: string }
  /** On a host of its own. */
  | { readonly kind: "subdomain"; readonly host: string }
  /** The account is trusted with the relay's origin. */
  | { readonly kind: "trusted" };

const encoder = new TextEncoder();
const SANDBOX_LINE = encoder.encode(SANDBOX);
const NOSNIFF = encoder.encode("X-Content-Type-Options: nosniff\r\n");
const OCTETS = encoder.encode("Content-Type: application/octet-stream\r\n");
const ALLOW_NULL = encoder.encode("Access-Control-Allow-Origin: null\r\nVary: Origin\r\n");

/**
 * A 304's fields replace those of the answer that the visitor has kept (RFC 9111 section 4.3.4): what was said of
 * its type and its rights stands as it was, or an agent could take a page's sandbox off with one.
 */
const NOT_RENEWED: ReadonlySet<string> = new Set(["content-type", "content-security-policy"]);

/** Fields that a Connection field cannot drop: the sandbox is decided by the type, and one Date is sent always. */
const KEPT: ReadonlySet<string> = new Set(["content-type", "date"]);

const DROP = 1, LOOK = 2;
const handling = new Uint8Array(256);
for (
  const name of [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "x-request-id",
  ] as const
) handling[Field[name]] = DROP;
for (const name of ["set-cookie", "x-content-type-options"] as const) handling[Field[name]] = LOOK;
for (let number = 0; number < 256; number++) if (isOriginWide(number)) handling[number] = LOOK;

/** Sends the final head; `length` as in `Exchange.start`. */
export function passAnswerHead(
  exchange: ServerExchange,
  head: Head,
  length: number,
  policy: AnswerPolicy,
): void {
  exchange.openHead(head.status, head.hasReason ? head.reason : null);
  const out = exchange.outgoing;
  putLines(exchange, head, policy);
  if (policy.kind === "path") {
    if (head.status !== 304) putSandbox(exchange, head, length);
    out.put(NOSNIFF);
    if (!head.has(Field["access-control-allow-origin"]) && isAnonymousNull(exchange.head)) {
      out.put(ALLOW_NULL);
    }
  }
  exchange.closeHead(length, head.has(Field.date));
}

/** Sends 102 or 103. */
export function passInterimHead(exchange: ServerExchange, head: Head): void {
  const named = namedLines(head, null);
  const fields = chosenLines(head, (index) =>
    handling[head.number(index)] === 0 &&
    (named === null || !named.has(head.name(index).toLowerCase())));
  exchange.inform(head.status, fields);
}

function putSandbox({ outgoing }: ServerExchange, head: Head, length: number): void {
  const type = head.get(Field["content-type"]);
  if (type === undefined && length !== 0 && head.status !== 204) outgoing.put(OCTETS);
  // Of several types a browser takes one, and not surely the first.
  const inert = type !== undefined && isInert(type) &&
    head.getAll(Field["content-type"]).length === 1;
  if (!inert) outgoing.put(SANDBOX_LINE);
}

/** Names, in lower case, of lines that do not pass; null for none. */
function namedLines(
  head: Head,
  notRenewed: ReadonlySet<string> | null,
): ReadonlySet<string> | null {
  if (!head.hasConnection) return notRenewed;
  const options = head.connectionOptions().filter((name) => !KEPT.has(name));
  return new Set([...options, ...(notRenewed ?? [])]);
}

function putLines(exchange: ServerExchange, head: Head, policy: AnswerPolicy): void {
  const out = exchange.outgoing;
  const named = namedLines(
    head,
    policy.kind === "path" && head.status === 304 ? NOT_RENEWED : null,
  );
  const { bytes, count } = head;
  let from = -1;
  for (let i = 0; i < count; i++) {
    const number = head.number(i);
    const how = handling[number]!;
    const isNamed = named !== null && named.has(head.name(i).toLowerCase());
    if (how === 0 && !isNamed) {
      if (from < 0) from = head.lineStart(i);
      continue;
    }
    if (from >= 0) out.put(bytes, from, head.lineStart(i));
    from = -1;
    if (how !== LOOK || isNamed) continue;
    if (policy.kind === "trusted") {
      out.put(bytes, head.lineStart(i), head.lineEnd(i));
    } else if (number === Field["set-cookie"]) {
      const value = policy.kind === "path"
        ? confineCookie(head.value(i), policy.base)
        : confineSubdomainCookie(head.value(i), policy.host);
      if (value !== null) out.putText(`${head.name(i)}: ${value}\r\n`);
    } else if (policy.kind === "subdomain") {
      out.put(bytes, head.lineStart(i), head.lineEnd(i));
    }
  }
  if (from >= 0) out.put(bytes, from, head.lineEnd(count - 1));
}
