/** The whole measurement: who takes part, the rounds, the start-up times, and what is printed. @module */

import { crunch } from "./crunch.ts";
import { jobs } from "./jobs.ts";
import { measureIdleAgents } from "./idle_agents.ts";
import { describeMachine } from "./machine.ts";
import { nginxProxy, nginxStatic } from "./nginx.ts";
import { chosen, type Options } from "./options.ts";
import { peers } from "./peers.ts";
import { type Outcome, tablesOf } from "./report.ts";
import { Results } from "./results.ts";
import { type Absent, type Entrant, runRounds, startAll } from "./rounds.ts";
import { measureStartUp } from "./start_up.ts";
import type { Contender, Setting } from "./subject.ts";
import { toMarkdown, toText } from "./table.ts";
import { judge } from "./targets.ts";

/** Everybody who can take part. */
export const contenders: readonly Contender[] = [nginxStatic, nginxProxy, ...crunch, ...peers];

/** What `--only` calls the start-up times, which are no job: only crunch is started. */
export const startUpId = "start-up";

/** The same for the cost of idle agents. */
export const idleAgentsId = "idle-agents";

/** Progress and troubles go to stderr, the tables to stdout. */
export function tell(line: string): void {
  console.error(line);
}

/**
 * Measures and prints; the answer is the exit code.
 * @throws {DOMException} when the run is ended early.
 */
export async function measure(setting: Setting, options: Options): Promise<number> {
  const wanted = chosen<{ readonly id: string }>(
    [...jobs, { id: startUpId }, { id: idleAgentsId }],
    options.only,
  );
  const wantedJobs = jobs.filter((job) => wanted.includes(job));
  const results = new Results();
  // First, while nothing else runs.
  const withCrunch = chosen(contenders, options.only).some((one) => crunch.includes(one));
  const isWanted = (id: string) => withCrunch && wanted.some((one) => one.id === id);
  if (isWanted(startUpId)) {
    await attempt(setting, "start-up times", async () => {
      results.startUp = await measureStartUp(setting);
    });
  }
  if (isWanted(idleAgentsId)) {
    await attempt(setting, "idle agents", async () => {
      results.idleAgents = await measureIdleAgents(setting);
    });
  }
  const { entrants, absent } = wantedJobs.length === 0
    ? { entrants: [], absent: [] }
    : await gather(setting, options);
  await runRounds(setting, entrants, { jobs: wantedJobs, options, results, tell });
  print(options, { results, jobs: wantedJobs, entrants, absent });
  return 0;
}

/** Starts those who take part. nginx is always started: it is everybody's origin, and the reference. */
async function gather(
  setting: Setting,
  options: Options,
): Promise<{ entrants: Entrant[]; absent: Absent[] }> {
  const wanted = chosen(contenders, options.only);
  const first = await startAll(setting, [nginxStatic], tell);
  const port = first.entrants[0] && new URL(first.entrants[0].subject.base).port;
  const rest = await startAll(
    { ...setting, origin: port === undefined ? null : Number(port) },
    contenders.filter((one) => one !== nginxStatic && (one === nginxProxy || wanted.includes(one))),
    tell,
  );
  const origin = wanted.includes(nginxStatic) ? first.entrants : [];
  return {
    entrants: [...origin, ...rest.entrants],
    absent: [...first.absent, ...rest.absent],
  };
}

async function attempt(setting: Setting, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    setting.signal.throwIfAborted();
    tell(`${what}: failed: ${(error as Error).message}`);
  }
}

function print(options: Options, outcome: Outcome): void {
  const machine = describeMachine();
  const { rounds, seconds, markdown } = options;
  const title = `${machine} · medians of ${rounds} × ${seconds} s`;
  const versions = outcome.entrants
    .filter(({ subject }) => subject.version !== "")
    .map(({ contender, subject }) => `${contender.title} ${subject.version}`);
  const blocks = [
    title,
    ...tablesOf(outcome).map(markdown ? toMarkdown : toText),
    versions.length === 0 ? "" : `Versions: ${versions.join(", ")}.`,
    outcome.absent.map(({ title, reason }) => `Without ${title}: ${reason}`).join("\n"),
  ];
  console.log(blocks.filter((block) => block !== "").join("\n\n"));
  if (options.json === null) return;
  const { results, absent } = outcome;
  const json = { machine, rounds, seconds, versions, absent, results, targets: judge(results) };
  Deno.writeTextFileSync(options.json, `${JSON.stringify(json, null, 2)}\n`);
}
