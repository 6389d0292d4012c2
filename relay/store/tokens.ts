/** Tokens: secrets that stand for an account, each with a name, a scope and an end. @module */

import { timingSafeEqual } from "node:crypto";
import {
  deriveTokenKeys,
  formatToken,
  newTokenSecret,
  parseToken,
  type StoredKeys,
  tokenId,
} from "../../tunnel/mod.ts";
import type { Account } from "./account.ts";
import type { Accounts } from "./accounts.ts";
import { type Actor, type Changes, SYSTEM } from "./changes.ts";
import { type Database, type Row, type Statement, storageError } from "./database.ts";
import { LOCAL_ACCOUNT } from "./name_rules.ts";
import { beyond, DEFAULT_SCOPE, parseScope } from "./scope.ts";
import { StoreError } from "./store_error.ts";
import type { TokenTree } from "./token_tree.ts";

/** A token, without its secret. Times are milliseconds since 1970. */
export interface Token {
  /** Public, 16 characters; an agent names its token by it. */
  readonly id: string;
  readonly account: string;
  /** What its owner calls it. */
  readonly name: string;
  /** One or several words of {@linkcode SCOPES}, with spaces between; or `local`. */
  readonly scope: string;
  readonly created: number;
  /** Null: never. */
  readonly expires: number | null;
  /** To the minute; null: never yet. */
  readonly lastUsed: number | null;
  /** The token or session that it was made with, and ends with; null: it stands alone. */
  readonly parent: string | null;
}

/** What a token is made with: a token, or a session. */
export type Parent = Pick<Token, "id" | "scope" | "expires">;

/** A token with what is kept of its secret. */
export interface KeptToken extends StoredKeys {
  readonly token: Token;
}

/** `lastUsed` is written no oftener, so that a busy script costs no writes. */
const TOUCH_MS = 60_000;

/** Tokens of one account. */
const MOST_TOKENS = 100;

/** All tokens. */
export class Tokens {
  readonly #accounts: Accounts;
  readonly #changes: Changes;
  readonly #tree: TokenTree;
  readonly #now: () => number;
  readonly #get: Statement;
  readonly #list: Statement;
  readonly #count: Statement;
  readonly #insert: Statement;
  readonly #remove: Statement;
  readonly #touch: Statement;
  #local: KeptToken | undefined;

  constructor(
    db: Database,
    parts: { accounts: Accounts; changes: Changes; tree: TokenTree; now: () => number },
  ) {
    this.#accounts = parts.accounts;
    this.#changes = parts.changes;
    this.#tree = parts.tree;
    this.#now = parts.now;
    const columns = "tokens.*, accounts.name AS account_name";
    const from = "FROM tokens JOIN accounts ON accounts.id = account";
    this.#get = db.prepare(`SELECT ${columns} ${from} WHERE tokens.id = ?`);
    this.#list = db.prepare(
      `SELECT ${columns} ${from} WHERE ?1 IS NULL OR accounts.name = ?1 ORDER BY tokens.created, tokens.id`,
    );
    this.#insert = db.prepare(
      `INSERT INTO tokens
         (id, account, name, scope, created, expires, stored_key, server_key, parent)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#count = db.prepare("SELECT count(*) AS n FROM tokens WHERE account = ?");
    this.#remove = db.prepare("DELETE FROM tokens WHERE id = ?");
    this.#touch = db.prepare("UPDATE tokens SET last_used = ? WHERE id = ?");
  }

  /**
   * Makes a token; `text` is shown once and kept nowhere.
   * @param options.expires milliseconds since 1970; null or left out: never.
   * @param options.parent what it is made with: it may no more, ends no later, and is revoked with it.
   * @throws {StoreError} `unknown` account; `invalid` name (1 to 64 characters), scope or end (in the past).
   */
  create(
    account: string,
    options: { name: string; scope?: string; expires?: number | null; by?: Actor; parent?: Parent },
  ): { readonly text: string; readonly token: Token } {
    const { name, by = SYSTEM, parent } = options;
    const scope = parseScope(options.scope ?? DEFAULT_SCOPE);
    const expires = options.expires ?? parent?.expires ?? null;
    if (parent !== undefined) checkChild({ scope, expires }, parent);
    const field = check(name, expires, this.#now());
    if (field) throw new StoreError("invalid", field.message, { field: field.field });
    const owner = this.#accounts.get(account);
    if (!owner) {
      throw new StoreError("unknown", `There is no account ${account}`, { field: "account" });
    }
    const secret = newTokenSecret();
    const { storedKey, serverKey } = deriveTokenKeys(secret);
    const id = tokenId(secret);
    const created = this.#now();
    const parentId = parent?.id ?? null;
    this.#changes.run(by, (note) => {
      if (Number(this.#count.get(owner.id)!.n) >= MOST_TOKENS) {
        throw new StoreError(
          "too-many",
          `The account ${owner.name} has ${MOST_TOKENS} tokens, which is the most: revoke one first`,
          { field: "name" },
        );
      }
      this.#insert.run(id, owner.id, name, scope, created, expires, storedKey, serverKey, parentId);
      const after = { name, scope, expires, ...(parent === undefined ? {} : { parent: parentId }) };
      note({ action: "token.create", account: owner.name, object: id, after });
    });
    const made = { id, account: owner.name, name, scope, created, expires };
    const token = { ...made, lastUsed: null, parent: parentId };
    return { text: formatToken(secret), token };
  }

  /** What is kept under an id, whether it may still be used or not. */
  get(id: string): KeptToken | undefined {
    if (this.#local?.token.id === id) return this.#local;
    const row = this.#get.get(id);
    if (!row) return undefined;
    return {
      token: tokenOf(row),
      storedKey: row.stored_key as Uint8Array,
      serverKey: row.server_key as Uint8Array,
    };
  }

  /** The tokens, oldest first; of one account only with `account`. */
  list({ account }: { account?: string } = {}): Token[] {
    return this.#list.all(account ?? null).map(tokenOf);
  }

  /**
   * Removes a token; with `account`, only one of that account.
   * @throws {StoreError} `unknown`.
   */
  revoke(id: string, { by = SYSTEM, account }: { by?: Actor; account?: string } = {}): void {
    this.#changes.run(by, (note) => {
      const row = this.#get.get(id);
      const token = row && tokenOf(row);
      if (!token || (account ?? token.account) !== token.account) {
        throw new StoreError("unknown", `There is no token ${id}`, { field: "id" });
      }
      this.#remove.run(id);
      const before = { name: token.name, scope: token.scope };
      note({ action: "token.revoke", account: token.account, object: id, before });
      this.#tree.prune(note);
    });
  }

  /**
   * Whom a token given in plain (`Authorization: Bearer`) stands for; undefined where it is mistyped, unknown,
   * past its end, or its account is disabled. The caller checks the scope.
   */
  verify(text: string): { readonly token: Token; readonly account: Account } | undefined {
    const secret = parseToken(text);
    if (!secret) return undefined;
    const kept = this.get(tokenId(secret));
    if (!kept || !timingSafeEqual(kept.storedKey, deriveTokenKeys(secret).storedKey)) {
      return undefined;
    }
    const account = this.#accounts.get(kept.token.account);
    if (!account || account.disabled || this.isOver(kept.token)) return undefined;
    this.used(kept.token);
    return { token: kept.token, account };
  }

  /** Whether the token's end has passed. */
  isOver(token: Token): boolean {
    return token.expires !== null && token.expires <= this.#now();
  }

  /** Notes that a token opened something. */
  used(token: Token): void {
    const now = this.#now();
    if (token.scope === "local" || now - (token.lastUsed ?? 0) < TOUCH_MS) return;
    try {
      this.#touch.run(now, token.id);
    } catch (error) {
      // A full disk must not keep anybody out; the request log warns of it.
      if (!storageError(error)) throw error;
    }
  }

  /** Makes the credential of the account `local` anew, in memory only, and returns its text. The last one ends. */
  renewLocal(): string {
    const secret = newTokenSecret();
    const { storedKey, serverKey } = deriveTokenKeys(secret);
    const [account, name, created] = [LOCAL_ACCOUNT, "this machine", this.#now()];
    const id = tokenId(secret);
    this.#local = {
      token: {
        ...{ id, account, name, scope: "local", created },
        ...{ expires: null, lastUsed: null, parent: null },
      },
      storedKey,
      serverKey,
    };
    return formatToken(secret);
  }
}

/** @throws {StoreError} `invalid` where the child may more or lives longer. */
function checkChild(child: Pick<Token, "scope" | "expires">, parent: Parent): void {
  const more = beyond(child.scope, parent.scope);
  if (more.length > 0) {
    const message = `It may not be for ${more.join(" and ")}: what makes it is not`;
    throw new StoreError("invalid", message, { field: "scope" });
  }
  if (parent.expires === null || child.expires! <= parent.expires) return;
  const end = new Date(parent.expires).toISOString();
  throw new StoreError(
    "invalid",
    `It may not outlive what makes it, which ends ${end}; give current_password, or an earlier end`,
    { field: "expires" },
  );
}

function check(name: string, expires: number | null, now: number) {
  if (name.length < 1 || name.length > 64) {
    return { field: "name", message: "A token's name has 1 to 64 characters" };
  }
  if (expires !== null && !(expires > now)) {
    return { field: "expires", message: "A token's end lies in the future" };
  }
  return undefined;
}

function tokenOf(row: Row): Token {
  return {
    id: String(row.id),
    account: String(row.account_name),
    name: String(row.name),
    scope: String(row.scope),
    created: Number(row.created),
    expires: row.expires === null ? null : Number(row.expires),
    lastUsed: row.last_used === null ? null : Number(row.last_used),
    parent: row.parent === null ? null : String(row.parent),
  };
}
