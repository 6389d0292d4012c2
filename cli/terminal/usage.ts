/** What is said of input that cannot be taken: the error, quoting, the nearest known word. @module */

import { escaped } from "./printed.ts";

/**
 * The user asked for something that cannot be: exit code 2, `message` and a pointer to `--help` on stderr.
 * The message says what happened and, where there is one, the line to type instead, on a line of
 * its own that begins with two spaces. It never holds a secret.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** The command whose `--help` answers, like `relay` or `account add`; empty for the program itself. */
  readonly command: string;

  constructor(message: string, command = "", options?: ErrorOptions) {
    super(message, options);
    this.command = command;
  }

  /** All that is to be said: `crunch relay: …` and where to read more. */
  get text(): string {
    const program = this.command === "" ? "crunch" : `crunch ${this.command}`;
    return `${program}: ${this.message}\nSee ${program} --help\n`;
  }
}

/** A value that a kind refuses; `message` continues "--http " or "drain in crunch.toml, line 3, ". */
export class BadValue extends Error {
  override readonly name = "BadValue";
}

/** `text` in quotes for a message: control and reordering characters escaped, cut after `most` characters. */
export function quote(text: string, most = 60): string {
  const shown = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return `"${escaped(shown)}"`;
}

/** True where `text` holds a character that no option's value may hold (U+0000 to U+001F, U+007F). */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code === 127) return true;
  }
  return false;
}

/** Words longer than this are cut before they are compared, so that a hostile word costs nothing. */
const COMPARED = 48;

/** How many insertions, deletions, exchanges and swaps of neighbours lie between two words. */
export function editDistance(from: string, to: string): number {
  const a = from.slice(0, COMPARED);
  const b = to.slice(0, COMPARED);
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, before[j - 2]! + 1);
      }
      row.push(cost);
    }
    before = above;
    above = row;
  }
  return above[b.length]!;
}

/** The known word that looks most like `word` and how far it is; undefined where nothing is known. */
export function nearest(
  word: string,
  known: Iterable<string>,
): { readonly word: string; readonly distance: number } | undefined {
  let best: { word: string; distance: number } | undefined;
  const lower = word.toLowerCase();
  for (const candidate of known) {
    // A word that was cut short or typed too long is nearer than a different word of the same length.
    const affix = lower.length >= 3 && (candidate.startsWith(lower) || lower.startsWith(candidate));
    const distance = affix ? 1 : editDistance(lower, candidate);
    if (best === undefined || distance < best.distance) best = { word: candidate, distance };
  }
  return best;
}

/** "did you mean --http?" for a close word, "the nearest is --http" for a far one, "" where none is known. */
export function suggest(word: string, known: Iterable<string>, prefix = ""): string {
  const found = nearest(word, known);
  if (found === undefined) return "";
  const close = found.distance <= Math.max(1, Math.floor(word.length / 3));
  return close
    ? `; did you mean ${prefix}${found.word}?`
    : `; the nearest is ${prefix}${found.word}`;
}
