/** Turns arguments, environment and configuration into the typed values of a command. @module */

import { type FileSettings, readConfiguration } from "./config_file.ts";
import { readArguments } from "./flags.ts";
import {
  type Command,
  commandLineWording,
  dashed,
  type Options,
  type Source,
  type Surroundings,
  type Values,
  variable,
} from "../options/mod.ts";
import { withholdFile } from "../files/mod.ts";
import { OWN_CONFIGURATION, ownConfiguration } from "./own_configuration.ts";
import { DEFAULT, foundIn, Resolver, type Written } from "./resolver.ts";
import { isRoot } from "./surroundings.ts";
import { editDistance, UsageError } from "../terminal/mod.ts";

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
  /**
   * The directory in which the command was typed; without it relative paths stay as they are.
   * @throws {BadValue} where it is gone
   */
  readonly directory?: (() => string) | undefined;
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
  /** The same for what is to be known: which configuration was read without being named. */
  readonly notes: readonly string[];
  /** The configuration file, where there is one. */
  readonly config: string | undefined;
}

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
    directory: inputs.directory,
  };
  const resolver = new Resolver(command.name, around, inputs.readFile);
  const named = given.get("config")?.texts[0] ??
    (inputs.env.CRUNCH_CONFIG?.replace(/\r?\n$/, "") || undefined);
  const own = command.configuration === undefined || named !== undefined
    ? undefined
    : ownConfiguration(inputs.directory);
  const config = command.configuration === undefined
    ? undefined
    : named !== undefined
    ? resolver.configuration(named, given.has("config") ? "--config" : "CRUNCH_CONFIG")
    : own?.path === undefined
    ? undefined
    : resolver.configuration(own.path, OWN_CONFIGURATION, withholdFile);
  const settings: FileSettings = config === undefined ? new Map() : await readConfiguration(
    command as unknown as Command,
    named ?? OWN_CONFIGURATION,
    config.bytes,
  );

  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  const written: Record<string, Written> = {};
  for (const [key, option] of Object.entries(command.options)) {
    const flag = given.get(key);
    const found = resolver.locate(
      option,
      flag === undefined
        ? resolver.fromEnvironment(key, option) ?? foundIn("file", settings.get(key))
        : {
          source: { from: "flag", name: flag.flag } as const,
          label: flag.flag,
          texts: flag.texts,
        },
    );
    values[key] = resolver.value(option, found);
    sources[key] = found?.source ?? DEFAULT;
    written[key] = resolver.written(option, found);
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
      if (kind === undefined) return text;
      const [located] = resolver.located(kind, [text], name);
      return resolver.parse(kind, located!, name);
    }),
    notes: own?.path === undefined ? [] : [`settings from ${own.path}`],
    warnings: [
      ...(own?.warning === undefined ? [] : [own.warning]),
      ...dormant(command.options, sources),
      ...misspelt(command as unknown as Command, inputs.env),
    ],
    config: config?.path,
  };
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
