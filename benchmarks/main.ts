/** `deno task benchmark`: measures crunch beside nginx and other tunnels, and prints what came out. @module */

import { rm } from "node:fs/promises";
import { jobs, mainJob } from "./jobs.ts";
import { chosen, type Options, readOptions, UsageError } from "./options.ts";
import { Processes, which } from "./processes.ts";
import { profile } from "./profile.ts";
import { contenders, idleAgentsId, measure, startUpId, tell } from "./measure.ts";
import { makeSite } from "./site.ts";
import type { Setting } from "./subject.ts";
import { toMarkdown, toText } from "./table.ts";

/** One run; the answer is the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(
    args,
    [...contenders, ...jobs].map(({ id }) => id).concat(startUpId, idleAgentsId),
  );
  if (options === null) return 0;
  // Debian puts nginx where a user's PATH does not look.
  Deno.env.set("PATH", `${Deno.env.get("PATH") ?? ""}:/usr/sbin`);
  const missing = ["wrk", "curl"].filter((program) => which(program) === null);
  if (missing.length > 0) {
    tell(`${missing.join(" and ")} not found on PATH; on Debian: apt install ${missing.join(" ")}`);
    return 1;
  }
  const folder = await Deno.makeTempDir({ prefix: "crunch-benchmark-" });
  const processes = new Processes();
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      stop.abort();
      // Ends what the run is waiting for, so that it comes to notice.
      processes[Symbol.asyncDispose]();
    });
  }
  try {
    const { signal } = stop;
    const setting = { processes, signal, folder, site: makeSite(folder), origin: null };
    return await (options.profile ? runProfile : measure)(setting, options);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    tell("ended early");
    return 130;
  } finally {
    await processes[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}

async function runProfile(setting: Setting, options: Options): Promise<number> {
  const job = options.only.length === 0
    ? jobs.find(({ id }) => id === mainJob)
    : chosen(jobs, options.only)[0];
  if (job === undefined) return 1;
  for (const table of await profile(setting, job, options.seconds)) {
    console.log(`${options.markdown ? toMarkdown(table) : toText(table)}\n`);
  }
  return 0;
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  tell(`benchmark: ${(error as Error).message}`);
  Deno.exit(error instanceof UsageError ? 2 : 1);
}
