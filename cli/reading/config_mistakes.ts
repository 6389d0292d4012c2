/** What to write instead of what a configuration file has: never a value that may be a secret. @module */

import {
  type Configuration,
  dashed,
  type EntriesKind,
  type Option,
  type Options,
} from "../options/mod.ts";
import type { TomlError } from "./toml_errors.ts";
import { hasControl, isPrintable, suggest } from "../terminal/mod.ts";

type Tables = Configuration["known"];

/** Longer values are not repeated in a message. */
const SHOWN = 60;

/** Another setting may stand in what should be a value, with a secret. */
const HAS_SETTING = /=\s|\s=|["']/;

/** What a backslash became, unasked. */
const BACKSLASH = "a backslash in \"…\" is written twice, in '…' once";

export function isWord(part: string | number): part is string {
  return typeof part === "string";
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

/** What is wrong with the text, and the value itself where it is none of a secret. */
export function tomlMistake({ message, value }: TomlError, tables: Tables): string {
  if (value === undefined) return message;
  const { words } = value;
  const option = optionAt(tables, words);
  const key = words.at(-1) ?? "";
  const isHidden = option === undefined || option.kind.form === "secret" ||
    value.text.length > SHOWN || !isPrintable(value.text);
  const shown = isHidden ? undefined : value.text;
  switch (value.mistake) {
    case "word":
      return option?.kind.form === "switch" || /^(true|false)$/i.test(value.text)
        ? `this is true or false, in small letters: ${key} = true`
        : `${message}: "${shown === undefined || HAS_SETTING.test(shown) ? "…" : shown}"`;
    case "escape":
      return shown?.includes("'") === false ? `${message}: ${key} = '${shown}'` : message;
    case "comma":
      return shown === undefined ? message : `a comma is missing before ${shown}`;
    case "twice":
      return `${message}${afterTwice(words, option)}`;
  }
}

function afterTwice(words: readonly string[], option: Option | undefined): string {
  if (option?.kind.form === "entries") return `; each is written [[${words.join(".")}]]`;
  if (option?.repeatable === true) {
    return `; several values make a list: ${words.at(-1)} = ["…", "…"]`;
  }
  return words.length === 1 ? "; all its keys stand below the first" : "";
}

/** What is wrong with a value, as a continuation of its key's name; undefined where it can be read. */
export function wrongItem(item: unknown, { kind }: Option): string | undefined {
  if (item === "") return "is empty";
  if (kind.form === "switch") {
    return typeof item === "boolean" ? undefined : "must be true or false, without quotes";
  }
  if (typeof item === "number" && Number.isFinite(item)) {
    return kind.unit === "ms" && item !== 0
      ? `needs a unit, in quotes: "${item}s", "${item}m" or "${item}h"`
      : undefined;
  }
  if (typeof item !== "string") {
    return `must be a text: ${item === false && hasOff(kind) ? '"off"' : '"…"'}`;
  }
  const isPath = kind.completes === "file" || kind.completes === "directory";
  return isPath && hasControl(item) ? `holds a control character: ${BACKSLASH}` : undefined;
}

/** Whether `off` is one of its texts. */
function hasOff(kind: Option["kind"]): boolean {
  try {
    return kind.parse("off") === null;
  } catch {
    return false;
  }
}

/** For an unknown key: another table that has it, the key of a flag's or a variable's name, or the nearest. */
export function keyInstead(
  word: string,
  keys: Iterable<string>,
  { table, tables }: { readonly table: string; readonly tables: Tables },
): string {
  const plain = word.replace(/^-+/, "").replace(/^CRUNCH_/, "").replaceAll("_", "-").toLowerCase();
  const known = new Set(keys);
  if (known.has(plain)) return `; did you mean ${plain}?`;
  const other = tablesWith(plain, tables).find((other) => other !== table);
  return other === undefined ? suggest(plain, known) : `; ${plain} stands in [${other}]`;
}

/** For a table, or for a key outside of any, that there is not: where it belongs. */
export function tableInstead(word: string, tables: Tables, isOutside: boolean): string {
  const homes = tablesWith(word, tables);
  if (isOutside) {
    const places = homes.length > 0 ? homes : Object.keys(tables);
    return `; put it into ${places.map((name) => `[${name}]`).join(" or ")}`;
  }
  const home = homes[0];
  if (home === undefined) return suggest(word, Object.keys(tables));
  return optionAt(tables, [home, word])?.kind.form === "entries"
    ? `; did you mean [[${home}.${word}]]?`
    : `; ${word} is a key of [${home}]`;
}

/** For what should be the table `name`, with these options. */
export function noTable(value: unknown, options: Options, name: string): string {
  if (!Array.isArray(value)) return `${name} must be a table: [${name}]`;
  const several = Object.entries(options).find(([, { kind }]) => kind.form === "entries");
  const hint = several === undefined
    ? ""
    : `; several names stand in [[${name}.${dashed(several[0])}]]`;
  return `${name} must be a table, which stands once: [${name}]${hint}`;
}

function tablesWith(word: string, tables: Tables): string[] {
  return Object.keys(tables).filter((table) => optionAt(tables, [table, word]) !== undefined);
}

/** The option that a path of words means, if there is one. */
function optionAt(tables: Tables, [table = "", ...words]: readonly string[]): Option | undefined {
  let options = Object.hasOwn(tables, table) ? tables[table] : undefined;
  let found: Option | undefined;
  for (const word of words) {
    found = Object.entries(options ?? {}).find(([key]) => dashed(key) === word)?.[1];
    options = found?.kind.form === "entries"
      ? (found.kind as EntriesKind<Options>).options
      : undefined;
  }
  return found;
}
