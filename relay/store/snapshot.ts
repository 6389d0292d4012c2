/** Copies databases as they are at one moment while others write to them, and looks whether a copy is sound. @module */

import { pathToFileURL } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { createPrivateFile } from "./data_dir.ts";
import { LOG_SCHEMA } from "./log_schema.ts";
import { schemaOf } from "./migrate.ts";
import { STORE_SCHEMA } from "./schema.ts";
import { StoreError } from "./store_error.ts";

/** The databases of a data directory, with the steps that lead to their schemas. */
export const DATABASES: Readonly<Record<string, readonly string[]>> = {
  "crunch.db": STORE_SCHEMA,
  "log.db": LOG_SCHEMA,
};

/** Holds every request; all other tables together are small. */
const REQUESTS = "requests";

/** What a database holds that people count. */
export interface Contents {
  readonly accounts: number;
  readonly names: number;
  readonly requests: number;
}

/**
 * Copies the database at `from` into the new file `to` (0600), on the disk when this returns.
 * @param options.requests false leaves the request log's rows out
 * @throws {StoreError} `storage`.
 */
export function copyDatabase(
  from: string,
  to: string,
  { requests = true }: { readonly requests?: boolean } = {},
): void {
  try {
    Deno.statSync(from);
    createPrivateFile(to); // which SQLite fills: it would make one with mode 0644
    if (requests) copyWhole(from, to);
    else copyWithout(from, to, REQUESTS);
    using file = Deno.openSync(to, { read: true, write: true });
    file.syncSync();
  } catch (cause) {
    throw new StoreError("storage", `Cannot copy ${from}: ${(cause as Error).message}`, { cause });
  }
}

function copyWhole(from: string, to: string): void {
  // Read-only, so that closing it moves nothing in a directory that another process holds at the moment.
  const db = new DatabaseSync(from, { readOnly: true, timeout: 10_000 });
  try {
    db.prepare("VACUUM INTO ?").run(to);
  } finally {
    db.close();
  }
}

/** All but the rows of one table: copying those only to drop them would take minutes. */
function copyWithout(from: string, to: string, left: string): void {
  const db = new DatabaseSync(to, { timeout: 10_000 });
  try {
    db.exec("PRAGMA auto_vacuum = INCREMENTAL");
    db.prepare("ATTACH ? AS source").run(`${pathToFileURL(from).href}?mode=ro`);
    db.exec("BEGIN");
    const parts = db.prepare(
      `SELECT type, name, sql FROM source.sqlite_schema
       WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'table' DESC`,
    ).all();
    for (const { type, name, sql } of parts) {
      db.exec(String(sql));
      if (type !== "table" || name === left) continue;
      db.exec(`INSERT INTO main."${name}" SELECT * FROM source."${name}"`);
    }
    for (const pragma of ["user_version", "application_id"]) {
      const value = Object.values(db.prepare(`PRAGMA source.${pragma}`).get()!)[0];
      db.exec(`PRAGMA main.${pragma} = ${Number(value)}`);
    }
    db.exec("COMMIT");
  } finally {
    db.close();
  }
}

/**
 * Looks whether the copy at `path`, called `name` in a data directory, is sound and of a schema that is known here.
 * @throws {StoreError} `storage` for a damaged one, `newer-schema`, or `foreign` for another program's.
 */
export function inspectDatabase(path: string, name: string): Contents {
  const steps = DATABASES[name] ?? [];
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(`${pathToFileURL(path).href}?immutable=1`, { readOnly: true });
    const one = (sql: string): unknown => Object.values(db!.prepare(sql).get() ?? {})[0];
    const said = one(`PRAGMA ${name === "log.db" ? "quick_check" : "integrity_check"}(1)`);
    if (said !== "ok") throw new Error(String(said));
    if (schemaOf(one, steps, path) === 0) {
      throw new StoreError("foreign", `${name} in it is empty`);
    }
    const count = (table: string): number =>
      one(`SELECT 1 FROM sqlite_schema WHERE name = '${table}'`) === undefined
        ? 0
        : Number(one(`SELECT count(*) FROM ${table}`));
    return { accounts: count("accounts"), names: count("names"), requests: count(REQUESTS) };
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw new StoreError("storage", `${name} in it is damaged: ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    db?.close();
  }
}
