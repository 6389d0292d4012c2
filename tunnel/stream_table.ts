/** The streams of a session, by slot: one table for those that we open and one for the peer's. @module */

import type { Stream } from "./stream.ts";

export class StreamTable {
  /** The lowest bit of our streams' ids. */
  readonly parity: number;
  /** Streams that are open, both sides' together. */
  open = 0;
  readonly #own: Array<Stream | null> = [];
  readonly #peers: Array<Stream | null> = [];
  readonly #free: number[] = [];
  #generation = 0;

  constructor(side: "relay" | "agent") {
    this.parity = side === "agent" ? 1 : 0;
  }

  isOwn(id: number): boolean {
    return (id & 1) === this.parity;
  }

  find(id: number): Stream | null {
    const table = (id & 1) === this.parity ? this.#own : this.#peers;
    const stream = table[slotOf(id)];
    return stream !== undefined && stream !== null && stream.id === id ? stream : null;
  }

  /** An id for a stream of ours, which is to be set next. The lowest slots are used most. */
  newId(): number {
    const slot = this.#free.pop() ?? this.#own.length;
    this.#generation = this.#generation === 0xffff ? 1 : this.#generation + 1;
    return ((this.#generation << 16) | (slot << 1) | this.parity) >>> 0;
  }

  /** Whether another stream has the slot of a peer's `id`. */
  isTaken(id: number): boolean {
    const stream = this.#peers[slotOf(id)];
    return stream !== undefined && stream !== null;
  }

  set(stream: Stream): void {
    const table = this.isOwn(stream.id) ? this.#own : this.#peers;
    const slot = slotOf(stream.id);
    while (table.length <= slot) table.push(null);
    table[slot] = stream;
    this.open++;
  }

  /** @returns false when it was not there. */
  remove(stream: Stream): boolean {
    const own = this.isOwn(stream.id);
    const slot = slotOf(stream.id);
    const table = own ? this.#own : this.#peers;
    if (table[slot] !== stream) return false;
    table[slot] = null;
    if (own) this.#free.push(slot);
    this.open--;
    return true;
  }

  /** All that are open now. */
  all(): Stream[] {
    return [...this.#own, ...this.#peers].filter((stream) => stream !== null);
  }
}

/** The slot in a stream's id. */
export function slotOf(id: number): number {
  return (id & 0xffff) >> 1;
}
