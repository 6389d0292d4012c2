/** Chooses the field lines that pass between a visitor and an application, as bytes, in their order. @module */

import { Buffer } from "node:buffer";
import { Field, type Head } from "../../http/mod.ts";

/** What to do with a line, by its field's number. */
const DROP = 1, LOOK = 2;
const inRequests = new Uint8Array(256);
const inAnswers = new Uint8Array(256);
/** They are about one hop (RFC 9110 section 7.6.1). */
for (
  const name of [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
  ] as const
) inRequests[Field[name]] = inAnswers[Field[name]] = DROP;
for (const name of ["host", "x-forwarded-prefix"] as const) inRequests[Field[name]] = LOOK;
inAnswers[Field["content-length"]] = DROP;
for (const name of ["location", "set-cookie"] as const) inAnswers[Field[name]] = LOOK;
/** Fields without a number that may have to be changed. */
const REWRITTEN: ReadonlySet<string> = new Set(["content-location", "refresh"]);

/** Fields that a Connection field cannot drop: framing and routing depend on them. */
const KEPT: ReadonlySet<string> = new Set(["host", "content-length", "content-type", "date"]);

const encoder = new TextEncoder();

/** Gathers lines: runs of those that stay are copied in one piece. */
class Lines {
  readonly #head: Head;
  readonly #into: Uint8Array;
  #length = 0;
  #from = -1;

  constructor(head: Head, extra: number) {
    this.#head = head;
    this.#into = new Uint8Array(head.end - head.start + extra);
  }

  /** Line `index` stays as it is. */
  keep(index: number): void {
    if (this.#from < 0) this.#from = this.#head.lineStart(index);
  }

  /** Line `index` does not stay. */
  leave(index: number): void {
    this.#flush(this.#head.lineStart(index));
  }

  put(bytes: Uint8Array): void {
    this.#into.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  done(more: readonly Uint8Array[] = []): Uint8Array {
    const { count } = this.#head;
    if (count > 0) this.#flush(this.#head.lineEnd(count - 1));
    for (const bytes of more) this.put(bytes);
    return this.#into.subarray(0, this.#length);
  }

  #flush(end: number): void {
    if (this.#from < 0) return;
    this.put(this.#head.bytes.subarray(this.#from, end));
    this.#from = -1;
  }
}

function namedLines(head: Head): ReadonlySet<string> | null {
  if (!head.hasConnection) return null;
  return new Set(head.connectionOptions().filter((name) => !KEPT.has(name)));
}

/** Lines that a message gets, and names of lower case that only they may have. */
export interface OwnLines {
  readonly names: ReadonlySet<string>;
  readonly lines: Uint8Array;
}

/** What options say of a message's lines; null where that is nothing. A cookie stands beside others. */
export function ownLines(
  lines: readonly { readonly name: string; readonly value: string }[],
  removed: readonly string[] = [],
): OwnLines | null {
  if (lines.length === 0 && removed.length === 0) return null;
  const set = lines.map(({ name }) => name.toLowerCase()).filter((name) => name !== "set-cookie");
  return {
    names: new Set([...set, ...removed.map((name) => name.toLowerCase())]),
    lines: encoder.encode(lines.map(({ name, value }) => `${name}: ${value}\r\n`).join("")),
  };
}

export interface RequestChange {
  /** Stands in the place of the visitor's Host; undefined: that stays. */
  readonly host: string | undefined;
  /** X-Forwarded-Prefix, "" for none. */
  readonly prefix: string;
  /** The Upgrade field passes. */
  readonly upgrades: boolean;
  readonly own: OwnLines | null;
}

/** The lines of a request as an application gets them, but for its framing. */
export function requestFields(
  head: Head,
  { host, prefix, upgrades, own }: RequestChange,
): Uint8Array {
  const newHost = host === undefined ? undefined : latin1Bytes(`Host: ${host}\r\n`);
  const newPrefix = prefix === "" ? undefined : latin1Bytes(`X-Forwarded-Prefix: ${prefix}\r\n`);
  const extra = (newHost?.length ?? 0) + (newPrefix?.length ?? 0) + (own?.lines.length ?? 0);
  const lines = new Lines(head, extra);
  const named = namedLines(head);
  let hasHost = false;
  let hasPrefix = own !== null && own.names.has("x-forwarded-prefix");
  for (let i = 0; i < head.count; i++) {
    if (own !== null && own.names.has(head.name(i).toLowerCase())) {
      lines.leave(i);
      continue;
    }
    const number = head.number(i);
    const how = inRequests[number]!;
    if (how === 0 && (named === null || !named.has(head.name(i).toLowerCase()))) lines.keep(i);
    else if (how === DROP && number === Field.upgrade && upgrades) lines.keep(i);
    else if (how === LOOK && number === Field.host && newHost === undefined) lines.keep(i);
    else {
      lines.leave(i);
      if (how !== LOOK) continue;
      if (number === Field.host && !hasHost) lines.put(newHost!);
      if (number === Field["x-forwarded-prefix"] && newPrefix !== undefined && !hasPrefix) {
        hasPrefix = true;
        lines.put(newPrefix);
      }
    }
    if (number === Field.host) hasHost = true;
  }
  const more: Uint8Array[] = [];
  if (!hasHost && newHost !== undefined) more.push(newHost);
  if (!hasPrefix && newPrefix !== undefined) more.push(newPrefix);
  if (own !== null) more.push(own.lines);
  return lines.done(more);
}

/** What becomes of the values of one kind of field; null where the line goes. */
export interface AnswerChanges {
  location(value: string): string;
  refresh(value: string): string;
  cookie(value: string): string;
}

/** The lines of an answer as the visitor's side gets them, but for its framing. `changes` is null where none are needed. */
export function answerFields(
  head: Head,
  changes: AnswerChanges | null,
  upgrades = false,
  own: OwnLines | null = null,
): Uint8Array {
  const named = namedLines(head);
  const changed = new Map<number, Uint8Array>();
  let extra = 0;
  for (let i = 0; changes !== null && i < head.count; i++) {
    const number = head.number(i);
    let value: string | undefined;
    if (number === Field.location) value = changes.location(head.value(i));
    else if (number === Field["set-cookie"]) value = changes.cookie(head.value(i));
    else if (number === 0 && isRewritten(head, i)) {
      value = head.name(i).length === 7
        ? changes.refresh(head.value(i))
        : changes.location(head.value(i));
    }
    if (value === undefined || value === head.value(i)) continue;
    const bytes = latin1Bytes(`${head.name(i)}: ${value}\r\n`);
    changed.set(i, bytes);
    extra += bytes.length;
  }
  const lines = new Lines(head, extra + (own?.lines.length ?? 0));
  for (let i = 0; i < head.count; i++) {
    if (own !== null && own.names.has(head.name(i).toLowerCase())) {
      lines.leave(i);
      continue;
    }
    const number = head.number(i);
    const isNamed = named !== null && named.has(head.name(i).toLowerCase());
    const isDropped = inAnswers[number] === DROP && !(upgrades && number === Field.upgrade);
    if (!isDropped && (!isNamed || number === Field.upgrade) && !changed.has(i)) lines.keep(i);
    else {
      lines.leave(i);
      if (!isDropped && !isNamed) lines.put(changed.get(i)!);
    }
  }
  return lines.done(own === null ? [] : [own.lines]);
}

/** By its length first: most names are none of these. */
function isRewritten(head: Head, index: number): boolean {
  const name = head.name(index);
  return (name.length === 7 || name.length === 16) && REWRITTEN.has(name.toLowerCase());
}

function latin1Bytes(text: string): Uint8Array {
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(text) ? encoder.encode(text) : Buffer.from(text, "latin1");
}
