/** Growing delays after failed sign-ins, for each account and network. @module */

/** How often something failed, and when its next try is due. */
interface Entry {
  failures: number;
  /** Milliseconds, by the throttle's clock. */
  next: number;
}

/** Remembers from where which account has signed in, over restarts. */
export interface KnownPlaces {
  has(place: string): boolean;
  add(place: string): void;
}

const FIRST_DELAY = 250;
const LONGEST_DELAY = 30_000;
/** How many accounts an address may fail at before it is delayed: a whole fleet can share one. */
const FREE_ACCOUNTS = 5;
/** Between tries of a delayed address that come all at once. */
const ADDRESS_SPACING = 100;
/** How often an account may fail, from wherever, before its tries are spaced: many networks guess together. */
const FREE_FAILURES = 50;
/** Between them then: it slows guessing, and shuts no owner out. */
const ACCOUNT_SPACING = 100;
/** Forgotten after so long without a failure. */
const FORGET_MS = 15 * 60_000;
/** Entries kept; beyond it those go that were not touched for longest. */
const MOST_ENTRIES = 16_384;

/**
 * Remembers failures, loopback's too. After the first failure at an account from a network the next try waits 250 ms,
 * and twice as long after each more, up to 30 s; other networks do not wait for that. A network waits likewise once it has
 * failed at more than five accounts, and an account's tries are spaced by 100 ms after fifty failures in all. Where an
 * account has signed in from a network before, no try waits longer than 250 ms, whoever else fails there: so nobody
 * locks an owner out, and an agent with an old password does not delay its neighbours.
 */
export class Throttle {
  readonly #now: () => number;
  readonly #known: KnownPlaces;
  readonly #entries = new Map<string, Entry>();

  /** `now` is a clock in milliseconds that does not go back. */
  constructor(
    { now = () => performance.now(), known = new Set<string>() }: {
      now?: () => number;
      known?: KnownPlaces;
    } = {},
  ) {
    this.#now = now;
    this.#known = known;
  }

  /** How many accounts, addresses and pairs of them have failed lately. */
  get size(): number {
    return this.#entries.size;
  }

  /** The account has signed in from there. */
  knows(account: string, address: string): boolean {
    return this.#known.has(pairKey(account, address));
  }

  /**
   * How many milliseconds a sign-in has to wait for its answer; 0 mostly. Up to `patience` the turn is taken by
   * this call and the next one's is later, so that many at once gain nothing. Beyond `patience` nothing is
   * taken: refuse, and say when to come back.
   */
  delayFor(account: string, address: string, patience = 8_000): number {
    const now = this.#now();
    const isKnown = this.knows(account, address);
    const pair = this.#find(pairKey(account, address), now);
    const byAccount = isKnown ? undefined : this.#find(accountKey(account), now);
    const byAddress = isKnown ? undefined : this.#find(addressKey(address), now);
    const turn = Math.max(now, pair?.next ?? 0, byAccount?.next ?? 0, byAddress?.next ?? 0);
    if (turn - now > patience) return turn - now;
    if (pair) pair.next = turn + delayAfter(pair.failures, isKnown ? FIRST_DELAY : LONGEST_DELAY);
    if (byAccount) {
      byAccount.next = turn + delayAfter(byAccount.failures - FREE_FAILURES, ACCOUNT_SPACING);
    }
    if (byAddress) {
      byAddress.next = turn + delayAfter(byAddress.failures - FREE_ACCOUNTS, ADDRESS_SPACING);
    }
    return turn - now;
  }

  /** To be called when a sign-in was wrong, whether the account exists or not. */
  failed(account: string, address: string): void {
    const now = this.#now();
    const isKnown = this.knows(account, address);
    const pair = this.#find(pairKey(account, address), now);
    const again = pair !== undefined && pair.failures > 0;
    this.#count(pairKey(account, address), now, { longest: isKnown ? FIRST_DELAY : LONGEST_DELAY });
    if (isKnown) return;
    this.#count(accountKey(account), now, { free: FREE_FAILURES, longest: ACCOUNT_SPACING });
    if (!again) this.#count(addressKey(address), now, { free: FREE_ACCOUNTS });
  }

  /** To be called when a sign-in was right: forgives what this address did at this account, not at others. */
  succeeded(account: string, address: string): void {
    const now = this.#now();
    const key = pairKey(account, address);
    const pair = this.#find(key, now);
    if (pair && !this.#known.has(key)) {
      const { failures } = pair;
      this.#forgive(accountKey(account), now, { failures, free: FREE_FAILURES });
      this.#forgive(addressKey(address), now, { failures: 1, free: FREE_ACCOUNTS });
    }
    this.#entries.delete(key);
    this.#known.add(key);
  }

  #count(key: string, now: number, { free = 0, longest = LONGEST_DELAY }): void {
    const entry = this.#find(key, now) ?? { failures: 0, next: now };
    entry.failures++;
    entry.next = Math.max(entry.next, now + delayAfter(entry.failures - free, longest));
    this.#keep(key, entry);
  }

  #forgive(key: string, now: number, { failures, free }: { failures: number; free: number }): void {
    const entry = this.#find(key, now);
    if (!entry) return;
    entry.failures -= failures;
    entry.next = Math.min(entry.next, now + delayAfter(entry.failures - free));
    if (entry.failures <= 0) this.#entries.delete(key);
  }

  #find(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry || now - entry.next < FORGET_MS) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= MOST_ENTRIES) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

function delayAfter(failures: number, longest = LONGEST_DELAY): number {
  return failures <= 0 ? 0 : Math.min(FIRST_DELAY * 2 ** (failures - 1), longest);
}

function accountKey(account: string): string {
  return `a ${account.slice(0, 64).toLowerCase()}`;
}

function pairKey(account: string, address: string): string {
  return `${account.slice(0, 64).toLowerCase()} ${networkOf(address)}`;
}

function addressKey(address: string): string {
  return `p ${networkOf(address)}`;
}

/** What one owner has: an IPv4 address, or the first 64 bits of an IPv6 one. */
export function networkOf(address: string): string {
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").length;
  const all = [...groups, ...Array(Math.max(0, missing)).fill("0"), ...(tail ?? "").split(":")];
  return all.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}
