/** Brings a database to the newest schema, one numbered step after the other, or leaves it as it was. @module */

import { DatabaseSync } from "node:sqlite";
import { FileDraft } from "../../cli/mod.ts";
import type { Database } from "./database.ts";
import { StoreError } from "./store_error.ts";

/** Marks our databases in their header ("crnc"), for `file` and for {@linkcode schemaOf}. */
const APPLICATION = 0x63726e63;

/** How {@linkcode migrate} goes about it. */
export interface MigrateOptions {
  /** Where the database lies. */
  readonly path: string;
  /** Step n (from 1) leads from schema n − 1 to schema n; what was released is never changed. */
  readonly steps: readonly string[];
  /** Keep `<path>.schema-<n>` as it was before, with mode 0600. */
  readonly keepCopy: boolean;
}

/**
 * Runs the missing steps in one transaction. A database that has lost its numbers, as a `.dump` that sqlite3 has
 * restored, is known by its tables.
 * @returns whether it had lost them.
 * @throws {StoreError} `newer-schema` where a newer version wrote it; `foreign` where another program did;
 * `storage` where the disk is at fault.
 */
export function migrate(db: Database, { path, steps, keepCopy }: MigrateOptions): boolean {
  const one = (sql: string): unknown => db.value(sql);
  const found = schemaOf(one, steps, path);
  const isMarked = Number(one("PRAGMA application_id")) === APPLICATION;
  const isRecognised = found > 0 && Number(one("PRAGMA user_version")) !== found;
  if (found === steps.length && isMarked && !isRecognised) return false;
  if (found > 0 && found < steps.length && keepCopy) copy(db, `${path}.schema-${found}`);
  db.transaction(() => {
    // Read again: another process may have been quicker.
    for (const step of steps.slice(schemaOf(one, steps, path))) db.exec(step);
    db.exec(`PRAGMA user_version = ${steps.length}`);
    db.exec(`PRAGMA application_id = ${APPLICATION}`);
  });
  return isRecognised;
}

/**
 * Which schema a database has; 0 for an empty one.
 * @param one gives the one value of a statement
 * @throws {StoreError} `newer-schema`, `foreign`.
 */
export function schemaOf(
  one: (sql: string) => unknown,
  steps: readonly string[],
  path: string,
): number {
  const version = Number(one("PRAGMA user_version"));
  const application = Number(one("PRAGMA application_id"));
  if (application === APPLICATION && version > 0) {
    if (version <= steps.length) return version;
    throw newer(path, version, steps.length);
  }
  const shape = shapeOf(one);
  if (shape.size === 0 && application === 0) return 0;
  const shapes = shapesOf(steps);
  if (application === 0 && version <= steps.length) {
    const last = version === 0 ? steps.length : version;
    const first = version === 0 ? 1 : version;
    for (let n = last; n >= first; n--) if (isWithin(shapes[n - 1]!, shape)) return n;
  } else if (application === 0 && isWithin(tablesOf(shapes[0]!), shape)) {
    throw newer(path, version, steps.length);
  }
  throw new StoreError(
    "foreign",
    `Cannot use ${path}: its tables are not those of any version of crunch; ` +
      "put a copy or a backup of crunch's own there, or give another --data directory",
  );
}

function newer(path: string, version: number, newest: number): StoreError {
  return new StoreError(
    "newer-schema",
    `Cannot use ${path}: a newer version of crunch wrote it (schema ${version}, this one knows ${newest}). ` +
      "Use that version again, or another --data directory.",
  );
}

/** Tables, their columns, and indexes. */
function shapeOf(one: (sql: string) => unknown): Set<string> {
  const text = one(
    `SELECT json_group_array(part) FROM (
       SELECT type || ' ' || name AS part FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'
       UNION ALL
       SELECT 'column ' || tables.name || '.' || columns.name
       FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
       WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%')`,
  );
  return new Set(JSON.parse(String(text)) as string[]);
}

/** The shape after each of the steps. */
function shapesOf(steps: readonly string[]): Set<string>[] {
  const db = new DatabaseSync(":memory:");
  try {
    return steps.map((step) => {
      db.exec(step);
      return shapeOf((sql) => Object.values(db.prepare(sql).get() ?? {})[0]);
    });
  } finally {
    db.close();
  }
}

function tablesOf(shape: ReadonlySet<string>): Set<string> {
  return new Set([...shape].filter((part) => part.startsWith("table ")));
}

function isWithin(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return part.isSubsetOf(whole);
}

/** Whole under its name or not there at all. */
function copy(db: Database, path: string): void {
  try {
    // VACUUM INTO fills an empty file, would make one with mode 0644, and does not wait for the disk
    // (sqlite.org/lang_vacuum.html), while the migration will.
    using draft = new FileDraft(path, { mode: 0o600 });
    db.prepare("VACUUM INTO ?").run(draft.path);
    draft.publish();
  } catch (cause) {
    throw new StoreError(
      "storage",
      `Cannot keep a copy of the database at ${path} before changing its schema`,
      { cause },
    );
  }
}
