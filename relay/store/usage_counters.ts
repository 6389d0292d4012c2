/** Counts requests and bytes for each account and name in memory, exactly, until they are written. @module */

import { COUNTERS, DURATION_BOUNDS, FIRST_BUCKET } from "./log_schema.ts";

/** Counters on their way to the database. */
export interface UsageChunk {
  /** Account and name by turns. */
  readonly names: readonly string[];
  /** For each pair the start of its minute (ms since 1970), then {@linkcode COUNTERS}. */
  readonly numbers: Float64Array;
}

/** Numbers for each pair in a chunk. */
export const CHUNK_STRIDE = 1 + COUNTERS.length;

/** Rows that wait for a disk to come back; beyond it each name gets one row for all minutes: coarse in time, exact in sum. */
const MOST_WAITING = 20_000;

interface Counters {
  readonly account: string;
  readonly name: string;
  readonly counts: Float64Array;
  /** Another account that has had the same name since the last write. */
  other: Counters | undefined;
}

interface Waiting {
  readonly account: string;
  readonly name: string;
  readonly minute: number;
  readonly counts: Float64Array;
}

/** What {@linkcode UsageCounters.add} adds to. */
export class UsageCounters {
  readonly #byName = new Map<string, Counters>();
  #last: Counters = newCounters("", "");
  #waiting = new Map<string, Waiting>();
  #any = false;

  constructor() {
    this.#byName.set("", this.#last);
  }

  /** Whether anything waits to be written. */
  get isEmpty(): boolean {
    return !this.#any && this.#waiting.size === 0;
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

  /** All that was counted since the last call, under `minute` (ms since 1970), with what was given back. */
  take(minute: number): UsageChunk | undefined {
    this.#set(minute);
    if (this.#waiting.size === 0) return undefined;
    const names: string[] = [];
    const numbers = new Float64Array(this.#waiting.size * CHUNK_STRIDE);
    let at = 0;
    for (const { account, name, minute, counts } of this.#waiting.values()) {
      names.push(account, name);
      numbers[at] = minute;
      numbers.set(counts, at + 1);
      at += CHUNK_STRIDE;
    }
    this.#waiting = new Map();
    return { names, numbers };
  }

  /** Takes back what could not be written. */
  giveBack({ names, numbers }: UsageChunk): void {
    for (let i = 0; i * CHUNK_STRIDE < numbers.length; i++) {
      const at = i * CHUNK_STRIDE;
      const counts = numbers.slice(at + 1, at + CHUNK_STRIDE);
      this.#wait({ account: names[2 * i]!, name: names[2 * i + 1]!, minute: numbers[at]!, counts });
    }
  }

  #find(account: string, name: string): Counters {
    if (account === "") name = "";
    let entry = this.#byName.get(name);
    if (!entry) this.#byName.set(name, entry = newCounters(account, name));
    while (entry.account !== account) entry = entry.other ??= newCounters(account, name);
    return this.#last = entry;
  }

  /** Puts what was counted among what waits. Entries live from one call to the next only. */
  #set(minute: number): void {
    if (!this.#any) return;
    this.#any = false;
    for (const first of this.#byName.values()) {
      for (let entry: Counters | undefined = first; entry; entry = entry.other) {
        const { account, name, counts } = entry;
        if (counts[0]! > 0) this.#wait({ account, name, minute, counts });
      }
    }
    this.#byName.clear();
    this.#last = newCounters("", "");
    this.#byName.set("", this.#last);
  }

  #wait(row: Waiting): void {
    const { account, name } = row;
    const when = this.#waiting.size < MOST_WAITING ? row.minute : "any";
    const key = `${when} ${account} ${name}`;
    const there = this.#waiting.get(key);
    if (!there) this.#waiting.set(key, row);
    else row.counts.forEach((count, i) => there.counts[i]! += count);
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
