/** Builds the one file by `deno compile`, which needs Deno's base runtime (`denort`). @module */

import { assets, checkout, runFlags, workerModules } from "./contents.ts";
import { type Target, thisTarget } from "./targets.ts";
import { Unavailable } from "./unavailable.ts";

/**
 * Writes the program for `target` to `output`.
 * @throws {Unavailable} when the base runtime is not to be had, or is not the right one.
 * @throws {Error} when the program does not compile.
 */
export async function compileFile(target: Target, output: string): Promise<void> {
  const included = [...assets(), ...workerModules()].flatMap((path) => ["--include", path]);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      ...runFlags(),
      // Types are checked by deno task check.
      "--no-check",
      // Packages that only tests or this folder import stay out.
      "--node-modules-dir=none",
      "--exclude-unused-npm",
      ...included,
      ...["--target", target.triple, "--output", output],
      "main.ts",
    ],
    cwd: checkout,
    clearEnv: true,
    env: surroundings(target),
  }).output();
  if (!success) {
    const text = new TextDecoder().decode(stderr).replace(/\n+Stack backtrace:[^]*/, "");
    const reason = unavailable(text);
    if (reason !== undefined) throw new Unavailable(reason);
    throw new Error(`deno compile failed:\n${text}`);
  }
  if (target === thisTarget()) await check(output);
}

/** The base runtime that DENORT_BIN names is this machine's; deno would make the files for others of it, too. */
function surroundings(target: Target): Record<string, string> {
  const { DENORT_BIN, ...others } = Deno.env.toObject();
  return {
    ...others,
    NO_COLOR: "1",
    ...DENORT_BIN !== undefined && target === thisTarget() ? { DENORT_BIN } : {},
  };
}

/** Why the base runtime is not to be had, where that is what `deno compile` complains about. */
function unavailable(text: string): string | undefined {
  const named = Deno.env.get("DENORT_BIN");
  if (
    named !== undefined && (text.includes(`denort at '${named}'`) || /Invalid object/.test(text))
  ) {
    return `DENORT_BIN, ${named}, is no base runtime`;
  }
  const download = /Download (\S*denort\S*)/.exec(text)?.[1];
  if (download === undefined) return undefined;
  const lines = text.trim().split("\n");
  return `Deno's base runtime cannot be fetched (${lines.at(-1)!.replace(/^\s*\d+:\s*/, "")})`;
}

/** A base runtime of another version, or one that is none, makes a file that is something else. */
async function check(program: string): Promise<void> {
  let said: string;
  try {
    const { stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
    said = new TextDecoder().decode(stdout);
  } catch (error) {
    said = String(error);
  }
  if (said.startsWith("crunch ") && said.includes(`deno ${Deno.version.deno} `)) return;
  await Deno.remove(program);
  throw new Unavailable(
    `the base runtime in DENORT_BIN is not that of Deno ${Deno.version.deno}: ` +
      `what it makes says “${said.trim().split("\n").slice(0, 2).join(", ")}”`,
  );
}
