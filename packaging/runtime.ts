/** Gets the `deno` of a machine: the one that runs this, or the one in its npm package. @module */

import { join } from "node:path";
import { Unavailable } from "./unavailable.ts";
import { type Target, thisTarget } from "./targets.ts";

/**
 * The bytes of the `deno` for `target`, of the version that runs this.
 * @throws {Unavailable} when its package is not to be had.
 */
export async function denoFor(target: Target): Promise<Uint8Array> {
  if (target === thisTarget()) return await Deno.readFile(Deno.execPath());
  const folder = await Deno.makeTempDir({ prefix: "crunch-deno-" });
  try {
    const wanted = `${target.denoPackage}@${Deno.version.deno}`;
    // npm checks what it fetches against the registry's SHA-512.
    const packed = await run("npm", ["pack", "--ignore-scripts", "--json", wanted], folder);
    if (packed.error !== undefined) {
      throw new Unavailable(`the npm package ${wanted} is not to be had (${packed.error})`);
    }
    const [{ filename }] = JSON.parse(packed.output) as [{ filename: string }];
    const unpacked = await run("tar", ["-xzf", filename], folder);
    if (unpacked.error !== undefined) throw new Error(`Cannot unpack ${wanted}: ${unpacked.error}`);
    return await Deno.readFile(join(folder, "package", "deno"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly output: string; readonly error?: string }> {
  const windows = Deno.build.os === "windows";
  // On Windows npm is a script, which only the command interpreter runs.
  const [command, all] = windows ? ["cmd", ["/c", program, ...args]] : [program, [...args]];
  try {
    const { code, stdout, stderr } = await new Deno.Command(command, { args: all, cwd }).output();
    const output = new TextDecoder().decode(stdout);
    if (code === 0) return { output };
    const lines = new TextDecoder().decode(stderr).split("\n");
    // npm's first line with an error is its code; the second says it in words.
    const errors = lines.filter((line) => /err(or)?\b/i.test(line));
    return { output, error: (errors[1] ?? errors[0] ?? `exit code ${code}`).trim() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { output: "", error: `there is no ${program}` };
    }
    throw error;
  }
}
