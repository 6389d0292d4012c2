/** Settings outside the command line, as texts and numbers: how the dashboard and its API show and give them. @module */

import type { Option } from "../options/mod.ts";
import { DEFAULT, Resolver } from "./resolver.ts";
import { ownSurroundings } from "./surroundings.ts";
import { BadValue, UsageError } from "../terminal/mod.ts";

/** As a user would write it: `"30s"`, `10000`, `["10.0.0.0/8"]`; null where there is none. */
export type SettingText = string | number | boolean | readonly string[] | null;

/** What sort of text an option takes; a page chooses the field for it. */
export type SettingType =
  | "number"
  | "duration"
  | "size"
  | "switch"
  | "choice"
  | "secret"
  | "text";

/** The sort of an option's texts. */
export function settingType({ kind }: Option): SettingType {
  const { form = "text" } = kind;
  return form === "entries" ? "text" : form;
}

/** What `texts` say, for JSON; of a secret nothing. */
export function showTexts(option: Option, texts: readonly string[]): SettingText {
  if (option.kind.form === "secret") return null;
  if (option.repeatable === true) return texts;
  const [text] = texts;
  if (option.kind.form === "switch") return text === "true";
  if (text === undefined) return null;
  return settingType(option) === "number" ? Number(text) : text;
}

/** The default as a user would write it. */
export function defaultTexts({ default: text }: Option): readonly string[] {
  if (text === undefined) return [];
  if (typeof text === "function") return [text(ownSurroundings)];
  return typeof text === "string" ? [text] : text;
}

/**
 * Reads what JSON gave for an option, by the table of the command line.
 * @returns the texts, to keep, and the value that they mean.
 * @throws {BadValue} a message that continues the option's name.
 */
export function readSetting(
  option: Option,
  given: unknown,
): { readonly texts: readonly string[]; readonly value: unknown } {
  const texts = (Array.isArray(given) ? given : [given]).map((one) => {
    const isText = typeof one === "string" || typeof one === "number" ||
      (typeof one === "boolean" && option.kind.form === "switch");
    if (!isText) throw new BadValue("must be a text or a number, as on the command line");
    if (one === "") throw new BadValue("is empty");
    return String(one);
  });
  if (Array.isArray(given) && option.repeatable !== true) {
    throw new BadValue("takes one value, not a list");
  }
  try {
    const found = { source: DEFAULT, label: "", texts };
    return { texts, value: new Resolver("relay", ownSurroundings).value(option, found) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new BadValue(error.message.trim(), { cause: error });
  }
}
