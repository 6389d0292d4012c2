/** An incremental, strict parser of HTTP/1.x heads and trailer sections: bytes in any split, offsets out. @module */

// One state machine: each byte is looked at once, and the checks of the fields that delimit messages are its states.

import { Buffer } from "node:buffer";
import { checkAuthority } from "./authority.ts";
import { Field, fieldNumber } from "./field.ts";
import { HttpError } from "./http_error.ts";
import { classes, TARGET, TOKEN, VALUE } from "./octets.ts";

export type HeadKind = "request" | "response" | "trailers";

/** Bounds of one head; what is over gets 414 (target) or 431. */
export interface HeadLimits {
  /** Bytes of the whole head. */
  readonly head: number;
  /** Bytes of the request-target. */
  readonly target: number;
  /** Field lines. */
  readonly fields: number;
}

export const DEFAULT_HEAD_LIMITS: HeadLimits = { head: 64 * 1024, target: 16 * 1024, fields: 128 };

/** `bodyLength` of a message whose body is chunked. */
export const CHUNKED = -1;
/** `bodyLength` of an answer whose body ends with its connection. */
export const UNTIL_CLOSE = -2;

// States of the machine. Each waits for the byte that its name says.
const S_START = 0, S_START_LF = 1, S_METHOD = 2, S_TARGET = 3, S_VERSION = 4, S_STATUS = 5;
const S_REASON = 6, S_LINE_LF = 7, S_FIELD = 8, S_NAME = 9, S_VALUE = 10, S_VALUE_LF = 11;
const S_END_LF = 12, S_DONE = 13;

const CR = 13, LF = 10, SP = 32, TAB = 9, COLON = 58;
const MAX_METHOD = 64;
/** Offsets kept for a field: name start, name end, value start, value end; its line ends two bytes after CR. */
const STRIDE = 5;

/**
 * One head, parsed in place: `bytes` is the buffer it lies in, everything else are offsets into it.
 * An instance is used again for the next head; strings are made only when asked for.
 */
export class Head {
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the head begins in `bytes`, and where it ends (after the empty line) once it is complete. */
  start = 0;
  end = 0;
  kind: HeadKind = "request";
  /** x of HTTP/1.x; anything above 1 counts as 1. */
  minor = 1;
  /** Status code of an answer. */
  status = 0;
  /** How many field lines. */
  count = 0;
  /** Body: its length, 0 for none, `CHUNKED`, or `UNTIL_CLOSE`. */
  bodyLength = 0;
  /** Content-Length as said, -1 where it was not said. */
  contentLength = -1;
  /** Whether the sender lets the connection live on after this message. */
  keepAlive = true;
  /** `Expect: 100-continue` on HTTP/1.1. */
  expectsContinue = false;
  /** `Connection: upgrade` with an Upgrade field on HTTP/1.1. */
  upgrade = false;
  /** Index of the Host field, -1 without one. */
  hostIndex = -1;
  /** A Connection field is present, and may name more fields to drop. */
  hasConnection = false;

  #limits: HeadLimits;
  #state = S_START;
  #pos = 0;
  #mark = 0;
  #methodEnd = 0;
  #targetStart = 0;
  #targetEnd = 0;
  #authorityStart = -1;
  #authorityEnd = -1;
  #reasonStart = 0;
  #reasonEnd = 0;
  #offsets = new Int32Array(16 * STRIDE);
  #numbers = new Uint8Array(16);

  constructor(limits: HeadLimits = DEFAULT_HEAD_LIMITS) {
    this.#limits = limits;
  }

  /** Makes ready for a head that begins at `start` of the buffer given to `parse`. */
  reset(kind: HeadKind, start: number): void {
    this.kind = kind;
    this.start = this.#pos = this.#mark = start;
    this.end = start;
    this.count = 0;
    this.minor = 1;
    this.status = 0;
    this.bodyLength = 0;
    this.contentLength = -1;
    this.keepAlive = true;
    this.expectsContinue = false;
    this.upgrade = false;
    this.hostIndex = -1;
    this.hasConnection = false;
    this.#authorityStart = -1;
    this.#state = kind === "request" ? S_START : kind === "response" ? S_VERSION : S_FIELD;
  }

  /** True between the first byte of a head and its last; an empty line before a request is none of it. */
  get begun(): boolean {
    return this.#pos > this.start && this.#state !== S_DONE;
  }

  /** The bytes moved: everything parsed so far now lies `delta` further on. */
  move(delta: number): void {
    this.start += delta;
    this.end += delta;
    this.#pos += delta;
    if (this.#mark >= 0) this.#mark += delta;
    this.#methodEnd += delta;
    this.#targetStart += delta;
    this.#targetEnd += delta;
    this.#reasonStart += delta;
    this.#reasonEnd += delta;
    if (this.#authorityStart >= 0) {
      this.#authorityStart += delta;
      this.#authorityEnd += delta;
    }
    // One field more than counted: the one under way.
    const known = Math.min((this.count + 1) * STRIDE, this.#offsets.length);
    for (let i = 0; i < known; i++) this.#offsets[i]! += delta;
  }

  /** A complete head once more, in memory of its own, which stays as it is. */
  copy(): Head {
    const copy = new Head(this.#limits);
    copy.bytes = this.bytes.slice(this.start, this.end);
    copy.kind = this.kind;
    copy.start = this.start;
    copy.end = this.end;
    copy.minor = this.minor;
    copy.status = this.status;
    copy.count = this.count;
    copy.bodyLength = this.bodyLength;
    copy.contentLength = this.contentLength;
    copy.keepAlive = this.keepAlive;
    copy.expectsContinue = this.expectsContinue;
    copy.upgrade = this.upgrade;
    copy.hostIndex = this.hostIndex;
    copy.hasConnection = this.hasConnection;
    copy.#state = this.#state;
    copy.#pos = this.#pos;
    copy.#mark = this.#mark;
    copy.#methodEnd = this.#methodEnd;
    copy.#targetStart = this.#targetStart;
    copy.#targetEnd = this.#targetEnd;
    copy.#authorityStart = this.#authorityStart;
    copy.#authorityEnd = this.#authorityEnd;
    copy.#reasonStart = this.#reasonStart;
    copy.#reasonEnd = this.#reasonEnd;
    copy.#offsets = this.#offsets.slice();
    copy.#numbers = this.#numbers.slice();
    copy.move(-this.start);
    return copy;
  }

  /**
   * Goes on with what `bytes[…, end)` holds. True once the head is complete (`this.end` says where).
   * @throws {HttpError} at the first byte that cannot be right.
   */
  parse(bytes: Uint8Array, end: number): boolean {
    this.bytes = bytes;
    let i = this.#pos;
    let state = this.#state;
    let stop = Math.min(end, this.start + this.#limits.head);
    while (i < stop) {
      switch (state) {
        case S_VALUE: {
          let byte = bytes[i]!;
          if (this.#mark < 0) {
            while (byte === SP || byte === TAB) {
              if (++i === stop) break;
              byte = bytes[i]!;
            }
            if (i === stop) break;
            this.#mark = i;
          }
          while ((classes[byte]! & VALUE) !== 0) {
            if (++i === stop) break;
            byte = bytes[i]!;
          }
          if (i === stop) break;
          if (byte !== CR) throw this.#bad(byte, "field value");
          const at = this.count * STRIDE;
          let last = i;
          while (last > this.#mark && (bytes[last - 1] === SP || bytes[last - 1] === TAB)) last--;
          this.#offsets[at + 2] = this.#mark;
          this.#offsets[at + 3] = last;
          this.#offsets[at + 4] = i + 2;
          i++;
          state = S_VALUE_LF;
          break;
        }
        case S_NAME: {
          let byte = bytes[i]!;
          while ((classes[byte]! & TOKEN) !== 0) {
            if (++i === stop) break;
            byte = bytes[i]!;
          }
          if (i === stop) break;
          if (byte !== COLON || i === this.#mark) throw this.#bad(byte, "field name");
          const at = this.count * STRIDE;
          this.#offsets[at] = this.#mark;
          this.#offsets[at + 1] = i;
          this.#numbers[this.count] = fieldNumber(bytes, this.#mark, i);
          this.#mark = -1;
          i++;
          state = S_VALUE;
          break;
        }
        case S_VALUE_LF:
          if (bytes[i] !== LF) throw new HttpError(400, "A carriage return stands inside a field");
          this.count++;
          i++;
          state = S_FIELD;
          break;
        case S_FIELD: {
          const byte = bytes[i]!;
          if (byte === CR) {
            i++;
            state = S_END_LF;
          } else if (byte === SP || byte === TAB) {
            throw new HttpError(
              400,
              "A header line begins with white space (folded lines are obsolete)",
            );
          } else {
            if (this.count >= this.#limits.fields) {
              throw new HttpError(431, `More than ${this.#limits.fields} header fields`);
            }
            if (this.count === this.#numbers.length) this.#grow();
            this.#mark = i;
            state = S_NAME;
          }
          break;
        }
        case S_END_LF:
          if (bytes[i] !== LF) throw new HttpError(400, "A carriage return stands alone");
          i++;
          this.end = i;
          this.#pos = i;
          this.#state = S_DONE;
          this.#finish();
          return true;
        case S_START:
          // One empty line before a request is forgiven (RFC 9112 section 2.2).
          if (bytes[i] === CR && i === this.start) {
            i++;
            state = S_START_LF;
          } else {
            this.#mark = i;
            state = S_METHOD;
          }
          break;
        case S_START_LF:
          if (bytes[i] !== LF) throw new HttpError(400, "A carriage return stands alone");
          i++;
          this.start = this.#mark = i;
          stop = Math.min(end, i + this.#limits.head);
          state = S_METHOD;
          break;
        case S_METHOD: {
          let byte = bytes[i]!;
          while ((classes[byte]! & TOKEN) !== 0) {
            if (++i === stop) break;
            byte = bytes[i]!;
          }
          if (i - this.#mark > MAX_METHOD) {
            throw new HttpError(501, "The method's name is too long");
          }
          if (i === stop) break;
          if (byte !== SP || i === this.#mark) throw this.#bad(byte, "method");
          this.#methodEnd = i;
          i++;
          this.#targetStart = i;
          state = S_TARGET;
          break;
        }
        case S_TARGET: {
          let byte = bytes[i]!;
          while ((classes[byte]! & TARGET) !== 0) {
            if (++i === stop) break;
            byte = bytes[i]!;
          }
          if (i - this.#targetStart > this.#limits.target) {
            throw new HttpError(414, `The address is longer than ${this.#limits.target} bytes`);
          }
          if (i === stop) break;
          if (byte !== SP || i === this.#targetStart) throw this.#bad(byte, "request target");
          this.#targetEnd = i;
          i++;
          this.#mark = i;
          state = S_VERSION;
          break;
        }
        case S_VERSION: {
          // Eight bytes, "HTTP/1.1", checked as they come.
          const at = i - this.#mark;
          const byte = bytes[i]!;
          if (at < 8) {
            if (at === 5 || at === 7) {
              if (byte < 48 || byte > 57) throw new HttpError(400, "The HTTP version is malformed");
              if (at === 5 && byte !== 49) this.status = 505;
              else if (at === 7) this.minor = byte === 48 ? 0 : 1;
            } else if (byte !== HTTP_1[at]) {
              throw new HttpError(400, "The HTTP version is malformed");
            }
            i++;
            break;
          }
          if (byte !== (this.kind === "request" ? CR : SP)) {
            throw new HttpError(400, "The HTTP version is malformed");
          }
          if (this.status === 505) {
            throw new HttpError(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here");
          }
          i++;
          this.#mark = i;
          state = this.kind === "request" ? S_LINE_LF : S_STATUS;
          break;
        }
        case S_STATUS: {
          const byte = bytes[i]!;
          if (i - this.#mark < 3) {
            if (byte < 48 || byte > 57) throw this.#bad(byte, "status code");
            this.status = this.status * 10 + byte - 48;
            i++;
            break;
          }
          if (this.status < 100 || this.status > 599) {
            throw new HttpError(400, `Status ${this.status} does not exist`);
          }
          if (byte === CR) {
            this.#reasonStart = this.#reasonEnd = i;
            i++;
            state = S_LINE_LF;
          } else if (byte === SP) {
            i++;
            this.#reasonStart = i;
            state = S_REASON;
          } else throw this.#bad(byte, "status code");
          break;
        }
        case S_REASON: {
          let byte = bytes[i]!;
          while ((classes[byte]! & VALUE) !== 0) {
            if (++i === stop) break;
            byte = bytes[i]!;
          }
          if (i === stop) break;
          if (byte !== CR) throw this.#bad(byte, "reason phrase");
          this.#reasonEnd = i;
          i++;
          state = S_LINE_LF;
          break;
        }
        case S_LINE_LF:
          if (bytes[i] !== LF) throw new HttpError(400, "A carriage return stands alone");
          i++;
          state = S_FIELD;
          break;
        default:
          throw new Error("Cannot parse on: the head is complete");
      }
    }
    this.#pos = i;
    this.#state = state;
    if (i - this.start >= this.#limits.head) {
      if (state === S_TARGET) throw new HttpError(414, "The address is too long");
      throw new HttpError(431, `The header is longer than ${this.#limits.head} bytes`);
    }
    return false;
  }

  #grow(): void {
    const offsets = new Int32Array(this.#offsets.length * 2);
    offsets.set(this.#offsets);
    const numbers = new Uint8Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    this.#offsets = offsets;
    this.#numbers = numbers;
  }

  #bad(byte: number, where: string): HttpError {
    if (byte === LF) return new HttpError(400, `A line ends without a carriage return (${where})`);
    if (byte === CR) return new HttpError(400, `A line ends too early (${where})`);
    return new HttpError(
      400,
      `Byte 0x${byte.toString(16).padStart(2, "0")} is not allowed in a ${where}`,
    );
  }

  /** Reads what frames the message, once all its fields are there. */
  #finish(): void {
    if (this.kind === "trailers") return;
    const numbers = this.#numbers;
    let coded = false;
    let lengths = 0;
    let upgradeField = false;
    let upgradeToken = false;
    let close = false;
    let keep = false;
    for (let i = 0; i < this.count; i++) {
      switch (numbers[i]) {
        case Field.host:
          if (this.hostIndex >= 0) throw new HttpError(400, "Two Host fields");
          this.hostIndex = i;
          break;
        case Field["content-length"]:
          if (lengths++ > 0) throw new HttpError(400, "Two Content-Length fields");
          this.contentLength = this.#readLength(i);
          break;
        case Field["transfer-encoding"]:
          coded = true;
          break;
        case Field.connection:
          this.hasConnection = true;
          for (const option of listOf(this.value(i))) {
            if (option === "close") close = true;
            else if (option === "keep-alive") keep = true;
            else if (option === "upgrade") upgradeToken = true;
          }
          break;
        case Field.upgrade:
          upgradeField = true;
          break;
        case Field.expect:
          if (this.kind === "request" && this.minor === 1) {
            if (this.value(i).toLowerCase() !== "100-continue") {
              throw new HttpError(417, "Only 100-continue can be expected here");
            }
            this.expectsContinue = true;
          }
          break;
        default:
      }
    }
    this.keepAlive = this.minor === 1 ? !close : keep && !close;
    this.upgrade = upgradeField && upgradeToken && this.minor === 1;
    if (this.kind === "request") this.#finishRequest(coded);
    else this.#finishResponse(coded);
  }

  #finishRequest(coded: boolean): void {
    if (coded) {
      if (this.minor === 0) {
        throw new HttpError(400, "Transfer-Encoding does not exist in HTTP/1.0");
      }
      if (this.contentLength >= 0) {
        throw new HttpError(
          400,
          "Both Transfer-Encoding and Content-Length say where the body ends",
        );
      }
      this.#checkCodings();
      this.bodyLength = CHUNKED;
    } else {
      this.bodyLength = Math.max(this.contentLength, 0);
    }
    if (this.bodyLength === 0) this.expectsContinue = false;
    if (this.hostIndex < 0) {
      if (this.minor === 1) throw new HttpError(400, "The Host field is missing");
    } else {
      const at = this.hostIndex * STRIDE;
      checkAuthority(this.bytes, this.#offsets[at + 2]!, this.#offsets[at + 3]!);
    }
    if (this.#methodEnd - this.start === 7 && this.method === "CONNECT") {
      throw new HttpError(501, "CONNECT is not offered here");
    }
    const first = this.bytes[this.#targetStart];
    if (first !== 47) this.#finishTarget();
  }

  /** Targets that are not a path: absolute-form and `*`. */
  #finishTarget(): void {
    const target = this.text(this.#targetStart, this.#targetEnd);
    if (target === "*") {
      if (this.method !== "OPTIONS") throw new HttpError(400, "Only OPTIONS can be asked of *");
      return;
    }
    const scheme = /^https?:\/\//i.exec(target);
    if (scheme === null) throw new HttpError(400, "The address must begin with / or http://");
    let end = scheme[0].length;
    while (end < target.length && target[end] !== "/" && target[end] !== "?") end++;
    this.#authorityStart = this.#targetStart + scheme[0].length;
    this.#authorityEnd = this.#targetStart + end;
    if (this.#authorityStart === this.#authorityEnd) {
      throw new HttpError(400, "The address names no host");
    }
    checkAuthority(this.bytes, this.#authorityStart, this.#authorityEnd);
    this.#targetStart += end;
  }

  #finishResponse(coded: boolean): void {
    if (this.status < 200 || this.status === 204 || this.status === 304) {
      this.bodyLength = 0;
      return;
    }
    if (coded) {
      if (this.minor === 0 || this.contentLength >= 0) {
        throw new HttpError(
          400,
          "The answer's Transfer-Encoding contradicts its version or Content-Length",
        );
      }
      this.#checkCodings();
      this.bodyLength = CHUNKED;
    } else {
      this.bodyLength = this.contentLength >= 0 ? this.contentLength : UNTIL_CLOSE;
    }
  }

  /**
   * Only `chunked` is known here, once, and last. All lines are one list (RFC 9110 section 5.3); nothing in it may be
   * empty, since others read `, chunked` as no coding at all.
   */
  #checkCodings(): void {
    const codings = listOf(this.getAll(Field["transfer-encoding"]).join(","));
    if (codings.includes("")) throw new HttpError(400, "A transfer coding is empty");
    if (codings[codings.length - 1] !== "chunked") {
      const unknown = codings.some((coding) => !KNOWN_CODINGS.includes(coding));
      // Where the body ends cannot be told once it is chunked and then coded again (RFC 9112 section 6.3).
      const status = unknown && !codings.includes("chunked") ? 501 : 400;
      throw new HttpError(status, "The last transfer coding must be chunked");
    }
    if (codings.indexOf("chunked") < codings.length - 1) {
      throw new HttpError(400, "The body is chunked twice");
    }
    if (codings.length > 1) {
      throw new HttpError(501, `Transfer coding ${codings[0]} is not known here`);
    }
  }

  #readLength(index: number): number {
    const at = index * STRIDE;
    const start = this.#offsets[at + 2]!;
    const end = this.#offsets[at + 3]!;
    let length = 0;
    // 15 digits stay below 2^53.
    if (end === start || end - start > 15) {
      throw new HttpError(400, "Content-Length is not a number");
    }
    for (let i = start; i < end; i++) {
      const digit = this.bytes[i]! - 48;
      if (digit < 0 || digit > 9) throw new HttpError(400, "Content-Length is not a number");
      length = length * 10 + digit;
    }
    return length;
  }

  /** Latin-1 text of `bytes[start, end)`. */
  text(start: number, end: number): string {
    return start === end ? "" : latin1(this.bytes, start, end);
  }

  get method(): string {
    const bytes = this.bytes;
    const start = this.start;
    if (
      this.#methodEnd - start === 3 && bytes[start] === 71 && bytes[start + 1] === 69 &&
      bytes[start + 2] === 84
    ) {
      return "GET";
    }
    return this.text(start, this.#methodEnd);
  }

  /** The target in origin-form (or `*`): of `http://host/path` it is `/path`. */
  get target(): string {
    const target = this.text(this.#targetStart, this.#targetEnd);
    return target.startsWith("/") || target === "*" ? target : "/" + target;
  }

  /** Whom the request is for: the target's authority if it has one, else Host; "" for neither. */
  get authority(): string {
    if (this.#authorityStart >= 0) return this.text(this.#authorityStart, this.#authorityEnd);
    return this.hostIndex >= 0 ? this.value(this.hostIndex) : "";
  }

  /** True for a target in absolute-form. */
  get absolute(): boolean {
    return this.#authorityStart >= 0;
  }

  /** Reason phrase of an answer. */
  get reason(): string {
    return this.text(this.#reasonStart, this.#reasonEnd);
  }

  /** The field number (see `Field`) of line `index`. */
  number(index: number): number {
    return this.#numbers[index]!;
  }

  /** Name of line `index`, in the case it came in. */
  name(index: number): string {
    const at = index * STRIDE;
    return this.text(this.#offsets[at]!, this.#offsets[at + 1]!);
  }

  /** Value of line `index`, without the white space around it. */
  value(index: number): string {
    const at = index * STRIDE;
    return this.text(this.#offsets[at + 2]!, this.#offsets[at + 3]!);
  }

  /** Where line `index` begins in `bytes`. */
  lineStart(index: number): number {
    return this.#offsets[index * STRIDE]!;
  }

  /** Where line `index` ends in `bytes`, after its CRLF. */
  lineEnd(index: number): number {
    return this.#offsets[index * STRIDE + 4]!;
  }

  /** Index of the first field with this number, -1 without one. */
  find(number: number): number {
    for (let i = 0; i < this.count; i++) if (this.#numbers[i] === number) return i;
    return -1;
  }

  /** First value of a field. */
  get(number: number): string | undefined {
    const index = this.find(number);
    return index < 0 ? undefined : this.value(index);
  }

  /** All values of a field, in order. */
  getAll(number: number): string[] {
    const values: string[] = [];
    for (let i = 0; i < this.count; i++) {
      if (this.#numbers[i] === number) values.push(this.value(i));
    }
    return values;
  }

  has(number: number): boolean {
    return this.find(number) >= 0;
  }

  /** Lower-case names that the Connection fields list (RFC 9110 section 7.6.1). */
  connectionOptions(): string[] {
    return listOf(this.getAll(Field.connection).join(",")).filter((option) => option !== "");
  }
}

/** Registered, but of no use where the body's end must be known. */
const KNOWN_CODINGS = ["gzip", "x-gzip", "deflate", "compress", "x-compress", "identity"];
const HTTP_1 = new TextEncoder().encode("HTTP/1.1");

/** Latin-1 text of `bytes[start, end)`. `TextDecoder("latin1")` would be windows-1252. */
export function latin1(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return latin1Slice.call(bytes as Buffer, start, end);
}

const latin1Slice = (Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}).latin1Slice;

/** The members of a list, in lower case. Only SP and TAB stand around them: `trim()` would eat byte 0xa0 too. */
function listOf(value: string): string[] {
  return value.toLowerCase().split(",").map((member) => {
    let start = 0;
    let end = member.length;
    while (start < end && (member[start] === " " || member[start] === "\t")) start++;
    while (end > start && (member[end - 1] === " " || member[end - 1] === "\t")) end--;
    return member.slice(start, end);
  });
}

/** Parses a whole head at once. @throws {HttpError} when it is malformed or not complete. */
export function parseHead(bytes: Uint8Array, kind: HeadKind, limits?: HeadLimits): Head {
  const head = new Head(limits);
  head.reset(kind, 0);
  if (!head.parse(bytes, bytes.length)) throw new HttpError(400, "The header ends too early");
  return head;
}
