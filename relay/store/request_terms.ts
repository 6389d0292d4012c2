/** What a filter asks of a request, said once and used twice: as SQL over the log, and over rows as they come. @module */

import type { SQLInputValue } from "node:sqlite";
import { type Cidr, inCidr, parseCidr, parseIp } from "../../cli/mod.ts";
import type { Database } from "./database.ts";
import { globMatcher, isSimple } from "./glob.ts";
import type { RequestRow } from "./log_rows.ts";

type Value = string | number | null;

/** Where the log keeps a field, and where a row has it: the same value. */
const FIELDS = {
  id: { column: "id", of: (row) => row.id },
  name: { column: "name", of: (row) => row.name },
  account: { column: "account", of: (row) => row.account },
  agent: { column: "agent", of: (row) => row.agent },
  visitor: { column: "visitor", of: (row) => row.visitor },
  method: { column: "method", of: (row) => row.method },
  target: { column: "target", of: (row) => row.target },
  status: { column: "status", of: (row) => row.status },
  bytesIn: { column: "bytes_in", of: (row) => row.bytesIn },
  bytesOut: { column: "bytes_out", of: (row) => row.bytesOut },
  // Microseconds.
  duration: { column: "us", of: (row) => Math.round(row.ms * 1000) },
  firstByte: {
    column: "ttfb_us",
    of: (row) => row.ttfbMs === null ? null : Math.round(row.ttfbMs * 1000),
  },
} as const satisfies Record<string, { column: string; of: (row: RequestRow) => Value }>;

/** What can be asked about; durations are whole microseconds. */
export type RequestField = keyof typeof FIELDS;

/** One thing that a field may be. What a row does not have is nothing of all this. */
export type FieldTest =
  | { readonly kind: "is"; readonly value: string }
  /** `*` any text, `?` one character, all else itself; letters of ASCII in any case. */
  | { readonly kind: "glob"; readonly glob: string }
  /** The same over a target, with its query or without. */
  | { readonly kind: "path"; readonly glob: string }
  /** Whole numbers, both included. */
  | { readonly kind: "within"; readonly from: number; readonly to: number }
  /** An address in a block as `parseCidr` reads it. */
  | { readonly kind: "block"; readonly block: string };

/** Holds where the field is any of these, or none of them. */
export interface RequestTerm {
  readonly field: RequestField;
  readonly not: boolean;
  readonly any: readonly FieldTest[];
}

/** A condition with what stands for its question marks. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** The SQL function that {@linkcode isInBlock} is. */
export const IN_BLOCK = "in_block";
/** The SQL function that {@linkcode fitsGlob} is. */
const FITS_GLOB = "fits_glob";

const prepared = new WeakSet<Database>();

/** Lets conditions be asked of `db`. */
export function prepareConditions(db: Database): void {
  if (prepared.has(db)) return;
  prepared.add(db);
  db.define(IN_BLOCK, isInBlock);
  db.define(FITS_GLOB, fitsGlob);
}

/** A test as a condition on `column`, and as a function of the same value. */
function ways(test: FieldTest, column: string): Condition & { holds: (value: Value) => boolean } {
  switch (test.kind) {
    case "is":
      return { sql: `${column} = ?`, values: [test.value], holds: (value) => value === test.value };
    case "glob": {
      const fits = globMatcher(test.glob);
      return {
        ...globCondition(column, test.glob),
        holds: (value) => value !== null && fits(String(value)),
      };
    }
    case "path": {
      const fits = globMatcher(test.glob);
      const whole = globCondition(column, test.glob);
      const path = `substr(${column}, 1, instr(${column} || '?', '?') - 1)`;
      const part = globCondition(path, test.glob);
      return {
        sql: `(${whole.sql} OR ${part.sql})`,
        values: [...whole.values, ...part.values],
        holds: (value) => {
          const target = String(value);
          return fits(target) || target.includes("?") && fits(target.slice(0, target.indexOf("?")));
        },
      };
    }
    case "within": {
      const { from, to } = test;
      return {
        sql: `${column} BETWEEN ? AND ?`,
        values: [from, to],
        holds: (value) => value !== null && Number(value) >= from && Number(value) <= to,
      };
    }
    case "block":
      return {
        sql: `${IN_BLOCK}(${column}, ?)`,
        values: [test.block],
        holds: (value) => isInBlock(value, test.block) === 1,
      };
  }
}

/** The condition of one term. */
export function conditionOf({ field, not, any }: RequestTerm): Condition {
  const { column } = FIELDS[field];
  const tests = any.map((test) => ways(test, column));
  const either = `(${tests.map(({ sql }) => sql).join(" OR ")})`;
  const values = tests.flatMap((test) => test.values);
  // What a row does not have is NULL, which would make both a condition and its contrary fail.
  if (not) return { sql: `NOT coalesce(${either}, 0)`, values };
  const failures = field === "status" &&
    any.every((test) => test.kind === "within" && test.from >= 400);
  // Said again as a constant, it lets SQLite use the index of failures.
  return { sql: failures ? `${either} AND status >= 400` : either, values };
}

/** Whether a row fits all terms. */
export function matcherOf(terms: readonly RequestTerm[]): (row: RequestRow) => boolean {
  const checks = terms.map(({ field, not, any }) => {
    const { column, of } = FIELDS[field];
    const tests = any.map((test) => ways(test, column).holds);
    return (row: RequestRow): boolean => {
      const value = of(row);
      return tests.some((holds) => holds(value)) !== not;
    };
  });
  return (row) => checks.every((check) => check(row));
}

/** LIKE begins anew at every place for every star, and a target of 2,000 letters would take it for ever. */
function globCondition(column: string, glob: string): Condition {
  return isSimple(glob)
    ? { sql: `${column} LIKE ? ESCAPE '\\'`, values: [likeOf(glob)] }
    : { sql: `${FITS_GLOB}(${column}, ?)`, values: [glob] };
}

const globs = new Map<string, (text: string) => boolean>();
const blocks = new Map<string, Cidr>();
/** Globs and blocks read already: those of a filter, and more. Beyond it all are read again. */
const MOST_READ = 1_000;

/** 1 where the text fits the glob, else 0; nothing fits where there is no text. */
function fitsGlob(text: unknown, glob: unknown): number | null {
  if (typeof text !== "string" || typeof glob !== "string") return null;
  let known = globs.get(glob);
  if (known === undefined) {
    if (globs.size >= MOST_READ) globs.clear();
    globs.set(glob, known = globMatcher(glob));
  }
  return known(text) ? 1 : 0;
}

/** 1 where the address lies in the block, else 0: what SQLite calls truth. */
export function isInBlock(address: unknown, block: unknown): number {
  const bytes = typeof address === "string" ? parseIp(address) : undefined;
  if (bytes === undefined || typeof block !== "string") return 0;
  let known = blocks.get(block);
  if (known === undefined) {
    if (blocks.size >= MOST_READ) blocks.clear();
    blocks.set(block, known = parseCidr(block));
  }
  return inCidr(known, bytes) ? 1 : 0;
}

function likeOf(glob: string): string {
  return glob.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%").replaceAll("?", "_");
}
