/** The accounts: who may sign in, as what. @module */

import {
  type Account,
  accountOf,
  type AccountPatch,
  checkRole,
  difference,
  passwordKeysOf,
  type Role,
} from "./account.ts";
import { type Actor, type Changes, SYSTEM } from "./changes.ts";
import { type Database, isDuplicate, type Statement } from "./database.ts";
import { foldName, LOCAL_ACCOUNT, parseName } from "./name_rules.ts";
import type { Names } from "./names.ts";
import type { PasswordHasher, PasswordKeys } from "./password.ts";
import { StoreError } from "./store_error.ts";
import type { TokenTree } from "./token_tree.ts";

/** All accounts. */
export class Accounts {
  readonly #changes: Changes;
  readonly #names: Names;
  readonly #tree: TokenTree;
  readonly #hasher: PasswordHasher;
  readonly #now: () => number;
  readonly #get: Statement;
  readonly #byId: Statement;
  readonly #list: Statement;
  readonly #count: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #setKeys: Statement;
  readonly #remove: Statement;
  readonly #admins: Statement;
  readonly #endSessions: Statement;

  constructor(
    db: Database,
    parts: {
      changes: Changes;
      names: Names;
      tree: TokenTree;
      hasher: PasswordHasher;
      now: () => number;
    },
  ) {
    this.#changes = parts.changes;
    this.#names = parts.names;
    this.#tree = parts.tree;
    this.#hasher = parts.hasher;
    this.#now = parts.now;
    this.#get = db.prepare("SELECT * FROM accounts WHERE name = ?");
    this.#byId = db.prepare("SELECT * FROM accounts WHERE id = ?");
    this.#list = db.prepare("SELECT * FROM accounts WHERE name > ? ORDER BY name LIMIT ?");
    this.#count = db.prepare("SELECT count(*) AS n FROM accounts");
    this.#insert = db.prepare(
      "INSERT INTO accounts (name, role, created) VALUES (?, ?, ?) RETURNING id",
    );
    this.#update = db.prepare(
      `UPDATE accounts SET role = ?, disabled = ?, trusted = ?, version = version + 1
       WHERE id = ?`,
    );
    this.#setKeys = db.prepare(
      `UPDATE accounts SET salt = ?, cost_n = ?, cost_r = ?, cost_p = ?, stored_key = ?,
       server_key = ? WHERE id = ?`,
    );
    this.#remove = db.prepare("DELETE FROM accounts WHERE id = ?");
    this.#admins = db.prepare(
      "SELECT count(*) AS n FROM accounts WHERE role = 'admin' AND NOT disabled AND id != ?",
    );
    this.#endSessions = db.prepare("DELETE FROM sessions WHERE account = ? AND id != ?");
  }

  /**
   * Makes an account, which gets the public name it is called by. Takes 0.2 s where there is a password.
   * @param account.password left out: only tokens open it.
   * @throws {StoreError} `invalid`, `reserved`, `looks-like`, `duplicate`, `busy`.
   */
  async add(
    account: { name: string; password?: string; role?: Role },
    { by = SYSTEM }: { by?: Actor } = {},
  ): Promise<Account> {
    const name = parseName(account.name);
    const role = checkRole(account.role ?? "member");
    if (this.get(name) || this.#names.ownerOf(name)) throw taken(name);
    const keys = account.password === undefined
      ? undefined
      : await this.#hasher.hash(account.password);
    return this.insert({ name, role, keys, public: true }, by);
  }

  /** The account called `name`, in any case of letters. */
  get(name: string): Account | undefined {
    const row = this.#get.get(foldName(name) ?? "");
    return row && accountOf(row);
  }

  /** The account with that id. */
  byId(id: number): Account | undefined {
    const row = this.#byId.get(id);
    return row && accountOf(row);
  }

  /** What is kept of an account's password. */
  keys(name: string): PasswordKeys | undefined {
    const row = this.#get.get(foldName(name) ?? "");
    return row && passwordKeysOf(row);
  }

  /** The accounts in order of the alphabet, after the name `after`. */
  list({ after = "", limit = 1000 }: { after?: string; limit?: number } = {}): Account[] {
    return this.#list.all(after, limit).map(accountOf);
  }

  /**
   * Changes an account, all of `patch` or nothing. A new password ends its dashboard sessions.
   * @param options.version refuses where the account is no longer that version.
   * @param options.keepSession the session that goes on, of who changes the own password.
   * @throws {StoreError} `unknown`, `conflict`, `invalid`, `last-admin`, `busy`, `reserved` (a password for `local`).
   */
  async update(
    name: string,
    patch: AccountPatch,
    options: { by?: Actor; version?: number; keepSession?: string } = {},
  ): Promise<Account> {
    this.#found(name, options.version); // before hashing, and again after it
    if (patch.role !== undefined) checkRole(patch.role);
    if (patch.password !== undefined && foldName(name) === LOCAL_ACCOUNT) {
      throw new StoreError("reserved", "The account local has no password", { field: "password" });
    }
    const keys = patch.password === undefined ? undefined : await this.#hasher.hash(patch.password);
    return this.#changes.run(options.by ?? SYSTEM, (note) => {
      const account = this.#found(name, options.version);
      const fields = { account: account.name, object: account.name };
      const { before, after } = difference(account, patch);
      const next = { ...account, ...after };
      if (account.role === "admin" && (next.role !== "admin" || next.disabled)) {
        this.#keepAnAdmin(account.id);
      }
      if (keys) {
        this.#setKeys.run(...keyValues(keys), account.id);
        const ended = this.#endSessions.run(account.id, options.keepSession ?? "");
        note({ action: "account.password", ...fields, after: { sessions_ended: ended } });
        this.#tree.prune(note);
      }
      if (Object.keys(after).length > 0) {
        note({ action: "account.update", ...fields, before, after });
      } else if (!keys) return account;
      this.#update.run(next.role, Number(next.disabled), Number(next.trusted), account.id);
      this.#names.forget();
      return this.#found(account.name);
    });
  }

  /**
   * Removes an account with its names, tokens and sessions.
   * @throws {StoreError} `unknown`, `conflict`, `last-admin`, `reserved` (`local`).
   */
  remove(name: string, options: { by?: Actor; version?: number } = {}): void {
    this.#changes.run(options.by ?? SYSTEM, (note) => {
      const account = this.#found(name, options.version);
      if (account.name === LOCAL_ACCOUNT) {
        throw new StoreError(
          "reserved",
          "The relay needs the account local, for agents of its own machine; " +
            "disable it to keep them out",
          { field: "name" },
        );
      }
      if (account.role === "admin") this.#keepAnAdmin(account.id);
      const names = this.#names.list({ account: account.name }).map((row) => row.name);
      this.#remove.run(account.id);
      this.#names.forget();
      note({
        action: "account.remove",
        account: account.name,
        object: account.name,
        before: {
          role: account.role,
          disabled: account.disabled,
          trusted: account.trusted,
          names,
        },
      });
      this.#tree.prune(note);
      this.#changes.bury(account.name);
    });
  }

  /** How many there are. */
  get count(): number {
    return Number(this.#count.get()!.n);
  }

  /** Whether an administrator can sign in. */
  hasAdmin(): boolean {
    return Number(this.#admins.get(-1)!.n) > 0;
  }

  /**
   * For the first start: makes an account whose name is checked already, with or without a public name.
   * @throws {StoreError} `duplicate`, `looks-like`.
   */
  insert(
    account: { name: string; role: Role; keys: PasswordKeys | undefined; public: boolean },
    by: Actor,
  ): Account {
    const { name, role, keys } = account;
    return this.#changes.run(by, (note) => {
      let id: number;
      try {
        id = Number(this.#insert.get(name, role, this.#now())!.id);
      } catch (error) {
        throw isDuplicate(error) ? taken(name, error) : error;
      }
      if (account.public) this.#names.insert(name, id);
      if (keys) this.#setKeys.run(...keyValues(keys), id);
      note({ action: "account.add", account: name, object: name, after: { role } });
      return this.#found(name);
    });
  }

  #found(name: string, version?: number): Account {
    const account = this.get(name);
    if (!account) throw new StoreError("unknown", `There is no account ${name}`, { field: "name" });
    if (version === undefined || version === account.version) return account;
    throw new StoreError("conflict", `The account ${name} was changed meanwhile`);
  }

  #keepAnAdmin(without: number): void {
    if (Number(this.#admins.get(without)!.n) > 0) return;
    throw new StoreError("last-admin", "This is the only administrator: make another one first", {
      field: "role",
    });
  }
}

function taken(name: string, cause?: unknown): StoreError {
  return new StoreError("duplicate", `The name ${name} is taken`, { field: "name", cause });
}

function keyValues(
  keys: PasswordKeys,
): [Uint8Array, number, number, number, Uint8Array, Uint8Array] {
  return [keys.salt, keys.N, keys.r, keys.p, keys.storedKey, keys.serverKey];
}
