/** The language in which requests are filtered: `status:5xx -method:GET path:*.jpg "a word"`. @module */

import { parseCidr, parseIp, suggest } from "../../cli/mod.ts";
import type { FieldTest, RequestField, RequestTerm } from "../store/mod.ts";
import { readNumbers, UNITS } from "./filter_numbers.ts";
import { unfit } from "./problem.ts";

const MOST_CHARACTERS = 1_000;
const MOST_TERMS = 20;
/** Values of one term. */
const MOST_VALUES = 50;
/** Stars and question marks of one value, and of all together. */
const MOST_WILDCARDS = 16;
const MOST_WILDCARDS_IN_ALL = 64;

/** What is wrong with a value, as the end of a sentence that begins with the term. */
class BadTerm extends Error {
  override readonly name = "BadTerm";
}

interface Key {
  readonly field: RequestField;
  /** @throws {BadTerm} */
  readonly test: (value: string) => FieldTest;
}

const KEYS: Readonly<Record<string, Key>> = {
  status: { field: "status", test: statusTest },
  method: { field: "method", test: (value) => textTest(value.toUpperCase()) },
  name: { field: "name", test: (value) => textTest(value.toLowerCase()) },
  account: { field: "account", test: (value) => textTest(value.toLowerCase()) },
  agent: { field: "agent", test: textTest },
  path: { field: "target", test: pathTest },
  ip: { field: "visitor", test: addressTest },
  ms: { field: "duration", test: (value) => numberTest(value, "duration") },
  ttfb: { field: "firstByte", test: (value) => numberTest(value, "duration") },
  in: { field: "bytesIn", test: (value) => numberTest(value, "size") },
  out: { field: "bytesOut", test: (value) => numberTest(value, "size") },
  id: { field: "id", test: textTest },
};

/** The parameters that say one term each, and its key. */
export const PARAMETERS = {
  name: "name",
  agent: "agent",
  visitor: "ip",
  method: "method",
  status: "status",
  target: "path",
} as const;

/**
 * The terms of a filter, all of which have to hold.
 * @throws {Problem} 422 that names the term.
 */
export function parseFilter(text: string): RequestTerm[] {
  try {
    // Also what SQLite would take for the end of a text.
    if (/\p{Cc}/u.test(text.replaceAll("\t", " "))) throw new BadTerm("has control characters");
    if (text.length > MOST_CHARACTERS) {
      throw new BadTerm(`may have ${MOST_CHARACTERS} characters, not ${text.length}`);
    }
    const words = split(text);
    if (words.length > MOST_TERMS) {
      throw new BadTerm(`may have ${MOST_TERMS} terms, not ${words.length}`);
    }
    const terms = words.map(termOf);
    const all = wildcards(words.flatMap(({ values }) => values).join(""));
    if (all > MOST_WILDCARDS_IN_ALL) {
      throw new BadTerm(`may have ${MOST_WILDCARDS_IN_ALL} wildcards, not ${all}`);
    }
    return terms;
  } catch (error) {
    throw asProblem(error, "filter");
  }
}

/**
 * The term that a parameter of its own says: all of `value` is one value.
 * @throws {Problem} 422.
 */
export function parameterTerm(parameter: keyof typeof PARAMETERS, value: string): RequestTerm {
  const { field, test } = KEYS[PARAMETERS[parameter]]!;
  try {
    if (/\p{Cc}/u.test(value)) throw new BadTerm("has control characters");
    return { field, not: false, any: [test(value)] };
  } catch (error) {
    throw asProblem(error, parameter);
  }
}

function asProblem(error: unknown, field: string): unknown {
  return error instanceof BadTerm ? unfit(field, error.message) : error;
}

/** A term as it is written. */
interface Word {
  readonly text: string;
  readonly not: boolean;
  readonly key: string | undefined;
  readonly values: readonly string[];
}

const WORD = /[^ \t"]*(?:"[^"]*"[^ \t"]*)*/y;

/** @throws {BadTerm} for a quote that is not closed. */
function split(text: string): Word[] {
  const words: Word[] = [];
  for (let at = 0; at < text.length;) {
    if (text[at] === " " || text[at] === "\t") {
      at++;
      continue;
    }
    WORD.lastIndex = at;
    const word = WORD.exec(text)![0];
    at += word.length;
    if (text[at] === '"') {
      throw new BadTerm(`${shown(word + text.slice(at))}: the quote is not closed`);
    }
    words.push(wordOf(word));
  }
  return words;
}

function wordOf(text: string): Word {
  const not = text.startsWith("-") && text.length > 1;
  const rest = not ? text.slice(1) : text;
  const key = /^([^:"]*):/.exec(rest)?.[1];
  // Commas within quotes part nothing.
  const list = (key === undefined ? rest : rest.slice(key.length + 1)).match(/"[^"]*"|[^",]+|,/g) ??
    [];
  const values = [""];
  for (const part of list) {
    if (part === ",") values.push("");
    else values[values.length - 1] += part.startsWith('"') ? part.slice(1, -1) : part;
  }
  return { text, not, key, values };
}

/** @throws {BadTerm} */
function termOf({ text, not, key, values }: Word): RequestTerm {
  if (values.length > MOST_VALUES) {
    throw new BadTerm(`${shown(text)}: may have ${MOST_VALUES} values, not ${values.length}`);
  }
  if (key === undefined) {
    values.forEach((word) => checkWildcards(word, `${shown(text)}: `));
    return {
      field: "target",
      not,
      any: values.map((word) => ({ kind: "glob", glob: `*${word}*` })),
    };
  }
  const known = Object.hasOwn(KEYS, key.toLowerCase()) ? KEYS[key.toLowerCase()] : undefined;
  if (known === undefined) {
    const keys = Object.keys(KEYS).map((word) => `${word}:`);
    throw new BadTerm(`${shown(`${key}:`)} is no key${suggest(`${key}:`.slice(0, 20), keys)}`);
  }
  try {
    return { field: known.field, not, any: values.map(known.test) };
  } catch (error) {
    if (!(error instanceof BadTerm)) throw error;
    throw new BadTerm(`${shown(text)}: ${error.message}`);
  }
}

function wildcards(text: string): number {
  return text.replace(/[^*?]+/g, "").length;
}

/** @throws {BadTerm} */
function checkWildcards(value: string, where = ""): void {
  const count = wildcards(value);
  if (count > MOST_WILDCARDS) {
    throw new BadTerm(`${where}may have ${MOST_WILDCARDS} wildcards, not ${count}`);
  }
}

function pathTest(glob: string): FieldTest {
  checkWildcards(glob);
  return { kind: "path", glob };
}

function textTest(value: string): FieldTest {
  checkWildcards(value);
  return /[*?]/.test(value) ? { kind: "glob", glob: value } : { kind: "is", value };
}

function statusTest(value: string): FieldTest {
  if (/^[0-5]xx$/i.test(value)) {
    const from = Number(value[0]) * 100;
    return { kind: "within", from, to: from + 99 };
  }
  const found = readNumbers(value, UNITS.count);
  if (found === undefined || (found.from === found.to && found.from > 599)) {
    throw new BadTerm("has to be a status like 404, 5xx, >=400 or 400..499");
  }
  return { kind: "within", ...found };
}

function numberTest(value: string, unit: "duration" | "size"): FieldTest {
  const found = readNumbers(value, UNITS[unit]);
  if (found !== undefined) return { kind: "within", ...found };
  throw new BadTerm(
    unit === "duration"
      ? "has to be a time in ms like >500, <10, 100..500 or >2s"
      : "has to be a size in bytes like >1MB, <10KiB or 100..500",
  );
}

function addressTest(value: string): FieldTest {
  checkWildcards(value);
  if (/[*?]/.test(value)) return { kind: "glob", glob: value };
  // What comes by a Unix socket has this for an address.
  if (value === "unix") return { kind: "is", value };
  if (!value.includes(":") && !value.includes("/") && parseIp(value) !== undefined) {
    return { kind: "is", value };
  }
  try {
    parseCidr(value);
  } catch {
    throw new BadTerm("has to be an address like 203.0.113.7, a block like 10.0.0.0/8, or 10.*");
  }
  return { kind: "block", block: value };
}

/** Long terms are cut. */
function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
