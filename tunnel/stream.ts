/** One stream of a session: an HTTP exchange or a pair of byte flows, with credit in both directions. @module */

import type { Head, Outgoing } from "../http/mod.ts";
import { END, Frame, MAX_STREAM_WINDOW, STREAM_WINDOW } from "./frame.ts";
import type { Session } from "./session.ts";

/** What a stream tells whoever works with it. Bytes and heads are valid only during the call. */
export interface StreamHandler {
  /** A head: the request, an interim answer, or the answer. `end`: no body follows. */
  onhead(head: Head, end: boolean): void;
  /** Body bytes. Call `stream.consumed` for them, now or when they have gone further. */
  ondata(bytes: Uint8Array, end: boolean): void;
  /** Trailer lines; nothing follows. */
  ontrailers(lines: Uint8Array): void;
  /** The stream is over before its time; `message` is for logs. Nothing follows. */
  onreset(code: number, message: string): void;
}

/** Up to this size a piece goes out at once, past the bulk that waits its turn. */
const SMALL = 16 << 10;

/** Made by a session. Both halves close with END, or both at once with a reset. */
export class Stream {
  readonly id: number;
  readonly session: Session;
  handler: StreamHandler | null = null;

  #sendCredit: number;
  #sendClosed = false;
  #receiveClosed = false;
  /** Bytes that the peer may still send. */
  #receiveCredit = STREAM_WINDOW;
  #window = STREAM_WINDOW;
  /** Received and not yet consumed; consumed and not yet given back. */
  #held = 0;
  #unsaid = 0;
  #saidAt = 0;
  // A write that waits for its turn or for credit.
  #pending: Uint8Array | null = null;
  #offset = 0;
  #endAfter = false;
  #done: (() => void) | null = null;
  /** Waits in the session's ring. */
  queued = false;

  constructor(session: Session, id: number, sendCredit: number) {
    this.session = session;
    this.id = id;
    this.#sendCredit = sendCredit;
  }

  /** Nothing can be sent any more. */
  get sendClosed(): boolean {
    return this.#sendClosed;
  }

  get receiveClosed(): boolean {
    return this.#receiveClosed;
  }

  // Sending

  /** Begins a HEAD frame: put the head's bytes into what it returns, then call `closeHead` in the same turn. */
  openHead(): Outgoing {
    return this.session.openFrame();
  }

  /** Ends the HEAD frame. `end`: no body follows. */
  closeHead(end: boolean): void {
    this.session.closeFrame(end ? Frame.HEAD | END : Frame.HEAD, this.id);
    if (end) this.#closeSend();
  }

  /** Sends a head given as bytes. */
  head(bytes: Uint8Array, end: boolean): void {
    if (this.#sendClosed) return;
    this.openHead().put(bytes);
    this.closeHead(end);
  }

  /**
   * Sends body bytes. `undefined`: taken. A promise: wait for it before the next call and before the memory is
   * used again; it resolves also when the stream is reset.
   */
  write(bytes: Uint8Array, end = false): Promise<void> | undefined {
    if (this.#sendClosed) return undefined;
    const session = this.session;
    const size = bytes.length;
    if (size <= SMALL && size <= this.#sendCredit && size <= session.sendCredit) {
      this.#putData(bytes, 0, size, end);
      return session.crowded && !end ? session.outgoing.drained() : undefined;
    }
    this.#pending = bytes;
    this.#offset = 0;
    this.#endAfter = end;
    session.enqueue(this);
    if (this.#pending === null) return undefined;
    return new Promise((resolve) => this.#done = resolve);
  }

  /** Says that nothing more comes. */
  end(): void {
    if (!this.#sendClosed) this.#putData(EMPTY, 0, 0, true);
  }

  /** Trailer lines, which end this half. */
  trailers(lines: Uint8Array): void {
    if (this.#sendClosed) return;
    if (lines.length === 0) return this.end();
    this.session.openFrame().put(lines);
    this.session.closeFrame(Frame.TRAILERS | END, this.id);
    this.#closeSend();
  }

  /** Ends both halves at once. Idempotent. */
  reset(code: number, message = ""): void {
    if (this.#sendClosed && this.#receiveClosed) return;
    const out = this.session.openFrame();
    out.putText(String.fromCharCode(code >> 8, code & 255));
    out.put(encoder.encode(message.slice(0, 256)));
    this.session.closeFrame(Frame.RESET, this.id);
    this.#over();
  }

  /** Sends the next frame of what waits. @returns true when more waits. */
  sendSome(limit: number): boolean {
    const pending = this.#pending;
    if (pending === null) return false;
    const size = Math.min(
      limit,
      pending.length - this.#offset,
      this.#sendCredit,
      this.session.sendCredit,
    );
    const last = this.#offset + size === pending.length;
    if (size === 0 && !last) return false;
    this.#putData(pending, this.#offset, this.#offset + size, last && this.#endAfter);
    this.#offset += size;
    if (!last) return this.#sendCredit > 0;
    this.#settle();
    return false;
  }

  #putData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const session = this.session;
    session.openFrame().put(bytes, start, end);
    session.closeFrame(last ? Frame.DATA | END : Frame.DATA, this.id);
    this.#sendCredit -= end - start;
    session.sendCredit -= end - start;
    if (last) this.#closeSend();
  }

  #settle(): void {
    this.#pending = null;
    const done = this.#done;
    this.#done = null;
    done?.();
  }

  #closeSend(): void {
    this.#sendClosed = true;
    if (this.#receiveClosed) this.#over();
  }

  // Receiving: called by the session

  /** More credit. False when it is absurd. */
  credit(size: number): boolean {
    this.#sendCredit += size;
    if (this.#pending !== null) this.session.enqueue(this);
    return this.#sendCredit <= MAX_CREDIT;
  }

  receiveHead(head: Head, end: boolean): void {
    if (end) this.#closeReceive();
    this.handler?.onhead(head, end);
  }

  /** False when the peer sent more than it may. */
  receiveData(bytes: Uint8Array, end: boolean): boolean {
    const size = bytes.length;
    this.#receiveCredit -= size;
    if (this.#receiveCredit < 0) return false;
    this.#held += size;
    if (end) this.#closeReceive();
    this.handler?.ondata(bytes, end);
    return true;
  }

  receiveTrailers(lines: Uint8Array): void {
    this.#closeReceive();
    this.handler?.ontrailers(lines);
  }

  receiveReset(code: number, message: string): void {
    this.#over();
    this.handler?.onreset(code, message);
  }

  #closeReceive(): void {
    this.#receiveClosed = true;
    if (this.#sendClosed) this.#over();
  }

  /**
   * `size` received bytes have gone further and hold no memory here any more. The credit for them goes back, and
   * more where the peer used a whole window within a few round trips.
   */
  consumed(size: number): void {
    if (this.#held === 0) return;
    this.#held -= size;
    this.session.consumed(size);
    if (this.#receiveClosed) return;
    this.#unsaid += size;
    if (this.#unsaid * 2 < this.#window) return;
    const now = performance.now();
    const quick = now - this.#saidAt < this.session.roundTrip * 4 + 1;
    this.#saidAt = now;
    let give = this.#unsaid;
    if (quick && this.#window < MAX_STREAM_WINDOW && this.session.growth.take(this.#window)) {
      give += this.#window;
      this.#window *= 2;
    }
    this.#unsaid = 0;
    this.#receiveCredit += give;
    this.session.sendWindow(this.id, give);
  }

  /** Both halves are closed: the id is free again. */
  #over(): void {
    this.#sendClosed = this.#receiveClosed = true;
    if (this.#window > STREAM_WINDOW) this.session.growth.give(this.#window - STREAM_WINDOW);
    this.#window = STREAM_WINDOW;
    if (this.#held > 0) this.session.consumed(this.#held);
    this.#held = 0;
    this.session.release(this);
    this.#settle();
  }
}

const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();
/** More credit than this nobody grants in good faith. */
const MAX_CREDIT = 2 ** 31 - 1;
