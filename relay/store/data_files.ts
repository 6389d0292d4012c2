/** Which files of a data directory a backup holds, and how a restored set takes their place. @module */

import { dirname, join } from "node:path";

/** Where a set of files waits that is whole; until then it has another name. */
const WHOLE = "restored";
const PART = "restored.part";
/** In it: which files they are. */
const LIST = ".list";
/** What a restored set takes the place of, whether it holds the like or not. */
const OWN = ["crunch.db", "log.db", "admin-password"];

/** Of the moment, or made anew when they are missing. */
const PASSING = [
  /^relay\.lock$/,
  /^control\.sock$/,
  /^\.crunch-private$/,
  /\.db-(wal|shm|journal)$/,
  /\.schema-\d+(\.part)?$/,
  /\.(part|tmp)$/,
  /^\.crunch-\d+-/,
  /^restored(\/|$)/,
  /^\.list$/,
  // Of a file system's root, which a data directory may be.
  /^lost\+found(\/|$)/,
];

/** Whether a file of a data directory is one that SQLite writes to. */
export function isDatabase(name: string): boolean {
  return name === "crunch.db" || name === "log.db";
}

/** Whether a file of a data directory, by its path below it, is in no backup. */
export function isPassing(name: string): boolean {
  return PASSING.some((pattern) => pattern.test(name));
}

/** The files in `dir` that are worth keeping, as paths below it, in order. */
export function filesToKeep(dir: string): string[] {
  const found: string[] = [];
  const walk = (below: string): void => {
    for (const { name, isFile, isDirectory } of Deno.readDirSync(join(dir, below))) {
      const path = below === "" ? name : `${below}/${name}`;
      if (isPassing(path)) continue;
      if (isFile) found.push(path);
      else if (isDirectory) walk(path);
    }
  };
  walk("");
  return found.sort();
}

/** Whether nothing in `dir` would be lost; one that is not there is empty. */
export function isEmptyDataDir(dir: string): boolean {
  try {
    return [...Deno.readDirSync(dir)].every(({ name }) => isPassing(name) && !/\.db-/.test(name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

/** A new, private directory within `dir` for the files that shall take the place of those there. */
export function beginRestore(dir: string): string {
  const part = join(dir, PART);
  remove(part);
  Deno.mkdirSync(part, { mode: 0o700 });
  return part;
}

/** Gives up what was begun. */
export function abandonRestore(dir: string): void {
  remove(join(dir, PART));
}

/**
 * `files` are there and on the disk: from now on they hold, also if this process ends before they are moved, and
 * with them no other database, nor a password of the first start.
 */
export function commitRestore(dir: string, files: readonly string[]): void {
  const list = join(dir, PART, LIST);
  Deno.writeTextFileSync(list, JSON.stringify(files), { mode: 0o600, createNew: true });
  sync(list);
  sync(join(dir, PART));
  remove(join(dir, WHOLE));
  Deno.renameSync(join(dir, PART), join(dir, WHOLE));
  sync(dir);
  finishRestore(dir);
}

/** Moves restored files to where they belong, from wherever a process ended that had begun to. */
export function finishRestore(dir: string): void {
  const whole = join(dir, WHOLE);
  if (!exists(join(whole, LIST))) return;
  const files = JSON.parse(Deno.readTextFileSync(join(whole, LIST))) as string[];
  for (const name of OWN.filter((name) => !files.includes(name))) removeWithWal(join(dir, name));
  for (const name of files) {
    if (!exists(join(whole, name))) continue;
    Deno.mkdirSync(dirname(join(dir, name)), { recursive: true, mode: 0o700 });
    // The old -wal must never meet the new database.
    removeWithWal(join(dir, name));
    Deno.renameSync(join(whole, name), join(dir, name));
  }
  sync(dir);
  remove(whole);
}

function removeWithWal(path: string): void {
  for (const end of ["-wal", "-shm", "-journal", ""]) remove(path + end);
}

function remove(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Whether anything is there, a link that leads nowhere included. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Waits until a file, or what a directory holds, is on the disk. */
function sync(path: string): void {
  // Directories cannot be opened on Windows.
  if (Deno.build.os === "windows" && Deno.statSync(path).isDirectory) return;
  using file = Deno.openSync(path, { read: true });
  file.syncSync();
}
