/** What a relay needs before anybody came: an administrator, and the account `local`. @module */

import { randomBytes } from "node:crypto";
import type { Accounts } from "./accounts.ts";
import { SYSTEM } from "./changes.ts";
import { ADMIN_ACCOUNT, LOCAL_ACCOUNT } from "./name_rules.ts";
import type { PasswordHasher } from "./password.ts";
import type { Tokens } from "./tokens.ts";

/** The first steps of a new store; all of them can be repeated. */
export class FirstStart {
  readonly #accounts: Accounts;
  readonly #tokens: Tokens;
  readonly #hasher: PasswordHasher;

  constructor(parts: { accounts: Accounts; tokens: Tokens; hasher: PasswordHasher }) {
    this.#accounts = parts.accounts;
    this.#tokens = parts.tokens;
    this.#hasher = parts.hasher;
  }

  /**
   * Makes the administrator `admin` where there is none, with `password` or one of 99 random bits. It has no
   * public name: `/admin` is the dashboard.
   * @returns the password if one was made up: show it to the owner, it is kept nowhere. Otherwise null.
   * @throws {StoreError} `invalid` password.
   */
  async ensureAdmin(password?: string): Promise<string | null> {
    if (this.#accounts.hasAdmin()) return null;
    const used = password ?? makePassword();
    const keys = await this.#hasher.hash(used);
    const admin = { name: ADMIN_ACCOUNT, role: "admin", keys, public: false } as const;
    this.#accounts.insert(admin, SYSTEM);
    return password === undefined ? used : null;
  }

  /**
   * Makes the account `local` where it is missing, and its credential anew: a token with the scope `local`,
   * which is to be taken from loopback peers only and for names of `local` only.
   * @returns the token's text.
   */
  renewLocal(): string {
    if (!this.#accounts.get(LOCAL_ACCOUNT)) {
      const local = { name: LOCAL_ACCOUNT, role: "member", keys: undefined, public: true } as const;
      this.#accounts.insert(local, SYSTEM);
    }
    return this.#tokens.renewLocal();
  }
}

/** Four groups of five characters without those that are easily confused. */
function makePassword(): string {
  const letters = "23456789abcdefghjkmnpqrstuvwxyz";
  // 31 does not divide 256: what is left over is thrown again.
  const fair = Array.from(randomBytes(64)).filter((byte) => byte < 248);
  const text = fair.slice(0, 20).map((byte) => letters[byte % 31]).join("");
  return text.length < 20 ? makePassword() : text.replace(/.{5}(?!$)/g, "$&-");
}
