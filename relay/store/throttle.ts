/** Growing delays after failed sign-ins, for each account and each address. @module */

/** How often something failed, and when its next try is due. */
interface Entry {
  failures: number;
  /** Milliseconds, by the throttle's clock. */
  next: number;
  /** Of an account from an address: it has signed in from there. */
  trusted: boolean;
}

const FIRST_DELAY = 250;
const LONGEST_DELAY = 30_000;
/** How many accounts an address may fail at before it is delayed: a whole fleet can share one. */
const FREE_ACCOUNTS = 5;
/** Between tries of a delayed address that come all at once. */
const ADDRESS_SPACING = 100;
/** Forgotten after so long without a failure. */
const FORGET_MS = 15 * 60_000;
/** Entries kept; beyond it those go that were not touched for longest. */
const MOST_ENTRIES = 16_384;

/**
 * Remembers failures, loopback's too. After the first failure at an account its next try waits 250 ms, and twice as
 * long after each more, up to 30 s. An address waits likewise once it has failed at more than five accounts.
 * Where an account has signed in from an address before, only what fails at this account from this address
 * counts: so nobody locks an owner out, and an agent with an old password does not delay its neighbours.
 */
export class Throttle {
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();

  /** `now` is a clock in milliseconds that does not go back. */
  constructor({ now = () => performance.now() }: { now?: () => number } = {}) {
    this.#now = now;
  }

  /** How many accounts, addresses and pairs of them are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * How many milliseconds a sign-in has to wait for its answer; 0 mostly. Up to `patience` the turn is taken by
   * this call and the next one's is later, so that many at once gain nothing. Beyond `patience` nothing is
   * taken: refuse, and say when to come back.
   */
  delayFor(account: string, address: string, patience = 8_000): number {
    const now = this.#now();
    const pair = this.#find(pairKey(account, address), now);
    const byAccount = pair?.trusted ? pair : this.#find(accountKey(account), now);
    const byAddress = pair?.trusted ? undefined : this.#find(addressKey(address), now);
    const turn = Math.max(now, byAccount?.next ?? 0, byAddress?.next ?? 0);
    if (turn - now > patience) return turn - now;
    if (byAccount) byAccount.next = turn + delayAfter(byAccount.failures);
    if (byAddress) {
      const spacing = Math.min(delayAfter(byAddress.failures - FREE_ACCOUNTS), ADDRESS_SPACING);
      byAddress.next = turn + spacing;
    }
    return turn - now;
  }

  /** To be called when a sign-in was wrong, whether the account exists or not. */
  failed(account: string, address: string): void {
    const now = this.#now();
    const pair = this.#find(pairKey(account, address), now);
    const again = pair !== undefined && pair.failures > 0;
    this.#count(pairKey(account, address), now, 0);
    if (pair?.trusted) return;
    this.#count(accountKey(account), now, 0);
    if (!again) this.#count(addressKey(address), now, FREE_ACCOUNTS);
  }

  /** To be called when a sign-in was right: forgives what this address did at this account, not at others. */
  succeeded(account: string, address: string): void {
    const now = this.#now();
    const pair = this.#find(pairKey(account, address), now);
    if (pair && !pair.trusted) {
      this.#forgive(accountKey(account), now, { failures: pair.failures, free: 0 });
      this.#forgive(addressKey(address), now, { failures: 1, free: FREE_ACCOUNTS });
    }
    this.#keep(pairKey(account, address), { failures: 0, next: now, trusted: true });
  }

  #count(key: string, now: number, free: number): void {
    const entry = this.#find(key, now) ?? { failures: 0, next: now, trusted: false };
    entry.failures++;
    entry.next = Math.max(entry.next, now + delayAfter(entry.failures - free));
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
    entry.failures = 0;
    if (entry.trusted) return entry;
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

function delayAfter(failures: number): number {
  return failures <= 0 ? 0 : Math.min(FIRST_DELAY * 2 ** (failures - 1), LONGEST_DELAY);
}

function accountKey(account: string): string {
  return `a ${account.slice(0, 64).toLowerCase()}`;
}

function pairKey(account: string, address: string): string {
  return `${account.slice(0, 64).toLowerCase()} ${network(address)}`;
}

function addressKey(address: string): string {
  return `p ${network(address)}`;
}

/** What one owner has: an IPv4 address, or the first 64 bits of an IPv6 one. */
function network(address: string): string {
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").length;
  const all = [...groups, ...Array(Math.max(0, missing)).fill("0"), ...(tail ?? "").split(":")];
  return all.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}
