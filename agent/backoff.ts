/** How long to wait before the next dial: short while the outage is young, random so that not all come at once. @module */

const FIRST = 100;
/** While the outage is younger than `YOUNG`, a wait is at most this long: the site is back soon after its relay. */
const CAP_YOUNG = 1_000;
const CAP_OLD = 15_000;
const YOUNG = 5 * 60_000;

/** Full jitter: each wait is anything from 0 to a bound that doubles. */
export class Backoff {
  readonly #now: () => number;
  readonly #random: () => number;
  #tries = 0;
  #since = 0;

  constructor(now: () => number = () => performance.now(), random: () => number = Math.random) {
    this.#now = now;
    this.#random = random;
  }

  /** Nothing has failed since the last success. */
  get isFirst(): boolean {
    return this.#tries === 0;
  }

  /** It worked. */
  reset(): void {
    this.#tries = 0;
  }

  /** It failed: how many ms to wait. */
  next(): number {
    if (this.#tries === 0) this.#since = this.#now();
    const cap = this.#now() - this.#since < YOUNG ? CAP_YOUNG : CAP_OLD;
    return this.#random() * Math.min(cap, FIRST * 2 ** Math.min(this.#tries++, 10));
  }
}
