/** Counts requests and bytes for each account and name in memory, exactly, until they are written. @module */

import { COUNTERS, DURATION_BOUNDS, FIRST_BUCKET } from "./log_schema.ts";

/** Counters on their way to the database. */
export interface UsageChunk {
  /** Account and name by turns. */
  readonly names: readonly string[];
  /** For each pair when its second began (ms since 1970), then {@linkcode COUNTERS}. */
  readonly numbers: Float64Array;
}

/** Numbers for each pair in a chunk. */
export const CHUNK_STRIDE = 1 + COUNTERS.length;

/** Rows that wait for a disk to come back; with more each name gets one row for all seconds: coarse in time, exact in sum. */
const MOST_WAITING = 5_000;

interface Counters {
  readonly account: string;
  readonly name: string;
  readonly counts: Float64Array;
  /** Another account that has had the same name since the last write. */
  other: Counters | undefined;
}

/** What {@linkcode UsageCounters.add} adds to. */
export class UsageCounters {
  readonly #byName = new Map<string, Counters>();
  #last: Counters = newCounters("", "");
  #any = false;
  #waiting: UsageChunk[] = [];
  #mostWaiting = MOST_WAITING;

  constructor() {
    this.#byName.set("", this.#last);
  }

  /** Whether anything waits to be written. */
  get isEmpty(): boolean {
    return !this.#any && this.#waiting.length === 0;
  }

  /** Counts one request. What belongs to no account goes under the empty name: visitors make such names up. */
  add(
    account: string,
    name: string,
    status: number,
    bytesIn: number,
    bytesOut: number,
    ms: number,
  ): void {
    let entry = this.#last;
    if (entry.name !== name || entry.account !== account) entry = this.#find(account, name);
    const counts = entry.counts;
    counts[0]!++;
    counts[1]! += bytesIn;
    counts[2]! += bytesOut;
    counts[status < 200 ? 3 : status < 300 ? 4 : status < 400 ? 5 : status < 500 ? 6 : 7]!++;
    counts[FIRST_BUCKET + bucketOf(ms)]!++;
    this.#any = true;
  }

  /** Puts what was counted since the last time aside, as of `second` (its start, ms since 1970). */
  setAside(second: number): void {
    if (!this.#any) return;
    this.#any = false;
    const entries: Counters[] = [];
    for (const first of this.#byName.values()) {
      for (let entry: Counters | undefined = first; entry; entry = entry.other) {
        if (entry.counts[0]! > 0) entries.push(entry);
      }
    }
    this.#waiting.push(chunkOf(entries, () => second));
    // Entries live from one time to the next only, so names that are gone cost nothing.
    this.#byName.clear();
    this.#last = newCounters("", "");
    this.#byName.set("", this.#last);
    this.#bound();
  }

  /** All that waits to be written, with what was counted until now as of `second`. */
  take(second: number): readonly UsageChunk[] {
    this.setAside(second);
    const chunks = this.#waiting;
    this.#waiting = [];
    return chunks;
  }

  /** Takes back what could not be written. */
  giveBack(chunks: readonly UsageChunk[]): void {
    this.#waiting.unshift(...chunks);
    this.#bound();
  }

  #find(account: string, name: string): Counters {
    if (account === "") name = "";
    let entry = this.#byName.get(name);
    if (!entry) this.#byName.set(name, entry = newCounters(account, name));
    while (entry.account !== account) entry = entry.other ??= newCounters(account, name);
    return this.#last = entry;
  }

  #bound(): void {
    const rows = this.#waiting.reduce((sum, { names }) => sum + names.length / 2, 0);
    if (rows <= this.#mostWaiting) return;
    const merged = merge(this.#waiting);
    this.#waiting = [merged];
    // With very many names even one row for each is much: it is not done again at once.
    this.#mostWaiting = Math.max(MOST_WAITING, merged.names.length);
  }
}

/** The histogram's bucket for a duration: the first whose bound is not below it. */
export function bucketOf(ms: number): number {
  if (!(ms > 0.25)) return 0;
  const last = DURATION_BOUNDS.length;
  return ms > DURATION_BOUNDS[last - 1]! ? last : 32 - Math.clz32(Math.ceil(ms * 4) - 1);
}

function newCounters(account: string, name: string): Counters {
  return { account, name, counts: new Float64Array(COUNTERS.length), other: undefined };
}

function chunkOf(
  entries: readonly Pick<Counters, "account" | "name" | "counts">[],
  startOf: (index: number) => number,
): UsageChunk {
  const names: string[] = [];
  const numbers = new Float64Array(entries.length * CHUNK_STRIDE);
  for (const [i, { account, name, counts }] of entries.entries()) {
    names.push(account, name);
    numbers[i * CHUNK_STRIDE] = startOf(i);
    numbers.set(counts, i * CHUNK_STRIDE + 1);
  }
  return { names, numbers };
}

/** One row for each account and name, as of its last second. */
function merge(chunks: readonly UsageChunk[]): UsageChunk {
  const sums = new Map<
    string,
    Pick<Counters, "account" | "name" | "counts"> & { start: number }
  >();
  for (const { names, numbers } of chunks) {
    for (let i = 0; 2 * i < names.length; i++) {
      const [account, name] = [names[2 * i]!, names[2 * i + 1]!];
      const row = numbers.subarray(i * CHUNK_STRIDE, (i + 1) * CHUNK_STRIDE);
      const key = `${account} ${name}`;
      let sum = sums.get(key);
      if (!sum) {
        sums.set(
          key,
          sum = { account, name, start: 0, counts: new Float64Array(COUNTERS.length) },
        );
      }
      sum.start = Math.max(sum.start, row[0]!);
      for (let k = 0; k < COUNTERS.length; k++) sum.counts[k]! += row[k + 1]!;
    }
  }
  const rows = [...sums.values()];
  return chunkOf(rows, (i) => rows[i]!.start);
}
