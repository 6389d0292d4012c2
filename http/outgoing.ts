/** What waits to be written to one connection: one write for everything that one turn of the event loop made. @module */

import { giveBuffer, takeBuffer } from "./buffers.ts";
import { coarseNow } from "./clock.ts";
import type { Connection } from "./connection.ts";

const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

/** Above this many waiting bytes a producer is asked to wait. */
export const HIGH_WATER = 256 << 10;

/**
 * The only writer of a connection. Bytes are copied in; a flush happens by itself at the end of the turn.
 * It holds a buffer only while something waits, so that an idle connection costs none.
 */
export class Outgoing {
  readonly #connection: Connection;
  readonly #onerror: (error: unknown) => void;
  #fill: Uint8Array<ArrayBuffer> = EMPTY;
  #length = 0;
  #sending = 0;
  #direct: Uint8Array<ArrayBuffer> | null = null;
  /** How much of the fill buffer goes before the direct bytes; the rest goes after them. */
  #before = 0;
  #directDone: (() => void) | null = null;
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
    return this.#length + this.#sending + (this.#direct?.length ?? 0);
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
    const grown = takeBuffer(Math.max(need, Math.min(this.#fill.length * 2, 1 << 20)));
    if (this.#length > 0) grown.set(this.#fill.subarray(0, this.#length));
    if (this.#fill !== EMPTY) giveBuffer(this.#fill);
    this.#fill = grown;
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
    this.#before = this.#length;
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
    this.#run();
  };

  async #run(): Promise<void> {
    try {
      for (;;) {
        if (this.#length > 0) {
          const buffer = this.#fill;
          const size = this.#length;
          this.#fill = EMPTY;
          this.#length = 0;
          const direct = this.#direct;
          const before = direct === null ? size : this.#before;
          this.#sending = size;
          if (before > 0) await this.#writeAll(buffer, 0, before);
          if (direct !== null) await this.#sendDirect(direct);
          if (before < size) await this.#writeAll(buffer, before, size);
          this.#sending = 0;
          giveBuffer(buffer);
        } else if (this.#direct !== null) {
          await this.#sendDirect(this.#direct);
        } else {
          break;
        }
        if (this.#waiting.length > 0) this.#wake();
      }
      this.#running = false;
      this.#scheduled = false;
    } catch (error) {
      this.fail(error);
    }
  }

  async #sendDirect(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#writeAll(bytes, 0, bytes.length);
    this.#direct = null;
    const done = this.#directDone;
    this.#directDone = null;
    done?.();
  }

  async #writeAll(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<void> {
    let offset = start;
    while (offset < end) {
      const count = await this.#connection.write(
        offset === 0 && end === bytes.length ? bytes : bytes.subarray(offset, end),
      );
      offset += count;
      this.written += count;
      this.progressAt = coarseNow();
    }
  }

  /** Gives up: whoever waits goes on, nothing is sent any more. */
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
    this.#length = 0;
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
