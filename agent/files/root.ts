/** Which file or directory, if any, a list of names means: the place where every escape ends. @module */

import { existsSync } from "node:fs";
import { basename, dirname, resolve, sep } from "node:path";
import { isNamedFile } from "../../cli/mod.ts";

/** A directory with this file in it, and everything below, is never published. */
export const PRIVATE_MARKER = ".crunch-private";

/** A relay's accounts, copied somewhere without the marker. */
const OWN_DATABASE = /^crunch\.db(?:-wal|-shm)?$/;

/** Whether a file is never served: one that an option names, as passwords and keys are, or a relay's accounts. */
export function isSecret(path: string, info: Deno.FileInfo): boolean {
  return info.isFile && (OWN_DATABASE.test(basename(path)) || isNamedFile(info, path));
}

/** Something that may be served. */
export interface Place {
  /** Its path, without any symlink in it. */
  readonly path: string;
  /** What lies there. */
  readonly info: Deno.FileInfo;
}

/**
 * The directory that is published. It may itself be a symlink that is switched to another directory at run time.
 * Symlinks within it are followed as long as they lead to something within it; one that leads to a hidden name
 * publishes that on purpose, one that leads to a marked directory does not.
 */
export class Root {
  readonly #path: string;

  /** @throws {Error} when there is no directory at `path`. */
  constructor(path: string) {
    if (!look(path).isDirectory) {
      throw new Deno.errors.NotADirectory(
        `Cannot publish ${path}: it is not a directory; publish the one it is in: --dir ${
          dirname(path)
        }`,
      );
    }
    // Absolute, so that a later change of the working directory changes nothing; symlinks stay in it.
    this.#path = resolve(path);
  }

  /**
   * Follows `names` (decoded, none of them empty, dotted or with a separator) from the root. Null for what is not
   * published: it lies outside, below a marked directory, is a secret, or is no file or directory.
   * @throws {Error} with the system's `code` (`ENOENT`, `ELOOP`, `EACCES` …).
   */
  find(names: readonly string[]): Place | null {
    const root = Deno.realPathSync(this.#path);
    const prefix = root.endsWith(sep) ? root : root + sep;
    const asked = names.length === 0 ? root : prefix + names.join(sep);
    const path = names.length === 0 ? root : Deno.realPathSync(asked);
    if (path !== root && !path.startsWith(prefix)) return null;
    // Not followed: had the last segment become a symlink by now, it would be none of the two below.
    const info = Deno.lstatSync(path);
    if (!info.isFile && !info.isDirectory) return null;
    if (isSecret(path, info) || isMarked(prefix, path, info.isDirectory)) return null;
    // The way by which it was asked for may lead through a marked directory as well.
    if (asked !== path && isMarked(prefix, asked, info.isDirectory)) return null;
    return { path, info };
  }
}

/** Whether a directory between the root and `path`, both included, has the marker. */
function isMarked(prefix: string, path: string, isDirectory: boolean): boolean {
  if (isDirectory && existsSync(`${path}${sep}${PRIVATE_MARKER}`)) return true;
  for (
    let end = path.lastIndexOf(sep);
    end >= prefix.length;
    end = path.lastIndexOf(sep, end - 1)
  ) {
    if (existsSync(path.slice(0, end + 1) + PRIVATE_MARKER)) return true;
  }
  return existsSync(prefix + PRIVATE_MARKER);
}

/** @throws {Error} that says what is wrong with the path. */
function look(path: string): Deno.FileInfo {
  try {
    return Deno.statSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new Deno.errors.NotFound(
        `Cannot publish ${path}: there is no such directory; name one: --dir DIR`,
        { cause },
      );
    }
    if (!(cause instanceof Deno.errors.PermissionDenied)) throw cause;
    throw new Deno.errors.PermissionDenied(
      `Cannot publish ${path}: this user may not look into it`,
      { cause },
    );
  }
}
