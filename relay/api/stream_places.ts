/** Who has the places for event streams, and who gives one up where there are no more. @module */

/** A caller's event stream. */
export interface Placed {
  readonly account: string;
  /** An administrator, a viewer, or this machine's shell. */
  readonly isStaff: boolean;
  /** Another stream gets its place. */
  giveUp(): void;
}

/** Each stream holds a connection. Members cannot take the places of those who look after the relay. */
const MOST_OF_STAFF = 64;
const MOST_OF_MEMBERS = 192;

/** The streams that are open. */
export class StreamPlaces<T extends Placed> {
  readonly #staff = new Map<string, Set<T>>();
  readonly #members = new Map<string, Set<T>>();

  /** Gives `stream` a place: with too many, the oldest of the account that has most goes. */
  add(stream: T): void {
    const accounts = this.#of(stream);
    const own = accounts.get(stream.account) ?? new Set();
    accounts.set(stream.account, own.add(stream));
    if (count(accounts) <= (stream.isStaff ? MOST_OF_STAFF : MOST_OF_MEMBERS)) return;
    let most = own;
    for (const streams of accounts.values()) if (streams.size > most.size) most = streams;
    const [oldest] = most;
    this.remove(oldest!);
    oldest!.giveUp();
  }

  /** Its place is free. */
  remove(stream: T): void {
    const accounts = this.#of(stream);
    const own = accounts.get(stream.account);
    own?.delete(stream);
    if (own?.size === 0) accounts.delete(stream.account);
  }

  /** Whether the account of `stream` has any. */
  has(stream: Placed): boolean {
    return this.#of(stream).has(stream.account);
  }

  /** All of them. */
  *[Symbol.iterator](): Generator<T> {
    for (const accounts of [this.#staff, this.#members]) {
      for (const streams of [...accounts.values()]) yield* [...streams];
    }
  }

  /** How many there are. */
  get size(): number {
    return count(this.#staff) + count(this.#members);
  }

  /** How many accounts have one. */
  get accounts(): number {
    return this.#staff.size + this.#members.size;
  }

  #of({ isStaff }: Placed): Map<string, Set<T>> {
    return isStaff ? this.#staff : this.#members;
  }
}

function count(accounts: ReadonlyMap<string, ReadonlySet<unknown>>): number {
  let sum = 0;
  for (const { size } of accounts.values()) sum += size;
  return sum;
}
