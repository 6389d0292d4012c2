/** What a directory's listing shows: its entries that can be asked for, sorted, without holding up the event loop. @module */

import { existsSync } from "node:fs";
import { setImmediate } from "node:timers";
import { isPublishable } from "./path.ts";
import { isSecret, PRIVATE_MARKER, type Root } from "./root.ts";
import { timeOf } from "./open_file.ts";

/** An entry of a directory. Unlinked ones are there, but no address can name them. */
export interface Row {
  readonly name: string;
  readonly kind: "directory" | "file" | "unlinked";
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970; 0 where it is not known. */
  readonly mtime: number;
  /** What it is sorted by. */
  readonly key: string;
}

/** How many entries are looked at, or merged, in one go: about a millisecond's work. */
const BATCH = 256;
const SORT_RUN = 2048;

/** What of a directory to read. */
export interface RowsOptions {
  /** A path to the directory itself (see `OpenDirectory`). */
  readonly path: string;
  /** Its names below the root. */
  readonly names: readonly string[];
  readonly root: Root;
  /** Asked now and then: true ends the work early. */
  readonly cancelled: () => boolean;
}

/**
 * All rows, directories first, then by name without regard to case.
 * @throws {Error} with the system's `code` when the directory cannot be read.
 */
export async function readRows(options: RowsOptions): Promise<Row[]> {
  const rows: Row[] = [];
  let seen = 0;
  for await (const entry of Deno.readDir(options.path)) {
    const row = look(entry, options);
    if (row !== null) rows.push(row);
    if (++seen % BATCH === 0) {
      await nextTurn();
      if (options.cancelled()) break;
    }
  }
  return await sortRows(rows);
}

/** The row of an entry; null for one that is not shown. */
function look(entry: Deno.DirEntry, { path, names, root }: RowsOptions): Row | null {
  const { name } = entry;
  if (name.startsWith(".")) return null;
  try {
    if (entry.isSymlink) {
      const place = root.find([...names, name]);
      return place === null ? null : rowOf(name, place.info);
    }
    const info = Deno.lstatSync(`${path}/${name}`);
    if (info.isDirectory && existsSync(`${path}/${name}/${PRIVATE_MARKER}`)) return null;
    if (isSecret(`${path}/${name}`, info)) return null;
    return rowOf(name, info);
  } catch {
    // Gone since, or a symlink to nowhere. But a name that is not UTF-8 reads with U+FFFD in it, and no file is found by that.
    return name.includes("\ufffd") ? rowOf(name, null) : null;
  }
}

function rowOf(name: string, info: Deno.FileInfo | null): Row | null {
  if (info !== null && !info.isDirectory && !info.isFile) return null;
  const linked = info !== null && isPublishable(name);
  const kind = linked ? (info.isDirectory ? "directory" : "file") : "unlinked";
  return {
    name,
    kind,
    size: info?.size ?? 0,
    mtime: timeOf(info?.mtime ?? null),
    key: (kind === "directory" ? "0" : "1") + name.toLowerCase(),
  };
}

function isBefore(a: Row, b: Row): boolean {
  return a.key < b.key || (a.key === b.key && a.name < b.name);
}

/** A merge sort that lets others run in between: `sort` of 100,000 rows would take 0.1 s at once. */
export async function sortRows(rows: readonly Row[]): Promise<Row[]> {
  let runs: Row[][] = [];
  for (let at = 0; at < rows.length; at += SORT_RUN) {
    runs.push(rows.slice(at, at + SORT_RUN).sort((a, b) => isBefore(a, b) ? -1 : 1));
    if (rows.length > SORT_RUN) await nextTurn();
  }
  while (runs.length > 1) {
    const merged: Row[][] = [];
    for (let i = 0; i < runs.length; i += 2) merged.push(await merge(runs[i]!, runs[i + 1] ?? []));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge(left: readonly Row[], right: readonly Row[]): Promise<Row[]> {
  const merged: Row[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    merged.push(isBefore(right[r]!, left[l]!) ? right[r++]! : left[l++]!);
    if (merged.length % (SORT_RUN * 4) === 0) await nextTurn();
  }
  while (l < left.length) merged.push(left[l++]!);
  while (r < right.length) merged.push(right[r++]!);
  return merged;
}

/** Lets everything else that waits run once. `setTimeout` would take 2 ms. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
