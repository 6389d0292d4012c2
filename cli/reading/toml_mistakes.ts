/** Knows the mistakes that people make in TOML, and what to say of them: never a value, which may be a secret. @module */

const NUMBER =
  /^(?:[+-]?(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:e[+-]?\d+)?|0x[\da-f_]+|0o[0-7_]+|0b[01_]+)$/i;
/** Of a text without quotes: the commonest, and then the value helps. */
export const WORD = "texts stand in quotes";

/** Quotes of word processors, and what else is taken for some. */
const CURLED = /^[“”„‟‘’‚‛«»‹›´`＂＇]/;
const STRAIGHT = `quotes are straight, " or '`;

/** Of a value that does not begin with a quote or a bracket; undefined for numbers, true and false. */
export function bareMistake(text: string): string | undefined {
  if (text === "true" || text === "false" || NUMBER.test(text)) return undefined;
  if (text === "") return "a value is missing";
  if (CURLED.test(text)) return STRAIGHT;
  if (/^[+-]?\d{1,3}(,\d{3})+$/.test(text)) return "numbers have no commas";
  const last = text.at(-1)!;
  if (",;".includes(last) && bareMistake(text.slice(0, -1).trim()) === undefined) {
    return ending(last);
  }
  if (/^\S+\s+[\w-]+\s*=/.test(text)) return ONE_A_LINE;
  return WORD;
}

const ONE_A_LINE = "each setting stands on a line of its own";

function ending(char: string): string {
  return `no ${char === "," ? "comma" : "semicolon"} stands at the end of a setting`;
}

/** Of what follows a value or a table's name; `before` is the last character of that, and the blanks between. */
export function restMistake(rest: string, before: string): string {
  if (/^[,;]\s*(#.*)?$/.test(rest)) return ending(rest[0]!);
  if (/^(\/\/|;|--|\/\*)/.test(rest)) return COMMENT;
  if (before.startsWith("]") && rest.startsWith("]")) return "there is a ] too many";
  if (/^["']?[\w.-]+["']?\s*=/.test(rest)) return ONE_A_LINE;
  if (/^["']$/.test(before)) return 'a text ends at its next quote: a " within "…" is written \\"';
  return "nothing but a comment, #, may follow on the line";
}

const COMMENT = "comments begin with #";

/** Of where a key should stand; undefined for one. `rest` is what follows it on the line. */
export function keyMistake(key: string, rest: string): string | undefined {
  if (key === "-" && /^[ \t"'[{]/.test(rest)) {
    return 'a list is written in brackets: ["…", "…"]';
  }
  if (key !== "") return undefined;
  if (rest.startsWith("=")) return "a key was expected before the =";
  if (/^(\/\/|\/\*|;)/.test(rest)) return COMMENT;
  if (rest.startsWith("{")) {
    return "this looks like JSON: tables are written [relay], settings key = value";
  }
  if (CURLED.test(rest)) return STRAIGHT;
  const code = rest.codePointAt(0) ?? 0;
  if (code > 0x7e || code < 0x20) {
    return `a key was expected, not the character U+${
      code.toString(16).toUpperCase().padStart(4, "0")
    }`;
  }
  return "a key was expected";
}

/** Of what stands behind a key instead of `=`. */
export function separatorMistake(rest: string): string {
  if (/^:\s*(#.*)?$/.test(rest)) return "a table is written in brackets: [relay]";
  if (rest.startsWith(":")) return "= stands between key and value, not :";
  if (/^\s*(#.*)?$/.test(rest)) return "a key without = and a value";
  if (/^[\w][\w -]*=/.test(rest)) {
    return "a key has no spaces: its words are joined by dashes, as in public-url";
  }
  return "= is missing between key and value";
}
