/** `deno task test:compiled`: runs the system tests against the one file. @module */

import { join } from "node:path";
import { build, megabytes } from "./build.ts";
import { checkout } from "./contents.ts";
import { thisTarget } from "./targets.ts";

/** Arguments go to `deno test`; CRUNCH_PROGRAM names a file that is built already. */
async function main(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "crunch-compiled-" });
  try {
    const program = Deno.env.get("CRUNCH_PROGRAM") ?? await make(join(folder, "crunch"));
    const given = Deno.args.filter((arg) => !arg.startsWith("-"));
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "-A",
        "--parallel",
        "--preload=tests/support/guard.ts",
        ...Deno.args,
        ...given.length > 0 ? [] : ["tests/system"],
      ],
      cwd: checkout,
      env: {
        CRUNCH_PROGRAM: program,
        // A cache for all tests together: each of them has a home of its own. Deno itself keeps the one it has.
        XDG_CACHE_HOME: join(folder, "cache"),
        DENO_DIR: await denoDirectory(),
      },
    }).spawn().status;
    return code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Where Deno keeps the packages that tests import. */
async function denoDirectory(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string }).denoDir;
}

async function make(path: string): Promise<string> {
  const target = thisTarget();
  if (target === undefined) throw new Error(`crunch is not built for ${Deno.build.target}`);
  const program = target.name.startsWith("windows-") ? `${path}.exe` : path;
  const { form, size } = await build(target, program);
  console.log(`testing crunch for ${target.name}, ${form} into one file of ${megabytes(size)}`);
  return program;
}

Deno.exit(await main());
