/** Puts a backup's files into a data directory: all of them, or none. @module */

import { dirname, join } from "node:path";
import { CommandFailure } from "../../../cli/mod.ts";
import {
  abandonRestore,
  beginRestore,
  checkDataDirOwner,
  commitRestore,
  type Contents,
  inspectDatabase,
  isDatabase,
  isEmptyDataDir,
  isPassing,
  lockDataDir,
  StoreError,
} from "../../store/mod.ts";
import { ABOUT, type About, FORMAT } from "./about.ts";
import { ArchiveError, readArchive } from "./archive.ts";

export interface RestoreOptions {
  /** The data directory. */
  readonly data: string;
  /** Takes the place of what is there. */
  readonly replace: boolean;
}

/** What is there now. */
export interface Restored extends Contents {
  readonly about: About;
}

/**
 * Restores the backup `file`.
 * @throws {CommandFailure} with the reason. @throws {StoreError} for the directory.
 */
export function restore(file: string, { data, replace }: RestoreOptions): Restored {
  using backup = open(file);
  const isThere = checkDataDirOwner(data);
  const isEmpty = isEmptyDataDir(data);
  if (isThere && !isEmpty && !replace) {
    throw new CommandFailure(
      `${data} is not empty; type --replace to lose what is there, or name another directory: --data DIR`,
    );
  }
  const before = isEmpty && isThere ? new Set(namesIn(data)) : undefined;
  try {
    using _lock = lockDataDir(data, "restore");
    const part = beginRestore(data);
    try {
      const { about, files, contents } = unpack(backup, { file, into: part });
      commitRestore(data, files);
      return { about, ...contents };
    } catch (error) {
      abandonRestore(data);
      throw error;
    }
  } catch (error) {
    // What was made on the way goes, too.
    if (!isThere) removeMade(data);
    else if (before !== undefined) {
      for (const name of namesIn(data)) {
        if (!before.has(name)) Deno.removeSync(join(data, name), { recursive: true });
      }
    }
    throw error;
  }
}

/** As far as it was made at all. */
function removeMade(dir: string): void {
  try {
    Deno.removeSync(dir, { recursive: true });
  } catch {
    // Why it could not be made is said.
  }
}

function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name);
}

function open(file: string): Deno.FsFile {
  try {
    if (!Deno.statSync(file).isFile) throw new CommandFailure(`${file} is no plain file`);
    return Deno.openSync(file);
  } catch (cause) {
    if (cause instanceof CommandFailure) throw cause;
    const reason = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : (cause as Error).message;
    throw new CommandFailure(`cannot read ${file}: ${reason}`, 1, { cause });
  }
}

/** Unpacks all of it into a directory, and looks at each database. */
function unpack(
  backup: Deno.FsFile,
  { file, into }: { readonly file: string; readonly into: string },
): { about: About; files: string[]; contents: Contents } {
  let about: About | undefined;
  try {
    const names = readArchive(backup, {
      take: (name) => {
        if (about === undefined && name !== ABOUT) {
          throw new ArchiveError("it is no backup of crunch");
        }
        if (name === ABOUT) return undefined;
        // Neither a lock nor a list of files that shall be moved, nor what would be read beside a database.
        if (isPassing(name)) throw new ArchiveError(`it holds ${name}, which no backup does`);
        return create(join(into, name), name);
      },
      keep: (_, bytes) => about = readAbout(bytes),
    });
    const files = names.filter((name) => name !== ABOUT);
    if (!files.includes("crunch.db")) throw new ArchiveError("it holds no accounts");
    const contents = { accounts: 0, names: 0, requests: 0 };
    for (const name of files.filter(isDatabase)) {
      const found = inspectDatabase(join(into, name), name);
      contents.accounts += found.accounts;
      contents.names += found.names;
      contents.requests += found.requests;
    }
    return { about: about!, files, contents };
  } catch (cause) {
    if (!(cause instanceof ArchiveError || cause instanceof StoreError)) throw cause;
    throw new CommandFailure(`cannot restore ${file}: ${cause.message}; nothing was changed`, 1, {
      cause,
    });
  }
}

/** @throws {ArchiveError} where another entry is in the way. */
function create(path: string, name: string): Deno.FsFile {
  try {
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  } catch (cause) {
    const { AlreadyExists, IsADirectory, NotADirectory } = Deno.errors;
    if (![AlreadyExists, IsADirectory, NotADirectory].some((kind) => cause instanceof kind)) {
      throw cause;
    }
    throw new ArchiveError(`${name} in it is both a file and a directory`, { cause });
  }
}

function readAbout(bytes: Uint8Array): About {
  let about: Partial<About> | null;
  try {
    about = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    about = null;
  }
  const { format, made, software } = about ?? {};
  const isDate = typeof made === "string" && /^[\dTZ.:+-]{1,40}$/.test(made);
  if (typeof format !== "number" || !isDate || typeof software !== "string") {
    throw new ArchiveError("what it says of itself is damaged");
  }
  if (format === FORMAT) return about as About;
  throw new ArchiveError(`a newer version of crunch made it (${software.slice(0, 100)})`);
}
