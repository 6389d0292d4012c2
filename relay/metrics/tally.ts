/** Counts rare things by kind. @module */

/** Kinds beyond the known ones; with more they go together as `other`. */
const MOST_KINDS = 64;

/** How often each kind of something has happened. */
export class Tally {
  readonly #counts: Map<string, number>;
  readonly #most: number;

  /** `known` kinds are told from the start, as 0: what first appears as 1 was never seen to grow. */
  constructor(known: readonly string[]) {
    this.#counts = new Map(known.map((kind) => [kind, 0]));
    this.#most = known.length + MOST_KINDS;
  }

  /** Counts one. */
  add(kind: string): void {
    const isNew = !this.#counts.has(kind);
    const key = isNew && this.#counts.size >= this.#most ? "other" : kind;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Every kind with its count. */
  entries(): IterableIterator<[kind: string, count: number]> {
    return this.#counts.entries();
  }
}
