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

/** How many passwords are hashed at once: each takes 32 MiB and a thread for 0.2 s. */
const AT_ONCE = 2;
/** How many wait; with more, callers hear `busy` at once. The last of them waits about 4 s. */
const MOST_WAITING = 32;

/**
 * The bytes of a password that may be used.
 * @throws {StoreError} `invalid` with fewer than 8 or more than 1024 bytes.
 */
export function checkPassword(text: string): Uint8Array {
  const bytes = passwordBytes(text);
  if (bytes.length >= 8 && bytes.length <= 1024) return bytes;
  throw new StoreError("invalid", "A password has 8 to 1024 bytes", { field: "password" });
}

/** Hashes passwords, a few at a time. */
export class PasswordHasher {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

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
  async storedKey(text: string, salted: Cost & { salt: Uint8Array }): Promise<Uint8Array> {
    const bytes = passwordBytes(text.slice(0, 4096)).subarray(0, 1025);
    return (await this.#turn(() => deriveKeys(bytes, salted))).storedKey;
  }

  async #turn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < AT_ONCE) this.#running++;
    else if (this.#waiting.length >= MOST_WAITING) {
      throw new StoreError(
        "busy",
        "Too many passwords are being checked: try again in some seconds",
      );
    } else await new Promise<void>((resolve) => this.#waiting.push(resolve)); // its place is handed on
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
