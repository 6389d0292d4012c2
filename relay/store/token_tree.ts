/** Tokens that were made with others, or with sessions, end with those. @module */

import type { Change } from "./changes.ts";
import type { Database, Statement } from "./database.ts";

/** Looks after them, within the changes of others. */
export class TokenTree {
  readonly #orphans: Statement;

  constructor(db: Database) {
    this.#orphans = db.prepare(
      `DELETE FROM tokens
       WHERE parent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM tokens AS t WHERE t.id = tokens.parent)
         AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.id = tokens.parent)
       RETURNING id, name, scope, (SELECT accounts.name FROM accounts WHERE accounts.id = account) AS owner`,
    );
  }

  /** Removes those whose parents are gone, and their children, and so on. */
  prune(note: (change: Change) => void): void {
    for (;;) {
      const gone = this.#orphans.all();
      if (gone.length === 0) return;
      for (const { id, name, scope, owner } of gone) {
        const before = { name, scope };
        note({ action: "token.revoke", account: String(owner), object: String(id), before });
      }
    }
  }
}
