/** Remembers the files that options name (passwords, tokens, keys, configuration): none of them is ever published. @module */

import { resolve, sep } from "node:path";

/** Paths that are remembered: more than are ever named. */
const MOST = 256;
/** How long it is believed which files these are, ms: secrets are replaced while a program runs. */
const BELIEVED = 200;

const paths = new Set<string>();
/** Those that were read without being named: never published, but no reason to refuse their directory. */
const found = new Set<string>();
let identities: ReadonlySet<string> = new Set();
let lookedAt = -Infinity;

/** Remembers that an option named `path`. */
export function nameFile(path: string): void {
  if (paths.size >= MOST) return;
  paths.add(resolve(path));
  found.delete(resolve(path));
  lookedAt = -Infinity;
}

/** The same of a file that no option named. */
export function withholdFile(path: string): void {
  const isNamed = paths.has(resolve(path)) && !found.has(resolve(path));
  nameFile(path);
  if (!isNamed) found.add(resolve(path));
}

/** Whether a file is one that an option names, by whatever path and link it was found. */
export function isNamedFile(info: Pick<Deno.FileInfo, "dev" | "ino">, path: string): boolean {
  if (paths.size === 0) return false;
  const now = performance.now();
  if (now - lookedAt > BELIEVED) {
    lookedAt = now;
    identities = new Set([...paths].flatMap((named) => [named, ...identify(named)]));
  }
  return identities.has(path) || (info.ino !== null && identities.has(idOf(info)));
}

/** A file that an option names in `directory` or below it, if there is one; `directory` is free of symlinks. */
export function namedFileIn(directory: string): string | undefined {
  const prefix = directory.endsWith(sep) ? directory : directory + sep;
  return [...paths].find((path) =>
    !found.has(path) && ((real(path) ?? path).startsWith(prefix) || path.startsWith(prefix))
  );
}

/** Device and inode, and where the path leads. */
function identify(path: string): string[] {
  try {
    return [idOf(Deno.statSync(path)), Deno.realPathSync(path)];
  } catch {
    return []; // not there, or not yet
  }
}

function real(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch {
    return undefined;
  }
}

function idOf({ dev, ino }: Pick<Deno.FileInfo, "dev" | "ino">): string {
  return `${dev}:${ino}`;
}
