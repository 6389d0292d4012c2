/** Reads TOML into values, and tells on which line each key stands. @module */

import type { AST } from "toml-eslint-parser";
import { explain, TomlError } from "./toml_errors.ts";
import { WORD } from "./toml_mistakes.ts";

type Path = readonly (string | number)[];

/** Lines by path: `relay`, `relay.http`, `agent.publish.0.name`. Keys within inline tables are not listed. */
export type TomlLines = Map<string, number>;

export interface Toml {
  readonly document: Record<string, unknown>;
  readonly lines: TomlLines;
}

/** Deeper nesting has no use here, and reading it is recursive. */
const DEEPEST = 16;

/** Joins the parts of a path so that a dot within a quoted key is no separator. */
export function tomlPath(parts: Path): string {
  return parts.map((part) => String(part).replace(/[.\\]/g, "\\$&")).join(".");
}

/**
 * Reads a text. What is dangerous or certainly a slip is refused as well: the key `__proto__`, dates, `nan`.
 * @throws {TomlError} that says what is wrong, without any value
 */
export async function readToml(text: string): Promise<Toml> {
  const { ParseError, parseTOML } = await import("toml-eslint-parser");
  try {
    return new Reader(text).read(parseTOML(text));
  } catch (error) {
    throw error instanceof ParseError ? explain(text, error) : error;
  }
}

class Reader {
  readonly #text: string;
  readonly #document: Record<string, unknown> = {};
  readonly #lines: TomlLines = new Map();

  constructor(text: string) {
    this.#text = text;
  }

  read(program: AST.TOMLProgram): Toml {
    for (const node of program.body[0].body) {
      if (node.type === "TOMLKeyValue") {
        this.#pair(node, this.#document, []);
        continue;
      }
      const { resolvedKey: path } = node;
      const first = node.kind === "array" && path.at(-1) === 0;
      if (first) this.#lines.set(tomlPath(path.slice(0, -1)), node.loc.start.line);
      this.#lines.set(tomlPath(path), node.loc.start.line);
      const table = reach(this.#document, [...path, ""], node) as Record<string, unknown>;
      for (const pair of node.body) this.#pair(pair, table, path);
    }
    return { document: this.#document, lines: this.#lines };
  }

  #pair(node: AST.TOMLKeyValue, table: Record<string, unknown>, path: Path): void {
    const keys = keysOf(node);
    const at = [...path, ...keys];
    this.#lines.set(tomlPath(at), node.loc.start.line);
    put(table, keys, { node, value: this.#value(node.value, at) });
  }

  #value(node: AST.TOMLContentNode, path: Path, depth = 0): unknown {
    const { line } = node.loc.start;
    if (depth > DEEPEST) throw new TomlError("arrays nested too deeply", line);
    switch (node.type) {
      case "TOMLArray":
        return node.elements.map((element) => this.#value(element, path, depth + 1));
      case "TOMLInlineTable": {
        const table: Record<string, unknown> = {};
        for (const pair of node.body) {
          const keys = keysOf(pair);
          const value = this.#value(pair.value, [...path, ...keys], depth + 1);
          put(table, keys, { node: pair, value });
        }
        return table;
      }
    }
    const { value } = node;
    if (typeof value !== "object" && (typeof value !== "number" || Number.isFinite(value))) {
      return value;
    }
    const words = path.filter((part) => typeof part === "string");
    throw new TomlError(WORD, line, {
      words,
      text: this.#text.slice(...node.range),
      mistake: "word",
    });
  }
}

function keysOf({ key }: AST.TOMLKeyValue): string[] {
  return key.keys.map((part) => part.type === "TOMLBare" ? part.name : part.value);
}

function put(
  table: Record<string, unknown>,
  keys: readonly string[],
  { node, value }: { readonly node: AST.TOMLNode; readonly value: unknown },
): void {
  const holder = reach(table, keys, node) as Record<string, unknown>;
  holder[keys.at(-1)!] = value;
}

/** What holds the last part of `path`, made where it is not there yet. The parser has refused what does not fit. */
function reach(table: object, path: Path, { loc }: AST.TOMLNode): object {
  if (path.includes("__proto__")) {
    throw new TomlError("the key __proto__ is not allowed", loc.start.line);
  }
  let holder = table as Record<string | number, unknown>;
  for (const [i, part] of path.slice(0, -1).entries()) {
    if (!Object.hasOwn(holder, part)) holder[part] = typeof path[i + 1] === "number" ? [] : {};
    holder = holder[part] as typeof holder;
  }
  return holder;
}
