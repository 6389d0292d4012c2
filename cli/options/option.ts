/** How a command declares its options once: from this come flags, environment, configuration, help, completion. @module */

import type { Kind, KindValue } from "../kinds/mod.ts";

/** What a default may depend on. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  /** `Deno.build.os`. */
  readonly os: string;
  /** True for the superuser. */
  readonly root: boolean;
  /**
   * Where relative paths begin; without one they stay relative.
   * @throws {BadValue} where that is gone
   */
  readonly directory?: (() => string) | undefined;
}

/** One option. Its key in the table, `tlsCert`, gives the flag `--tls-cert`, `CRUNCH_TLS_CERT` and the key `tls-cert`. */
export interface Option<T = unknown> {
  readonly kind: Kind<T>;
  /** What it means: part of a sentence, without a full stop. */
  readonly help: string;
  /** The heading it stands under in help. */
  readonly group: string;
  /** As a user would write it. Without one the value may be undefined (switches: false; repeatable: empty). */
  readonly default?: string | readonly string[] | ((around: Surroundings) => string);
  /** What help says the default is, where the text alone does not tell. */
  readonly defaultHelp?: string;
  /** May be given several times; an array in the configuration, one a line in the environment. */
  readonly repeatable?: true;
  /** Why it has no effect yet, `no … is dialled`: it is taken with a warning, and not shown in help and completions. */
  readonly dormant?: string;
  /** Only in the configuration file: no flag and no variable. */
  readonly fileOnly?: true;
  /** A running command takes over a new value; all others wait for the next start. */
  readonly live?: true;
}

/** The options of a command, by their key in camel case. */
export type Options = Readonly<Record<string, Option>>;

/** The value of one option after parsing. */
export type ValueOf<O extends Option> = O extends { readonly repeatable: true }
  ? Exclude<KindValue<O["kind"]>, null>[]
  : O extends { readonly default: unknown } ? KindValue<O["kind"]>
  : [KindValue<O["kind"]>] extends [boolean] ? boolean
  : KindValue<O["kind"]> | undefined;

/** The values of a table of options after parsing. */
export type Values<O extends Options> = { readonly [K in keyof O]: ValueOf<O[K]> };

/** What stands after the options. */
export interface Positional {
  readonly name: string;
  readonly help: string;
  readonly optional?: true;
  /** The key of a repeatable option: any number of them, which are as good as values of its flag. */
  readonly stands?: string;
  /** Checks and folds it; any text without. */
  readonly kind?: Kind<string>;
  readonly completes?: readonly string[];
}

/** Where a value came from. */
export interface Source {
  readonly from: "flag" | "env" | "file" | "program" | "default";
  /** `--http`, `CRUNCH_HTTP`, `crunch.toml, line 12`, `http` of a program's options, or empty for a default. */
  readonly name: string;
}

/** How messages name options to those who gave them: at a command line, or in a program that embeds this one. */
export interface Wording {
  /** `--https`, with a value `--https ADDR`; or `https`. */
  option(key: string, value?: string): string;
  /** How a program gives a secret: `give password`. Who types a command is asked for it. */
  giveSecret?(key: string): string;
  /** What an entry is called by those who wrote it: `crunch.toml, line 3: [[agent.publish]]`, or `publish[1]`. */
  entry(key: string, index: number): string;
}

/** Which tables of a configuration file a command reads, and what may stand in any of them. */
export interface Configuration {
  /** The command's own tables; the first that has a key wins. */
  readonly reads: readonly string[];
  /** All tables of the program: a wrong key is an error in another command's table, too. */
  readonly known: Readonly<Record<string, Options>>;
}

/** A command as it is declared. */
export interface Command<O extends Options = Options> {
  /** The words that call it: `relay`, `account token create`. */
  readonly name: string;
  /** One line for lists of commands: begins with a verb in the third person, no full stop. */
  readonly summary: string;
  /** Lines to type, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  readonly positionals?: readonly Positional[];
  readonly configuration?: Configuration;
  readonly options: O;
  /**
   * What options demand of each other.
   * @returns what is wrong, or undefined
   */
  check?(
    values: Values<NoInfer<O>>,
    sources: Readonly<Record<keyof NoInfer<O>, Source>>,
    wording: Wording,
  ): string | undefined;
}

/** Declares options, keeping their exact types. */
export function defineOptions<const O extends Options>(options: O): O {
  return options;
}

/** Declares a command, keeping the exact types of its options. */
export function defineCommand<const O extends Options>(command: Command<O>): Command<O> {
  return command;
}

/** A kind for an array of tables in the configuration: `[[agent.publish]]`. */
export interface EntriesKind<O extends Options> extends Kind<Values<O>> {
  readonly form: "entries";
  readonly options: O;
}

/** Declares an array of tables with these options each; only in the configuration file. */
export function entries<const O extends Options>(options: O): EntriesKind<O> {
  return {
    placeholder: "",
    form: "entries",
    options,
    parse: () => {
      throw new TypeError("Entries have no text");
    },
  };
}

/** `tlsCert` → `tls-cert`. */
export function dashed(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `tlsCert` → `CRUNCH_TLS_CERT`. */
export function variable(key: string): string {
  return `CRUNCH_${dashed(key).replaceAll("-", "_").toUpperCase()}`;
}

/** For who typed a command. */
export const commandLineWording: Omit<Wording, "entry"> = {
  option: (key, value) => `--${dashed(key)}${value === undefined ? "" : ` ${value}`}`,
};

/** A switch that is on by itself: help and completions show how it is turned off. */
export function isOnByDefault(option: Option): boolean {
  return option.kind.form === "switch" && option.default === "true";
}

/** Words a flag can have after `--`, with the key it sets; `negative` for `--no-…`, `file` for a secret's file. */
export interface Flag {
  readonly key: string;
  readonly option: Option;
  readonly form: "value" | "switch" | "negative" | "secret-file" | "refused-secret";
}

/** Every flag of a table by its word: `tls-cert`, `no-json`, `password-file`, and the refused `password`. */
export function flagsOf(options: Options): Map<string, Flag> {
  const flags = new Map<string, Flag>();
  for (const [key, option] of Object.entries(options)) {
    const word = dashed(key);
    if (option.kind.form === "secret") {
      flags.set(`${word}-file`, { key, option, form: "secret-file" });
      flags.set(word, { key, option, form: "refused-secret" });
    } else if (option.kind.form === "switch") {
      flags.set(word, { key, option, form: "switch" });
      flags.set(`no-${word}`, { key, option, form: "negative" });
    } else if (option.fileOnly !== true) {
      flags.set(word, { key, option, form: "value" });
    }
  }
  return flags;
}
