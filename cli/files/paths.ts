/** Makes of a path as it was written one that means the same everywhere: `~` is expanded, a relative one gets its folder. @module */

import { isAbsolute, join, resolve } from "node:path";
import { BadValue, quote } from "../terminal/mod.ts";

/** Where a path was written. Neither is asked for before a path needs it. */
export interface Place {
  /**
   * The folder that relative paths begin in; undefined: they stay as they are.
   * @throws {BadValue} where it is gone
   */
  folder(): string | undefined;
  /** The home directory; undefined where it is not known. */
  home(): string | undefined;
}

const isWindows = Deno.build.os === "windows";

/** A path is cut where a message would become longer than the longest of them. */
const SHOWN = 4096;

/** A path in quotes, whole: the end of it tells most. */
export function quotePath(path: string): string {
  return quote(path, SHOWN);
}

/**
 * The path that `text` means, absolute where the place has a folder. What lies behind a symlink is left to the
 * system: `link/../x` and links that are switched keep their meaning.
 * @throws {BadValue}
 */
export function locatePath(text: string, place: Place): string {
  if (text === "~" || text.startsWith("~/") || (isWindows && text.startsWith("~\\"))) {
    const home = homeOf(text, place);
    return text.length > 1 && /[/\\]$/.test(home) ? home + text.slice(2) : home + text.slice(1);
  }
  const path = isAbsolute(text) ? text : within(place.folder(), text);
  const first = /^(?:~[^/\\]*|\$\w+|\$\{\w+\})(?=[/\\]|$)/.exec(text)?.[0];
  if (first !== undefined && !exists(path)) {
    throw new BadValue(
      `begins with ${quote(first)}, which only a shell expands: ` +
        `write the whole path, ~/… for the home directory, or ./${first[0]}… for a name like that`,
    );
  }
  return path;
}

/** Whether there is anything at `path`. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function homeOf(text: string, place: Place): string {
  const home = place.home();
  if (home !== undefined && isAbsolute(home)) return home.replace(/(?<=.)[/\\]+$/, "");
  const variable = isWindows ? "USERPROFILE" : "HOME";
  throw new BadValue(
    `begins with ~, and the variable ${variable} names no home directory: ` +
      `write the whole path instead of ${quotePath(text)}`,
  );
}

function within(folder: string | undefined, text: string): string {
  if (folder === undefined || folder === ".") return text;
  if (isWindows) return resolve(folder, text);
  let parts = text.split("/").filter((part, i) => part !== "." && (part !== "" || i === 0));
  let base = folder;
  const up = parts.findIndex((part) => part !== "..");
  const levels = up < 0 ? parts.length : up;
  if (levels > 0) {
    // What is above a symlink is above the directory that it leads to.
    base = join(real(folder), "../".repeat(levels));
    parts = parts.slice(levels);
  }
  return [base.replace(/(?<=.)\/+$/, "").replace(/^\/$/, ""), ...parts].join("/") || "/";
}

function real(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}

/** What decides where a command was typed. */
export interface Typed {
  readonly env: Readonly<Record<string, string>>;
  /** The folder of the program's sources, where it is a checkout. */
  readonly checkout: string | undefined;
}

/**
 * The directory in which the command was typed. `deno task` runs its tasks in the checkout, whatever directory that
 * was, and leaves it in INIT_CWD; elsewhere the variable is an outer tool's and means nothing.
 * @throws {BadValue} where it is gone
 */
export function typedDirectory({ env, checkout }: Typed): string {
  const here = currentDirectory();
  const typed = env.INIT_CWD ?? "";
  if (checkout === undefined || !isAbsolute(typed) || real(here) !== real(checkout)) return here;
  try {
    return Deno.realPathSync(typed);
  } catch (cause) {
    throw gone(`${quotePath(typed)}, the directory where it was typed`, cause);
  }
}

/**
 * Goes to the root where the current directory has no name that the runtime could say, since workers cannot start there.
 * @returns `directory`, which says where the command was typed, or throws what it would have thrown before
 */
export function leaveNameless(directory: () => string): () => string {
  try {
    Deno.cwd();
    return directory;
  } catch (cause) {
    Deno.chdir("/");
    return () => {
      throw gone("the current directory", cause);
    };
  }
}

function currentDirectory(): string {
  try {
    return Deno.cwd();
  } catch (cause) {
    throw gone("the current directory", cause);
  }
}

function gone(directory: string, cause: unknown): BadValue {
  const why = cause instanceof Deno.errors.NotFound
    ? "is gone"
    : cause instanceof Deno.errors.InvalidData
    ? "has a name that is not UTF-8 text"
    : "cannot be read";
  return new BadValue(`is relative to ${directory}, which ${why}: write an absolute path`, {
    cause,
  });
}
