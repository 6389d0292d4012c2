/** Turns arguments, environment and configuration into the typed values of a command. @module */

import { type FileSettings, type FileValue, readConfiguration } from "./config_file.ts";
import { readArguments } from "./flags.ts";
import type { Kind } from "./kinds.ts";
import {
  type Command,
  commandLineWording,
  dashed,
  type EntriesKind,
  type Option,
  type Options,
  type Source,
  type Surroundings,
  type Values,
  variable,
} from "./option.ts";
import { type Secret, secretFromFile } from "./secret.ts";
import { isRoot } from "./surroundings.ts";
import { BadValue, editDistance, quote, UsageError } from "./usage.ts";

/** Where the settings are looked for. */
export interface Inputs {
  /** The words after the command. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Reads a file. The default stops where it is larger than any that we take. */
  readonly readFile?: (path: string) => Uint8Array;
  /** `Deno.build.os` and whether we are root; from the process by default. */
  readonly os?: string;
  readonly root?: boolean;
}

/** An option as it was written, or its default. */
export interface Written {
  readonly texts: readonly string[];
  /** For arrays of tables. */
  readonly entries?: readonly FileSettings[];
}

/** What a command was given. */
export interface Parsed<O extends Options> {
  readonly values: Values<O>;
  readonly sources: Readonly<Record<keyof O, Source>>;
  /** The same before it was read: to print, and to compare with another reading. Secrets are not in it. */
  readonly written: Readonly<Record<keyof O, Written>>;
  readonly positionals: readonly string[];
  /** Lines for the log: options without effect, variables that look like a misspelt option. */
  readonly warnings: readonly string[];
  /** The configuration file, where there is one. */
  readonly config: string | undefined;
}

/** The texts that decide an option, before they are read. */
export interface Found {
  readonly source: Source;
  /** How messages call it. */
  readonly label: string;
  readonly texts: readonly string[];
  readonly entries?: readonly FileSettings[];
}

/** Of what nobody gave. */
export const DEFAULT: Source = { from: "default", name: "" };

/**
 * Reads a command's settings: flags before environment before `--config` before defaults.
 * @throws {UsageError} for anything that cannot be taken
 */
export async function parseCommand<O extends Options>(
  command: Command<O>,
  inputs: Inputs,
): Promise<Parsed<O>> {
  const { given, positionals } = readArguments(command as unknown as Command, inputs.args);
  const around: Surroundings = {
    env: inputs.env,
    os: inputs.os ?? Deno.build.os,
    root: inputs.root ?? isRoot(),
  };
  const resolver = new Resolver(command.name, around, inputs.readFile);
  const config = given.get("config")?.texts[0] ?? (inputs.env.CRUNCH_CONFIG || undefined);
  const settings: FileSettings = command.configuration === undefined || config === undefined
    ? new Map()
    : await readConfiguration(
      command as unknown as Command,
      config,
      resolver.read(config, given.has("config") ? "--config" : "CRUNCH_CONFIG"),
    );

  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  const written: Record<string, Written> = {};
  for (const [key, option] of Object.entries(command.options)) {
    const flag = given.get(key);
    const found = flag === undefined
      ? resolver.fromEnvironment(key, option) ?? foundIn("file", settings.get(key))
      : {
        source: { from: "flag", name: flag.flag } as const,
        label: flag.flag,
        texts: flag.texts,
      };
    values[key] = resolver.value(option, found);
    sources[key] = found?.source ?? DEFAULT;
    written[key] = resolver.written(key, option, found);
  }
  const parsed = { values, sources, written } as unknown as Pick<
    Parsed<O>,
    "values" | "sources" | "written"
  >;
  const wrong = command.check?.(parsed.values, parsed.sources, {
    ...commandLineWording,
    // Entries stand in a file only.
    entry: (key, i) => {
      const { label, where, entriesAt } = settings.get(key)!;
      return `${entriesAt![i]}: [[${label.slice(where.length + 2)}]]`;
    },
  });
  if (wrong !== undefined) throw new UsageError(wrong, command.name);
  return {
    ...parsed,
    positionals: positionals.map((text, i) => {
      const { name, kind } = command.positionals![i]!;
      return kind === undefined ? text : resolver.parse(kind, text, name);
    }),
    warnings: [
      ...dormant(command.options, sources),
      ...misspelt(command as unknown as Command, inputs.env),
    ],
    config: command.configuration === undefined ? undefined : config,
  };
}

/** What a file or a program says of an option. */
export function foundIn(
  from: "file" | "program",
  value: FileValue | undefined,
): Found | undefined {
  if (value === undefined) return undefined;
  const { where, ...found } = value;
  return { source: { from, name: where }, ...found };
}

/** Larger than a configuration or a secret may be, which their readers say. */
const MOST = 2 << 20;

/** A file as far as it may matter: one without an end, such as a device, is not read for ever. */
function readStart(path: string): Uint8Array {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(MOST);
  let length = 0;
  while (length < MOST) {
    const read = file.readSync(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return bytes.slice(0, length);
}

/** Makes values of the texts that were found. */
export class Resolver {
  readonly #command: string;
  readonly #around: Surroundings;
  readonly #readFile: (path: string) => Uint8Array;

  constructor(
    command: string,
    around: Surroundings,
    readFile: (path: string) => Uint8Array = readStart,
  ) {
    this.#command = command;
    this.#around = around;
    this.#readFile = readFile;
  }

  #fail(message: string, cause?: unknown): never {
    throw new UsageError(message, this.#command, { cause });
  }

  /** The bytes of a file that `option` names. */
  read(path: string, option: string): Uint8Array {
    try {
      return this.#readFile(path);
    } catch (cause) {
      const reason = cause instanceof Deno.errors.NotFound
        ? "there is no such file"
        : cause instanceof Deno.errors.PermissionDenied
        ? "we may not read it"
        : cause instanceof Deno.errors.IsADirectory
        ? "it is a directory"
        : (cause as Error).message;
      this.#fail(`${option}: cannot read ${quote(path)}: ${reason}`, cause);
    }
  }

  /** An empty variable is one that is not set: that is how most tools unset them. */
  fromEnvironment(key: string, option: Option): Found | undefined {
    if (option.fileOnly === true) return undefined;
    const name = variable(key);
    const { env } = this.#around;
    const text = env[name];
    if (option.kind.form === "secret" && (text === undefined || text === "")) {
      const path = env[`${name}_FILE`];
      if (path === undefined || path === "") return undefined;
      return {
        source: { from: "env", name: `${name}_FILE` },
        label: `${name}_FILE`,
        texts: [path],
      };
    }
    if (text === undefined || text === "") return undefined;
    const texts = option.repeatable === true
      ? text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "")
      : [text];
    return { source: { from: "env", name }, label: name, texts };
  }

  /** A secret's own text is left out; the path of its file is none. */
  written(key: string, option: Option, found: Found | undefined): Written {
    const texts = found?.texts ?? this.#defaults(option);
    const isSecret = option.kind.form === "secret" &&
      (found?.source.name === variable(key) || found?.source.from === "program");
    return {
      texts: isSecret ? [] : texts,
      ...(found?.entries === undefined ? {} : { entries: found.entries }),
    };
  }

  value(option: Option, found: Found | undefined): unknown {
    const { kind } = option;
    if (kind.form === "secret") return found === undefined ? undefined : this.#secret(kind, found);
    if (kind.form === "entries") {
      const { options } = kind as EntriesKind<Options>;
      return (found?.entries ?? []).map((entry) => this.#entry(options, entry));
    }
    const name = found?.label ?? "the default";
    const texts = found?.texts ?? this.#defaults(option);
    const read = texts.map((text) => this.parse(kind, text, name));
    if (option.repeatable !== true) return read[0] ?? (kind.form === "switch" ? false : undefined);
    if (read.length > 1 && read.includes(null)) this.#fail(`${name} has "off" among other values`);
    return read.filter((value) => value !== null);
  }

  #entry(options: Options, settings: FileSettings): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(options).map((
        [key, option],
      ) => [key, this.value(option, foundIn("file", settings.get(key)))]),
    );
  }

  #defaults(option: Option): readonly string[] {
    const { default: text } = option;
    if (text === undefined) return [];
    if (typeof text === "function") return [text(this.#around)];
    return typeof text === "string" ? [text] : text;
  }

  /** Reads one text; `name` is what messages call it. */
  parse<T>(kind: Kind<T>, text: string, name: string): T {
    if (text.includes("\0")) this.#fail(`${name} holds a NUL character`);
    try {
      return kind.parse(text);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.#fail(`${name} ${error.message}`, error);
    }
  }

  #secret(kind: Kind<unknown>, { source, label, texts }: Found): Secret {
    const text = texts[0]!;
    const isItself = source.from === "env" && !source.name.endsWith("_FILE");
    if (isItself || source.from === "program") {
      if (text.includes("\0")) this.#fail(`${source.name} holds a NUL character`);
      return kind.parse(text) as Secret;
    }
    try {
      return secretFromFile(this.read(text, label));
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.#fail(`${label}: ${quote(text)} ${error.message}`, error);
    }
  }
}

/** What was given and has no effect yet. */
function dormant(options: Options, sources: Readonly<Record<string, Source>>): string[] {
  return Object.entries(options).flatMap(([key, { dormant }]) =>
    dormant === undefined || sources[key]!.from === "default"
      ? []
      : [`--${dashed(key)} has no effect yet: ${dormant}`]
  );
}

/** Variables that are no option of any command but differ from one of this command's by a letter or two. */
function misspelt(command: Command, env: Readonly<Record<string, string>>): string[] {
  const tables = [command.options, ...Object.values(command.configuration?.known ?? {})];
  const known = new Set(tables.flatMap((table) => Object.keys(table).map(variable)));
  const own = Object.keys(command.options).map(variable);
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (!/^CRUNCH_[A-Z0-9_]{3,60}$/.test(name) || known.has(name)) continue;
    if (known.has(name.replace(/_FILE$/, ""))) continue;
    const near = own.find((word) => editDistance(name, word) <= (name.length > 12 ? 2 : 1));
    if (near !== undefined) warnings.push(`${name} is not an option; did you mean ${near}?`);
  }
  return warnings;
}
