/** Reads the TOML configuration of `--config` into texts for the options, each with its line. @module */

import {
  type Command,
  type Configuration,
  dashed,
  type EntriesKind,
  type Option,
  type Options,
} from "../options/mod.ts";
import {
  isTable,
  isWord,
  keyInstead,
  noTable,
  tableInstead,
  tomlMistake,
  wrongItem,
} from "./config_mistakes.ts";
import { readToml, type TomlLines, tomlPath } from "./toml.ts";
import { TomlError } from "./toml_errors.ts";
import { quote, UsageError } from "../terminal/mod.ts";

/** A larger file is not a configuration, and reading TOML takes time that grows with its square. */
const LARGEST = 1 << 20;

/** The texts of one option and where they stand. */
export interface FileValue {
  /** `crunch.toml, line 3`. */
  readonly where: string;
  /** How messages call it: `crunch.toml, line 3: relay.drain`. */
  readonly label: string;
  readonly texts: readonly string[];
  /** For arrays of tables: one settings record for each. */
  readonly entries?: readonly FileSettings[];
  /** Where each of these tables begins: `crunch.toml, line 3`. */
  readonly entriesAt?: readonly string[];
}

/** Option key → what the file says. A secret's key holds the path of its file. */
export type FileSettings = Map<string, FileValue>;

/** One file's way from bytes to settings; knows its name and lines for the messages. */
class ConfigReader {
  readonly #name: string;
  readonly #command: string;
  readonly #known: Configuration["known"];
  #lines: TomlLines = new Map();

  constructor(name: string, command: string, known: Configuration["known"]) {
    this.#name = name;
    this.#command = command;
    this.#known = known;
  }

  fail(message: string, line?: number, cause?: unknown): never {
    const where = line === undefined ? this.#name : `${this.#name}, line ${line}`;
    throw new UsageError(`${where}: ${message}`, this.#command, { cause });
  }

  async parse(bytes: Uint8Array): Promise<Record<string, unknown>> {
    if (bytes.length > LARGEST) this.fail(`is larger than ${LARGEST} bytes: no configuration`);
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (cause) {
      this.fail("is not UTF-8 text", undefined, cause);
    }
    if (text.includes("\0")) {
      this.fail("holds a NUL character", text.slice(0, text.indexOf("\0")).split("\n").length);
    }
    try {
      const { document, lines } = await readToml(text);
      this.#lines = lines;
      return document;
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      this.fail(tomlMistake(error, this.#known), error.line, error);
    }
  }

  lineOf(path: readonly (string | number)[]): number | undefined {
    for (let length = path.length; length > 0; length--) {
      const line = this.#lines.get(tomlPath(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  }

  settings(table: unknown, options: Options, path: readonly (string | number)[]): FileSettings {
    if (!isTable(table)) {
      this.fail(noTable(table, options, path.filter(isWord).join(".")), this.lineOf(path));
    }
    const settings: FileSettings = new Map();
    const known = new Map<string, string>();
    for (const [key, option] of Object.entries(options)) {
      known.set(option.kind.form === "secret" ? `${dashed(key)}-file` : dashed(key), key);
    }
    for (const [word, value] of Object.entries(table)) {
      const at = [...path, word];
      const line = this.lineOf(at);
      const key = known.get(word);
      if (key === undefined) {
        if (known.has(`${word}-file`)) {
          this.fail(
            `${word} is a secret and has no place here; write ${word}-file = "FILE"`,
            line,
          );
        }
        const shown = /^[\w-]{1,60}$/.test(word) ? word : quote(word);
        const table = path.filter(isWord).join(".");
        this.fail(
          `unknown key ${shown} in [${table}]${
            keyInstead(word, known.keys(), { table, tables: this.#known })
          }`,
          line,
        );
      }
      settings.set(key, this.#value(value, options[key]!, at));
    }
    return settings;
  }

  #value(value: unknown, option: Option, path: readonly (string | number)[]): FileValue {
    const line = this.lineOf(path);
    const where = line === undefined ? this.#name : `${this.#name}, line ${line}`;
    const name = path.filter(isWord).join(".");
    const label = `${where}: ${name}`;
    if (option.kind.form === "entries") {
      if (!Array.isArray(value)) this.fail(`${name} is written [[${name}]], once for each`, line);
      const { options } = option.kind as EntriesKind<Options>;
      const entries = value.map((entry, i) => this.settings(entry, options, [...path, i]));
      const entriesAt = value.map((_, i) => {
        const line = this.lineOf([...path, i]);
        return line === undefined ? this.#name : `${this.#name}, line ${line}`;
      });
      return { where, label, texts: [], entries, entriesAt };
    }
    if (Array.isArray(value) && option.repeatable !== true) {
      this.fail(`${name} takes one value, not an array`, line);
    }
    const texts = (Array.isArray(value) ? value : [value]).map((item) => {
      const wrong = wrongItem(item, option);
      return wrong === undefined ? String(item) : this.fail(`${name} ${wrong}`, line);
    });
    return { where, label, texts };
  }
}

/**
 * The settings of a file for `command`, every table of it checked.
 * @throws {UsageError} with file and line
 */
export async function readConfiguration(
  command: Command,
  name: string,
  bytes: Uint8Array,
): Promise<FileSettings> {
  const { reads, known } = command.configuration!;
  const reader: ConfigReader = new ConfigReader(name, command.name, known);
  const document = await reader.parse(bytes);
  const merged: FileSettings = new Map();
  const byTable = new Map<string, FileSettings>();
  for (const [word, table] of Object.entries(document)) {
    const options = Object.hasOwn(known, word) ? known[word]! : undefined;
    if (options === undefined) {
      const shown = /^[\w-]{1,60}$/.test(word) ? word : quote(word);
      const isOutside = !isTable(table) && !(Array.isArray(table) && table.every(isTable));
      const what = isOutside ? `${shown} stands outside a table` : `unknown table [${shown}]`;
      reader.fail(`${what}${tableInstead(word, known, isOutside)}`, reader.lineOf([word]));
    }
    byTable.set(word, reader.settings(table, options, [word]));
  }
  for (const table of reads) {
    for (const [key, value] of byTable.get(table) ?? []) {
      if (Object.hasOwn(command.options, key) && !merged.has(key)) merged.set(key, value);
    }
  }
  return merged;
}
