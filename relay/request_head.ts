/** Writes a visitor's request head as the agent gets it. @module */

import { Field, type Head, type Outgoing, type ServerExchange } from "../http/mod.ts";
import { OWN_COOKIE, withoutOwnCookies } from "./isolation.ts";

const encoder = new TextEncoder();
const VERSION = encoder.encode(" HTTP/1.1\r\n");
const REQUEST_ID = encoder.encode("X-Request-Id: ");
const PREFIX = encoder.encode("X-Forwarded-Prefix: ");
/** For HTTP/1.0 and 1.1: what counts is the version that came (RFC 9110 section 7.6.3). */
const VIA_AND_END = ["1.0", "1.1"].map((version) =>
  encoder.encode(`\r\nVia: ${version} crunch\r\n\r\n`)
);
const CRLF = encoder.encode("\r\n");

/** What to do with a line of the request, by its field's number. */
const DROP = 1, LOOK = 2;
const handling = new Uint8Array(256);
for (
  const name of [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id",
  ] as const
) handling[Field[name]] = DROP;
for (const name of ["cookie", "host", "expect", "max-forwards"] as const) {
  handling[Field[name]] = LOOK;
}

/** Fields that a Connection field cannot drop: framing and routing depend on them. */
const KEPT: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "content-type",
  "via",
  "expect",
]);

export interface RequestRewrite {
  readonly target: string;
  readonly base: string;
  /** What was asked for where that is not what Host says, by a trusted proxy's word. */
  readonly host?: string | undefined;
  /** The lines that say who asked. */
  readonly forwarding: Uint8Array;
}

/** Puts the head into `out`: the visitor's lines as they came, less those that are ours to say, and then those. */
export function putRequestHead(
  out: Outgoing,
  exchange: ServerExchange,
  rewrite: RequestRewrite,
): void {
  const head = exchange.head;
  out.putText(head.method + " " + rewrite.target);
  out.put(VERSION);
  const named = head.hasConnection ? droppedByConnection(head) : null;
  const { bytes, count } = head;
  const replaced = rewrite.host !== undefined || head.absolute || head.hostIndex < 0;
  // Runs of lines that stay are copied in one piece.
  let from = -1;
  for (let i = 0; i < count; i++) {
    const how = handling[head.number(i)]!;
    const isNamed = named !== null && named.has(head.name(i).toLowerCase());
    if (how === 0 && !isNamed) {
      if (from < 0) from = head.lineStart(i);
      continue;
    }
    if (from >= 0) out.put(bytes, from, head.lineStart(i));
    from = -1;
    if (how === LOOK && !isNamed && !(replaced && i === head.hostIndex)) {
      putChanged(out, head, i, exchange);
    }
  }
  if (from >= 0) out.put(bytes, from, head.lineEnd(count - 1));
  if (replaced) {
    out.putText(`Host: ${rewrite.host ?? (head.authority || "localhost")}\r\n`);
  }
  out.put(rewrite.forwarding);
  if (rewrite.base !== "") {
    out.put(PREFIX);
    out.putText(rewrite.base);
    out.put(CRLF);
  }
  out.put(REQUEST_ID);
  out.putText(exchange.id);
  out.put(VIA_AND_END[head.minor]!);
}

function putChanged(out: Outgoing, head: Head, index: number, exchange: ServerExchange): void {
  switch (head.number(index)) {
    case Field.host:
      out.put(head.bytes, head.lineStart(index), head.lineEnd(index));
      return;
    case Field.expect:
      if (exchange.continueDue) out.put(head.bytes, head.lineStart(index), head.lineEnd(index));
      return;
    case Field.cookie: {
      const value = head.value(index);
      if (!value.toLowerCase().includes(OWN_COOKIE)) {
        out.put(head.bytes, head.lineStart(index), head.lineEnd(index));
        return;
      }
      const rest = withoutOwnCookies(value);
      if (rest !== "") out.putText(`${head.name(index)}: ${rest}\r\n`);
      return;
    }
    default: {
      // Max-Forwards (RFC 9110 section 7.6.2); 0 was answered before.
      const hops = Number(head.value(index));
      if (Number.isInteger(hops) && hops > 0) out.putText(`Max-Forwards: ${hops - 1}\r\n`);
    }
  }
}

function droppedByConnection(head: Head): ReadonlySet<string> {
  return new Set(head.connectionOptions().filter((name) => !KEPT.has(name)));
}
