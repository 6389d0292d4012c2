/** Holds requests against the filters of those who follow the log, in the reading worker. @module */

import { type RequestRow, type RowBatch, rowsOf } from "./log_rows.ts";
import type { RequestFilter, Slices } from "./request_query.ts";
import { matcherOf } from "./request_terms.ts";

/** Which rows fit which filters. */
export interface MatchQuestion {
  readonly batch: RowBatch;
  /** Of filters that are known. */
  readonly keys: readonly number[];
}

/** Rows between two looks at the clock of who has the next turn. */
const AT_ONCE = 32;

/** Filters by their keys. */
export class LogMatcher {
  readonly #matchers = new Map<number, (row: RequestRow) => boolean>();

  /** Knows a filter from now on; undefined forgets it. */
  set(key: number, filter: RequestFilter | undefined): void {
    if (filter === undefined) this.#matchers.delete(key);
    else this.#matchers.set(key, matcherOf(filter.terms ?? []));
  }

  /** The places of the rows that fit, for each key. */
  *match({ batch, keys }: MatchQuestion): Slices<Uint16Array[]> {
    const rows = rowsOf(batch);
    const found: Uint16Array[] = [];
    for (const key of keys) {
      const fits = this.#matchers.get(key);
      const places: number[] = [];
      for (const [i, row] of rows.entries()) {
        if (i % AT_ONCE === AT_ONCE - 1) yield;
        if (row.kind === "request" && fits?.(row) === true) places.push(i);
      }
      found.push(Uint16Array.from(places));
    }
    return found;
  }
}
