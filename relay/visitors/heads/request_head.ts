/** Writes a visitor's request head as the agent gets it. @module */

import { Field, type Head, type Outgoing, type ServerExchange } from "../../../http/mod.ts";
import { OWN_COOKIE, withoutOwnCookies } from "./isolation.ts";
import { type Believed, believed } from "./validators.ts";

const encoder = new TextEncoder();
const VERSION = encoder.encode(" HTTP/1.1\r\n");
const REQUEST_ID = encoder.encode("X-Request-Id: ");
const CONNECTION_UPGRADE = encoder.encode("Connection: Upgrade\r\n");
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
for (
  const name of [
    "authorization",
    "cookie",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "max-forwards",
    "range",
    "referer",
  ] as const
) handling[Field[name]] = LOOK;

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
  /** On a path URL: with which rights documents are sent now. */
  readonly rights: "sandbox" | "trusted" | undefined;
  /** The Basic password is a proxy's in front of us. */
  readonly withoutPassword: boolean;
  /** The visitor asks for an upgrade, and may get it. */
  readonly upgrades: boolean;
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
  let conditions: Believed | null | undefined;
  for (let i = 0; i < count; i++) {
    const how = handling[head.number(i)]!;
    const isNamed = named !== null && named.has(head.name(i).toLowerCase());
    const stays = how === 0
      ? !isNamed
      : how === DROP && rewrite.upgrades && head.number(i) === Field.upgrade;
    if (stays) {
      if (from < 0) from = head.lineStart(i);
      continue;
    }
    if (from >= 0) out.put(bytes, from, head.lineStart(i));
    from = -1;
    if (how !== LOOK || isNamed || (replaced && i === head.hostIndex)) continue;
    const number = head.number(i);
    if (CONDITIONAL.has(number) && rewrite.rights !== undefined) {
      if (conditions === undefined) conditions = believed(head, rewrite.rights);
      if (conditions !== null) {
        putCondition(out, head, i, conditions);
        continue;
      }
    }
    putChanged(out, head, i, exchange, rewrite);
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
  if (rewrite.upgrades) out.put(CONNECTION_UPGRADE);
  out.put(REQUEST_ID);
  out.putText(exchange.id);
  out.put(VIA_AND_END[head.minor]!);
}

/** Lines of which marked tags decide. */
const CONDITIONAL: ReadonlySet<number> = new Set(
  (["if-match", "if-modified-since", "if-none-match", "if-range", "range"] as const)
    .map((name) => Field[name]),
);

/** A condition that hangs on a tag which is not believed goes, and what hangs on that. */
function putCondition(out: Outgoing, head: Head, index: number, believed: Believed): void {
  const put = (value: string): void => {
    if (value !== "") out.putText(`${head.name(index)}: ${value}\r\n`);
  };
  const number = head.number(index);
  switch (number) {
    case Field["if-none-match"]:
      if (index === head.find(number)) put(believed.noneMatch);
      return;
    case Field["if-match"]:
      if (index === head.find(number)) put(believed.match);
      return;
    case Field["if-range"]:
      return put(believed.range);
    case Field.range:
      if (believed.range !== "" || !head.has(Field["if-range"])) put(head.value(index));
      return;
    default:
      if (believed.noneMatch !== "" || !head.has(Field["if-none-match"])) put(head.value(index));
  }
}

function putChanged(
  out: Outgoing,
  head: Head,
  index: number,
  exchange: ServerExchange,
  { withoutPassword }: RequestRewrite,
): void {
  switch (head.number(index)) {
    case Field.authorization:
      if (!withoutPassword) out.put(head.bytes, head.lineStart(index), head.lineEnd(index));
      return;
    case Field.referer:
      // Also without one in the address: what a style sheet loads by an absolute path may be another name's.
      putReferer(out, head, index);
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
    case Field["max-forwards"]: {
      // RFC 9110 section 7.6.2; 0 was answered before.
      const hops = Number(head.value(index));
      if (Number.isInteger(hops) && hops > 0) out.putText(`Max-Forwards: ${hops - 1}\r\n`);
      return;
    }
    default:
      out.put(head.bytes, head.lineStart(index), head.lineEnd(index));
  }
}

/** `https://relay.example/alice/!Xy3_9aQkLm0/`, with or without a prefix. */
const KEYED_REFERER = /^(https?:\/\/[^/?#]*(?:\/[^/?#!]+)+)\/![\w-]{11}(?=\/)/i;

function putReferer(out: Outgoing, head: Head, index: number): void {
  const value = head.value(index);
  const bare = value.includes("/!") ? value.replace(KEYED_REFERER, "$1") : value;
  if (bare === value) out.put(head.bytes, head.lineStart(index), head.lineEnd(index));
  else out.putText(`${head.name(index)}: ${bare}\r\n`);
}

function droppedByConnection(head: Head): ReadonlySet<string> {
  return new Set(head.connectionOptions().filter((name) => !KEPT.has(name)));
}
