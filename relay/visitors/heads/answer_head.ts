/** Writes an agent's answer head as the visitor gets it, isolated where its origin is shared. @module */

import { Field, type Head, OTHER_FIELD, type ServerExchange } from "../../../http/mod.ts";
import { type AnswerKind, kindOf } from "./answer_kind.ts";
import { asksBasic, ownChallenges } from "./challenges.ts";
import { chosenLines } from "./chosen_lines.ts";
import {
  confineCookie,
  confineSubdomainCookie,
  confineTrustedCookie,
  CookieCount,
  SANDBOX,
} from "./isolation.ts";
import { allowNull, type Reader, varyFor } from "./page_reads.ts";
import { isPassable } from "./passable_fields.ts";
import { type Mark, markedTag } from "./validators.ts";

/** How far an answer may act. */
export type AnswerPolicy =
  /** On a path URL: it shares its origin with the relay and other names. `base`: `/alice`. */
  | { readonly kind: "path"; readonly base: string; readonly notes: AnswerNotes }
  /** On a host of its own. */
  | { readonly kind: "subdomain"; readonly host: string; readonly notes: AnswerNotes }
  /** The account is trusted with the relay's origin, if it is on a path URL with that very one. */
  | { readonly kind: "trusted"; readonly onPath: boolean; readonly notes: AnswerNotes };

/** What is to be remembered of answers. */
export interface AnswerNotes {
  readonly name: string;
  /** A field, in lower case, did not pass. */
  dropped(field: string): void;
  /** A Basic password was asked for. */
  asksBasic(): void;
}

/** What of the request an answer's head hangs on. */
export interface Asked {
  /** Who may read it by script; only of a path URL. */
  readonly reader: Reader;
  /** The key that stands in the address: `!Xy3_9aQkLm0`, "" without one. */
  readonly key: string;
}

const encoder = new TextEncoder();
const SANDBOX_LINE = encoder.encode(SANDBOX);
const NOSNIFF = encoder.encode("X-Content-Type-Options: nosniff\r\n");
const OCTETS = encoder.encode("Content-Type: application/octet-stream\r\n");
const VARY_ORIGIN = encoder.encode("Vary: Origin\r\n");
const NO_CACHE = encoder.encode("Cache-Control: no-cache\r\n");

/**
 * A 304's fields replace those of the answer that the visitor has kept (RFC 9111 section 4.3.4): what was said of
 * its type stands as it was, and its rights are those that hold now.
 */
const NOT_RENEWED: ReadonlySet<string> = new Set(["content-type", "content-security-policy"]);

/**
 * Fields that a Connection field cannot drop: the sandbox is decided by the type, one Date is sent always, and whether
 * Upgrade passes is decided by the status.
 */
const KEPT: ReadonlySet<string> = new Set(["content-type", "date", "upgrade"]);

/** What to do with a line by its field's number: on hosts of a name's own, and on path URLs. */
const PASS = 0, DROP = 1, LOOK = 2, REFUSE = 3;
const elsewhere = new Uint8Array(256);
const onPath = new Uint8Array(256);
for (const [name, number] of Object.entries(Field)) {
  onPath[number] = isPassable(name) ? PASS : REFUSE;
}
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
    // Orders to the server in front, which would send files of its own, or fetch what it can reach.
    "x-accel-redirect",
    "x-lighttpd-send-file",
    "x-litespeed-location",
    "x-reproxy-file",
    "x-reproxy-url",
    "x-sendfile",
    "x-sendfile-temporary",
    "x-sendfile2",
  ] as const
) elsewhere[Field[name]] = onPath[Field[name]] = DROP;
for (const name of ["set-cookie", "www-authenticate"] as const) elsewhere[Field[name]] = LOOK;
for (
  const name of [
    "set-cookie",
    "x-content-type-options",
    "www-authenticate",
    "vary",
    "etag",
    "last-modified",
    "cache-control",
    "location",
  ] as const
) onPath[Field[name]] = LOOK;
onPath[OTHER_FIELD] = LOOK;

/** Sends the final head; `length` as in `Exchange.start`. */
export function passAnswerHead(
  exchange: ServerExchange,
  head: Head,
  length: number,
  { policy, asked }: { readonly policy: AnswerPolicy; readonly asked: Asked },
): void {
  exchange.openHead(head.status, head.reason);
  new AnswerWriter(exchange, head, policy, asked).write(length);
  exchange.closeHead(length, head.has(Field.date));
}

/** Sends a head of 101, after which bytes follow that are no document. */
export function passSwitchHead(
  exchange: ServerExchange,
  head: Head,
  { policy, asked }: { readonly policy: AnswerPolicy; readonly asked: Asked },
): void {
  exchange.openHead(head.status, head.reason);
  new AnswerWriter(exchange, head, policy, asked).writeSwitch();
  exchange.closeHead(-1, head.has(Field.date));
}

/** Sends 102 or 103. */
export function passInterimHead(exchange: ServerExchange, head: Head, policy: AnswerPolicy): void {
  const named = namedLines(head, null);
  const handling = policy.kind === "path" ? onPath : elsewhere;
  const passes = (index: number): boolean => {
    const how = handling[head.number(index)];
    return how === PASS ||
      (head.number(index) === OTHER_FIELD && isPassable(head.name(index).toLowerCase()));
  };
  const fields = chosenLines(
    head,
    (index) => passes(index) && (named === null || !named.has(head.name(index).toLowerCase())),
  );
  exchange.inform(head.status, fields);
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

const OWN_HOST: AnswerKind = { sandboxed: false, mark: "" };

/** Writes the lines of one head. */
class AnswerWriter {
  readonly #exchange: ServerExchange;
  readonly #head: Head;
  readonly #policy: AnswerPolicy;
  readonly #asked: Asked;
  readonly #kind: AnswerKind;
  #cookies: CookieCount | null = null;
  #vary = "";
  #hasCacheControl = false;

  constructor(exchange: ServerExchange, head: Head, policy: AnswerPolicy, asked: Asked) {
    this.#exchange = exchange;
    this.#head = head;
    this.#policy = policy;
    this.#asked = asked;
    this.#kind = policy.kind === "subdomain" || (policy.kind === "trusted" && !policy.onPath)
      ? OWN_HOST
      : kindOf(exchange.head, head, policy.kind === "path" ? "sandbox" : "trusted");
  }

  write(length: number): void {
    const { outgoing } = this.#exchange;
    const head = this.#head;
    const isPath = this.#policy.kind === "path";
    const isUnchanged = head.status === 304;
    this.#putLines(isPath ? onPath : this.#isTrustedPath ? trustedPath : elsewhere, isUnchanged);
    if (this.#isDocument && !isUnchanged && !this.#hasCacheControl) outgoing.put(NO_CACHE);
    if (!isPath) return;
    const { reader } = this.#asked;
    if (!isUnchanged && !head.has(Field["content-type"]) && length !== 0 && head.status !== 204) {
      outgoing.put(OCTETS);
    }
    if (this.#kind.sandboxed) outgoing.put(SANDBOX_LINE);
    outgoing.put(NOSNIFF);
    if (reader === "other" && this.#vary === "") outgoing.put(VARY_ORIGIN);
    else outgoing.putText(`Vary: ${[this.#vary, varyFor(reader)].filter(Boolean).join(", ")}\r\n`);
    if (reader === "own" && !head.has(Field["access-control-allow-origin"])) {
      outgoing.put(allowNull());
    }
  }

  writeSwitch(): void {
    this.#putLines(this.#policy.kind === "path" ? switchOnPath : switchElsewhere, false);
  }

  get #isTrustedPath(): boolean {
    return this.#policy.kind === "trusted" && this.#policy.onPath;
  }

  /** On a path URL, and something that acts by itself where it is shown. */
  get #isDocument(): boolean {
    const { mark } = this.#kind;
    return mark !== "" && mark !== "pdf";
  }

  #putLines(handling: Uint8Array, isUnchanged: boolean): void {
    const { outgoing } = this.#exchange;
    const head = this.#head;
    const named = namedLines(
      head,
      isUnchanged && this.#policy.kind === "path" ? NOT_RENEWED : null,
    );
    const { bytes, count } = head;
    // Runs of lines that stay are copied in one piece.
    let from = -1;
    for (let i = 0; i < count; i++) {
      const how = handling[head.number(i)]!;
      const isNamed = named !== null && named.has(head.name(i).toLowerCase());
      if (!isNamed && (how === PASS || (how === LOOK && this.#stays(i)))) {
        if (from < 0) from = head.lineStart(i);
        continue;
      }
      if (from >= 0) outgoing.put(bytes, from, head.lineStart(i));
      from = -1;
      if (isNamed || how === DROP) continue;
      if (how === REFUSE) this.#refuse(i);
      else this.#putChanged(i);
    }
    if (from >= 0) outgoing.put(bytes, from, head.lineEnd(count - 1));
  }

  /** Whether a line that has to be looked at passes as it is. */
  #stays(index: number): boolean {
    const head = this.#head;
    switch (head.number(index)) {
      case OTHER_FIELD:
        return isPassable(head.name(index).toLowerCase()) ||
          (head.status === 101 && /^sec-websocket-/i.test(head.name(index)));
      case Field.etag:
        return this.#kind.mark === "";
      case Field["last-modified"]:
        // A date does not tell with which rights the copy was sent: for documents only a tag will do.
        return !this.#isDocument || head.has(Field.etag);
      case Field["cache-control"]:
        this.#hasCacheControl = true;
        return !this.#isDocument || /\bno-(?:cache|store)\b/i.test(head.value(index));
      case Field.location:
        return this.#asked.key === "";
      default:
        return false;
    }
  }

  #putChanged(index: number): void {
    const head = this.#head;
    const policy = this.#policy;
    const value = head.value(index);
    let changed: string | null = null;
    switch (head.number(index)) {
      case Field["set-cookie"]:
        changed = this.#cookie(value);
        break;
      case Field["www-authenticate"]:
        if (asksBasic(value)) policy.notes.asksBasic();
        changed = policy.kind === "path" ? ownChallenges(value, policy.notes.name) : value;
        break;
      case Field.vary:
        this.#vary = this.#vary === "" ? value : `${this.#vary}, ${value}`;
        return;
      case Field.etag:
        changed = markedTag(value, this.#kind.mark as Mark);
        break;
      case Field["cache-control"]:
        // A copy that is never revalidated would keep its rights when they are withdrawn.
        changed = value === "" ? "no-cache" : `${value}, no-cache`;
        break;
      case Field.location:
        changed = this.#location(value);
        break;
      case Field["x-content-type-options"]:
      case Field["last-modified"]:
        return;
      default:
    }
    if (changed === null) this.#refuse(index);
    else this.#exchange.outgoing.putText(`${head.name(index)}: ${changed}\r\n`);
  }

  #refuse(index: number): void {
    this.#policy.notes.dropped(this.#head.name(index).toLowerCase());
  }

  #cookie(value: string): string | null {
    const policy = this.#policy;
    if (policy.kind === "trusted") return confineTrustedCookie(value);
    const confined = policy.kind === "path"
      ? confineCookie(value, policy.base)
      : confineSubdomainCookie(value, policy.host);
    if (confined === null) return null;
    this.#cookies ??= new CookieCount(this.#exchange.head.getAll(Field.cookie).join(";"));
    return this.#cookies.admits(confined) ? confined : null;
  }

  /** A page that has a key in its address is sent on with it. */
  #location(value: string): string {
    if (this.#policy.kind !== "path") return value;
    const { base } = this.#policy;
    return value.startsWith(`${base}/`)
      ? `${base}/${this.#asked.key}${value.slice(base.length)}`
      : value;
  }
}

/** Like `elsewhere`, with what tags have to be marked for. */
const trustedPath = elsewhere.slice();
for (const name of ["etag", "last-modified", "cache-control"] as const) {
  trustedPath[Field[name]] = LOOK;
}

/** Of 101: the protocol's name passes. */
const switchElsewhere = elsewhere.slice();
const switchOnPath = onPath.slice();
switchElsewhere[Field.upgrade] = switchOnPath[Field.upgrade] = PASS;
