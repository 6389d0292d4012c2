/** Spaces the challenges of networks that ask for them again and again, and prove nothing. @module */

import { networkOf } from "../../http/mod.ts";

interface Entry {
  /** Challenges that led to no sign-in, less what was forgiven since. */
  wasted: number;
  /** When they were counted last, and when the next challenge is due: ms by the pace's clock. */
  at: number;
  next: number;
}

/** So many may be wasted at once: agents break off where networks do. */
const FREE = 100;
/** Forgiven in a second. */
const FORGIVEN = 1;
/** More are not remembered. */
const MOST_WASTED = 200;
/** Between two challenges then, in ms. */
const SPACING = 20;
/** Networks that are remembered; the one that was counted longest ago gives way. */
const MOST_NETWORKS = 16_384;

/** Counts by network, loopback too. */
export class HelloPace {
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();

  /** `now`: a clock in ms that does not go back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Networks that are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * For how long a challenge to `address` waits, in ms: 0 mostly. Up to `patience` the turn is taken by this call; where
   * it would be longer nothing is taken: refuse, and say when to come back.
   */
  turnOf(address: string, patience: number): number {
    const entry = this.#entries.get(networkOf(address));
    const now = this.#now();
    if (entry === undefined || left(entry, now) <= FREE) return 0;
    const wait = Math.max(0, entry.next - now);
    if (wait <= patience) entry.next = now + wait + SPACING;
    return wait;
  }

  /** A challenge to `address` led to no sign-in. */
  wasted(address: string): void {
    const network = networkOf(address);
    const now = this.#now();
    const entry = this.#entries.get(network) ?? { wasted: 0, at: now, next: now };
    entry.wasted = Math.min(left(entry, now) + 1, MOST_WASTED);
    entry.at = now;
    this.#entries.delete(network);
    this.#entries.set(network, entry);
    if (this.#entries.size > MOST_NETWORKS) {
      this.#entries.delete(this.#entries.keys().next().value!);
    }
  }
}

function left({ wasted, at }: Entry, now: number): number {
  return Math.max(0, wasted - (now - at) / 1000 * FORGIVEN);
}
