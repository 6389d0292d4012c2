/** The public names, each of one account. @module */

import { type Actor, type Changes, SYSTEM } from "./changes.ts";
import { type Database, isDuplicate, type Row, type Statement } from "./database.ts";
import { foldName, looksLike, parseName, skeleton } from "./name_rules.ts";
import { StoreError } from "./store_error.ts";

/** Whose a name is, as far as answering a request needs it. */
export interface NameOwner {
  readonly account: string;
  readonly disabled: boolean;
  readonly trusted: boolean;
}

/** A name as lists show it. */
export interface NameRow {
  readonly name: string;
  readonly account: string;
  /** The account is called so: it cannot be given up. */
  readonly own: boolean;
  /** Milliseconds since 1970. */
  readonly created: number;
}

/** Answers kept by {@linkcode Names.ownerOf}, the unknown included; when full it starts anew. */
const CACHE_SIZE = 4096;

/** Who has which name. */
export class Names {
  readonly #changes: Changes;
  readonly #now: () => number;
  readonly #owner: Statement;
  readonly #account: Statement;
  readonly #insert: Statement;
  readonly #remove: Statement;
  readonly #give: Statement;
  readonly #list: Statement;
  readonly #get: Statement;
  readonly #cache = new Map<string, NameOwner | null>();

  constructor(db: Database, changes: Changes, now: () => number) {
    this.#changes = changes;
    this.#now = now;
    this.#owner = db.prepare(
      `SELECT accounts.name, disabled, trusted FROM names JOIN accounts ON accounts.id = account
       WHERE names.name = ?`,
    );
    this.#account = db.prepare("SELECT id, name, names FROM accounts WHERE name = ?");
    this.#insert = db.prepare("INSERT INTO names VALUES (?, ?, ?, ?)");
    this.#remove = db.prepare("DELETE FROM names WHERE name = ?");
    this.#give = db.prepare("UPDATE names SET account = ? WHERE name = ?");
    this.#get = db.prepare(
      `SELECT names.name, accounts.name AS account, names.created
       FROM names JOIN accounts ON accounts.id = account WHERE names.name = ?`,
    );
    this.#list = db.prepare(
      `SELECT names.name, accounts.name AS account, names.created
       FROM names JOIN accounts ON accounts.id = account
       WHERE names.name > ?1 AND (?2 IS NULL OR accounts.name = ?2)
       ORDER BY names.name LIMIT ?3`,
    );
  }

  /** Whose `name` is, in any case of letters; undefined where it is free. Under a microsecond mostly, so fit for every request. */
  ownerOf(name: string): NameOwner | undefined {
    const known = this.#cache.get(name);
    if (known !== undefined) return known ?? undefined;
    const folded = foldName(name);
    if (folded === undefined) return undefined;
    const row = this.#owner.get(folded);
    const owner = row
      ? { account: String(row.name), disabled: row.disabled === 1, trusted: row.trusted === 1 }
      : null;
    if (this.#cache.size >= CACHE_SIZE) this.#cache.clear();
    this.#cache.set(folded, owner);
    return owner ?? undefined;
  }

  /** The name as lists show it, asked for in any case of letters. */
  get(name: string): NameRow | undefined {
    const row = this.#get.get(foldName(name) ?? "");
    return row && nameOf(row);
  }

  /**
   * Gives `name` to `account` and returns it folded; nothing happens where the account has it already.
   * @param options.most how many names beside its own the account may have then; left out for administrators.
   * @throws {StoreError} `unknown` account; `invalid`, `reserved`, `looks-like`, `duplicate` name; `limit`.
   */
  add(account: string, name: string, options: { by?: Actor; most?: number } = {}): string {
    const folded = parseName(name);
    return this.#changes.run(options.by ?? SYSTEM, (note) => {
      const row = this.#account.get(account);
      if (!row) {
        throw new StoreError("unknown", `There is no account ${account}`, { field: "account" });
      }
      if (this.ownerOf(folded)?.account === row.name) return folded;
      if (options.most !== undefined) this.#checkRoom(row, options.most);
      this.insert(folded, Number(row.id));
      note({ action: "name.add", account, object: folded, after: { account } });
      return folded;
    });
  }

  /**
   * Takes `name` from its account; with `account`, only from that one.
   * @throws {StoreError} `unknown`; `own-name` where the account is called so.
   */
  remove(name: string, { by = SYSTEM, account }: { by?: Actor; account?: string } = {}): void {
    const folded = foldName(name);
    this.#changes.run(by, (note) => {
      const owner = this.#givableBy(name, account);
      this.#remove.run(folded!);
      this.forget();
      note({
        action: "name.remove",
        account: owner,
        object: folded!,
        before: { account: owner },
      });
    });
  }

  /**
   * Gives `name` to the account `to`; nothing happens where that has it already. Each of the two has an entry in the audit log.
   * @throws {StoreError} `unknown` name or account; `own-name` where the present owner is called so.
   */
  transfer(name: string, to: string, { by = SYSTEM }: { by?: Actor } = {}): void {
    const folded = foldName(name);
    this.#changes.run(by, (note) => {
      const row = this.#account.get(foldName(to) ?? "");
      if (!row) throw new StoreError("unknown", `There is no account ${to}`, { field: "account" });
      const [from, account] = [this.get(name)?.account, String(row.name)];
      if (from === account) return;
      const owner = this.#givableBy(name);
      this.#give.run(row.id!, folded!);
      this.forget();
      const change = { action: "name.transfer", object: folded! } as const;
      const [before, after] = [{ account: owner }, { account }];
      note({ ...change, account: owner, before, after });
      note({ ...change, account, before, after });
    });
  }

  /** Who can be parted from `name`. @throws {StoreError} `unknown`, `own-name`. */
  #givableBy(name: string, account?: string): string {
    const folded = foldName(name);
    const owner = folded === undefined ? undefined : this.ownerOf(folded)?.account;
    if (owner === undefined || (account ?? owner) !== owner) {
      throw new StoreError("unknown", `There is no name ${name}`, { field: "name" });
    }
    if (owner === folded) {
      throw new StoreError("own-name", `The account ${folded} keeps the name it is called by`, {
        field: "name",
      });
    }
    return owner;
  }

  /** The names in order of the alphabet, after the name `after`; `account` asks for one account's only. */
  list(
    { account, after = "", limit = 1000 }: {
      account?: string;
      after?: string;
      limit?: number;
    } = {},
  ): NameRow[] {
    return this.#list.all(after, account ?? null, limit).map(nameOf);
  }

  /**
   * For the accounts: makes the row, within their transaction.
   * @throws {StoreError} `duplicate`, `looks-like`.
   */
  insert(folded: string, accountId: number): void {
    try {
      this.#insert.run(folded, skeleton(folded), accountId, this.#now());
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      if (!this.#owner.get(folded)) throw looksLike(folded, "taken");
      throw new StoreError("duplicate", `The name ${folded} is taken`, {
        field: "name",
        cause: error,
      });
    }
    // No other account's name has changed: the rest of what is known stays.
    this.#cache.delete(folded);
  }

  /** @throws {StoreError} `limit`. */
  #checkRoom({ name, names }: Row, most: number): void {
    const hasOwn = this.ownerOf(String(name))?.account === name;
    if (Number(names) - Number(hasOwn) < most) return;
    throw new StoreError(
      "limit",
      (most === 0
        ? `The account ${name} may publish under its own name only`
        : `The account ${name} has the ${most} names beside its own that it may claim`) +
        ": an administrator can give it more",
      { field: "name" },
    );
  }

  /** For the accounts: what `ownerOf` said may have changed. */
  forget(): void {
    this.#cache.clear();
  }
}

function nameOf(row: Row): NameRow {
  const [name, account] = [String(row.name), String(row.account)];
  return { name, account, own: name === account, created: Number(row.created) };
}
