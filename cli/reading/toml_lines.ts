/** Finds on which line of a TOML text each key stands; the parser proper does not tell. @module */

import { bareMistake, keyMistake, restMistake, separatorMistake, WORD } from "./toml_mistakes.ts";

/** Where a value stands, and what was written: it may be a secret, and is told by who knows that it is none. */
export interface TomlValue {
  readonly path: readonly (string | number)[];
  readonly text: string;
  readonly mistake: "word" | "escape" | "comma" | "twice";
}

/** A text that is not TOML, or has the same key twice. */
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

/** Lines by path: `relay`, `relay.http`, `agent.publish.0.name`. Keys within inline tables are not listed. */
export type TomlLines = Map<string, number>;

/** Joins the parts of a path so that a dot within a quoted key is no separator. */
export function tomlPath(parts: readonly (string | number)[]): string {
  return parts.map((part) => String(part).replace(/[.\\]/g, "\\$&")).join(".");
}

/**
 * Reads the lines of all keys and refuses what is dangerous or certainly a slip: keys and tables that stand
 * twice, texts without quotes or an end, missing commas, other languages' ways to write it, the key `__proto__`.
 * @throws {TomlError} that says what is wrong, without any value
 */
export function locateTomlKeys(text: string): TomlLines {
  return new Scanner(text).scan();
}

class Scanner {
  readonly #text: string;
  readonly #lines: TomlLines = new Map();
  /** How many tables each `[[…]]` has so far. */
  readonly #arrays = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): TomlLines {
    let table: (string | number)[] = [];
    for (;;) {
      this.#skipBlank();
      const char = this.#text[this.#at];
      if (char === undefined) return this.#lines;
      if (char === "[") table = this.#header();
      else this.#pair(table);
      const end = this.#at;
      this.#skipBlank(false);
      const rest = this.#restOfLine();
      if (rest !== "") {
        throw new TomlError(restMistake(rest, this.#text.slice(end - 1, this.#at)), this.#line);
      }
    }
  }

  /** From here on, without the line break. */
  #restOfLine(): string {
    const end = this.#text.indexOf("\n", this.#at);
    return this.#text.slice(this.#at, end < 0 ? undefined : end);
  }

  /** Over spaces, comments and, unless told otherwise, line breaks. */
  #skipBlank(breaks = true): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === "#") {
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else if (char === " " || char === "\t" || char === "\r") {
        this.#at++;
      } else if (char === "\n" && breaks) {
        this.#at++;
        this.#line++;
      } else {
        return;
      }
    }
  }

  #header(): (string | number)[] {
    const array = this.#text.startsWith("[[", this.#at);
    this.#at += array ? 2 : 1;
    const line = this.#line;
    const path = this.#resolve(this.#key());
    if (!this.#text.startsWith(array ? "]]" : "]", this.#at)) {
      throw new TomlError(`the ${array ? "[[ has no ]]" : "[ has no ]"} at its end`, line);
    }
    this.#at += array ? 2 : 1;
    if (array) {
      const name = tomlPath(path);
      const index = this.#arrays.get(name) ?? 0;
      this.#arrays.set(name, index + 1);
      if (index === 0) this.#put(path, line);
      path.push(index);
    }
    this.#put(path, line);
    return path;
  }

  /** `[agent.publish.x]` means the last of `[[agent.publish]]`. */
  #resolve(keys: readonly string[]): (string | number)[] {
    const path: (string | number)[] = [];
    for (const [i, key] of keys.entries()) {
      path.push(key);
      const count = this.#arrays.get(tomlPath(path));
      if (count !== undefined && i < keys.length - 1) path.push(count - 1);
    }
    return path;
  }

  #pair(table: readonly (string | number)[]): void {
    const line = this.#line;
    const path = [...table, ...this.#key()];
    if (this.#text[this.#at] !== "=") {
      throw new TomlError(separatorMistake(this.#restOfLine()), line);
    }
    this.#at++;
    this.#put(path, line);
    this.#skipBlank(false);
    if (/^$|^\r$/.test(this.#restOfLine())) throw new TomlError("a key without a value", line);
    this.#value(path, 0);
  }

  #put(path: readonly (string | number)[], line: number): void {
    const name = tomlPath(path);
    const before = this.#lines.get(name);
    if (before !== undefined) {
      const value = { path, text: "", mistake: "twice" } as const;
      throw new TomlError(`${name} stands on line ${before} already`, line, value);
    }
    this.#lines.set(name, line);
  }

  /** A dotted key, bare or quoted, with the spaces around it. */
  #key(): string[] {
    const keys: string[] = [];
    for (;;) {
      this.#skipBlank(false);
      const char = this.#text[this.#at];
      let key: string;
      if (char === '"' || char === "'") {
        const start = this.#at;
        this.#string();
        key = this.#unquote(this.#text.slice(start, this.#at));
      } else {
        const bare = /[A-Za-z0-9_-]*/y;
        bare.lastIndex = this.#at;
        key = bare.exec(this.#text)![0];
        this.#at += key.length;
        const mistake = keyMistake(key, this.#restOfLine());
        if (mistake !== undefined) throw new TomlError(mistake, this.#line);
      }
      if (key === "__proto__") throw new TomlError("the key __proto__ is not allowed", this.#line);
      keys.push(key);
      this.#skipBlank(false);
      if (this.#text[this.#at] !== ".") return keys;
      this.#at++;
    }
  }

  #unquote(quoted: string): string {
    if (quoted.startsWith("'")) return quoted.slice(1, -1);
    try {
      return JSON.parse(quoted);
    } catch {
      throw new TomlError("a key with an unknown escape", this.#line);
    }
  }

  /** Over a string of any of the four forms. */
  #string(path: readonly (string | number)[] = []): void {
    const text = this.#text;
    const quote = text[this.#at]!;
    const line = this.#line;
    const long = text.startsWith(quote.repeat(3), this.#at);
    const end = long ? quote.repeat(3) : quote;
    const start = this.#at += end.length;
    let wrong = -1;
    for (; !text.startsWith(end, this.#at); this.#at++) {
      const char = text[this.#at];
      if (char === undefined || (char === "\n" && !long)) {
        throw new TomlError(`a text that begins with ${end} has no ${end} at its end`, line);
      }
      if (char === "\n") this.#line++;
      if (char === "\\" && quote === '"') {
        if (wrong < 0 && !this.#isEscape(long)) wrong = this.#line;
        this.#at++;
        if (text[this.#at] === "\n") this.#line++;
      }
    }
    if (wrong >= 0) {
      const value = { path, text: text.slice(start, this.#at), mistake: "escape" } as const;
      throw new TomlError("a backslash in \"…\" is written twice, in '…' once", wrong, value);
    }
    this.#at += end.length;
    // A long string may end in up to two more of its quotes.
    for (let more = 0; long && more < 2 && text[this.#at] === quote; more++) this.#at++;
  }

  #isEscape(long: boolean): boolean {
    const escape = /\\(?:[btnfre"\\]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})/iy;
    const rightCase = /\\[btnfre"\\xuU]/y;
    for (const pattern of [escape, rightCase]) pattern.lastIndex = this.#at;
    if (escape.test(this.#text) && rightCase.test(this.#text)) return true;
    const brokenLine = /\\[ \t]*\r?\n/y;
    brokenLine.lastIndex = this.#at;
    return long && brokenLine.test(this.#text);
  }

  /** Over a value: to its end, or that of the array or inline table that it is. */
  #value(path: readonly (string | number)[], depth: number): void {
    // Deeper nesting has no use here, and the parser is recursive.
    if (depth > 16) throw new TomlError("arrays nested too deeply", this.#line);
    const char = this.#text[this.#at];
    if (char === '"' || char === "'") this.#string(path);
    else if (char === "[") this.#list(path, { depth, end: "]" });
    else if (char === "{") this.#list(path, { depth, end: "}" });
    else this.#bare(path, depth);
  }

  /** Over an array or an inline table. */
  #list(
    path: readonly (string | number)[],
    { depth, end }: { readonly depth: number; readonly end: "]" | "}" },
  ): void {
    const line = this.#line;
    const unclosed = (): TomlError =>
      new TomlError(`the ${end === "]" ? "[" : "{"} has no ${end} at its end`, line);
    this.#at++;
    for (;;) {
      this.#skipBlank();
      if (this.#text[this.#at] === end) break;
      if (this.#text[this.#at] === undefined) throw unclosed();
      let at = path;
      if (end === "}") {
        at = [...path, ...this.#key()];
        if (this.#text[this.#at] !== "=") {
          throw new TomlError(separatorMistake(this.#restOfLine()), this.#line);
        }
        this.#at++;
        this.#skipBlank();
      }
      // What comes is the next setting, not the next value.
      if (end === "]" && /^[\w-]+[ \t]*=/.test(this.#restOfLine())) throw unclosed();
      this.#value(at, depth + 1);
      this.#skipBlank();
      const char = this.#text[this.#at];
      if (char === ",") this.#at++;
      else if (char === undefined) throw unclosed();
      else if (char !== end) {
        const rest = this.#restOfLine();
        if (/^\[{1,2}[\w. -]+\]|^[\w-]+[ \t]*=/.test(rest)) throw unclosed();
        const text = /^(?:"[^"]*"|'[^']*'|[^\s,\]}#]*)/.exec(rest)![0];
        const value = { path, text, mistake: "comma" } as const;
        throw new TomlError("a comma is missing between two values", this.#line, value);
      }
    }
    this.#at++;
  }

  /** Over a number or a switch, which are all that stands without quotes. */
  #bare(path: readonly (string | number)[], depth: number): void {
    const rest = this.#restOfLine();
    const text = (depth === 0 ? /^(?:(?!\s#).)*/ : /^(?:(?!\s#)[^,\]}])*/).exec(rest)![0].trim();
    const mistake = bareMistake(text);
    if (mistake === undefined) {
      this.#at += text.length;
      return;
    }
    const value = mistake === WORD ? { path, text, mistake: "word" } as const : undefined;
    throw new TomlError(mistake, this.#line, value);
  }
}
