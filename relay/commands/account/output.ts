/** Prints what `crunch account` has to say: tables for people, columns for pipes, JSON for programs. @module */

import {
  formatTable,
  hasColour,
  makeStyle,
  printable,
  printableJson,
  type Program,
} from "../../../cli/mod.ts";

/** A column: its heading, and a cell's text for people or for a pipe. */
export interface Column<T> {
  readonly heading: string;
  readonly text: (row: T, isForPeople: boolean) => string;
}

/** Prints in one of the three ways. */
export class Output {
  readonly #program: Program;
  readonly #json: boolean;

  constructor(program: Program, json: boolean) {
    this.#program = program;
    this.#json = json;
  }

  /** A list; `none` is for people where it is empty. */
  async table<T>(
    columns: readonly Column<T>[],
    rows: readonly T[],
    none: string,
  ): Promise<void> {
    if (this.#json) return this.#printJson(rows);
    const { terminal, around, print } = this.#program;
    if (terminal && rows.length === 0) return print(`${none}\n`);
    print(
      await formatTable(
        columns.map(({ heading }) => heading),
        rows.map((row) => columns.map(({ text }) => text(row, terminal))),
        { terminal, style: makeStyle(hasColour(Deno.stdout, around.env)) },
      ),
    );
  }

  /** What was done: `line` for people and pipes, `value` for programs. */
  done(line: string, value: unknown): void {
    if (this.#json) this.#printJson(value);
    else this.#program.print(`${printable(line)}\n`);
  }

  /** A remark that is no part of the result. */
  remark(text: string): void {
    if (this.#program.terminal && !this.#json) console.error(printable(text));
  }

  #printJson(value: unknown): void {
    this.#program.print(`${printableJson(value, this.#program.terminal ? 2 : undefined)}\n`);
  }
}

/** A time of the API; to the minute for people, in their own zone. */
export function timeText(time: string | null, isForPeople: boolean): string {
  if (time === null) return isForPeople ? "never" : "";
  if (!isForPeople) return time;
  const date = new Date(time);
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Bytes; rounded to three digits for people. */
export function bytesText(bytes: number | null, isForPeople: boolean): string {
  if (bytes === null) return isForPeople ? "?" : "";
  if (!isForPeople || bytes < 1000) return String(bytes);
  let value = bytes;
  let unit = "";
  for (unit of ["kB", "MB", "GB", "TB", "PB"]) {
    value /= 1000;
    if (value < 999.5) break;
  }
  return `${value.toPrecision(value < 99.95 ? 2 : 3).replace(/\.0$/, "")} ${unit}`;
}
