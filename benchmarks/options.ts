/** What the command line of `deno task benchmark` says. @module */

import { parseArgs } from "node:util";

/** The options of a run. */
export interface Options {
  readonly rounds: number;
  /** Of each run of wrk. */
  readonly seconds: number;
  /** Words of `--only`; empty for everything. */
  readonly only: readonly string[];
  readonly json: string | null;
  readonly markdown: boolean;
  readonly profile: boolean;
}

/** A command line that cannot be followed; the message says what to type instead. */
export class UsageError extends Error {}

const help = `deno task benchmark [OPTIONS]
  --rounds N      rounds of every job with every subject (default 3)
  --seconds N     seconds of each run of wrk (default 4)
  --only A,B      only these subjects or jobs; nginx → nginx stays in for the ratios
  --json FILE     also writes every sample to FILE
  --markdown      prints the tables as Markdown
  --profile       instead: where relay and agent spend their CPU time under wrk
`;

/**
 * Reads the options; `known` are the ids that `--only` takes. Null: help was asked for, and printed.
 * @throws {UsageError} for an option or id that there is not.
 */
export function readOptions(args: readonly string[], known: readonly string[]): Options | null {
  const values = parse(args);
  if (values.help === true) {
    console.log(`${help}Subjects and jobs: ${known.join(" ")}`);
    return null;
  }
  const only = (values.only ?? "").split(",").map((word) => word.trim()).filter((word) => word);
  const strange = only.find((word) => !known.some((id) => isMeant(id, word)));
  if (strange !== undefined) {
    throw new UsageError(`--only does not know ${strange}; it takes ${known.join(", ")}`);
  }
  return {
    rounds: countOf("rounds", values.rounds ?? "3"),
    seconds: countOf("seconds", values.seconds ?? (values.profile === true ? "5" : "4")),
    only,
    json: values.json ?? null,
    markdown: values.markdown === true,
    profile: values.profile === true,
  };
}

/** Those whose ids the words name; all when no word names any of them. */
export function chosen<T extends { readonly id: string }>(
  all: readonly T[],
  words: readonly string[],
): readonly T[] {
  const some = all.filter(({ id }) => words.some((word) => isMeant(id, word)));
  return some.length === 0 ? all : some;
}

/** True for the id itself and for its first part: `frp` means both `frp-tcp` and `frp-http`. */
function isMeant(id: string, word: string): boolean {
  return id === word || id.startsWith(`${word}-`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: "string" },
        seconds: { type: "string" },
        only: { type: "string" },
        json: { type: "string" },
        markdown: { type: "boolean" },
        profile: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

function countOf(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw new UsageError(`--${name} takes a whole number from 1 to 1000, not ${text}`);
  }
  return count;
}
