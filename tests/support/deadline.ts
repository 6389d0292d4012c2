/** Waiting with an end: a test fails, it never hangs. @module */

/** Rejects when `promise` takes longer than `ms`. */
export async function within<T>(ms: number, promise: Promise<T>, what = "it"): Promise<T> {
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
  ms: number,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  { every = 10, what = "it" }: { every?: number; what?: string } = {},
): Promise<T> {
  const until = performance.now() + ms;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > until) {
      throw new Error(`${what} did not happen within ${ms} ms`, { cause });
    }
    await pause(every);
  }
}

/** The `share` quantile (0 to 1) of `values`; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
