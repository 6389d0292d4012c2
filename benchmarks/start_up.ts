/** How long crunch takes to start. @module */

import { join } from "node:path";
import { command, startAgent, startRelay } from "./crunch.ts";
import { median, type StartUp } from "./results.ts";
import { folderFor, type Setting } from "./subject.ts";

const TIMES = 9;

/**
 * Starts an empty script, `crunch --version` and an agent several times each. The first of each is not
 * counted: it compiles what later starts find in Deno's cache.
 * @throws {Error} when one of them fails.
 */
export async function measureStartUp(setting: Setting): Promise<StartUp> {
  const folder = folderFor(setting, "start-up");
  const empty = join(folder, "empty.ts");
  Deno.writeTextFileSync(empty, "");
  const run = (args: readonly string[]) => async () => {
    const { code, stderr } = await setting.processes.run(
      { name: "deno", program: Deno.execPath(), args: ["run", "-A", ...args] },
      20,
    );
    if (code !== 0) throw new Error(`ended with code ${code}: ${stderr.trim().slice(0, 200)}`);
  };
  const floor = await timed(run([empty]));
  const versionArgs = command("crunch", ["--version"]).args.slice(2);
  const version = await timed(run(versionArgs));

  const start = { setting, folder };
  const relay = await startRelay(start);
  const agent = await timed(async () => {
    const { running } = await startAgent(start, ["--dir", setting.site.folder]);
    return () => setting.processes.end(running);
  });
  await setting.processes.end(relay.running);
  return { version, floor, agent };
}

/** The median milliseconds of `action`; what it returns is done afterwards and not timed. */
async function timed(action: () => Promise<(() => Promise<void>) | void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i <= TIMES; i++) {
    const start = performance.now();
    const after = await action();
    if (i > 0) times.push(performance.now() - start);
    await after?.();
  }
  return median(times) ?? 0;
}
