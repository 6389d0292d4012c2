/** Finds on which line of a TOML text each key stands; the parser proper does not tell. @module */

/** A text that is not TOML, or has the same key twice. */
export class TomlError extends Error {
  override readonly name = "TomlError";
  /** Counted from 1. */
  readonly line: number;

  constructor(message: string, line: number, options?: ErrorOptions) {
    super(message, options);
    this.line = line;
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
 * twice, strings without an end, the key `__proto__`.
 * @throws {TomlError}
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
      this.#skipBlank(false);
      const rest = this.#text[this.#at];
      if (rest !== undefined && rest !== "\n") {
        throw new TomlError("more than one thing on a line", this.#line);
      }
    }
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
      throw new TomlError(`${array ? "[[" : "["} without its end`, line);
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
    if (this.#text[this.#at] !== "=") throw new TomlError("a key without = and a value", line);
    this.#at++;
    this.#put(path, line);
    this.#value();
  }

  #put(path: readonly (string | number)[], line: number): void {
    const name = tomlPath(path);
    const before = this.#lines.get(name);
    if (before !== undefined) {
      throw new TomlError(`${name} stands on line ${before} already`, line);
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
        if (key === "") throw new TomlError("a key was expected", this.#line);
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
  #string(): void {
    const text = this.#text;
    const quote = text[this.#at]!;
    const line = this.#line;
    const long = text.startsWith(quote.repeat(3), this.#at);
    const end = long ? quote.repeat(3) : quote;
    this.#at += end.length;
    for (; !text.startsWith(end, this.#at); this.#at++) {
      const char = text[this.#at];
      if (char === undefined || (char === "\n" && !long)) {
        throw new TomlError("a string without its end", line);
      }
      if (char === "\n") this.#line++;
      if (char === "\\" && quote === '"') {
        this.#at++;
        if (text[this.#at] === "\n") this.#line++;
      }
    }
    this.#at += end.length;
    // A long string may end in up to two more of its quotes.
    for (let more = 0; long && more < 2 && text[this.#at] === quote; more++) this.#at++;
  }

  /** Over a value: to the end of the line, or of the arrays and inline tables that it opens. */
  #value(): void {
    const line = this.#line;
    this.#skipBlank(false);
    const start = this.#at;
    for (let depth = 0;;) {
      this.#skipBlank(depth > 0);
      const char = this.#text[this.#at];
      if (char === undefined && depth > 0) throw new TomlError("an array without its end", line);
      if (char === undefined || (char === "\n" && depth === 0)) break;
      if (char === '"' || char === "'") {
        this.#string();
        continue;
      }
      if (char === "[" || char === "{") depth++;
      if (char === "]" || char === "}") depth--;
      // Deeper nesting has no use here, and the parser is recursive.
      if (depth > 16) throw new TomlError("arrays nested too deeply", line);
      this.#at++;
    }
    if (this.#at === start) throw new TomlError("a key without a value", line);
  }
}
