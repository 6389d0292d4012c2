/** The page that shows what a directory holds, row by row, from `listing.html`. @module */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { escapeHtml } from "../../http/mod.ts";
import { encodeSegment } from "./path.ts";
import type { Row } from "./listing_rows.ts";

type Part = "top" | "parent" | "directory" | "file" | "unlinked" | "empty" | "bottom";

/** A part of the template: text, name of a value, text, name of a value … text. */
let parts: Map<string, readonly string[]> | undefined;
/** From the start: the program's files may go while it runs. */
const text = readFileSync(join(import.meta.dirname!, "listing.html"), "utf8");

function readParts(): Map<string, readonly string[]> {
  const pieces = text.replace(/\n\s+/g, "\n").split(/<!-- part: (\w+) -->\n/);
  const loaded = new Map<string, readonly string[]>();
  for (let i = 1; i < pieces.length; i += 2) {
    loaded.set(pieces[i]!, pieces[i + 1]!.split(/\{\{ ?(\w+) ?\}\}/));
  }
  return loaded;
}

/** A part with its values put in, each of them escaped. */
function fill(part: Part, values: Readonly<Record<string, string>> = {}): string {
  parts ??= readParts();
  const pieces = parts.get(part)!;
  let text = pieces[0]!;
  for (let i = 1; i < pieces.length; i += 2) {
    text += escapeHtml(values[pieces[i]!] ?? "") + pieces[i + 1]!;
  }
  return text;
}

/** What comes before the rows. `path` is shown as it is; `hasParent` puts a way up first. */
export function pageTop(path: string, hasParent: boolean): string {
  return fill("top", { path }) + (hasParent ? fill("parent") : "");
}

/** The rows of these entries. */
export function pageRows(rows: readonly Row[]): string {
  let text = "";
  for (const row of rows) {
    const time = timeText(row.mtime);
    text += fill(row.kind, {
      name: row.name,
      href: row.kind === "unlinked" ? "" : encodeSegment(row.name),
      bytes: String(row.size),
      size: sizeText(row.size),
      stamp: time === "" ? "" : `${time.replace(" ", "T")}Z`,
      time,
    });
  }
  return text;
}

/** What comes after the rows. */
export function pageBottom(isEmpty: boolean): string {
  return (isEmpty ? fill("empty") : "") + fill("bottom");
}

/** `2026-11-20 08:15`, in UTC; "" for a time that has no four-digit year. */
function timeText(time: number): string {
  if (!(time > -62e12 && time < 253e12)) return "";
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}

/** Bytes in units of 1000, with three digits at most: `999 B`, `1.2 kB`, `34 MB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
