/** Makes a backup: copies of the databases as they are now, with the other files of the data directory, in one file. @module */

import { dirname, join } from "node:path";
import { CommandFailure, FileDraft } from "../../../cli/mod.ts";
import {
  checkDataDirOwner,
  type Contents,
  copyDatabase,
  filesToKeep,
  inspectDatabase,
  isDatabase,
} from "../../store/mod.ts";
import { ArchiveError, ArchiveWriter, readArchive } from "./archive.ts";
import { ABOUT, type About, FORMAT } from "./about.ts";

export interface SaveOptions {
  /** The data directory. */
  readonly data: string;
  /** Program and version. */
  readonly software: string;
  /** With the request log's rows; what each account has used is kept in any case. */
  readonly log: boolean;
}

/** What was saved, and how large it is. */
export interface Saved extends Contents {
  readonly bytes: number;
}

/**
 * Writes the backup to `file`, whole or not at all; a backup that is there gives way.
 * @throws {CommandFailure} with the reason. @throws {StoreError}
 */
export function save(file: string, { data, software, log }: SaveOptions): Saved {
  if (!checkDataDirOwner(data) || !isFile(join(data, "crunch.db"))) {
    throw new CommandFailure(`there is no relay's data in ${data}: nothing to back up`);
  }
  checkTarget(file, data);
  using drafts = new Drafts();
  using draft = draftOf(file);
  drafts.add(draft.path);
  const copies = drafts.add(join(data, `backup-${crypto.randomUUID()}.part`));
  Deno.mkdirSync(copies, { mode: 0o700 });
  const contents = { accounts: 0, names: 0, requests: 0 };
  let bytes: number;
  {
    using out = Deno.openSync(draft.path, { write: true });
    const archive = new ArchiveWriter(out);
    const about: About = { format: FORMAT, software, made: new Date().toISOString(), log };
    archive.add(ABOUT, new TextEncoder().encode(JSON.stringify(about, null, 2) + "\n"));
    for (const name of filesToKeep(data)) {
      if (!isDatabase(name)) {
        addFile(archive, name, data);
        continue;
      }
      const copy = join(copies, name);
      copyDatabase(join(data, name), copy, { requests: log });
      const found = inspectDatabase(copy, name);
      contents.accounts += found.accounts;
      contents.names += found.names;
      contents.requests += found.requests;
      archive.addFile(name, copy);
      Deno.removeSync(copy);
    }
    archive.finish();
    bytes = out.statSync().size;
  }
  draft.publish();
  return { ...contents, bytes };
}

/** Adds a file of `data`, unless it has gone meanwhile, as the first password goes. @throws {CommandFailure} */
function addFile(archive: ArchiveWriter, name: string, data: string): void {
  try {
    archive.addFile(name, join(data, name));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return;
    throw new CommandFailure(`cannot back up ${join(data, name)}: ${(cause as Error).message}`, 1, {
      cause,
    });
  }
}

function draftOf(file: string): FileDraft {
  try {
    return new FileDraft(file, { mode: 0o600 });
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "there is no such directory"
      : (cause as Error).message;
    throw new CommandFailure(`cannot write to ${dirname(file)}: ${reason}`, 1, { cause });
  }
}

/** What must not be replaced: the data themselves, and whatever is no backup. @throws {CommandFailure} */
function checkTarget(file: string, data: string): void {
  let real: string;
  try {
    real = Deno.realPathSync(dirname(file));
  } catch {
    return; // said when it is written
  }
  const root = Deno.realPathSync(data);
  if (real === root || real.startsWith(root + "/")) {
    throw new CommandFailure(
      `${file} lies in the data directory itself, and would be lost with it: name a file elsewhere`,
    );
  }
  let found: Deno.FileInfo;
  try {
    found = Deno.lstatSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw new CommandFailure(`cannot look at ${file}: ${(error as Error).message}`);
  }
  if (!found.isFile) {
    throw new CommandFailure(
      `${file} is ${found.isDirectory ? "a directory: name a file in it" : "no plain file"}`,
    );
  }
  if (found.size === 0) return;
  if (!isBackup(file)) {
    throw new CommandFailure(`${file} is there and is no backup: remove it, or name another file`);
  }
}

/** Whether it begins as one. */
function isBackup(file: string): boolean {
  using opened = Deno.openSync(file);
  let name = "";
  try {
    readArchive(opened, {
      take: (first) => {
        name = first;
        throw new ArchiveError("seen");
      },
      keep: () => {},
    });
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
  }
  return name === ABOUT;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Files and directories that are gone when the work is over, also where a signal ends the process. */
class Drafts implements Disposable {
  readonly #paths: string[] = [];
  readonly #onunload = (): void => this.#remove();

  constructor() {
    globalThis.addEventListener("unload", this.#onunload);
  }

  add(path: string): string {
    this.#paths.push(path);
    return path;
  }

  #remove(): void {
    for (const path of this.#paths) {
      try {
        Deno.removeSync(path, { recursive: true });
      } catch {
        // It was never made, or has its name by now.
      }
    }
  }

  [Symbol.dispose](): void {
    globalThis.removeEventListener("unload", this.#onunload);
    this.#remove();
  }
}
