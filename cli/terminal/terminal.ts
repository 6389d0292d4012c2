/** What a terminal gets that a pipe does not: colour, columns, a prompt that does not echo. @module */

import { printable, printableLines } from "./printed.ts";

/** A stream that may be a terminal, like `Deno.stdout`. */
export interface Output {
  isTerminal(): boolean;
  writeSync(bytes: Uint8Array): number;
}

/** Marks up text; every function gives the text as it was where there is no colour. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
}

/** True on a terminal, unless `NO_COLOR` is set (to anything, https://no-color.org) or it is a dumb one. */
export function hasColour(
  stream: Pick<Output, "isTerminal">,
  env: Readonly<Record<string, string>>,
): boolean {
  return stream.isTerminal() && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
}

/** A style with colour or without. */
export function makeStyle(colour: boolean): Style {
  const paint = (on: number, off: number) => (text: string) =>
    colour ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    yellow: paint(33, 39),
    green: paint(32, 39),
  };
}

/** Columns to write in: those of the terminal, from 40 to 100; `elsewhere` where there is none. */
export function columns(stream: Pick<Output, "isTerminal">, elsewhere = 80): number {
  if (!stream.isTerminal()) return elsewhere;
  try {
    return Math.min(100, Math.max(40, Deno.consoleSize().columns || 80));
  } catch {
    // consoleSize looks at the standard streams and throws where none of them is a terminal.
    return 80;
  }
}

/** How many columns a text of ours takes, which may hold colours. */
function widthOf(text: string): number {
  // deno-lint-ignore no-control-regex -- colours begin with one
  return text.replace(/\x1b\[\d+m/g, "").length;
}

/** Breaks `text` at spaces into lines of at most `width`; a longer word stands alone, an option has its value beside it. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<!(?:^|\s)--[a-z-]+) /)) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** Fits a message into `width`. Lines that begin with two spaces are there to be typed, and stay whole. */
export function fold(message: string, width: number): string[] {
  return message.split("\n").flatMap((line) => line.startsWith("  ") ? [line] : wrap(line, width));
}

/** Why a command ended, as stderr gets it: `crunch relay: …`, further lines, and those to type. */
export function failureText(
  text: string,
  { width, style }: { readonly width: number; readonly style: Style },
): string {
  const marked = printableLines(text.trimEnd()).replace(/^[^:\n]*:/, (who) => style.red(who));
  return `${fold(marked, width).join("\n")}\n`;
}

/** Writes all of a text, unless its reader went away. */
export function writeText(stream: Pick<Output, "writeSync">, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/**
 * Rows as text: in columns under their headings for a terminal; for a pipe one line a row, fields
 * separated by tabs, without headings.
 */
export async function formatTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { terminal, style = makeStyle(false) }: { readonly terminal: boolean; readonly style?: Style },
): Promise<string> {
  const clean = rows.map((row) => row.map((cell) => printable(cell)));
  if (!terminal) return clean.map((row) => `${row.join("\t")}\n`).join("");
  // Loaded here alone: most commands print no table.
  const { eastAsianWidth } = await import("get-east-asian-width");
  // Marks stand on the letter before, and format characters take no place.
  const widthOf = (cell: string): number =>
    [...cell.replace(/[\p{Mn}\p{Me}\p{Cf}]/gu, "")]
      .reduce((width, char) => width + eastAsianWidth(char.codePointAt(0)!), 0);
  const widths = headings.map((heading, i) =>
    clean.reduce((width, row) => Math.max(width, widthOf(row[i] ?? "")), widthOf(heading))
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) =>
      i === cells.length - 1 ? cell : cell + " ".repeat(widths[i]! - widthOf(cell))
    ).join("  ").trimEnd();
  return [style.bold(line(headings)), ...clean.map(line)].map((text) => `${text}\n`).join("");
}
