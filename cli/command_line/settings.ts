/** Prints the settings of a command as a configuration file, each with where it came from. @module */

import type { FileSettings, Parsed } from "../reading/mod.ts";
import {
  type Command,
  dashed,
  type EntriesKind,
  type Option,
  type Options,
  type Source,
  variable,
} from "../options/mod.ts";

/** TOML of a text: JSON's escapes are TOML's, except that TOML wants U+007F escaped too. */
function toml(texts: readonly string[], option: Option): string {
  const bare = option.kind.form === "switch" || option.kind.placeholder === "N";
  const items = texts.map((text) =>
    bare ? text : JSON.stringify(text).replaceAll("\u007f", "\\u007f")
  );
  return option.repeatable === true ? `[${items.join(", ")}]` : items[0] ?? "";
}

function origin({ from, name }: Source): string {
  return from === "default" ? "default" : name.replace(/\p{Cc}/gu, "?");
}

/** Where the comments begin, if the line is not longer. */
const COMMENT = 44;

function line(setting: string, comment: string): string {
  return `${setting.padEnd(COMMENT)} # ${comment}`;
}

/** One option as a line; a comment alone where it has no value, and for secrets, which are not shown. */
function settingLine(
  key: string,
  option: Option,
  texts: readonly string[],
  source: Source,
): string {
  const word = dashed(key);
  if (option.kind.form === "secret" && source.from !== "default") {
    return source.name === variable(key)
      ? line(`# ${word}: a secret`, origin(source))
      : line(`${word}-file = ${JSON.stringify(texts[0])}`, origin(source));
  }
  const value = option.kind.form === "switch" && texts.length === 0 ? "false" : toml(texts, option);
  if (value !== "" && value !== "[]") return line(`${word} = ${value}`, origin(source));
  const fallback = option.defaultHelp === undefined ? "" : `: ${option.defaultHelp}`;
  return line(`# ${word}`, `${source.from === "default" ? "not set" : origin(source)}${fallback}`);
}

function entryLines(table: string, options: Options, entries: readonly FileSettings[]): string[] {
  return entries.flatMap((entry) => [
    "",
    `[[${table}]]`,
    ...[...entry].map(([key, { texts, where }]) =>
      settingLine(key, options[key]!, texts, { from: "file", name: where })
    ),
  ]);
}

/** The settings as TOML: what `--check` prints. Secrets are named, never shown. */
export function settingsText(command: Command, parsed: Parsed<Options>): string {
  const { reads, known } = command.configuration!;
  const lines = [...parsed.warnings, ...parsed.notes].map((text) => `# ${text}`);
  const done = new Set<string>();
  for (const table of reads) {
    lines.push(...(done.size === 0 ? [] : [""]), `[${table}]`);
    const last: string[] = [];
    for (const [key, option] of Object.entries(command.options)) {
      if (done.has(key) || !Object.hasOwn(known[table]!, key)) continue;
      done.add(key);
      const { texts, entries } = parsed.written[key]!;
      if (option.kind.form === "entries") {
        const { options } = option.kind as EntriesKind<Options>;
        last.push(...entryLines(`${table}.${dashed(key)}`, options, entries ?? []));
      } else {
        lines.push(settingLine(key, option, texts, parsed.sources[key]!));
      }
    }
    lines.push(...last);
  }
  return `${lines.join("\n")}\n`;
}
