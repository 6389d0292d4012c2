/** Opening a file so that it is surely the one that was meant, and reading it by position. @module */

import fs from "node:fs";

const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants;
// O_NONBLOCK: a FIFO opens at once instead of waiting for its writer. O_NOFOLLOW: the last segment is no symlink.
const FLAGS = O_RDONLY | O_NONBLOCK | O_NOFOLLOW;
const LINUX = Deno.build.os === "linux";

/** What tells one state of a file from another, as far as the system says. Times in ms; ctime is in whole seconds. */
export interface Signature {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtime: number;
  readonly ctime: number;
}

/** Milliseconds of a file time; 0 where the system has none or nonsense. */
export function timeOf(date: Date | null): number {
  return date === null ? 0 : date.getTime() || 0;
}

/** Whether `info` shows the file in the state `signature`. */
export function sameState(signature: Signature, info: Deno.FileInfo): boolean {
  return signature.ino === (info.ino ?? 0) && signature.size === info.size &&
    signature.mtime === timeOf(info.mtime) && signature.ctime === timeOf(info.ctime) &&
    signature.dev === info.dev && info.isFile;
}

/** A file that is open for reading. Its holder closes it (`using`). */
export class OpenFile implements Disposable, Signature {
  readonly fd: number;
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtime: number;
  readonly ctime: number;

  private constructor(fd: number, state: State) {
    this.fd = fd;
    this.dev = state.dev;
    this.ino = state.ino ?? 0;
    this.size = state.size;
    this.mtime = timeOf(state.mtime);
    this.ctime = timeOf(state.ctime);
  }

  /**
   * Opens the regular file at `path`, which is free of symlinks. Null when, by the time it was open, something
   * else lay there: a directory on the way became a symlink, the file was replaced, it is no regular file.
   * @throws {Error} with the system's `code`.
   */
  static open(path: string): OpenFile | null {
    const fd = fs.openSync(path, FLAGS);
    try {
      const state = stateOf(fd);
      if (state.isFile && liesAt(fd, path, state)) return new OpenFile(fd, state);
    } catch (error) {
      close(fd);
      throw error;
    }
    close(fd);
    return null;
  }

  /** Whether the file still has the size and the time of its opening: what was read of it is of one piece. */
  get unchanged(): boolean {
    const { size, mtime } = stateOf(this.fd);
    // One that grew was appended to (a log): what was promised of it is still there.
    return size > this.size || (size === this.size && timeOf(mtime) === this.mtime);
  }

  /** Fills `target` from `position` on; false when the file is shorter than that. */
  readFully(target: Uint8Array, position: number): boolean {
    let done = 0;
    while (done < target.length) {
      const count = fs.readSync(this.fd, target, done, target.length - done, position + done);
      if (count === 0) return false;
      done += count;
    }
    return true;
  }

  /** Reads at most `length` bytes from `position` on, off the thread. 0 at the end of the file. */
  read(target: Uint8Array, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.fd, target, 0, length, position, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  }

  [Symbol.dispose](): void {
    close(this.fd);
  }
}

/** A directory held open, so that its entries are its own even if its path comes to mean another one. */
export class OpenDirectory implements Disposable {
  /** A path that leads to the open directory itself. */
  readonly path: string;
  readonly #fd: number;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.path = path;
  }

  /** As `OpenFile.open`, for a directory. */
  static open(path: string): OpenDirectory | null {
    if (Deno.build.os === "windows") return new OpenDirectory(-1, path);
    const fd = fs.openSync(path, FLAGS);
    try {
      const state = stateOf(fd);
      if (state.isDirectory && liesAt(fd, path, state)) {
        return new OpenDirectory(fd, readLink(fd) === null ? path : `/proc/self/fd/${fd}`);
      }
    } catch (error) {
      close(fd);
      throw error;
    }
    close(fd);
    return null;
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) close(this.#fd);
  }
}

/** The part of a `Deno.FileInfo` that is looked at here. */
type State = Pick<
  Deno.FileInfo,
  "isFile" | "isDirectory" | "dev" | "ino" | "size" | "mtime" | "ctime"
>;

/** The state of what is open: by way of /proc in 1.4 µs, by fstat in 6.5. */
function stateOf(fd: number): State {
  if (LINUX) {
    try {
      return Deno.statSync(`/proc/self/fd/${fd}`);
    } catch {
      // no /proc here
    }
  }
  const stats = fs.fstatSync(fd);
  const { dev, ino, size, mtime, ctime } = stats;
  return { isFile: stats.isFile(), isDirectory: stats.isDirectory(), dev, ino, size, mtime, ctime };
}

/** Whether the open `fd` lies at `path` and was not reached by a symlink on the way. */
function liesAt(fd: number, path: string, state: State): boolean {
  const link = readLink(fd);
  if (link !== null) return link === path;
  // Elsewhere no system call tells the path of a descriptor: look again, now that it is open.
  const info = Deno.lstatSync(path);
  return Deno.realPathSync(path) === path && info.dev === state.dev &&
    (info.ino ?? 0) === (state.ino ?? 0);
}

/** Where the kernel says that the descriptor lies; null where it does not say. */
function readLink(fd: number): string | null {
  if (!LINUX) return null;
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return null; // no /proc here
  }
}

function close(fd: number): void {
  try {
    fs.closeSync(fd);
  } catch {
    // The descriptor is gone all the same, and nothing was written that could be lost.
  }
}
