/** What a relay runs with: what it was started with, and below that what was set on its dashboard. @module */

import {
  BadValue,
  dashed,
  defaultTexts,
  type Log,
  type Option,
  type Parsed,
  readSetting,
  relayOptions,
  type RelayValues,
  type SettingText,
  type SettingType,
  settingType,
  showTexts,
  type Source,
} from "../../cli/mod.ts";
import type { Actor } from "./changes.ts";
import type { Settings } from "./settings.ts";

type Key = keyof RelayValues & string;

/** Where flags, environment, file or program have put each option, and how it was written there. */
export type Given = {
  readonly [K in "sources" | "written"]: Partial<Parsed<typeof relayOptions>[K]>;
};

/** One setting as it is shown. */
export interface SettingView {
  /** As in a configuration file: `max-connections`. */
  readonly key: string;
  readonly flag: string;
  readonly type: SettingType;
  /** May be given several times. */
  readonly list: boolean;
  /** For the type `choice`. */
  readonly choices: readonly string[];
  readonly value: SettingText;
  readonly default: SettingText;
  readonly source: "default" | "dashboard" | "file" | "environment" | "flag" | "program";
  /** `crunch.toml:3`, `CRUNCH_MAX_CONNECTIONS`, or empty. */
  readonly where: string;
  /** It may change while the relay runs. */
  readonly changeable: boolean;
  /** The heading it stands under in `crunch relay --help`. */
  readonly group: string;
  readonly help: string;
}

/** A setting that cannot be taken. */
export interface SettingError {
  readonly key: string;
  /** Continues the key: "must be at least 1". */
  readonly message: string;
}

/** Nothing was changed: why not, for each. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly errors: readonly SettingError[];

  constructor(errors: readonly SettingError[]) {
    super(errors.map(({ key, message }) => `${key} ${message}`).join("; "));
    this.errors = errors;
  }
}

export interface RelaySettingsOptions {
  /** What the relay was started with, read. */
  readonly values: SettingsSnapshot;
  readonly given: Given;
  readonly store: Settings;
  readonly log: Log;
}

/** All settings at one moment. It does not change: others come as another snapshot. */
export type SettingsSnapshot = Readonly<Omit<RelayValues, "readyFile">>;

/** Where a part of the relay finds its settings, each time that it needs one. */
export interface LiveSettings<K extends keyof SettingsSnapshot = keyof SettingsSnapshot> {
  readonly current: Pick<SettingsSnapshot, K>;
}

/** Of who starts the relay, not of the relay. */
const { readyFile: _, ...table } = relayOptions;
const OPTIONS = Object.entries(table) as [Key, Option][];
const CHANGEABLE: ReadonlySet<string> = new Set(
  OPTIONS.filter(([, { live }]) => live).map(([key]) => key),
);

/** A setting of the dashboard. */
interface Kept {
  readonly texts: readonly string[];
  readonly value: unknown;
}

export class RelaySettings {
  readonly #store: Settings;
  readonly #kept = new Map<Key, Kept>();
  readonly #listeners: ((current: SettingsSnapshot) => void)[] = [];
  #values: SettingsSnapshot;
  #given: Given;
  #current: SettingsSnapshot;

  constructor({ values, given, store, log }: RelaySettingsOptions) {
    this.#values = values;
    this.#given = given;
    this.#store = store;
    for (const [key, option] of OPTIONS) {
      const kept = CHANGEABLE.has(key) ? store.get(dashed(key)) : undefined;
      if (kept === undefined) continue;
      try {
        this.#kept.set(key, readSetting(option, kept));
      } catch (error) {
        if (!(error instanceof BadValue)) throw error;
        log.warn(`${dashed(key)} of the dashboard's settings ${error.message}; it is left out`);
      }
    }
    this.#current = this.#snapshot();
  }

  /** The settings that hold now; what is under way keeps those that it began with. */
  get current(): SettingsSnapshot {
    return this.#current;
  }

  /** Calls `listener` after each change: for parts that do not look into `current` by themselves. */
  onChange(listener: (current: SettingsSnapshot) => void): void {
    this.#listeners.push(listener);
  }

  #snapshot(): SettingsSnapshot {
    const values: Record<string, unknown> = {};
    for (const [key] of OPTIONS) {
      values[key] = this.#values[key as keyof SettingsSnapshot];
      const kept = this.#kept.get(key);
      if (kept !== undefined && this.#source(key).from === "default") values[key] = kept.value;
    }
    return Object.freeze(values) as SettingsSnapshot;
  }

  #replace(): void {
    this.#current = this.#snapshot();
    for (const listener of this.#listeners) listener(this.#current);
  }

  /** The configuration was read again: takes over what may change. */
  give(values: Partial<RelayValues>, given: Given): void {
    const keys = Object.keys(values).filter((key) => CHANGEABLE.has(key));
    const pick = <T extends object>(from: T): Partial<T> =>
      Object.fromEntries(
        keys.filter((key) => Object.hasOwn(from, key)).map((key) => [key, from[key as keyof T]]),
      ) as Partial<T>;
    this.#values = { ...this.#values, ...pick(values) };
    this.#given = {
      sources: { ...this.#given.sources, ...pick(given.sources) },
      written: { ...this.#given.written, ...pick(given.written) },
    };
    this.#replace();
  }

  /** All of them, in the order of `crunch relay --help`. */
  list(): SettingView[] {
    return OPTIONS.map(([key, option]) => this.#view(key, option));
  }

  /**
   * Keeps settings of the dashboard by their keys, all or none; null goes back to the default.
   * @throws {SettingsError} for what is no setting, cannot change, is decided elsewhere, or cannot be taken.
   */
  set(changes: Readonly<Record<string, unknown>>, by: Actor): void {
    const errors: SettingError[] = [];
    const next = new Map<Key, Kept | null>();
    for (const [word, value] of Object.entries(changes)) {
      const found = OPTIONS.find(([key]) => dashed(key) === word);
      const wrong = found === undefined ? "is no setting" : this.#obstacle(found[0]);
      if (wrong !== undefined) errors.push({ key: word, message: wrong });
      else {
        try {
          const isNone = value === null || (Array.isArray(value) && value.length === 0);
          next.set(found![0], isNone ? null : readSetting(found![1], value));
        } catch (error) {
          if (!(error instanceof BadValue)) throw error;
          errors.push({ key: word, message: error.message });
        }
      }
    }
    if (errors.length > 0) throw new SettingsError(errors);
    const kept = [...next].map(([key, kept]) =>
      [
        dashed(key),
        kept === null ? undefined : showTexts(table[key as keyof typeof table], kept.texts),
      ] as const
    );
    this.#store.change(new Map(kept), { by });
    for (const [key, kept] of next) {
      if (kept === null) this.#kept.delete(key);
      else this.#kept.set(key, kept);
    }
    this.#replace();
  }

  /** Why the dashboard cannot change it now. */
  #obstacle(key: Key): string | undefined {
    if (!CHANGEABLE.has(key)) {
      return "cannot change while the relay runs: give it at the next start";
    }
    const { from, name } = this.#source(key);
    switch (from) {
      case "default":
        return undefined;
      case "flag":
        return `is set by the flag ${name}, which comes first`;
      case "env":
        return `is set by ${name} in the environment, which comes first`;
      case "file":
        return `is set in ${placeOf(name)}, which comes first: change it there`;
      case "program":
        return "is set by the program that runs the relay";
    }
  }

  #source(key: Key): Source {
    return this.#given.sources[key] ?? { from: "default", name: "" };
  }

  #view(key: Key, option: Option): SettingView {
    const source = this.#source(key);
    const kept = source.from === "default" ? this.#kept.get(key) : undefined;
    const texts = kept?.texts ?? this.#given.written[key]?.texts ?? defaultTexts(option);
    const type = settingType(option);
    const { completes } = option.kind;
    return {
      key: dashed(key),
      flag: `--${dashed(key)}${type === "secret" ? "-file" : ""}`,
      type,
      list: option.repeatable === true,
      choices: type === "choice" ? completes as readonly string[] : [],
      value: showTexts(option, texts),
      default: showTexts(option, defaultTexts(option)),
      source: kept !== undefined
        ? "dashboard"
        : source.from === "env"
        ? "environment"
        : source.from,
      where: source.from === "file" || source.from === "env" ? placeOf(source.name) : "",
      changeable: CHANGEABLE.has(key),
      group: option.group,
      help: option.help,
    };
  }
}

/** `crunch.toml, line 3` as editors take it. */
function placeOf(name: string): string {
  return name.replace(/, line (\d+)$/, ":$1");
}
