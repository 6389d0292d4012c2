/** Files that appear whole under their name or not at all, whatever lies beside them and whenever the power goes. @module */

import { closeSync, constants, fsyncSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { isAlive } from "./alive.ts";

/** With the pid of who writes it, and what SQLite puts beside one that it fills. */
const DRAFT = /^\.crunch-(\d+)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-journal)?$/;

export interface WholeFileOptions {
  /** Permission bits, less those of the umask. */
  readonly mode?: number;
}

/** Writes `content` under `path`. @throws as {@linkcode FileDraft} does, and where the disk takes no more. */
export function writeWholeFile(
  path: string,
  content: string | Uint8Array,
  options: WholeFileOptions = {},
): void {
  using draft = new FileDraft(path, options);
  // Into the file that is there: it is new, and ours.
  if (typeof content === "string") Deno.writeTextFileSync(draft.path, content, { create: false });
  else Deno.writeFileSync(draft.path, content, { create: false });
  draft.publish();
}

/** A new, empty file beside where it will be, to be filled by its path. Disposing it removes it, unless it was published. */
export class FileDraft implements Disposable {
  readonly path: string;
  readonly #target: string;
  #isOpen = true;

  /** @throws {TypeError} with a sentence, where something else than a regular file has the path `target`. */
  constructor(target: string, { mode = 0o666 }: WholeFileOptions = {}) {
    refuseOther(target);
    this.#target = target;
    // Whatever somebody put there before us, a link above all, nobody can have known this name.
    this.path = join(dirname(target), `.crunch-${Deno.pid}-${crypto.randomUUID()}`);
    Deno.openSync(this.path, { write: true, createNew: true, mode }).close();
  }

  /** Waits for the disk, then gives the file its name, in place of the one that has it. */
  publish(): void {
    {
      using file = Deno.openSync(this.path, { read: true, write: true });
      file.syncSync();
    }
    refuseOther(this.#target);
    Deno.renameSync(this.path, this.#target);
    this.#isOpen = false;
    syncDirectory(dirname(this.#target));
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      Deno.removeSync(this.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Removes what killed processes left in a directory where no other process writes now. */
export function sweepDrafts(dir: string): void {
  for (const { name } of Deno.readDirSync(dir)) {
    const pid = Number(DRAFT.exec(name)?.[1]);
    // In a container every start has the same one.
    if (Number.isNaN(pid) || pid !== Deno.pid && isAlive(pid)) continue;
    try {
      Deno.removeSync(join(dir, name));
    } catch {
      // It does no harm; the next start tries again.
    }
  }
}

/** What has the path `path` and is not to be replaced, as `a directory`; undefined where nothing or a regular file is there. @throws where we may not look */
export function notReplaceable(path: string): string | undefined {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  if (info.isFile) return undefined;
  if (info.isDirectory) return "a directory";
  return info.isSymlink ? "a symbolic link; name what it leads to" : "no regular file";
}

function refuseOther(path: string): void {
  const what = notReplaceable(path);
  if (what !== undefined) throw new TypeError(`Cannot write ${path}: it is ${what}`);
}

/** A name outlives a power cut only once its directory is on the disk. */
function syncDirectory(path: string): void {
  if (Deno.build.os === "windows") return;
  try {
    // Deno opens no directories.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    // Some file systems cannot, and who may write there need not be able to read: the file is there all the same.
    if (!["EACCES", "EINVAL", "ENOTSUP"].includes((error as { code?: string }).code ?? "")) {
      throw error;
    }
  }
}
