/** Builds the one file for a machine, in the best way that can be had. @module */

import { basename, dirname, join } from "node:path";
import { compileFile } from "./compiled.ts";
import { packFile } from "./packed.ts";
import type { Target } from "./targets.ts";
import { Unavailable } from "./unavailable.ts";

/** How the file is made. */
export type Form = "compiled" | "packed";

/** In the order in which they are tried. */
const WAYS: ReadonlyArray<readonly [Form, (target: Target, output: string) => Promise<void>]> = [
  ["compiled", compileFile],
  ["packed", packFile],
];

/** The names of the ways. */
export const forms: readonly Form[] = WAYS.map(([form]) => form);

export interface Built {
  readonly form: Form;
  /** In bytes. */
  readonly size: number;
  /** Why it was not built in a better way, one sentence for each. */
  readonly reasons: readonly string[];
}

/**
 * Builds the program for `target` into the file `output`, in one of the ways of `allowed`.
 * @throws {Unavailable} when it can be built in none of them, with all reasons.
 */
export async function build(
  target: Target,
  output: string,
  allowed: readonly Form[] = forms,
): Promise<Built> {
  const reasons: string[] = [];
  // Beside it first: a program that runs keeps its file, and nobody finds half a one.
  const folder = await Deno.makeTempDir({ dir: dirname(output), prefix: ".crunch-" });
  const unfinished = join(folder, basename(output));
  try {
    for (const [form, make] of WAYS) {
      if (!allowed.includes(form)) continue;
      try {
        await make(target, unfinished);
        await Deno.rename(unfinished, output);
        return { form, size: (await Deno.stat(output)).size, reasons };
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        reasons.push(`not ${form}: ${error.message}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  throw new Unavailable(reasons.join("; "));
}

/** A size as people read it. */
export function megabytes(size: number): string {
  return `${(size / 1e6).toFixed(1)} MB`;
}
