/** Passwords in plain, as people type them: what is allowed, and how many are hashed at once. @module */

import { randomBytes } from "node:crypto";
import {
  type Cost,
  DEFAULT_COST,
  deriveKeys,
  passwordBytes,
  SALT_BYTES,
} from "../../tunnel/mod.ts";
import { StoreError } from "./store_error.ts";

/** What is kept of a password. */
export interface PasswordKeys extends Cost {
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** How many passwords are checked at once: each takes 32 MiB and a thread for 0.2 s. One more place is kept for others. */
const AT_ONCE = 2;
/** How many checks of one network wait, and in all; with more, callers hear `busy` at once. 32 take about 4 s. */
const MOST_OF_ONE = 32;
const MOST_WAITING = 64;

/**
 * The bytes of a password that may be used.
 * @throws {StoreError} `invalid` with fewer than 8 or more than 1024 bytes.
 */
export function checkPassword(text: string): Uint8Array {
  const bytes = passwordBytes(text);
  if (bytes.length >= 8 && bytes.length <= 1024) return bytes;
  throw new StoreError("invalid", "A password has 8 to 1024 bytes", { field: "password" });
}

/** Who waits for a check. */
export interface Waiting {
  /** Networks take turns. */
  readonly network: string;
  /** The account has signed in from there before: it does not wait for those that have not. */
  readonly isKnown: boolean;
}

/** Hashes passwords, a few at a time: those of changes and of who is known in a lane of their own, the rest in turns. */
export class PasswordHasher {
  #running = 0;
  readonly #first: (() => void)[] = [];
  /** By network, the next one first. */
  readonly #others = new Map<string, (() => void)[]>();
  #waiting = 0;

  /**
   * New keys for a password, with a fresh salt.
   * @throws {StoreError} `invalid`, `busy`.
   */
  async hash(text: string): Promise<PasswordKeys> {
    const bytes = checkPassword(text);
    const salted = { salt: new Uint8Array(randomBytes(SALT_BYTES)), ...DEFAULT_COST };
    const { storedKey, serverKey } = await this.#turn(() => deriveKeys(bytes, salted));
    return { ...salted, storedKey, serverKey };
  }

  /**
   * The StoredKey that `text` has with that salt and cost; longer texts are cut, so that they cost no more.
   * @throws {StoreError} `busy`.
   */
  async storedKey(
    text: string,
    salted: Cost & { salt: Uint8Array },
    who?: Waiting,
  ): Promise<Uint8Array> {
    const bytes = passwordBytes(text.slice(0, 4096)).subarray(0, 1025);
    return (await this.#turn(() => deriveKeys(bytes, salted), who)).storedKey;
  }

  async #turn<T>(work: () => Promise<T>, who?: Waiting): Promise<T> {
    const isFirst = who === undefined || who.isKnown;
    if (this.#running < (isFirst ? AT_ONCE + 1 : AT_ONCE)) this.#running++;
    else await this.#wait(isFirst ? this.#first : this.#lane(who.network)); // its place is handed on
    try {
      return await work();
    } finally {
      this.#handOn();
    }
  }

  #lane(network: string): (() => void)[] {
    const lane = this.#others.get(network) ?? [];
    if (this.#waiting >= MOST_WAITING || lane.length >= MOST_OF_ONE) throw busy();
    this.#others.set(network, lane);
    return lane;
  }

  #wait(lane: (() => void)[]): Promise<void> {
    if (lane === this.#first && lane.length >= MOST_WAITING) throw busy();
    if (lane !== this.#first) this.#waiting++;
    return new Promise((resolve) => lane.push(resolve));
  }

  #handOn(): void {
    const first = this.#first.shift();
    if (first !== undefined) return first();
    const [entry] = this.#others;
    if (entry === undefined || this.#running > AT_ONCE) {
      this.#running--;
      return;
    }
    const [network, lane] = entry;
    const next = lane.shift()!;
    this.#waiting--;
    // The network's next one comes after those of the others.
    this.#others.delete(network);
    if (lane.length > 0) this.#others.set(network, lane);
    next();
  }
}

function busy(): StoreError {
  return new StoreError("busy", "Too many passwords are being checked: try again in some seconds");
}
