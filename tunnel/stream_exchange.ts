/** An HTTP exchange at the agent's end of a stream: what origins answer. @module */

import { type AbortReason, type Exchange, Field, type Head, statusLine } from "../http/mod.ts";
import { Reset } from "./frame.ts";
import type { Stream, StreamHandler } from "./stream.ts";

const NOTHING = new Uint8Array(0);
const CRLF = Uint8Array.of(13, 10);
const WRONG_LENGTH = "the body is not as long as Content-Length says";
const ANSWERED = "the answer is complete";
const encoder = new TextEncoder();
const CONTENT_LENGTH = encoder.encode("Content-Length: ");
const CONNECTION_UPGRADE = encoder.encode("Connection: Upgrade\r\n");
const CONTINUE = encoder.encode("HTTP/1.1 100 Continue\r\n\r\n");

/** See `Exchange`. It is the stream's handler as well. */
export class StreamExchange implements Exchange, StreamHandler {
  aborted = false;
  started = false;
  onabort: ((reason: AbortReason) => void) | null = null;
  hasBody = false;
  trailers: Uint8Array = NOTHING;

  readonly #stream: Stream;
  readonly #answer: (exchange: Exchange) => void;
  #head: Head | null = null;
  #id = "";
  #done = false;
  #isHead = false;
  #continueDue = false;
  #bodiless = false;
  #left = -1;
  /** 101 may be answered. */
  #upgradable = false;
  /** 101 was answered: plain bytes, of which ours have ended or not. */
  #raw = false;
  #bytesEnded = false;
  /** What Content-Length says is still to come of the request's body; -1 where it says nothing. */
  #due = -1;

  // The request's body: copied pieces, at most a window of them.
  #pieces: Uint8Array[] = [];
  #ended = false;
  /** There is no body, or null was given out: the origin has it all. */
  #isRead = false;
  #given = 0;
  #waiting: { resolve(piece: Uint8Array | null): void; reject(error: Error): void } | null = null;

  constructor(stream: Stream, answer: (exchange: Exchange) => void) {
    this.#stream = stream;
    this.#answer = answer;
  }

  get head(): Head {
    if (this.#head === null) throw new Error("Cannot read the head: the exchange has none yet");
    return this.#head;
  }

  keepHead(): Head {
    return this.#head = this.head.copy();
  }

  /** As the relay says. */
  get client(): string {
    return this.head.get(Field["x-real-ip"]) ?? "";
  }

  get id(): string {
    return this.#id;
  }

  // What the stream tells

  onhead(head: Head, end: boolean): void {
    if (this.#head !== null) return this.#stream.fail(Reset.PROTOCOL, "a second request head");
    this.#due = head.contentLength;
    if (end && this.#due > 0) return this.#stream.fail(Reset.PROTOCOL, WRONG_LENGTH);
    this.#head = head;
    this.#id = head.get(Field["x-request-id"]) ?? "";
    this.#upgradable = head.upgrade && !end;
    this.hasBody = !end && !this.#upgradable;
    this.#ended = end;
    this.#isRead = !this.hasBody;
    this.#isHead = head.method === "HEAD";
    this.#continueDue = head.expectsContinue || (!end && head.has(Field.expect));
    this.#answer(this);
  }

  ondata(bytes: Uint8Array, end: boolean): void {
    if (this.#head === null) return this.#stream.fail(Reset.PROTOCOL, "a body without a head");
    if (!this.#counts(bytes.length, end)) return;
    if (this.#upgradable && !this.started && bytes.length > 0) {
      return this.#stream.fail(Reset.PROTOCOL, "bytes before the answer 101");
    }
    this.#ended ||= end;
    if (this.#done || this.aborted) {
      // It is not wanted any more: credit keeps flowing, so that the visitor can finish.
      this.#stream.consumed(bytes.length);
      return;
    }
    if (bytes.length > 0) this.#pieces.push(bytes.slice());
    this.#give();
  }

  ontrailers(lines: Uint8Array): void {
    if (this.#head === null) return this.#stream.fail(Reset.PROTOCOL, "trailers without a head");
    if (!this.#counts(0, true)) return;
    this.trailers = lines;
    this.#ended = true;
    this.#give();
  }

  /** Whether the body is as long as Content-Length says. What follows it would be a request of its own to an origin. */
  #counts(size: number, end: boolean): boolean {
    if (this.#due < 0) return true;
    this.#due -= size;
    if (this.#due >= 0 && (!end || this.#due === 0)) return true;
    this.#stream.fail(Reset.PROTOCOL, WRONG_LENGTH);
    return false;
  }

  onreset(_code: number, message: string): void {
    if (this.aborted || this.#done) return;
    this.aborted = true;
    this.#pieces = [];
    this.#dismiss(message);
    this.onabort?.(message);
  }

  // What origins ask

  read(): Promise<Uint8Array | null> {
    if (this.aborted) return Promise.reject(unreadable("the visitor is gone"));
    if (this.#isRead) return Promise.resolve(null);
    if (this.#done) return Promise.reject(unreadable(ANSWERED));
    if (this.#waiting !== null) {
      return Promise.reject(new Error("Cannot read the body twice at a time"));
    }
    if (this.#continueDue && !this.started) {
      this.#continueDue = false;
      this.#stream.head(CONTINUE, false);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#give();
    });
  }

  /** Hands the next piece to who waits; the one before has been used by then. */
  #give(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    if (this.#given > 0) {
      this.#stream.consumed(this.#given);
      this.#given = 0;
    }
    const piece = this.#pieces.shift();
    if (piece === undefined && !this.#ended) return;
    this.#waiting = null;
    this.#given = piece?.length ?? 0;
    this.#isRead = piece === undefined;
    waiting.resolve(piece ?? null);
    if (this.#isRead && this.#bytesEnded) this.#finish();
  }

  /** A reader must not take this for the body's end. */
  #dismiss(why: string): void {
    this.#waiting?.reject(unreadable(why));
    this.#waiting = null;
  }

  inform(status: number, fields: Uint8Array): void {
    if (this.aborted || this.started) return;
    const out = this.#stream.openHead();
    out.put(statusLine(status));
    out.put(fields);
    out.put(CRLF);
    this.#stream.closeHead(false);
  }

  respond(status: number, fields: Uint8Array, body: Uint8Array | null, length?: number): void {
    if (this.aborted || this.started) return;
    const size = body?.length ?? 0;
    const whole = size === 0 || this.#isHead || status === 204 || status === 304;
    this.#putHead(status, fields, length ?? size, whole);
    if (whole) return this.#finish();
    const wait = this.#stream.write(body!, true);
    if (wait === undefined) this.#finish();
    else wait.then(() => this.#finish());
  }

  start(status: number, fields: Uint8Array, length: number, reason?: string): void {
    if (this.aborted || this.started) return;
    if (status === 101) {
      if (!this.#upgradable) return this.abort("an upgrade that was not asked for");
      this.#raw = true;
      this.#isRead = false;
    }
    this.#putHead(status, fields, status === 101 ? -1 : length, false, reason);
  }

  #putHead(
    status: number,
    fields: Uint8Array,
    length: number,
    end: boolean,
    reason?: string,
  ): void {
    this.started = true;
    this.#bodiless = this.#isHead || status === 204 || status === 304;
    this.#left = this.#bodiless ? 0 : length;
    const out = this.#stream.openHead();
    if (reason === undefined) out.put(statusLine(status));
    else out.putText(`HTTP/1.1 ${status} ${reason}\r\n`);
    out.put(fields);
    if (status === 101) out.put(CONNECTION_UPGRADE);
    if (length >= 0 && status !== 204) {
      out.put(CONTENT_LENGTH);
      out.putText(String(length));
      out.put(CRLF);
    }
    out.put(CRLF);
    this.#stream.closeHead(end);
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.aborted || this.#done || this.#bytesEnded) return undefined;
    if (this.#bodiless || chunk.length === 0) return undefined;
    if (this.#left >= 0) {
      if (chunk.length > this.#left) {
        this.abort("the answer's body is longer than its Content-Length");
        return undefined;
      }
      this.#left -= chunk.length;
    }
    return this.#stream.write(chunk);
  }

  end(trailers: Uint8Array = NOTHING): void {
    if (this.aborted || this.#done || this.#bytesEnded) return;
    if (this.#raw) {
      this.#bytesEnded = true;
      this.#stream.end();
      if (this.#isRead) this.#finish();
      return;
    }
    if (this.#left > 0) return this.abort("the answer's body is shorter than its Content-Length");
    this.#stream.trailers(this.#bodiless ? NOTHING : trailers);
    this.#finish();
  }

  abort(reason: AbortReason): void {
    if (this.aborted || this.#done) return;
    this.aborted = true;
    this.#pieces = [];
    this.#dismiss("the answer broke off");
    this.#stream.reset(Reset.ORIGIN, reason);
  }

  /** The answer is out. A body that still comes is read over. */
  #finish(): void {
    this.#done = true;
    let held = this.#given;
    for (const piece of this.#pieces) held += piece.length;
    this.#pieces = [];
    this.#given = 0;
    if (held > 0) this.#stream.consumed(held);
    this.#dismiss(ANSWERED);
  }
}

function unreadable(why: string): Error {
  return new Error(`Cannot read the body: ${why}`);
}
