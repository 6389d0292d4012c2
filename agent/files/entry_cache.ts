/** The entries of the files asked for lately, within a bound of bytes. @module */

import { Buffer } from "node:buffer";
import { latin1 } from "../../http/mod.ts";
import type { Entry } from "./entry.ts";

/** What an entry costs besides its path, fields and content: objects and a place in the map. */
const OVERHEAD = 700;

/**
 * Entries by the path of the request as it came. Full, it drops those not used since it last went round
 * (the CLOCK algorithm): a hit costs one assignment, not a change of order.
 */
export class EntryCache {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** `limit` in bytes; 0 keeps nothing. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes held, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(path: string): Entry | undefined {
    const entry = this.#entries.get(path);
    if (entry !== undefined) entry.used = true;
    return entry;
  }

  /** Keeps an entry in place of an earlier one; drops others until it fits. */
  set(path: string, entry: Entry): void {
    this.delete(path);
    const cost = costOf(path, entry);
    // One entry must not push out most of the others.
    if (cost > this.#limit / 4) return;
    if (this.#bytes + cost > this.#limit) this.#makeRoom(cost);
    // A copy: the path may be a view into a target of 16 KiB, which would stay as long as it does.
    this.#entries.set(latin1(Buffer.from(path, "latin1")), entry);
    this.#bytes += cost;
  }

  delete(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    this.#bytes -= costOf(path, entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** At most two rounds: the first takes all marks away, and what it spares comes up again at the end. */
  #makeRoom(cost: number): void {
    for (const [path, entry] of this.#entries) {
      this.#entries.delete(path);
      if (entry.used) {
        entry.used = false;
        this.#entries.set(path, entry);
        continue;
      }
      this.#bytes -= costOf(path, entry);
      if (this.#bytes + cost <= this.#limit) return;
    }
  }
}

function costOf(path: string, entry: Entry): number {
  return OVERHEAD + path.length * 2 + entry.path.length * 2 + entry.fields.length +
    (entry.content?.length ?? 0);
}
