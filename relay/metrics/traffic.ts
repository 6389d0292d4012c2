/** Counts visitors' requests as they end: a few additions each, summed up only when they are read. @module */

import type { FinishedRequest } from "../store/mod.ts";
import { bucketOf, DURATION_BOUNDS } from "../store/mod.ts";

/** How many answers began with which digit; `none` are those that broke off before there was one. */
export const STATUS_CLASSES = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** Methods that are told apart. */
export const METHODS = [
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
  "other",
] as const;

const CLASSES = STATUS_CLASSES.length;
const BUCKETS = DURATION_BOUNDS.length + 1;

// Places in the counters of all requests.
const RECEIVED = METHODS.length * CLASSES;
const SENT = RECEIVED + 1;
const DURATION = SENT + 1;
const FIRST_BYTE = DURATION + 1 + BUCKETS;
const PLACES = FIRST_BYTE + 1 + BUCKETS;

// And in those of one name, after the classes.
const NAME_RECEIVED = CLASSES;
const NAME_SENT = CLASSES + 1;
const NAME_SECONDS = CLASSES + 2;
const NAME_PLACES = CLASSES + 3;

/** Names that are told apart; the rest is one. */
const MOST_NAMES = 1_000;
/** What the rest is called. */
const REST = "other";

/** Durations: how many fell into each of {@linkcode DURATION_BOUNDS}' buckets, and their sum in ms. */
export interface Durations {
  readonly counts: Float64Array;
  readonly sum: number;
}

/** What one name had. */
export interface NameTraffic {
  readonly name: string;
  /** By {@linkcode STATUS_CLASSES}. */
  readonly requests: Float64Array;
  readonly received: number;
  readonly sent: number;
  /** Sum of all durations, ms. */
  readonly ms: number;
}

/** What is counted of a request. */
export type Counted = Pick<
  FinishedRequest,
  "name" | "account" | "method" | "status" | "bytesIn" | "bytesOut" | "ms" | "ttfbMs"
>;

/** Counters from the relay's start on; they only grow. */
export class Traffic {
  readonly #counts = new Float64Array(PLACES);
  readonly #own = new Float64Array(CLASSES);
  readonly #names: Map<string, Float64Array> | null;
  #lastName = "";
  #last: Float64Array | null = null;

  /** `names`: also for each name. */
  constructor({ names = false }: { readonly names?: boolean } = {}) {
    this.#names = names ? new Map([[REST, new Float64Array(NAME_PLACES)]]) : null;
  }

  /**
   * Counts a request to a name.
   * @param name "" where nobody has it: visitors make such names up
   * @param status 0 where there was no answer
   * @param ms until the answer's last byte
   * @param ttfbMs until its first; negative where there was none
   */
  count(request: Counted): void {
    const { method, status, bytesIn, bytesOut, ms, ttfbMs } = request;
    // Names that nobody has are made up by strangers.
    const name = request.account === "" ? "" : request.name;
    const counts = this.#counts;
    const kind = classOf(status);
    counts[methodOf(method) * CLASSES + kind]!++;
    counts[RECEIVED]! += bytesIn;
    counts[SENT]! += bytesOut;
    counts[DURATION]! += ms;
    counts[DURATION + 1 + bucketOf(ms)]!++;
    if (ttfbMs >= 0) {
      counts[FIRST_BYTE]! += ttfbMs;
      counts[FIRST_BYTE + 1 + bucketOf(ttfbMs)]!++;
    }
    if (this.#names === null) return;
    const own = this.#last !== null && name === this.#lastName ? this.#last : this.#find(name);
    own[kind]!++;
    own[NAME_RECEIVED]! += bytesIn;
    own[NAME_SENT]! += bytesOut;
    own[NAME_SECONDS]! += ms;
  }

  /** Counts a request that the relay answered by itself: a page of its own, the API, a refusal. */
  countOwn(status: number): void {
    this.#own[classOf(status)]!++;
  }

  /** Requests to names by method and class of status; only those that there were. */
  *requests(): Generator<{ method: string; status: string; count: number }> {
    for (const [m, method] of METHODS.entries()) {
      for (const [s, status] of STATUS_CLASSES.entries()) {
        const count = this.#counts[m * CLASSES + s]!;
        if (count > 0 || (method === "GET" && s >= 2)) yield { method, status, count };
      }
    }
  }

  /** Requests that the relay answered by itself, by {@linkcode STATUS_CLASSES}. */
  get own(): Float64Array {
    return this.#own;
  }

  /** Bytes of requests' bodies. */
  get received(): number {
    return this.#counts[RECEIVED]!;
  }

  /** Bytes of answers' bodies. */
  get sent(): number {
    return this.#counts[SENT]!;
  }

  /** Until the last byte. */
  get durations(): Durations {
    return this.#durations(DURATION);
  }

  /** Until the first byte. */
  get firstBytes(): Durations {
    return this.#durations(FIRST_BYTE);
  }

  /** What each name had; null where names are not told apart. */
  get names(): NameTraffic[] | null {
    if (this.#names === null) return null;
    return Array.from(this.#names, ([name, counts]) => ({
      name,
      requests: counts.subarray(0, CLASSES),
      received: counts[NAME_RECEIVED]!,
      sent: counts[NAME_SENT]!,
      ms: counts[NAME_SECONDS]!,
    }));
  }

  #durations(at: number): Durations {
    return { sum: this.#counts[at]!, counts: this.#counts.subarray(at + 1, at + 1 + BUCKETS) };
  }

  #find(name: string): Float64Array {
    const names = this.#names!;
    const key = name !== "" && (names.has(name) || names.size <= MOST_NAMES) ? name : REST;
    let counts = names.get(key);
    if (counts === undefined) names.set(key, counts = new Float64Array(NAME_PLACES));
    this.#lastName = name;
    return this.#last = counts;
  }
}

function classOf(status: number): number {
  return status < 100
    ? 0
    : status < 200
    ? 1
    : status < 300
    ? 2
    : status < 400
    ? 3
    : status < 500
    ? 4
    : 5;
}

function methodOf(method: string): number {
  switch (method) {
    case "GET":
      return 0;
    case "HEAD":
      return 1;
    case "POST":
      return 2;
    case "PUT":
      return 3;
    case "PATCH":
      return 4;
    case "DELETE":
      return 5;
    case "OPTIONS":
      return 6;
    default:
      return 7;
  }
}
