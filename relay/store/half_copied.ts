/** Tells when a data directory looks like one that was copied in part, and keeps SQLite from what it would do then. @module */

import { join } from "node:path";
import { filesToKeep } from "./data_files.ts";

/**
 * Looks at `dir` before its database is opened.
 * @returns what to warn of, in whole sentences
 */
export function signsOfCopying(dir: string): string[] {
  const path = join(dir, "crunch.db");
  if (sizeOf(path) > 0) return [];
  const wal = `${path}-wal`;
  if (sizeOf(wal) > 0) {
    // SQLite would remove it without a word.
    Deno.renameSync(wal, `${wal}.stray`);
    return [
      `crunch.db is missing in ${dir}, only its last changes (crunch.db-wal) are there: it was copied in part. ` +
      "They are kept as crunch.db-wal.stray, and the relay begins without accounts; " +
      "stop it and copy all files, or use crunch backup and crunch restore",
    ];
  }
  const others = filesToKeep(dir).filter((name) =>
    name !== "crunch.db" && sizeOf(join(dir, name)) > 0
  );
  if (others.length === 0) return [];
  return [
    `crunch.db is missing in ${dir}, though ${others[0]} is there: it was copied in part. ` +
    "The relay begins without accounts; " +
    "stop it and copy all files, or use crunch backup and crunch restore",
  ];
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
