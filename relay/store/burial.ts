/** Gives what the log knows of a removed account another name, so that the next one of its name does not inherit it. @module */

import type { Database } from "./database.ts";

/** Renames the account in every table that names one. */
export function buryAccount(db: Database, account: string, as: string): void {
  const tables = db.prepare(
    `SELECT tables.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
     WHERE tables.type = 'table' AND columns.name = 'account'`,
  ).all();
  db.transaction(() => {
    for (const { name } of tables) {
      db.prepare(`UPDATE "${name}" SET account = ? WHERE account = ?`).run(as, account);
    }
  });
}
