/** Two connected ends of a connection in memory: bounded like a socket, cut into pieces as a test likes, stalled or broken at will. @module */

import { setImmediate } from "node:timers";
import type { Connection, Endpoint } from "../../http/mod.ts";

/** How a pipe behaves. */
export interface PipeOptions {
  /** Bytes that wait for a reader, in each direction, before writes wait too. */
  readonly capacity?: number;
  /** How many of `available` bytes the next read gives, at least 1. Default: all that fit. */
  readonly cut?: (available: number) => number;
}

const HERE: Endpoint = { address: "127.0.0.1", port: 1 };

/** One direction: what was written and not read yet. */
class Lane {
  readonly #capacity: number;
  readonly #cut: (available: number) => number;
  readonly #pieces: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #broken: Error | null = null;
  #stalled = false;
  #wake: Array<() => void> = [];
  /** All bytes that ever passed the writer. */
  written = 0;

  constructor({ capacity = 64 << 10, cut = (available) => available }: PipeOptions) {
    this.#capacity = capacity;
    this.#cut = cut;
  }

  get size(): number {
    return this.#size;
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const go of wake) go();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  async read(into: Uint8Array, isClosed: () => boolean): Promise<number | null> {
    // As with a socket, nothing arrives within the turn in which it was asked for.
    await turn();
    for (;;) {
      if (isClosed()) throw new Deno.errors.Interrupted("the end was closed");
      if (this.#broken !== null) throw this.#broken;
      if (!this.#stalled && this.#size > 0) {
        const available = Math.min(this.#size, into.length);
        const count = Math.max(1, Math.min(available, this.#cut(available)));
        this.#take(into, count);
        this.#notify();
        return count;
      }
      if (!this.#stalled && this.#ended) return null;
      await this.#changed();
    }
  }

  #take(into: Uint8Array, count: number): void {
    let at = 0;
    while (at < count) {
      const piece = this.#pieces[0]!;
      const size = Math.min(piece.length, count - at);
      into.set(piece.subarray(0, size), at);
      at += size;
      if (size === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(size);
    }
    this.#size -= count;
  }

  async write(bytes: Uint8Array, isClosed: () => boolean): Promise<number> {
    for (;;) {
      if (isClosed()) throw new Deno.errors.Interrupted("the end was closed");
      if (this.#broken !== null) throw this.#broken;
      if (this.#ended) throw new Deno.errors.BrokenPipe("nobody reads any more");
      const room = this.#capacity - this.#size;
      if (room > 0) {
        const count = Math.min(room, bytes.length);
        this.#pieces.push(bytes.slice(0, count));
        this.#size += count;
        this.written += count;
        this.#notify();
        return count;
      }
      await this.#changed();
    }
  }

  /** Nothing more comes. With `discard` nobody wants what is left either. */
  end(discard = false): void {
    this.#ended = true;
    if (discard) {
      this.#pieces.length = 0;
      this.#size = 0;
    }
    this.#notify();
  }

  break(error: Error): void {
    this.#broken = error;
    this.#notify();
  }

  set stalled(value: boolean) {
    this.#stalled = value;
    this.#notify();
  }

  /** Pending calls look at the state again. */
  poke(): void {
    this.#notify();
  }
}

/** One end of a pipe. */
export class PipeEnd implements Connection {
  readonly remote: Endpoint = HERE;
  readonly local: Endpoint = HERE;
  readonly secure = false;
  readonly #in: Lane;
  readonly #out: Lane;
  #closed = false;
  #resolve!: () => void;
  /** Resolves when this end was closed by its owner. */
  readonly whenClosed: Promise<void> = new Promise((resolve) => this.#resolve = resolve);

  constructor(incoming: Lane, outgoing: Lane) {
    this.#in = incoming;
    this.#out = outgoing;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes that this end wrote so far. */
  get written(): number {
    return this.#out.written;
  }

  /** Bytes that this end wrote and the other has not read. */
  get waiting(): number {
    return this.#out.size;
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#in.read(into, () => this.#closed);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    return this.#out.write(bytes, () => this.#closed);
  }

  closeWrite(): Promise<void> {
    if (!this.#closed) this.#out.end();
    return Promise.resolve();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#out.end();
    this.#in.end(true);
    this.#resolve();
  }

  /** Like a reset by the network: both ends get an error. */
  break(): void {
    const error = new Deno.errors.ConnectionReset("the connection was reset");
    this.#in.break(error);
    this.#out.break(error);
  }

  /** While true, this end reads nothing. */
  set stalled(value: boolean) {
    this.#in.stalled = value;
  }
}

/** Makes both ends. */
export function pipe(options: PipeOptions = {}): [PipeEnd, PipeEnd] {
  const there = new Lane(options);
  const back = new Lane(options);
  return [new PipeEnd(back, there), new PipeEnd(there, back)];
}

/** Waits until `condition` holds, looking again each turn of the event loop. @throws {Error} after `turns`. */
export async function until(
  condition: () => boolean,
  what: string,
  turns = 20_000,
): Promise<void> {
  for (let i = 0; i < turns; i++) {
    if (condition()) return;
    await turn();
  }
  throw new Error(`Never happened: ${what}`);
}

/** One turn of the event loop: everything that could run without waiting for anything has run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
