/** Hands new rows of the log to those who follow it, each with what fits its filters: matched in a worker, by turns. @module */

import type { Asker } from "./fair_queue.ts";
import type { LogReader } from "./log_reader.ts";
import type { LogRow, RowBatch } from "./log_rows.ts";
import type { RequestFilter } from "./request_query.ts";

/** Where new rows come from: the request log. */
export interface RowSource {
  subscribe(listener: (rows: readonly LogRow[], batch: RowBatch) => void): () => void;
}

/** New rows. */
export interface Followed {
  readonly rows: readonly LogRow[];
  /** For each filter the places in `rows` of what fits its terms, in order; null for a filter without any. */
  readonly places: readonly (Uint16Array | null)[];
  /** Rows before these that were not held against the filters, as there was no time for it. */
  readonly missed: number;
}

/** Rows of one account's followers that wait to be matched; with more the oldest go, and are counted. */
const MOST_WAITING = 2_000;

interface Follower {
  readonly keys: readonly (number | null)[];
  readonly listener: (followed: Followed) => void;
  missed: number;
}

interface Batch {
  readonly rows: readonly LogRow[];
  readonly batch: RowBatch;
}

/** Who follows for one account, and what waits for them. */
class Group {
  readonly followers = new Set<Follower>();
  readonly waiting: Batch[] = [];
  isAsking = false;
  readonly asker: Asker;

  constructor(asker: Asker) {
    this.asker = asker;
  }
}

/** All who follow. */
export class LogFollowers {
  readonly #source: RowSource;
  readonly #reader: LogReader;
  /** Whose filters have no terms: there is nothing to match. */
  readonly #plain = new Set<Follower>();
  readonly #groups = new Map<string, Group>();
  #unsubscribe: (() => void) | null = null;

  constructor(source: RowSource, reader: LogReader) {
    this.#source = source;
    this.#reader = reader;
  }

  /** Calls `listener` with new rows, until the function it gives back is called. It must not throw. */
  follow(
    asker: Asker,
    filters: readonly RequestFilter[],
    listener: (followed: Followed) => void,
  ): () => void {
    const keys = filters.map((filter) =>
      (filter.terms ?? []).length === 0 ? null : this.#reader.addFilter(filter)
    );
    const follower: Follower = { keys, listener, missed: 0 };
    const isPlain = keys.every((key) => key === null);
    const group = isPlain ? undefined : this.#group(asker);
    const followers = group?.followers ?? this.#plain;
    followers.add(follower);
    this.#unsubscribe ??= this.#source.subscribe((rows, batch) => this.#take({ rows, batch }));
    return () => {
      followers.delete(follower);
      if (group?.followers.size === 0) this.#groups.delete(asker.account);
      for (const key of keys) if (key !== null) this.#reader.removeFilter(key);
      if (this.#plain.size > 0 || this.#groups.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = null;
    };
  }

  #group(asker: Asker): Group {
    let group = this.#groups.get(asker.account);
    if (group === undefined) this.#groups.set(asker.account, group = new Group(asker));
    return group;
  }

  #take(batch: Batch): void {
    for (const { keys, listener } of [...this.#plain]) {
      listener({ rows: batch.rows, places: keys.map(() => null), missed: 0 });
    }
    for (const group of this.#groups.values()) {
      group.waiting.push(batch);
      let count = group.waiting.reduce((sum, { rows }) => sum + rows.length, 0);
      while (count > MOST_WAITING && group.waiting.length > 1) {
        const { length } = group.waiting.shift()!.rows;
        count -= length;
        for (const follower of group.followers) follower.missed += length;
      }
      if (!group.isAsking) void this.#ask(group);
    }
  }

  async #ask(group: Group): Promise<void> {
    group.isAsking = true;
    for (let next = group.waiting.shift(); next !== undefined; next = group.waiting.shift()) {
      const { rows, batch } = next;
      const asked = [...group.followers];
      const keys = asked.flatMap((one) => one.keys.filter((key) => key !== null));
      const found = await this.#reader.match({ batch, keys }, group.asker).catch(() => null);
      const all = found?.values();
      for (const follower of asked) {
        if (all === undefined) follower.missed += rows.length;
        else {
          const places = follower.keys.map((key) => key === null ? null : all.next().value!);
          if (!group.followers.has(follower)) continue;
          const { missed } = follower;
          follower.missed = 0;
          follower.listener({ rows, places, missed });
        }
      }
    }
    group.isAsking = false;
  }
}
