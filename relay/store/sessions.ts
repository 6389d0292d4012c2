/** The dashboard's sessions: who signed in with a browser, until when. @module */

import { createHash, randomBytes } from "node:crypto";
import { type Account, accountOf } from "./account.ts";
import { type Actor, type Changes, SYSTEM } from "./changes.ts";
import { type Database, type Row, type Statement, storageError } from "./database.ts";
import { StoreError } from "./store_error.ts";
import type { TokenTree } from "./token_tree.ts";

/** A session, without its secret. Times are milliseconds since 1970. */
export interface Session {
  /** Public, 32 hexadecimal digits: the beginning of the secret's SHA-256. */
  readonly id: string;
  readonly account: string;
  readonly created: number;
  readonly expires: number;
  /** To the minute. */
  readonly lastUsed: number;
  /** Where it was begun. */
  readonly address: string;
  /** The browser's User-Agent then, cut to 200 characters. */
  readonly browser: string;
}

const DAY = 86_400_000;
const TOUCH_MS = 60_000;
/** Sessions of one account; the one that was used least lately gives way to the next. */
const MOST_SESSIONS = 50;
/** Sessions of which it is remembered when they began; the oldest gives way. */
const MOST_BEGUN = 1_000;

/** All sessions. */
export class Sessions {
  readonly #changes: Changes;
  readonly #tree: TokenTree;
  readonly #now: () => number;
  readonly #insert: Statement;
  readonly #find: Statement;
  readonly #list: Statement;
  readonly #touch: Statement;
  readonly #remove: Statement;
  readonly #removeOver: Statement;
  readonly #removeOldest: Statement;
  /** When sessions began that this process began, by the monotonic clock. */
  readonly #begun = new Map<string, number>();

  constructor(
    db: Database,
    { changes, tree, now }: { changes: Changes; tree: TokenTree; now: () => number },
  ) {
    this.#changes = changes;
    this.#tree = tree;
    this.#now = now;
    this.#insert = db.prepare("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.#find = db.prepare(
      `SELECT accounts.*, sessions.id AS session, sessions.created AS started, expires, last_used,
         address, browser
       FROM sessions JOIN accounts ON accounts.id = account
       WHERE sessions.id = ? AND expires > ? AND NOT disabled`,
    );
    this.#list = db.prepare(
      `SELECT accounts.name, sessions.id AS session, sessions.created AS started, expires,
         last_used, address, browser
       FROM sessions JOIN accounts ON accounts.id = account
       WHERE expires > ?1 AND (?2 IS NULL OR accounts.name = ?2)
       ORDER BY last_used DESC, sessions.id`,
    );
    this.#touch = db.prepare("UPDATE sessions SET last_used = ? WHERE id = ?");
    this.#remove = db.prepare("DELETE FROM sessions WHERE id = ?");
    this.#removeOldest = db.prepare(
      `DELETE FROM sessions WHERE id IN (
         SELECT id FROM sessions WHERE account = ? ORDER BY last_used DESC, id
         LIMIT -1 OFFSET ${MOST_SESSIONS - 1})`,
    );
    this.#removeOver = db.prepare("DELETE FROM sessions WHERE expires <= ?");
  }

  /**
   * Begins a session for an account that has just proved itself. `secret` (43 characters) is the cookie's value and kept nowhere.
   * @param from.lifetimeMs default 7 days.
   */
  create(
    account: Account,
    from: { address: string; browser: string; lifetimeMs?: number },
  ): { readonly secret: string; readonly session: Session } {
    const secret = randomBytes(32).toString("base64url");
    const [id, created] = [idOf(secret), this.#now()];
    const expires = created + (from.lifetimeMs ?? 7 * DAY);
    const { address } = from;
    const browser = from.browser.slice(0, 200);
    this.#changes.run({ who: account.name, address }, (note) => {
      const gone = this.#removeOver.run(created) + this.#removeOldest.run(account.id);
      if (gone > 0) this.#tree.prune(note);
      this.#insert.run(id, account.id, created, expires, created, address, browser);
      const after = { address, browser, expires: new Date(expires).toISOString() };
      note({ action: "session.start", account: account.name, object: id, after });
    });
    this.#begun.set(id, performance.now());
    if (this.#begun.size > MOST_BEGUN) this.#begun.delete(this.#begun.keys().next().value!);
    const session = { id, account: account.name, created, expires, lastUsed: created };
    return { secret, session: { ...session, address, browser } };
  }

  /** For how long a session has been there, in ms, whatever the wall clock did; Infinity for one of an earlier process. */
  ageOf(id: string): number {
    return performance.now() - (this.#begun.get(id) ?? -Infinity);
  }

  /** The session that a cookie's value belongs to; undefined where it is none, is over, or its account is disabled. */
  find(secret: string): { readonly session: Session; readonly account: Account } | undefined {
    const now = this.#now();
    // Only hashes are compared: how long that takes tells nothing about a secret.
    const row = this.#find.get(idOf(secret), now);
    if (!row) return undefined;
    const session = sessionOf(row);
    if (now - session.lastUsed >= TOUCH_MS) this.#note(session.id, now);
    return { session, account: accountOf(row) };
  }

  /** The sessions that are not over, last used first; of one account only with `account`. */
  list({ account }: { account?: string } = {}): Session[] {
    return this.#list.all(this.#now(), account ?? null).map(sessionOf);
  }

  /**
   * Ends a session; with `account`, only one of that account.
   * @throws {StoreError} `unknown`.
   */
  revoke(id: string, { by = SYSTEM, account }: { by?: Actor; account?: string } = {}): void {
    this.#changes.run(by, (note) => {
      const session = this.list(account === undefined ? {} : { account })
        .find((one) => one.id === id);
      if (!session) throw new StoreError("unknown", `There is no session ${id}`, { field: "id" });
      this.#remove.run(id);
      const { address, browser } = session;
      const before = { address, browser, created: new Date(session.created).toISOString() };
      note({ action: "session.end", account: session.account, object: id, before });
      this.#tree.prune(note);
    });
  }

  #note(id: string, now: number): void {
    try {
      this.#touch.run(now, id);
    } catch (error) {
      // A full disk must not sign anybody out; the request log warns of it.
      if (!storageError(error)) throw error;
    }
  }
}

function idOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex").slice(0, 32);
}

function sessionOf(row: Row): Session {
  return {
    id: String(row.session),
    account: String(row.name),
    created: Number(row.started),
    expires: Number(row.expires),
    lastUsed: Number(row.last_used),
    address: String(row.address),
    browser: String(row.browser),
  };
}
