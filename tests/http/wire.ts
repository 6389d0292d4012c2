/** A connection in memory for the server's tests: no socket, every split of the bytes as the test says. @module */

import assert from "node:assert/strict";
import type { Connection } from "../../http/connection.ts";
import { textOf } from "./visitor.ts";

/** Reads give the pieces in order, then the end. */
export class Wire implements Connection {
  readonly remote = { address: "127.0.0.1", port: 1 };
  readonly local = { address: "127.0.0.1", port: 2 };
  readonly secure: boolean;
  written = "";
  finished = false;
  readonly closed: Promise<void>;
  readonly #pieces: Uint8Array[];
  #close!: () => void;
  #isClosed = false;
  #reading = false;
  #writing = false;

  constructor(pieces: readonly Uint8Array[], secure = false) {
    this.secure = secure;
    this.#pieces = [...pieces];
    this.closed = new Promise((resolve) => this.#close = resolve);
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    assert(!this.#reading, "two reads at a time");
    assert(into.length > 0, "a read without room");
    this.#reading = true;
    await Promise.resolve();
    this.#reading = false;
    if (this.#isClosed) throw new Deno.errors.Interrupted();
    const piece = this.#pieces.shift();
    if (piece === undefined) return null;
    const size = Math.min(piece.length, into.length);
    into.set(piece.subarray(0, size));
    if (size < piece.length) this.#pieces.unshift(piece.subarray(size));
    return size;
  }

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    assert(!this.#writing, "two writes at a time");
    assert(!this.finished, "a write after the end");
    this.#writing = true;
    await Promise.resolve();
    this.#writing = false;
    if (this.#isClosed) throw new Deno.errors.Interrupted();
    this.written += textOf(bytes);
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    this.finished = true;
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
    this.#close();
  }
}
