/** Gives memory back to the system after a rush, which V8 and the C library would keep for the next one. @module */

import process from "node:process";
import { freeBuffers, freedBytes, TICK, unwatch, watch, type Watched } from "../../http/mod.ts";
import { collectGarbage } from "../store/mod.ts";

/** So much must have been freed, or have come to be garbage, that it is worth the while, in bytes. */
const MUCH = 8 << 20;
const MUCH_GARBAGE = 4 << 20;
/** Collecting the garbage of a larger heap would be noticed, in bytes. */
const LARGEST_HEAP = 64 << 20;
/** The relay is at rest that has used less than this of one core in so many ticks. */
const LITTLE = 1 / 20;
const QUIET = 2_000 / TICK;
/**
 * After so many such times it collects garbage. With the garbage goes what V8 has learnt of objects that none are left
 * of, which costs the next rush some CPU: not in every pause between two.
 */
const REST = 3;

/** Once for the process: a library that is loaded can be in use on its thread at any time. */
const trim = cLibraryTrim();

export interface MemoryKeeperOptions {
  /** The relay is at rest: its other threads may give back too. */
  readonly onrest?: () => void;
  /** CPU time that the process has used, in ms. */
  readonly cpuTime?: () => number;
  /** The garbage of a larger heap is left, in bytes. */
  readonly largestHeap?: number;
}

/** Looks after it from its making until it is disposed. */
export class MemoryKeeper implements Watched, AsyncDisposable {
  readonly #onrest: () => void;
  readonly #cpuTime: () => number;
  readonly #largestHeap: number;
  /** `freedBytes` when memory was given back last, and what of the heap was in use then. */
  #given = freedBytes();
  #heap = 0;
  #cpu: number;
  #lookedAt = performance.now();
  #ticks = 0;
  #rests = 0;
  #isDue = false;
  #trimming: Promise<void> | undefined;

  constructor(
    { onrest = () => {}, cpuTime = processTime, largestHeap = LARGEST_HEAP }: MemoryKeeperOptions =
      {},
  ) {
    this.#largestHeap = largestHeap;
    this.#onrest = onrest;
    this.#cpuTime = cpuTime;
    this.#cpu = cpuTime();
    watch(this);
  }

  tick(): void {
    if (++this.#ticks < QUIET) return;
    this.#ticks = 0;
    if (this.#isBusy()) this.#rests = 0;
    else this.#giveBack(++this.#rests);
  }

  #giveBack(rests: number): void {
    // Only now, as the other threads took their time.
    if (this.#isDue) this.#trimming = trim();
    this.#isDue = false;
    if (freedBytes() - this.#given >= MUCH) {
      freeBuffers();
      this.#given = freedBytes();
      this.#isDue = true;
    }
    if (rests < REST) return;
    const { heapUsed } = Deno.memoryUsage();
    if (heapUsed - this.#heap < MUCH_GARBAGE || heapUsed >= this.#largestHeap) return;
    collectGarbage();
    this.#onrest();
    this.#heap = Deno.memoryUsage().heapUsed;
    this.#isDue = true;
  }

  /** Whether there was much to do since the last look. */
  #isBusy(): boolean {
    const [now, cpu] = [performance.now(), this.#cpuTime()];
    const share = (cpu - this.#cpu) / (now - this.#lookedAt);
    this.#lookedAt = now;
    this.#cpu = cpu;
    return share >= LITTLE;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    unwatch(this);
    await this.#trimming;
  }
}

/** Of all threads, ms. */
function processTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** glibc's `malloc_trim`, on a thread of its own; nothing where there is none, or none is allowed. */
function cLibraryTrim(): () => Promise<void> {
  if (Deno.build.os !== "linux") return () => Promise.resolve();
  try {
    const { symbols } = Deno.dlopen("libc.so.6", {
      malloc_trim: { parameters: ["usize"], result: "i32", nonblocking: true },
    });
    return async () => void await symbols.malloc_trim(0n);
  } catch {
    return () => Promise.resolve();
  }
}
