/** Brings a database to the newest schema, one numbered step after the other, or leaves it as it was. @module */

import { FileDraft } from "../../cli/mod.ts";
import type { Database } from "./database.ts";
import { StoreError } from "./store_error.ts";

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
 * Runs the missing steps in one transaction.
 * @throws {StoreError} `newer-schema` where a newer version wrote it; `storage` where the disk is at fault.
 */
export function migrate(db: Database, { path, steps, keepCopy }: MigrateOptions): void {
  const found = checkedVersion(db, path, steps.length);
  if (found === steps.length) return;
  if (found > 0 && keepCopy) copy(db, `${path}.schema-${found}`);
  db.transaction(() => {
    // Read again: another process may have been quicker.
    const from = checkedVersion(db, path, steps.length);
    for (const step of steps.slice(from)) db.exec(step);
    db.exec(`PRAGMA user_version = ${steps.length}`);
  });
}

function checkedVersion(db: Database, path: string, newest: number): number {
  const version = Number(db.value("PRAGMA user_version"));
  if (version <= newest) return version;
  throw new StoreError(
    "newer-schema",
    `Cannot use ${path}: a newer version of crunch wrote it (schema ${version}, this one knows ${newest}). ` +
      "Use that version again, or another --data directory.",
  );
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
