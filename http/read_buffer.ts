/** What was read from one connection and is not yet used up, in a buffer that is small at rest. @module */

import { giveBuffer, takeBuffer } from "./buffers.ts";

/**
 * The bytes are `bytes[start, end)`. A read goes to `space()`, and `filled` says how much it brought. Pieces that are
 * handed out are views of `bytes`: buffers that may be looked at are left as they are, and only `rest` gives one back.
 */
export class ReadBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  start = 0;
  end = 0;
  /** The last read filled all of its room: more is there. */
  full = false;
  readonly #atRest: number;

  /** @param atRest bytes of the buffer while little comes. */
  constructor(atRest: number) {
    this.#atRest = atRest;
    this.bytes = new Uint8Array(atRest);
  }

  /** How many bytes are held. */
  get size(): number {
    return this.end - this.start;
  }

  /** How many more have room. */
  get room(): number {
    return this.bytes.length - this.end;
  }

  /** Where the next read puts its bytes. */
  space(): Uint8Array<ArrayBuffer> {
    return this.end === 0 ? this.bytes : this.bytes.subarray(this.end);
  }

  /** A read brought so many bytes. */
  filled(count: number): void {
    this.end += count;
    this.full = this.end === this.bytes.length;
  }

  /** What is held is used up. */
  clear(): void {
    this.start = this.end = 0;
  }

  /** Clears, and goes back to the size at rest. No view of the buffer may be in use. */
  rest(): void {
    if (this.bytes.length > this.#atRest) {
      giveBuffer(this.bytes);
      this.bytes = new Uint8Array(this.#atRest);
    }
    this.clear();
  }

  /** All is used up: the next read goes to the front of a buffer of so many bytes that is not `kept`. */
  makeRoom(size: number, kept: Uint8Array): void {
    const { length } = this.bytes;
    const fits = size === this.#atRest ? length === size : length >= size;
    if (!fits || this.bytes === kept) this.replace(size);
    this.clear();
  }

  /** Goes on in another buffer, of `size` bytes at least, with what lies from `from` on. */
  replace(size: number, from: number = this.start): void {
    const next = size <= this.#atRest ? new Uint8Array(this.#atRest) : takeBuffer(size);
    if (this.end > from) next.set(this.bytes.subarray(from, this.end));
    this.end -= from;
    this.start = Math.max(0, this.start - from);
    this.bytes = next;
  }

  /** Brings what is held to the front: of another buffer, where `size` is not the size of this one. */
  resize(size: number): void {
    if (size !== this.bytes.length) return this.replace(size);
    if (this.start > 0 && this.end > this.start) this.bytes.copyWithin(0, this.start, this.end);
    this.end -= this.start;
    this.start = 0;
  }
}
