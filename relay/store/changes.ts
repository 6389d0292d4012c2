/** What was changed, by whom and from where: kept in the audit log, and told to listeners. @module */

import type { Database, Row, Statement } from "./database.ts";
import type { Grant, Grants } from "./grant.ts";
import { ACTORS } from "./name_rules.ts";
import { StoreError } from "./store_error.ts";

/** Who changes something. */
export interface Actor {
  /** An account's name, or what part of the program: `system`, `shell`. */
  readonly who: string;
  /** The address it came from; empty for this machine's shell. */
  readonly address: string;
  /** By what it may; without one nothing is asked. */
  readonly grant?: Grant;
}

/** The program itself. */
export const SYSTEM: Actor = { who: ACTORS.system, address: "" };

/** What can be done to what the store keeps. */
export type Action =
  | "account.add"
  | "account.update"
  | "account.password"
  | "account.remove"
  | "name.add"
  | "name.remove"
  | "name.transfer"
  | "token.create"
  | "token.revoke"
  | "session.start"
  | "session.end"
  | "agent.disconnect"
  | "agent.drain"
  | "setting.set";

/** One change. */
export interface Change {
  readonly action: Action;
  /** The account it concerns; empty for settings. */
  readonly account: string;
  /** The account's or the public name, the id of token, session or agent, the setting's key. */
  readonly object: string;
  /** The fields as they were, JSON-able; never a secret. */
  readonly before?: unknown;
  /** The fields as they are now. */
  readonly after?: unknown;
}

/** A change as the audit log keeps it. */
export interface AuditEntry extends Change, Actor {
  /** Grows by time; the cursor of {@linkcode Changes.list}. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Hears of every change after it is kept. It must not throw. */
export type ChangeListener = (change: Change) => void;

/** Entries kept for each account, so that none drives out another's; and in all. */
const MOST_OF_ACCOUNT = 2_000;
const MOST = 200_000;

/** What a removed account is called in audit and log from then on: the next one of its name is another. */
export function formerName(name: string, time: number): string {
  return `${name} (removed ${new Date(time).toISOString().slice(0, 19).replace("T", " ")})`;
}

/** The one way to change something in the store. */
export class Changes {
  readonly #db: Database;
  readonly #grants: Grants;
  readonly #now: () => number;
  readonly #insert: Statement;
  readonly #prune: Statement;
  readonly #pruneAll: Statement;
  readonly #rename: Statement;
  readonly #listeners = new Set<ChangeListener>();

  constructor(db: Database, { grants, now }: { grants: Grants; now: () => number }) {
    this.#db = db;
    this.#grants = grants;
    this.#now = now;
    this.#insert = db.prepare(
      `INSERT INTO audit (time, who, address, action, account, object, before, after)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#prune = db.prepare(
      `DELETE FROM audit WHERE account = ? AND id <= (
         SELECT id FROM audit WHERE account = ? ORDER BY id DESC LIMIT 1 OFFSET ${MOST_OF_ACCOUNT})`,
    );
    // Ids grow one by one.
    this.#pruneAll = db.prepare(
      `DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ${MOST}`,
    );
    this.#rename = db.prepare("UPDATE audit SET account = ? WHERE account = ?");
  }

  /**
   * Does `work` in one transaction with the entries it notes; listeners hear of them once they are kept. Whether the
   * actor's grant still holds is asked in there: a right that was lost before changes nothing any more.
   * @throws whatever `work` throws, with nothing changed; {@linkcode StoreError} `storage`, `lapsed`, `forbidden`.
   */
  run<T>(by: Actor, work: (note: (change: Change) => void) => T): T {
    const noted: Change[] = [];
    const result = this.#db.transaction(() => {
      this.#authorise(by);
      return work((change) => {
        const { action, account, object, before, after } = change;
        const values = [action, account, object, json(before), json(after)];
        this.#insert.run(this.#now(), by.who, by.address, ...values);
        this.#prune.run(account, account);
        this.#pruneAll.run();
        noted.push(change);
      });
    });
    for (const change of noted) {
      for (const listener of this.#listeners) listener(change);
    }
    return result;
  }

  /** For the accounts, when one is removed: the next one of its name finds nothing of it. Returns what it is called now. */
  bury(account: string): string {
    const former = formerName(account, this.#now());
    this.#rename.run(former, account);
    return former;
  }

  /** @throws {StoreError} `lapsed`, `forbidden`. */
  #authorise({ grant }: Actor): void {
    const lapse = grant && this.#grants.lapseOf(grant);
    if (lapse === undefined) return;
    throw lapse === "role"
      ? new StoreError("forbidden", "Your role has changed meanwhile; nothing was changed")
      : new StoreError("lapsed", "You are signed out since you began this; nothing was changed");
  }

  /** Calls `listener` for every change from now on, until the function it gives back is called. */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The newest entries first, below the id `before`; `account` shows what concerns one account only, `former` those of
   * that name that were removed as well.
   */
  list(
    { before = Number.MAX_SAFE_INTEGER, limit = 100, account, former = false }: {
      before?: number;
      limit?: number;
      account?: string;
      former?: boolean;
    } = {},
  ): AuditEntry[] {
    const names = account === undefined
      ? []
      : [account, former ? `${account} (removed *` : account];
    const one = account === undefined ? "" : "AND (account = ? OR account GLOB ?)";
    return this.#db
      .prepare(`SELECT * FROM audit WHERE id < ? ${one} ORDER BY id DESC LIMIT ?`)
      .all(before, ...names, limit)
      .map(entryOf);
  }
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function entryOf(row: Row): AuditEntry {
  return {
    id: Number(row.id),
    time: Number(row.time),
    who: String(row.who),
    address: String(row.address),
    action: String(row.action) as Action,
    account: String(row.account),
    object: String(row.object),
    ...(row.before === null ? {} : { before: JSON.parse(String(row.before)) }),
    ...(row.after === null ? {} : { after: JSON.parse(String(row.after)) }),
  };
}
