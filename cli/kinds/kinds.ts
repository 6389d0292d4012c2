/** The plain kinds of value an option can have: text, switches, numbers, durations, sizes, choices, files. @module */

import { locatePath, nameFile, type Place } from "../files/mod.ts";
import { BadValue, hasControl, quote } from "../terminal/mod.ts";

/** How the text of a flag, a variable or a configuration key becomes a value. */
export interface Kind<T> {
  /** What help shows where the value goes; empty for a switch. */
  readonly placeholder: string;
  /** @throws {BadValue} a message that continues "--http ". Never called with an empty text or with NUL in it. */
  parse(text: string): T;
  /**
   * The same text with the path in it as it is meant where it was written. Without, there is no path in it.
   * @throws {BadValue} as `parse`.
   */
  locate?(text: string, place: Place): string;
  /** What a program's plain number counts: `ms` for times. Without, it is written as it is. */
  readonly unit?: string;
  /** What completion offers: files, directories or these words. */
  readonly completes?: "file" | "directory" | readonly string[];
  /**
   * What sort of value it is; without, a text. `switch` takes no value as a flag; `secret` is never a flag; `entries`
   * is an array of tables in the file only.
   */
  readonly form?: "number" | "duration" | "size" | "choice" | "switch" | "secret" | "entries";
}

/** The value that a kind makes. */
export type KindValue<K> = K extends Kind<infer T> ? T : never;

/** Any text without control characters. */
export function text(placeholder = "TEXT"): Kind<string> {
  return {
    placeholder,
    parse(text) {
      if (hasControl(text)) throw new BadValue(`holds a control character: ${quote(text)}`);
      return text;
    },
  };
}

/** A path of a file. */
export const file: Kind<string> = {
  placeholder: "FILE",
  parse: (text) => text,
  locate(text, place) {
    const path = locatePath(text, place);
    nameFile(path);
    return path;
  },
  completes: "file",
};

/** A path of a directory. */
export const directory: Kind<string> = {
  placeholder: "DIR",
  parse: (text) => text,
  locate: locatePath,
  completes: "directory",
};

const YES = new Set(["true", "1", "yes", "on"]);
const NO = new Set(["false", "0", "no", "off"]);

/** On or off: `--json`, `--no-json`, `--json=false`; in the environment also 1, 0, yes, no, on, off. */
export const toggle: Kind<boolean> = {
  placeholder: "",
  form: "switch",
  parse(text) {
    const word = text.toLowerCase();
    if (YES.has(word)) return true;
    if (NO.has(word)) return false;
    throw new BadValue(`must be true or false, not ${quote(text)}`);
  },
};

/** Bounds of a number, both included. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

function checkBounds(value: number, bounds: Required<Bounds>, show: (n: number) => string): number {
  if (value < bounds.min) throw new BadValue(`must be at least ${show(bounds.min)}`);
  if (value > bounds.max) throw new BadValue(`must be at most ${show(bounds.max)}`);
  return value;
}

/** A whole number, from 0 unless told otherwise. */
export function integer(bounds: Bounds = {}): Kind<number> {
  const within = { min: 0, max: Number.MAX_SAFE_INTEGER, ...bounds };
  return {
    placeholder: "N",
    form: "number",
    parse(text) {
      if (!/^[+-]?\d{1,300}$/.test(text)) {
        throw new BadValue(`must be a whole number, not ${quote(text)}`);
      }
      return checkBounds(Number(text), within, String);
    },
  };
}

/** One of a few words; folded to lower case. */
export function choice<const T extends readonly string[]>(...words: T): Kind<T[number]> {
  return {
    placeholder: words.join("|"),
    form: "choice",
    completes: words,
    parse(text) {
      const word = text.toLowerCase();
      if (words.includes(word)) return word;
      throw new BadValue(`must be one of ${words.join(", ")}, not ${quote(text)}`);
    },
  };
}

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The longest time a timer of JavaScript can wait: 24.8 days. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Long enough for what is kept and not waited for, in milliseconds. */
export const CENTURY = 36_500 * MILLISECONDS.d;

/** Milliseconds as a user would write them: 30s, 1500ms, 7d. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0";
  for (const unit of ["d", "h", "m", "s"] as const) {
    if (ms % MILLISECONDS[unit] === 0) return `${ms / MILLISECONDS[unit]}${unit}`;
  }
  return `${ms}ms`;
}

/** `500ms 30s 5m 2h 7d` or 0, in whole milliseconds; from 0 to what a timer can wait unless told otherwise. */
export function duration(bounds: Bounds = {}): Kind<number> {
  const within = { min: 0, max: LONGEST_TIMER, ...bounds };
  return {
    placeholder: "TIME",
    form: "duration",
    unit: "ms",
    parse(text) {
      const match = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h|d)?$/.exec(text);
      const unit = match?.[2] as keyof typeof MILLISECONDS | undefined;
      if (match !== null && unit === undefined && Number(match[1]) !== 0) {
        throw new BadValue(`needs a unit: ${match[1]}s, ${match[1]}m, ${match[1]}h …`);
      }
      if (match === null) {
        throw new BadValue(`must be a time like 500ms, 30s, 2h or 7d, not ${quote(text)}`);
      }
      const ms = Math.round(Number(match[1]) * MILLISECONDS[unit ?? "s"]);
      return checkBounds(ms, within, formatDuration);
    },
  };
}

const BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** `512`, `64KiB`, `1GB`: KB MB GB count 1000, KiB MiB GiB count 1024; in whole bytes. */
export function size(bounds: Bounds = {}): Kind<number> {
  const within = { min: 0, max: Number.MAX_SAFE_INTEGER, ...bounds };
  return {
    placeholder: "SIZE",
    form: "size",
    parse(text) {
      const match = /^(\d{1,15}(?:\.\d{1,9})?)([kmgt]?i?b)?$/i.exec(text);
      const unit = match === null ? undefined : BYTES[(match[2] ?? "").toLowerCase()];
      if (match === null || unit === undefined) {
        throw new BadValue(`must be a size like 64KiB, 10MB or 1GB, not ${quote(text)}`);
      }
      return checkBounds(Math.round(Number(match[1]) * unit), within, (n) => `${n} bytes`);
    },
  };
}
