/** Makes values of the texts that were found for options: reads paths, files of secrets, defaults. @module */

import { dirname } from "node:path";
import type { FileSettings, FileValue } from "./config_file.ts";
import { type Kind, type Secret, secretFromFile, STANDARD_INPUT } from "../kinds/mod.ts";
import {
  type EntriesKind,
  type Option,
  type Options,
  type Source,
  type Surroundings,
  variable,
} from "../options/mod.ts";
import { locatePath, nameFile, type Place, quotePath } from "../files/mod.ts";
import { BadValue, UsageError } from "../terminal/mod.ts";

/** An option as it was written, with its paths as they are meant, or its default. */
export interface Written {
  readonly texts: readonly string[];
  /** For arrays of tables. */
  readonly entries?: readonly FileSettings[];
  /** A running command takes over another one. */
  readonly isLive: boolean;
}

/** The texts that decide an option, before they are read. */
export interface Found {
  readonly source: Source;
  /** How messages call it. */
  readonly label: string;
  readonly texts: readonly string[];
  readonly entries?: readonly FileSettings[];
}

/** Of what was not given. */
export const DEFAULT: Source = { from: "default", name: "" };

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

/** It ends once, while settings may be read again. */
let standardInput: Uint8Array | undefined;

function readFile(path: string): Uint8Array {
  if (path !== STANDARD_INPUT) {
    using file = Deno.openSync(path);
    return readStart(file);
  }
  if (Deno.stdin.isTerminal()) throw new Error("it is a terminal, which would show the secret");
  return standardInput ??= readStart(Deno.stdin);
}

/** A file as far as it may matter: one without an end, such as a device, is not read for ever. */
function readStart(file: { readSync(bytes: Uint8Array): number | null }): Uint8Array {
  const bytes = new Uint8Array(MOST);
  let length = 0;
  while (length < MOST) {
    const read = file.readSync(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return bytes.slice(0, length);
}

const HOME = Deno.build.os === "windows" ? "USERPROFILE" : "HOME";

/** Whether a text is a secret itself, and not the path of its file. */
function holdsSecret({ kind }: Option, { from, name }: Source): boolean {
  if (kind.form !== "secret") return false;
  return from === "program" || (from === "env" && !name.endsWith("_FILE"));
}

/** Makes values of the texts that were found. */
export class Resolver {
  readonly #command: string;
  readonly #around: Surroundings;
  readonly #readFile: (path: string) => Uint8Array;
  readonly #typed: Place;
  /** Of what stands in the configuration file. */
  #inFile: Place;

  constructor(
    command: string,
    around: Surroundings,
    read: (path: string) => Uint8Array = readFile,
  ) {
    this.#command = command;
    this.#around = around;
    this.#readFile = read;
    this.#typed = { folder: () => around.directory?.(), home: () => around.env[HOME] };
    this.#inFile = this.#typed;
  }

  /** The configuration file that `label` names. Relative paths in it begin in its own folder. */
  configuration(
    named: string,
    label: string,
    remember: (path: string) => void = nameFile,
  ): { readonly path: string; readonly bytes: Uint8Array } {
    const path = this.located({ locate: locatePath }, [named], label)[0]!;
    remember(path);
    this.#inFile = { ...this.#typed, folder: () => dirname(path) };
    return { path, bytes: this.read(path, label) };
  }

  /** The same with its paths as they are meant. */
  locate(option: Option, found: Found | undefined): Found | undefined {
    if (found === undefined || holdsSecret(option, found.source)) return found;
    return this.#locateIn(option, found, found.source.from === "file" ? this.#inFile : this.#typed);
  }

  #locateIn<T extends Pick<Found, "label" | "texts" | "entries">>(
    { kind }: Option,
    found: T,
    place: Place,
  ): T {
    if (found.entries === undefined) {
      return { ...found, texts: this.located(kind, found.texts, found.label, place) };
    }
    const { options } = kind as EntriesKind<Options>;
    const entries = found.entries.map((entry) =>
      new Map([...entry].map(([key, one]) => [key, this.#locateIn(options[key]!, one, place)]))
    );
    return { ...found, entries };
  }

  /** Texts of a kind with their paths as they are meant; `name` is what messages call them. */
  located(
    { locate }: Pick<Kind<unknown>, "locate">,
    texts: readonly string[],
    name: string,
    place: Place = this.#typed,
  ): readonly string[] {
    if (locate === undefined) return texts;
    return texts.map((text) => {
      this.#refuseNul(text, name);
      return this.#said(name, () => locate(text, place));
    });
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
      this.#fail(`${option}: cannot read ${quotePath(path)}: ${reason}`, cause);
    }
  }

  /** An empty variable is one that is not set: that is how most tools unset them. */
  fromEnvironment(key: string, option: Option): Found | undefined {
    if (option.fileOnly === true) return undefined;
    const { env } = this.#around;
    const isSecret = option.kind.form === "secret";
    const names = isSecret ? [variable(key), `${variable(key)}_FILE`] : [variable(key)];
    const name = names.find((name) => (env[name] ?? "") !== "");
    if (name === undefined) return undefined;
    const text = env[name]!;
    const texts = option.repeatable === true
      ? text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "")
      // What was read from a file or a command has one more line break; a secret itself sees to it.
      : [isSecret && name === names[0] ? text : text.replace(/\r?\n$/, "")];
    return { source: { from: "env", name }, label: name, texts };
  }

  /** A secret's own text is left out; the path of its file is none. */
  written(option: Option, found: Found | undefined): Written {
    return {
      isLive: option.live === true,
      texts: found === undefined
        ? this.#defaults(option)
        : holdsSecret(option, found.source)
        ? []
        : found.texts,
      ...(found?.entries === undefined ? {} : { entries: found.entries }),
    };
  }

  value(option: Option, found: Found | undefined): unknown {
    const { kind } = option;
    if (kind.form === "secret") {
      return found === undefined ? undefined : this.#secret(option, found);
    }
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
    const { default: text, kind } = option;
    if (text === undefined) return [];
    const texts = typeof text === "function" ? [text(this.#around)] : [text].flat();
    return this.located(kind, texts, "the default");
  }

  /** Reads one text; `name` is what messages call it. */
  parse<T>(kind: Kind<T>, text: string, name: string): T {
    this.#refuseNul(text, name);
    return this.#said(name, () => kind.parse(text));
  }

  #refuseNul(text: string, name: string): void {
    if (text.includes("\0")) this.#fail(`${name} holds a NUL character`);
  }

  #said<T>(name: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.#fail(`${name} ${error.message}`, error);
    }
  }

  #secret(option: Option, { source, label, texts }: Found): Secret {
    const text = texts[0]!;
    if (holdsSecret(option, source)) return this.parse(option.kind, text, source.name) as Secret;
    try {
      return secretFromFile(this.read(text, label));
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.#fail(`${label}: ${quotePath(text)} ${error.message}`, error);
    }
  }
}
