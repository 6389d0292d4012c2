/** What waits to be written to one connection: one write for everything that one turn of the event loop made. @module */

import { giveBuffer, takeBuffer } from "./buffers.ts";
import { coarseNow } from "./clock.ts";
import type { Connection } from "./connection.ts";

const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

/** Above this many waiting bytes a producer is asked to wait. */
export const HIGH_WATER = 256 << 10;

/** A buffer with so much in it is full: `rotate` sets it aside. Larger writes gain little. */
const BLOCK = 192 << 10;

/**
 * The only writer of a connection. Bytes are copied in; a flush happens by itself at the end of the turn.
 * It holds a buffer only while something waits, so that an idle connection costs none.
 */
export class Outgoing {
  readonly #connection: Connection;
  readonly #onerror: (error: unknown) => void;
  #fill: Uint8Array<ArrayBuffer> = EMPTY;
  #length = 0;
  /** Full blocks that go before the fill buffer, and how many bytes they hold. */
  #blocks: Array<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly length: number }> = [];
  #blocked = 0;
  #sending = 0;
  #direct: Uint8Array<ArrayBuffer> | null = null;
  /** How much of the blocks and the fill buffer goes before the direct bytes; the rest goes after them. */
  #before = 0;
  #directDone: (() => void) | null = null;
  // What is being written: three parts at the most, and where the part under way is.
  #taken: Uint8Array<ArrayBuffer> = EMPTY;
  #takenDirect: Uint8Array<ArrayBuffer> | null = null;
  #split = 0;
  #part = 0;
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;
  #from = 0;
  #to = 0;
  #running = false;
  #scheduled = false;
  #failed = false;
  #waiting: Array<() => void> = [];
  /** Bytes handed to the kernel so far. */
  written = 0;
  /** When the kernel last took something (coarse ms), or when the write under way began. */
  progressAt = 0;

  /** `onerror` is called once, when a write fails; from then on everything put in vanishes. */
  constructor(connection: Connection, onerror: (error: unknown) => void) {
    this.#connection = connection;
    this.#onerror = onerror;
  }

  /** Bytes that the kernel has not taken yet. */
  get queued(): number {
    return this.#blocked + this.#length + this.#sending + (this.#direct?.length ?? 0);
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** A write is under way. */
  get busy(): boolean {
    return this.#running;
  }

  /** Makes room for `size` more bytes; write them to `buffer` from `length` on, then call `advance`. */
  reserve(size: number): void {
    const need = this.#length + size;
    if (need <= this.#fill.length) return;
    const grown = takeBuffer(Math.max(need, this.#fill.length * 2));
    if (this.#length > 0) grown.set(this.#fill.subarray(0, this.#length));
    if (this.#fill !== EMPTY) giveBuffer(this.#fill);
    this.#fill = grown;
  }

  /**
   * Where much waits, what comes next goes to a new buffer instead of a larger one. To be called between two things
   * that each must lie in one piece.
   */
  rotate(): void {
    if (this.#length < BLOCK) return;
    this.#blocks.push({ bytes: this.#fill, length: this.#length });
    this.#blocked += this.#length;
    this.#fill = EMPTY;
    this.#length = 0;
  }

  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#fill;
  }

  get length(): number {
    return this.#length;
  }

  advance(size: number): void {
    this.#length += size;
    if (!this.#scheduled) this.#schedule();
  }

  /** Copies `bytes[start, end)`. */
  put(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const size = end - start;
    if (size === 0) return;
    this.reserve(size);
    // Below some 50 bytes a loop beats making a view.
    if (size < 48) {
      const fill = this.#fill;
      let at = this.#length;
      for (let i = start; i < end; i++) fill[at++] = bytes[i]!;
    } else {
      this.#fill.set(
        start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end),
        this.#length,
      );
    }
    this.advance(size);
  }

  /** Copies Latin-1 text. */
  putText(text: string): void {
    const size = text.length;
    this.reserve(size);
    const at = this.#length;
    if (size < 16) {
      for (let i = 0; i < size; i++) this.#fill[at + i] = text.charCodeAt(i);
    } else {
      // Fits exactly if and only if it is ASCII.
      const { read, written } = encoder.encodeInto(text, this.#fill.subarray(at, at + size));
      if (read !== size || written !== size) {
        for (let i = 0; i < size; i++) this.#fill[at + i] = text.charCodeAt(i);
      }
    }
    this.advance(size);
  }

  /**
   * Sends `bytes` after all that waits, without copying them. Resolves when the kernel has taken them (or the
   * connection failed); until then the memory must stay as it is and no second call may be made.
   */
  send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#failed) return Promise.resolve();
    if (this.#direct !== null) throw new Error("Cannot send: an earlier send is not done");
    this.#direct = bytes;
    this.#before = this.#blocked + this.#length;
    const done = new Promise<void>((resolve) => this.#directDone = resolve);
    if (!this.#scheduled) this.#schedule();
    return done;
  }

  /** Resolves once less than `level` bytes wait, or the connection failed. */
  drained(level: number = HIGH_WATER / 2): Promise<void> {
    if (this.#failed || this.queued <= level) return Promise.resolve();
    return new Promise((resolve) => {
      const check = () => {
        if (this.#failed || this.queued <= level) resolve();
        else this.#waiting.push(check);
      };
      this.#waiting.push(check);
    });
  }

  /** Resolves once `written` is at least `total`, or the connection failed. */
  sent(total: number): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.#failed || this.written >= total) resolve();
        else this.#waiting.push(check);
      };
      check();
    });
  }

  #schedule(): void {
    this.#scheduled = true;
    if (!this.#running) queueMicrotask(this.#flush);
  }

  #flush = (): void => {
    this.#scheduled = false;
    if (this.#running) return;
    if (this.#failed) {
      this.#drop();
      return;
    }
    this.#running = true;
    this.progressAt = coarseNow();
    this.#takeUp();
  };

  // Writing goes by callbacks: an async function for each flush costs 0.5 µs and 500 bytes more.

  /** Takes all that waits: what was put in before the direct bytes, those, and what was put in after them. */
  #takeUp(): void {
    const block = this.#blocks.shift();
    if (block !== undefined) {
      this.#taken = block.bytes;
      this.#sending = block.length;
      this.#blocked -= block.length;
    } else if (this.#length > 0 || this.#direct !== null) {
      this.#taken = this.#fill;
      this.#sending = this.#length;
      this.#fill = EMPTY;
      this.#length = 0;
    } else {
      this.#running = this.#scheduled = false;
      return;
    }
    this.#takenDirect = this.#before <= this.#sending ? this.#direct : null;
    this.#split = this.#takenDirect === null ? this.#sending : this.#before;
    if (this.#takenDirect === null) this.#before -= this.#sending;
    this.#part = 0;
    this.#nextPart();
  }

  #nextPart(): void {
    while (this.#part < 3) {
      this.#part++;
      if (this.#part === 1 && this.#split > 0) return this.#write(this.#taken, 0, this.#split);
      if (this.#part === 2 && this.#takenDirect !== null) {
        return this.#write(this.#takenDirect, 0, this.#takenDirect.length);
      }
      if (this.#part === 3 && this.#split < this.#sending) {
        return this.#write(this.#taken, this.#split, this.#sending);
      }
    }
    this.#giveTaken();
    this.#sending = 0;
    if (this.#waiting.length > 0) this.#wake();
    this.#takeUp();
  }

  #write(bytes: Uint8Array<ArrayBuffer>, from: number, to: number): void {
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
    const whole = from === 0 && to === bytes.length;
    this.#connection.write(whole ? bytes : bytes.subarray(from, to)).then(
      this.#onwritten,
      this.#onerrored,
    );
  }

  #onwritten = (count: number): void => {
    if (this.#failed) return this.#giveTaken();
    this.written += count;
    this.progressAt = coarseNow();
    const from = this.#from + count;
    if (from < this.#to) return this.#write(this.#bytes, from, this.#to);
    if (this.#part === 2) {
      this.#direct = this.#takenDirect = null;
      const done = this.#directDone;
      this.#directDone = null;
      done?.();
    }
    this.#nextPart();
  };

  #onerrored = (error: unknown): void => {
    this.fail(error);
    this.#giveTaken();
  };

  /** The write under way is over: nothing reads its buffer any more. */
  #giveTaken(): void {
    if (this.#taken !== EMPTY) giveBuffer(this.#taken);
    this.#taken = EMPTY;
  }

  /** Gives up: writers that wait go on, nothing is sent any more. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#running = false;
    this.#sending = 0;
    this.#drop();
    this.#onerror(error);
  }

  #drop(): void {
    this.#scheduled = false;
    this.#length = this.#blocked = 0;
    for (const { bytes } of this.#blocks) giveBuffer(bytes);
    this.#blocks = [];
    if (this.#fill !== EMPTY) giveBuffer(this.#fill);
    this.#fill = EMPTY;
    this.#direct = null;
    this.#directDone?.();
    this.#directDone = null;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const check of waiting) check();
  }
}
