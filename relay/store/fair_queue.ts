/** A queue in which accounts have their turns by what they have had so far, not by how much they ask for. @module */

/** On whose behalf something is asked. */
export interface Asker {
  readonly account: string;
  /** Looks after the relay: has four times a member's share, and waits for no pause. */
  readonly isStaff: boolean;
}

/** The shell of this machine. */
export const SHELL_ASKER: Asker = { account: "", isStaff: true };

const STAFF_SHARE = 4;

interface Line<T> {
  readonly asker: Asker;
  readonly items: T[];
  /** Time, ms by its share. */
  used: number;
}

/** Things that wait, each for an account. */
export class FairQueue<T> {
  readonly #lines = new Map<string, Line<T>>();
  /** What who had the last turn had by then: who comes anew is as far, and no further behind. */
  #level = 0;
  #pauseUntil = -Infinity;
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** How many of them wait for that account. */
  sizeOf({ account }: Asker): number {
    return this.#lines.get(account)?.items.length ?? 0;
  }

  add(asker: Asker, item: T): void {
    let line = this.#lines.get(asker.account);
    if (line === undefined) {
      line = { asker, items: [], used: this.#level };
      this.#lines.set(asker.account, line);
    } else if (line.items.length === 0) line.used = Math.max(line.used, this.#level);
    line.items.push(item);
    this.#size++;
  }

  /** What is next at the time `now`; undefined where nothing waits, or only what has to pause until then. */
  take(now: number): T | undefined {
    let next: Line<T> | undefined;
    for (const line of this.#lines.values()) {
      if (line.items.length === 0) continue;
      if (!line.asker.isStaff && now < this.#pauseUntil) continue;
      if (next === undefined || line.used < next.used) next = line;
    }
    if (next === undefined) return undefined;
    this.#level = Math.max(this.#level, next.used);
    this.#size--;
    return next.items.shift();
  }

  /** Until when members pause, in the time of `take`. */
  get pauseUntil(): number {
    return this.#pauseUntil;
  }

  /**
   * Says that something of `asker` took `ms` and ended at `now`; what is left of it was added before. Members pause for as long as it took: all of them
   * together have half of the thread, and visitors the rest of the machine.
   */
  charge({ account, isStaff }: Asker, ms: number, now: number): void {
    if (!isStaff) this.#pauseUntil = now + ms;
    const line = this.#lines.get(account);
    if (line !== undefined) line.used += isStaff ? ms / STAFF_SHARE : ms;
    // Where none waits none was kept from anything.
    if (this.#size === 0) this.#lines.clear();
  }

  /** Empties it, and returns what waited. */
  clear(): T[] {
    const items = [...this.#lines.values()].flatMap((line) => line.items);
    this.#lines.clear();
    this.#size = 0;
    return items;
  }
}
