/** Authenticates an account: by a proof, or by a password in plain. @module */

import { timingSafeEqual } from "node:crypto";
import { type Cost, decoyKeys, DEFAULT_COST } from "../../tunnel/mod.ts";
import type { Account } from "./account.ts";
import type { Accounts } from "./accounts.ts";
import { foldName } from "./name_rules.ts";
import type { PasswordHasher, Waiting } from "./password.ts";
import type { Token, Tokens } from "./tokens.ts";

/**
 * What a proof is checked against. Unknown names and ids get one too, that no proof fits, so that they look
 * and take as long as a wrong password.
 */
export interface Verifier extends Cost {
  /** Sent to the agent with the cost; for tokens empty, and the cost is 0. */
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
  /** Whom a good proof shows; undefined only where no proof can be good. */
  readonly account: Account | undefined;
  /** The token, where it is one: then its scope counts. */
  readonly token: Token | undefined;
  /** Why even a good proof opens nothing. To be told only after a good proof. */
  readonly refusal: "disabled" | "expired" | undefined;
}

/** Gives out what proofs are checked against, and checks passwords. */
export class SignIn {
  readonly #accounts: Accounts;
  readonly #tokens: Tokens;
  readonly #hasher: PasswordHasher;
  readonly #serverSecret: Uint8Array;

  constructor(
    parts: {
      accounts: Accounts;
      tokens: Tokens;
      hasher: PasswordHasher;
      serverSecret: Uint8Array;
    },
  ) {
    this.#accounts = parts.accounts;
    this.#tokens = parts.tokens;
    this.#hasher = parts.hasher;
    this.#serverSecret = parts.serverSecret;
  }

  /** For an agent that names an account and has its password. */
  forAccount(name: string): Verifier {
    const folded = foldName(name) ?? name;
    // Made in every case, so that it takes the same time.
    const decoy = decoyKeys(this.#serverSecret, folded);
    const account = this.#accounts.get(folded);
    const keys = this.#accounts.keys(folded);
    return {
      ...(keys ?? { ...decoy, ...DEFAULT_COST }),
      account: keys && account,
      token: undefined,
      refusal: account?.disabled ? "disabled" : undefined,
    };
  }

  /** For an agent that names a token by its id and has the token. Call `tokens.used` after a good proof. */
  forToken(id: string): Verifier {
    const decoy = decoyKeys(this.#serverSecret, `token ${id}`);
    const kept = this.#tokens.get(id);
    const account = kept && this.#accounts.get(kept.token.account);
    const over = kept !== undefined && this.#tokens.isOver(kept.token);
    return {
      ...{ salt: new Uint8Array(), N: 0, r: 0, p: 0 },
      storedKey: (kept ?? decoy).storedKey,
      serverKey: (kept ?? decoy).serverKey,
      account,
      token: kept?.token,
      refusal: account?.disabled ? "disabled" : over ? "expired" : undefined,
    };
  }

  /**
   * Whether the account, its password or the token are still those that `verifier` was given out for: between
   * that and the proof lies the time of a scrypt and more.
   */
  isCurrent({ account, token, storedKey }: Verifier): boolean {
    if (account === undefined) return false;
    const now = token === undefined ? this.forAccount(account.name) : this.forToken(token.id);
    return now.account?.id === account.id && timingSafeEqual(now.storedKey, storedKey);
  }

  /**
   * The account with that name and password, if it may sign in. Takes 0.2 s and more in any case.
   * @throws {StoreError} `busy` with two being checked and 32 waiting.
   */
  async withPassword(
    name: string,
    password: string,
    who: Waiting = { network: "", isKnown: false },
  ): Promise<Account | undefined> {
    const verifier = this.forAccount(name);
    const { salt, N, r, p, storedKey, account } = verifier;
    const given = await this.#hasher.storedKey(password, { salt, N, r, p }, who);
    if (!timingSafeEqual(given, storedKey) || !account) return undefined;
    // Asked again: it may have been disabled or given another password meanwhile.
    const now = this.#accounts.get(name);
    return this.isCurrent(verifier) && now?.disabled === false ? now : undefined;
  }
}
