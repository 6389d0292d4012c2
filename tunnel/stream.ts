/** One stream of a session: an HTTP exchange or a pair of byte flows, with credit in both directions. @module */

import type { Head, Outgoing } from "../http/mod.ts";
import { END, Frame, MAX_HEAD, MAX_WINDOW, Reset, STREAM_WINDOW } from "./frame.ts";
import type { Bulk } from "./bulk.ts";
import type { FrameWriter } from "./frame_writer.ts";
import { nextWindow, type WindowBudget } from "./flow.ts";
import type { Heartbeat } from "./heartbeat.ts";

/** What a stream tells its handler. Bytes and heads are valid only during the call. */
export interface StreamHandler {
  /** A head: the request, an interim answer, or the answer. `end`: no body follows. */
  onhead(head: Head, end: boolean): void;
  /**
   * Body bytes. Call `stream.consumed` for them, now or when they have gone further; not for those that come
   * with `end`, after which there is no credit to give.
   */
  ondata(bytes: Uint8Array, end: boolean): void;
  /** Trailer lines; nothing follows. */
  ontrailers(lines: Uint8Array): void;
  /** The stream is over before its time; `message` is for logs. Nothing follows. */
  onreset(code: number, message: string): void;
}

/** Up to this size a piece goes out at once, past the bulk that waits its turn. */
const SMALL = 16 << 10;

/** What a stream needs of the session that carries it. */
export interface StreamHost {
  readonly closed: boolean;
  readonly outgoing: Outgoing;
  readonly growth: WindowBudget;
  /** Round trips and the size of frames, as they are now. */
  readonly heartbeat: Pick<Heartbeat, "roundTrip">;
  readonly frames: FrameWriter;
  /** Turns to send what waits, and the credit of all streams. */
  readonly bulk: Bulk;
  /** Received bytes of any stream were consumed. */
  consumed(size: number): void;
  /** So many bytes of an answer to the peer's frames wait to be sent. */
  answered(size: number): void;
  /** The stream is over. */
  release(stream: Stream): void;
}

/** Made by a session. Each half closes with END, or both at once with a reset. */
export class Stream {
  readonly id: number;
  readonly session: StreamHost;
  /** Null once we reset it: what still comes is thrown away. */
  handler: StreamHandler | null = null;
  /** Opened here, and its first frame is not sent: the peer knows nothing of it. */
  unopened = false;
  /** Bytes of interim heads that came. */
  interim = 0;
  /** Waits in the session's ring. */
  queued = false;

  #sendCredit: number;
  /** We sent END or RESET. */
  #sendClosed = false;
  /** END or RESET came. */
  #receiveClosed = false;
  /** It was reset by either side. */
  #isReset = false;
  #isOver = false;
  /** Bytes that the peer may still send. */
  #receiveCredit = STREAM_WINDOW;
  #window = STREAM_WINDOW;
  /** The window counts: a body came that does not end at once. */
  #counted = false;
  /** Something waited when more came: the reader is slower than the peer. */
  #behind = false;
  /** Received and not yet consumed; consumed and not yet given back. */
  #held = 0;
  #pendingCredit = 0;
  #saidAt = 0;
  #drained = 0;
  // A write that waits for its turn or for credit.
  #pending: Uint8Array | null = null;
  #offset = 0;
  #endAfter = false;
  #done: (() => void) | null = null;

  constructor(session: StreamHost, id: number, sendCredit: number) {
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
    return this.session.frames.open();
  }

  /** Ends the HEAD frame. `end`: no body follows. A head that is too long is taken back, and the stream is reset. */
  closeHead(end: boolean): void {
    const { session } = this;
    if (this.#sendClosed) return session.frames.drop();
    if (session.frames.size > MAX_HEAD) {
      session.frames.drop();
      return this.fail(Reset.PROTOCOL, "the head is too long for the tunnel");
    }
    session.frames.close(end ? Frame.HEAD | END : Frame.HEAD, this.id);
    this.unopened = false;
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
    this.#checkTurn();
    const session = this.session;
    const size = bytes.length;
    if (size <= SMALL && size <= this.#sendCredit && size <= session.bulk.credit) {
      this.#putData(bytes, 0, size, end);
      return session.bulk.isCrowded && !end ? session.outgoing.drained() : undefined;
    }
    this.#pending = bytes;
    this.#offset = 0;
    this.#endAfter = end;
    session.bulk.enqueue(this);
    if (this.#pending === null) return undefined;
    return new Promise((resolve) => this.#done = resolve);
  }

  /** Says that nothing more comes. */
  end(): void {
    if (this.#sendClosed) return;
    this.#checkTurn();
    this.#putData(EMPTY, 0, 0, true);
  }

  /** Trailer lines, which end this half. */
  trailers(lines: Uint8Array): void {
    if (this.#sendClosed) return;
    if (lines.length === 0) return this.end();
    this.#checkTurn();
    this.session.frames.open().put(lines);
    this.session.frames.close(Frame.TRAILERS | END, this.id);
    this.#closeSend();
  }

  /**
   * Ends both halves at once: nothing is sent any more, and what still comes is thrown away. The slot is free when
   * the peer has said that it is done too. Idempotent.
   */
  reset(code: number, message = ""): void {
    this.handler = null;
    this.#letGo();
    if (this.#isReset || this.#isOver) return;
    this.#isReset = true;
    if (this.unopened) this.#receiveClosed = true;
    else this.#putReset(code, message);
    this.#closeSend();
    this.#settle();
  }

  /** Resets, and tells the handler as if the peer had done it. */
  fail(code: number, message: string): void {
    const handler = this.handler;
    this.reset(code, message);
    handler?.onreset(code, message);
  }

  /** Sends the next frame of what waits. @returns true when more waits. */
  sendSome(limit: number): boolean {
    const pending = this.#pending;
    if (pending === null) return false;
    const size = Math.min(
      limit,
      pending.length - this.#offset,
      this.#sendCredit,
      this.session.bulk.credit,
    );
    const last = this.#offset + size === pending.length;
    if (size === 0 && !last) return false;
    this.#putData(pending, this.#offset, this.#offset + size, last && this.#endAfter);
    this.#offset += size;
    if (!last) return this.#sendCredit > 0;
    this.#settle();
    return false;
  }

  #checkTurn(): void {
    if (this.#pending !== null) throw new Error("Cannot go on: an earlier write waits");
  }

  #putData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const session = this.session;
    session.frames.open().put(bytes, start, end);
    session.frames.close(last ? Frame.DATA | END : Frame.DATA, this.id);
    this.#sendCredit -= end - start;
    session.bulk.credit -= end - start;
    if (last) this.#closeSend();
  }

  #putReset(code: number, message: string): void {
    const out = this.session.frames.open();
    out.putText(String.fromCharCode(code >> 8, code & 255));
    out.put(encoder.encode(message.slice(0, 256)));
    this.session.answered(this.session.frames.size);
    this.session.frames.close(Frame.RESET, this.id);
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
    if (this.#pending !== null) this.session.bulk.enqueue(this);
    return this.#sendCredit <= MAX_WINDOW;
  }

  receiveHead(head: Head, end: boolean): void {
    if (end) this.closeReceive();
    this.handler?.onhead(head, end);
  }

  /** False when the peer sent more than it may. */
  receiveData(bytes: Uint8Array, end: boolean): boolean {
    const size = bytes.length;
    this.#receiveCredit -= size;
    if (this.#receiveCredit < 0) return false;
    const handler = this.handler;
    if (end || handler === null) this.session.consumed(size);
    else {
      this.#held += size;
      if (!this.#counted) this.#count();
    }
    if (end) this.closeReceive();
    handler?.ondata(bytes, end);
    if (this.#held > 0) this.#behind = true;
    return true;
  }

  receiveTrailers(lines: Uint8Array): void {
    this.closeReceive();
    this.handler?.ontrailers(lines);
  }

  /** The peer reset it, or its session is over. A reset that finds our half open is answered. */
  receiveReset(code: number, message: string): void {
    const handler = this.handler;
    this.handler = null;
    this.#letGo();
    if (!this.#sendClosed && !this.session.closed) this.#putReset(Reset.ANSWER, "");
    this.#isReset = this.#sendClosed = true;
    this.closeReceive();
    handler?.onreset(code, message);
  }

  /** The peer sends nothing more on it. */
  closeReceive(): void {
    this.#receiveClosed = true;
    if (this.#sendClosed) this.#over();
  }

  /**
   * `size` received bytes have gone further and hold no memory here any more. The credit for them goes back: more,
   * where a window was used within a few round trips, less, where its reader is slow or many share the memory.
   */
  consumed(size: number): void {
    if (size > this.#held) size = this.#held;
    if (size === 0) return;
    this.#held -= size;
    if (this.#isOver) {
      if (this.#held === 0) this.#letGo();
      return;
    }
    this.session.consumed(size);
    if (this.#receiveClosed) return;
    this.#pendingCredit += size;
    if (this.#pendingCredit * 2 < this.#window) return;
    const now = performance.now();
    this.#drained += this.#pendingCredit;
    const window = nextWindow(this.#window, {
      total: this.#drained,
      took: now - this.#saidAt,
      quick: this.session.heartbeat.roundTrip * 4 + 1,
      behind: this.#behind,
    });
    const give = this.#pendingCredit + window - this.#window;
    this.session.growth.change(this.#window, window);
    this.#window = window;
    this.#pendingCredit = 0;
    this.#behind = this.#held > 0;
    this.#saidAt = now;
    if (give === 0) return;
    this.#receiveCredit += give;
    this.session.frames.window(this.id, give);
  }

  #count(): void {
    this.#counted = true;
    this.#saidAt = performance.now();
    this.session.growth.change(0, this.#window);
  }

  /**
   * Both halves are closed: the slot is free again. What is held may lie in memory for long yet, so the window counts
   * until then; the session's credit goes back now, or readers that stall would use it up.
   */
  #over(): void {
    if (this.#held > 0) this.session.consumed(this.#held);
    this.#isOver = true;
    if (this.#held === 0) this.#letGo();
    this.session.release(this);
    this.#settle();
  }

  /** Nothing is held for it any more. */
  #letGo(): void {
    if (this.#held > 0 && !this.#isOver) this.session.consumed(this.#held);
    this.#held = 0;
    if (this.#counted) this.session.growth.change(this.#window, 0);
    this.#counted = false;
  }
}

const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();
