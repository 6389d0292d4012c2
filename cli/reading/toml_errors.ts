/** Says of a text that is not TOML what is wrong with it, from the place where the parser stopped. @module */

import { bareMistake, keyMistake, restMistake, separatorMistake, WORD } from "./toml_mistakes.ts";

/** Where a value stands, and what was written: it may be a secret, and is told by who knows that it is none. */
export interface TomlValue {
  /** Its table's and its own keys. */
  readonly words: readonly string[];
  readonly text: string;
  readonly mistake: "word" | "escape" | "comma" | "twice";
}

/** A text that is not TOML, or has what must not be there. */
export class TomlError extends Error {
  override readonly name = "TomlError";
  /** Counted from 1. */
  readonly line: number;
  /** What the message alone does not tell. */
  readonly value: TomlValue | undefined;

  constructor(message: string, line: number, value?: TomlValue) {
    super(message);
    this.line = line;
    this.value = value;
  }
}

/** What the parser tells: where it stopped, and by its message why. */
interface Stop {
  readonly message: string;
  readonly index: number;
}

/** A bracket that is open where the parser stopped, and where its latest item begins. */
interface Bracket {
  readonly char: string;
  readonly at: number;
  item: number;
}

/** Strings with an end, comments, and the quote of a string without one. Long strings may end in two more quotes. */
const OPAQUE =
  /"""(?:[^\\]|\\[^])*?"{3,5}|'''[^]*?'{3,5}|"""|'''|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|["']|#.*/g;
const KEY = String.raw`(?:"[^"\n]*"|'[^'\n]*'|[\w-]+)`;
/** A dotted key with the blanks around it. */
const KEYS = new RegExp(String.raw`[ \t]*(?:${KEY}(?:[ \t]*\.[ \t]*${KEY})*)?`, "y");
const DEEPEST = 16;
/** More blanks than these between `=` and a line break are not seen as some. */
const LONG_BLANK = 256;

/** The mistake behind `stop`. */
export function explain(text: string, stop: Stop): TomlError {
  return new Explanation(text, stop).error();
}

/** One stop of the parser, and what leads to it: until there all is well-formed. */
class Explanation {
  readonly #text: string;
  readonly #stop: Stop;
  /** The text up to the stop, without what stands in strings and comments. */
  readonly #before: string;
  /** Where a string begins that goes on at the stop; -1 where none does. */
  #string = -1;
  /** Where the table's head, or the setting, begins that the stop is in. */
  #start = 0;
  readonly #open: Bracket[] = [];

  constructor(text: string, stop: Stop) {
    this.#text = text;
    this.#stop = stop;
    this.#before = this.#mask(text.slice(0, stop.index));
    for (const { 0: char, index } of this.#before.matchAll(/[[\]{},\n]/g)) {
      if (char === "[" || char === "{") this.#open.push({ char, at: index, item: index + 1 });
      else if (char === "]" || char === "}") this.#open.pop();
      else if (this.#open.length === 0) this.#start = char === "\n" ? index + 1 : this.#start;
      else if (char === ",") this.#open.at(-1)!.item = index + 1;
    }
  }

  #mask(text: string): string {
    let masked = "";
    let end = 0;
    for (const { 0: part, index } of text.matchAll(OPAQUE)) {
      masked += text.slice(end, index);
      end = index + part.length;
      const quote = part[0]!;
      if (/^("""|'''|["'])$/.test(part)) {
        this.#string = index;
        return masked;
      }
      masked += quote === "#"
        ? " ".repeat(part.length)
        : quote + part.slice(1, -1).replace(/[^\n]/g, "_") + quote;
    }
    masked += text.slice(end);
    // What is missing at the end of a line is noticed in the next.
    const isBefore = /^(Expected equal|Unspecified|The key)/.test(this.#stop.message);
    return isBefore || /=\s*$/.test(masked.slice(-LONG_BLANK)) ? masked.trimEnd() : masked;
  }

  error(): TomlError {
    const { index, message } = this.#stop;
    if (/multiple times/.test(message)) return this.#twice();
    if (this.#string >= 0) return this.#inString();
    if (/^(Control|Invalid code point)/.test(message)) return this.#atControl();
    const bracket = this.#open.at(-1);
    if (this.#open.length > DEEPEST) return this.#fail("arrays nested too deeply", index);
    if (/^[ \t]*\[/.test(this.#before.slice(this.#start))) return this.#inHead();
    const equals = this.#afterKey(this.#start);
    if (typeof equals !== "number") return equals;
    return bracket === undefined ? this.#inValue(equals) : this.#inBracket(bracket);
  }

  #fail(message: string, at: number, value?: TomlValue): TomlError {
    return new TomlError(message, this.#lineAt(at), value);
  }

  #lineAt(index: number): number {
    let line = 1;
    for (let at = this.#text.indexOf("\n"); at >= 0 && at < index;) {
      line++;
      at = this.#text.indexOf("\n", at + 1);
    }
    return line;
  }

  /** From `at` on, without the line break. */
  #lineFrom(at: number): string {
    const end = this.#text.indexOf("\n", at);
    return this.#text.slice(at, end < 0 ? undefined : end).replace(/\r$/, "");
  }

  /** Over blanks, and line breaks and comments where they may stand. */
  #skip(at: number, pattern = /[ \t]*/y): number {
    pattern.lastIndex = at;
    pattern.test(this.#text);
    return pattern.lastIndex;
  }

  /** Where the value begins behind the key and the `=` at `start`, or what is wrong with these. */
  #afterKey(start: number): number | TomlError {
    KEYS.lastIndex = start;
    const written = KEYS.exec(this.#before)![0];
    const end = start + written.length;
    const at = this.#skip(end);
    const isMissing = written.trim() === "" || this.#text[at] === ".";
    const key = isMissing ? "" : written.trim();
    const from = isMissing && this.#text[at] === "." ? this.#skip(at + 1) : isMissing ? at : end;
    const mistake = keyMistake(key, this.#lineFrom(from));
    if (mistake !== undefined) return this.#fail(mistake, from);
    if (this.#text[at] !== "=") return this.#fail(separatorMistake(this.#lineFrom(at)), at);
    return this.#skip(at + 1);
  }

  /** The keys that lead to the stop: those of the table, of the setting, and of inline tables. */
  #words(start = this.#start): string[] {
    const keys = [start, ...this.#open.filter(({ char }) => char === "{").map(({ item }) => item)]
      .filter((at) => at >= start)
      .flatMap((at) => this.#keysAt(this.#skip(at, /\s*/y)));
    const heads = [...this.#before.slice(0, start).matchAll(/^[ \t]*\[{1,2}(?=.*\])/gm)];
    const head = heads.at(-1);
    return head === undefined ? keys : [...this.#keysAt(head.index + head[0].length), ...keys];
  }

  #keysAt(at: number): string[] {
    KEYS.lastIndex = at;
    const parts = KEYS.exec(this.#text)?.[0].match(new RegExp(KEY, "g")) ?? [];
    return parts.map((part) => part.replace(/^["']|["']$/g, ""));
  }

  #twice(): TomlError {
    const head = /^[ \t]*\[{1,2}/.exec(this.#lineFrom(this.#start))?.[0];
    const words = head === undefined ? this.#words() : this.#keysAt(this.#start + head.length);
    const line = this.#lineOf(words);
    const place = line === undefined ? "is there already" : `stands on line ${line} already`;
    const value = { words, text: "", mistake: "twice" } as const;
    return this.#fail(`${words.join(".")} ${place}`, this.#stop.index, value);
  }

  /** The last line before the stop's where these keys stand. */
  #lineOf(words: readonly string[]): number | undefined {
    let found: number | undefined;
    let table: string[] = [];
    let at = 0;
    const wanted = words.join("\0");
    for (const [i, line] of this.#before.slice(0, this.#start).split("\n").entries()) {
      const start = at;
      at += line.length + 1;
      if (line.trim() === "") continue;
      const head = /^[ \t]*\[{1,2}/.exec(line)?.[0];
      if (head !== undefined) table = this.#keysAt(start + head.length);
      const keys = head === undefined ? [...table, ...this.#keysAt(start)] : table;
      if (keys.join("\0") === wanted) found = i + 1;
    }
    return found;
  }

  #inString(): TomlError {
    const start = this.#string;
    const quote = /^(?:"""|'''|["'])/.exec(this.#text.slice(start, start + 3))![0];
    const line = this.#lineFrom(start);
    const text = /^(?:"(?!"")((?:[^"\\]|\\.)*)"|'(?!'')([^']*)')/.exec(line)?.slice(1).join("");
    // Of the mistakes in one line the missing quote is likely to be the first.
    if ((text === undefined && quote.length === 1) || /^Unterm/.test(this.#stop.message)) {
      return this.#fail(`a text that begins with ${quote} has no ${quote} at its end`, start);
    }
    if (/^Control/.test(this.#stop.message)) return this.#atControl();
    if (!this.#before.slice(this.#start).includes("=")) {
      return this.#fail("a key with an unknown escape", start);
    }
    const value = text === undefined
      ? undefined
      : { words: this.#words(), text, mistake: "escape" } as const;
    return this.#fail("a backslash in \"…\" is written twice, in '…' once", start, value);
  }

  #atControl(): TomlError {
    const { index } = this.#stop;
    const code = (this.#text.codePointAt(index) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return this.#fail(`the control character U+${code} has no place here`, index);
  }

  /** In a table's name, or behind it. */
  #inHead(): TomlError {
    const head = this.#before.slice(this.#start);
    const brackets = /^[ \t]*(\[{1,2})/.exec(head)!;
    if (this.#open.length === 0) return this.#afterEnd();
    const at = this.#skip(this.#start + brackets[0].length);
    if (this.#keysAt(at).length === 0) {
      return this.#fail(keyMistake("", this.#lineFrom(at)) ?? "a key was expected", at);
    }
    return this.#fail(
      brackets[1] === "[" ? "the [ has no ] at its end" : "the [[ has no ]] at its end",
      this.#start,
    );
  }

  /** In a value without brackets, or behind any. */
  #inValue(start: number): TomlError {
    const line = this.#lineFrom(start);
    if (line === "" || line.startsWith("#")) return this.#fail("a key without a value", start);
    return /^["'[{]/.test(line) ? this.#afterEnd() : this.#bare(start, /^(?:(?!\s#).)*/);
  }

  #afterEnd(): TomlError {
    const { index } = this.#stop;
    const end = this.#before.trimEnd().length;
    return this.#fail(
      restMistake(this.#lineFrom(index), this.#text.slice(end - 1, index)),
      index,
    );
  }

  /** A number or a switch, which are all that stands without quotes. */
  #bare(start: number, pattern: RegExp): TomlError {
    const text = pattern.exec(this.#lineFrom(start))![0].trim();
    const mistake = bareMistake(text);
    if (mistake === undefined) return this.#fail("is not TOML", this.#stop.index);
    const value = mistake === WORD
      ? { words: this.#words(), text, mistake: "word" } as const
      : undefined;
    return this.#fail(mistake, start, value);
  }

  /** In an array or an inline table. */
  #inBracket({ char, at, item }: Bracket): TomlError {
    const { index } = this.#stop;
    const unclosed = this.#fail(`the ${char} has no ${char === "[" ? "]" : "}"} at its end`, at);
    let start = this.#skip(item, /(?:\s|#.*)*/y);
    const next = this.#lineFrom(index);
    if (this.#text.slice(index).trim() === "" || /^\[{1,2}[\w. -]+\]/.test(next)) return unclosed;
    // What comes is the next setting, not the next value.
    if (
      char === "[" && /(?:^|\n)[ \t]*[\w-]*$/.test(this.#before.slice(at)) &&
      /^[\w-]*[ \t]*=/.test(next)
    ) {
      return unclosed;
    }
    if (char === "{") {
      const value = this.#afterKey(start);
      if (typeof value !== "number") return value;
      start = value;
    }
    const written = this.#before.slice(start, index);
    if (!/^["'[{]/.test(written)) {
      const bare = this.#bare(start, /^(?:(?!\s#)[^,\]}])*/);
      if (written.trim() === "" || bare.message !== "is not TOML") return bare;
    }
    const text = /^(?:"[^"]*"|'[^']*'|[^\s,\]}#]*)/.exec(next)![0];
    const value = text === ""
      ? undefined
      : { words: this.#words(), text, mistake: "comma" } as const;
    return this.#fail("a comma is missing between two values", index, value);
  }
}
