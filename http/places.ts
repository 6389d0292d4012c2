/** A bounded number of places for peers that are not known yet, so shared that one address cannot take them all. @module */

import { networkOf } from "./admission.ts";

/** Who waits, by address, in the order in which they came. Loopback counts as every other address. */
export class Places<T> {
  readonly #limit: () => number;
  readonly #byAddress = new Map<string, Set<T>>();
  #size = 0;

  /** `limit`: how many there are; asked each time. */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** How many are taken. */
  get size(): number {
    return this.#size;
  }

  /** Everybody who has one. */
  all(): T[] {
    return [...this.#byAddress.values()].flatMap((them) => [...them]);
  }

  /**
   * Gives `who` a place. When there is none left, the oldest of the address that has most must go: it has lost its
   * place already.
   * @returns who goes, or null.
   */
  take(who: T, address: string): T | null {
    const key = networkOf(address);
    const them = this.#byAddress.get(key);
    if (them === undefined) this.#byAddress.set(key, new Set([who]));
    else them.add(who);
    return ++this.#size > this.#limit() ? this.#pushOut() : null;
  }

  /** `who` needs its place no more, or has lost it already. */
  leave(who: T, address: string): void {
    const key = networkOf(address);
    const them = this.#byAddress.get(key);
    if (them === undefined || !them.delete(who)) return;
    this.#size--;
    if (them.size === 0) this.#byAddress.delete(key);
  }

  #pushOut(): T | null {
    let busiest: string | null = null;
    let most = 0;
    for (const [key, { size }] of this.#byAddress) {
      if (size > most) [busiest, most] = [key, size];
    }
    if (busiest === null) return null;
    const [oldest] = this.#byAddress.get(busiest)!;
    this.leave(oldest!, busiest);
    return oldest!;
  }
}
