/** Reads the options that a program gives when it embeds this one, by the tables of the command line. @module */

import type { FileSettings, FileValue } from "./config_file.ts";
import type {
  Command,
  EntriesKind,
  Option,
  Options,
  Source,
  Values,
  Wording,
} from "../options/mod.ts";
import type { Parsed } from "./parse.ts";
import { DEFAULT, foundIn, Resolver, type Written } from "./resolver.ts";
import { Secret } from "../kinds/mod.ts";
import { ownSurroundings } from "./surroundings.ts";
import { suggest, UsageError } from "../terminal/mod.ts";

/** What a program writes for a value: its text on the command line, or what is natural in a program. */
type Plain<T> = [T] extends [boolean] ? boolean
  : T extends string ? T
  : T extends URL ? URL | string
  : T extends Secret ? Secret | string
  : T extends number | { readonly port: number } ? number | string
  : string;

type PlainValue<O extends Option> = O["kind"] extends EntriesKind<infer E>
  ? readonly PlainOptions<E>[]
  : O extends { readonly repeatable: true } ? PlainOne<O["kind"]> | readonly PlainOne<O["kind"]>[]
  : PlainOne<O["kind"]>;

type PlainOne<K> = K extends { parse(text: string): infer T } ? Plain<T> : never;

/**
 * Options of a table as a program gives them: all may be left out. Addresses are texts, or a port; times are
 * milliseconds or texts such as "30s", sizes bytes or texts such as "64KiB"; of what can be given several times,
 * one or an array.
 */
export type PlainOptions<O extends Options> = {
  readonly [K in keyof O]?: PlainValue<O[K]> | undefined;
};

/** What is read, and what for. */
export type Embedded<O extends Options> = Pick<Command<O>, "name" | "options" | "check">;

const wording: Wording = {
  option: (key) => key,
  giveSecret: (key) => `give ${key}`,
  entry: (key, i) => `${key}[${i}]`,
};

/**
 * Reads options of a program. Nothing comes from `CRUNCH_…` variables or a configuration file.
 * @throws {TypeError} that names the option which cannot be taken.
 */
export function readOptions<O extends Options>(
  { name, options, check }: Embedded<O>,
  given: PlainOptions<O>,
): Pick<Parsed<O>, "values" | "sources" | "written"> {
  try {
    const resolver = new Resolver(name, ownSurroundings);
    const settings = settingsOf(options, given as Readonly<Record<string, unknown>>);
    const found = Object.entries(options).map(([key, option]) =>
      [key, option, resolver.locate(option, foundIn("program", settings.get(key)))] as const
    );
    const values = Object.fromEntries(
      found.map(([key, option, value]) => [key, resolver.value(option, value)]),
    ) as Values<O>;
    const sources = Object.fromEntries(
      found.map(([key, , value]) => [key, value?.source ?? DEFAULT]),
    ) as Record<keyof O, Source>;
    const texts = Object.fromEntries(
      found.map(([key, option, value]) => [key, resolver.written(option, value)]),
    ) as Record<keyof O, Written>;
    const wrong = check?.(values, sources, wording);
    if (wrong !== undefined) throw new UsageError(wrong, name);
    return { values, sources, written: texts };
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new TypeError(`Cannot start ${name}: ${cause.message}`, { cause });
  }
}

/** @param within where these options stand: `publish[1].`, or nothing. */
function settingsOf(
  options: Options,
  given: Readonly<Record<string, unknown>>,
  within = "",
): FileSettings {
  const settings: FileSettings = new Map();
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(options, key)) {
      throw new UsageError(`unknown option ${within}${key}${suggest(key, Object.keys(options))}`);
    }
    if (value !== undefined) settings.set(key, written(options[key]!, value, `${within}${key}`));
  }
  return settings;
}

function written(option: Option, value: unknown, name: string): FileValue {
  const found = { where: name, label: name };
  if (option.kind.form === "entries") {
    if (!Array.isArray(value)) throw new UsageError(`${name} must be an array of objects`);
    const { options } = option.kind as EntriesKind<Options>;
    const entries = value.map((entry: unknown, i) => {
      if (isRecord(entry)) return settingsOf(options, entry, `${name}[${i}].`);
      throw new UsageError(`${name}[${i}] must be an object`);
    });
    return { ...found, texts: [], entries };
  }
  if (Array.isArray(value) && option.repeatable !== true) {
    throw new UsageError(`${name} takes one value, not an array`);
  }
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return { ...found, texts: values.map((one) => textOf(option, one, name)) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf({ kind }: Option, value: unknown, name: string): string {
  if (value === "") throw new UsageError(`${name} is empty`);
  if (typeof value === "string") return value;
  if (typeof value === "number") return `${value}${kind.unit ?? ""}`;
  if (typeof value === "boolean" && kind.form === "switch") return String(value);
  if (value instanceof URL) return value.href;
  if (value instanceof Secret && kind.form === "secret") return value.reveal();
  const what = value === null ? "null" : `of type ${typeof value}`;
  throw new UsageError(`${name} must be a text or a number, but is ${what}`);
}
