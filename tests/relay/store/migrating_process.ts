/** A process that brings a database to a newer schema, and is killed at the moment that it is told. @module */

import { Database, type Statement } from "../../../relay/store/database.ts";
import { migrate } from "../../../relay/store/migrate.ts";
import { STORE_SCHEMA } from "../../../relay/store/schema.ts";

/** What later versions of the program might bring: columns, tables filled from others, a table made anew. */
export const LATER: readonly string[] = [
  ...STORE_SCHEMA,
  "ALTER TABLE accounts ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",
  `CREATE TABLE labels (name TEXT NOT NULL PRIMARY KEY, account INTEGER NOT NULL) STRICT;
   INSERT INTO labels SELECT name, account FROM names;`,
  `CREATE TABLE audit_next (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
   INSERT INTO audit_next SELECT id, time, action || ' ' || object FROM audit;
   DROP TABLE audit;
   ALTER TABLE audit_next RENAME TO audit;`,
];

/** Ends its process, as kill -9 does, before the statement of this number; each counts, from 0. */
class Mortal extends Database {
  left = Infinity;

  #live(): void {
    if (this.left-- > 0) return;
    Deno.kill(Deno.pid, "SIGKILL");
    // It comes at once, but not before this call returns.
    for (;;);
  }

  override prepare(sql: string): Statement {
    const statement = super.prepare(sql);
    const run = statement.run.bind(statement);
    statement.run = (...values) => {
      this.#live();
      const changes = run(...values);
      this.#live();
      return changes;
    };
    return statement;
  }

  override exec(sql: string): void {
    // Each statement by itself, so that it can end between two of them as well.
    for (const one of sql.split(";").filter((text) => text.trim() !== "")) {
      this.#live();
      super.exec(one);
    }
    this.#live();
  }

  override transaction<T>(work: () => T): T {
    this.#live();
    const result = super.transaction(() => {
      const inner = work();
      this.#live();
      return inner;
    });
    this.#live();
    return result;
  }
}

if (import.meta.main) {
  const [path = "", at = ""] = Deno.args;
  using db = new Mortal(path, { durability: "full" });
  console.log("opened");
  db.left = Number(at);
  migrate(db, { path, steps: LATER, keepCopy: true });
  console.log("done");
}
