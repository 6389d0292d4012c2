/** Waiting with an end: a test fails, it never hangs. @module */

/**
 * How long a test waits, in ms, for what comes at once on an idle machine. It says that something is broken, and never
 * how fast it is: on a slow machine where all tests run at once everything takes many times as long.
 */
export const DEADLINE = 30_000;

/** Of the real clock, also while a test holds the clock in its hand. */
const { setTimeout, clearTimeout } = globalThis;
const now = performance.now.bind(performance);

/** Rejects when `promise` takes longer than `ms`. */
export async function within<T>(
  promise: Promise<T>,
  what = "it",
  ms: number = DEADLINE,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/** A real moment. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Asks again and again until the answer is neither undefined nor false, and returns it. For what other processes do:
 * a file that appears, a page that changes.
 * @throws {Error} after `ms`, with the last error as its cause.
 */
export async function eventually<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  { every = 10, what = "it", ms = DEADLINE }: { every?: number; what?: string; ms?: number } = {},
): Promise<T> {
  const until = now() + ms;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (now() > until) {
      throw new Error(`${what} did not happen within ${ms} ms`, { cause });
    }
    await pause(every);
  }
}

/** Resolves with a count that grows no more, once it has grown at all: buffers are full, and who fills them waits. */
export async function settled(count: () => number): Promise<number> {
  let before = 0;
  return await eventually(() => {
    const grown = count();
    const still = grown === before && grown > 0;
    before = grown;
    return still && grown;
  }, { every: 200, what: "standing still" });
}

/** The `share` quantile (0 to 1) of `values`; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
