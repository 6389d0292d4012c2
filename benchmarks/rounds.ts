/** Starts the contenders and lets them take turns at every job. @module */

import type { Job } from "./jobs.ts";
import type { Options } from "./options.ts";
import { familyOf, residentBytes } from "./process_costs.ts";
import { lastWords, type Running, which } from "./processes.ts";
import type { Results, Sample } from "./results.ts";
import { type Contender, type Setting, type Subject, waitUntilServes } from "./subject.ts";
import { runWrk } from "./wrk.ts";

/** A contender that serves. */
export interface Entrant {
  readonly contender: Contender;
  readonly subject: Subject;
}

/** A contender that takes no part, and why. */
export interface Absent {
  readonly title: string;
  readonly reason: string;
}

/** Tells whoever watches how far the run is; one line each. */
export type Tell = (line: string) => void;

/**
 * Starts each contender; those that cannot be had or do not come to serve are absent.
 * @throws {DOMException} when the run is ended early.
 */
export async function startAll(
  setting: Setting,
  contenders: readonly Contender[],
  tell: Tell,
): Promise<{ entrants: Entrant[]; absent: Absent[] }> {
  const entrants: Entrant[] = [];
  const absent: Absent[] = [];
  for (const contender of contenders) {
    const { title } = contender;
    const missing = contender.programs.filter((program) => which(program) === null);
    if (missing.length > 0) {
      absent.push({ title, reason: `${missing.join(", ")} not found on PATH` });
      continue;
    }
    if (
      contender.programs.includes("nginx") && contender.id !== "nginx" && setting.origin === null
    ) {
      absent.push({ title, reason: "its origin, nginx, did not start" });
      continue;
    }
    try {
      const subject = await contender.start(setting);
      await waitUntilServes(setting, subject);
      entrants.push({ contender, subject });
      tell(`${title} ${subject.version} serves`);
    } catch (error) {
      setting.signal.throwIfAborted();
      absent.push({ title, reason: `did not start: ${(error as Error).message}` });
      tell(`${title} did not start: ${(error as Error).message}`);
    }
  }
  return { entrants, absent };
}

/**
 * Everybody does every job once in each round; who begins changes from round to round.
 * @throws {DOMException} when the run is ended early.
 */
export async function runRounds(
  setting: Setting,
  entrants: readonly Entrant[],
  { jobs, options, results, tell }: {
    readonly jobs: readonly Job[];
    readonly options: Options;
    readonly results: Results;
    readonly tell: Tell;
  },
): Promise<void> {
  await warmUp(setting, entrants);
  for (let round = 0; round < options.rounds; round++) {
    for (const job of jobs) {
      for (let turn = 0; turn < entrants.length; turn++) {
        const entrant = entrants[(turn + round) % entrants.length];
        if (entrant === undefined) continue;
        const { contender, subject } = entrant;
        const where = `round ${round + 1}/${options.rounds} · ${job.title} · ${contender.title}`;
        try {
          const sample = await job.run(setting, subject, options.seconds);
          results.add({ job: job.id, subject: contender.id }, round, sample);
          tell(`${where}: ${describe(job, sample)}`);
        } catch (error) {
          setting.signal.throwIfAborted();
          tell(`${where}: failed: ${(error as Error).message}${endedOf(subject)}`);
        }
      }
    }
    for (const { contender, subject } of entrants) {
      noteMemory(results, contender.id, subject);
      for (const log of subject.logs) Deno.truncateSync(log);
    }
  }
}

/** Two seconds for everybody, so that nobody's first sample pays for compiling and for cold caches. */
async function warmUp(setting: Setting, entrants: readonly Entrant[]): Promise<void> {
  for (const { subject } of entrants) {
    const load = { file: setting.site.small.name, connections: 64, seconds: 2 };
    // Who fails here fails again where it is reported.
    await runWrk(setting.processes, subject, load).catch(() => null);
  }
}

function noteMemory(results: Results, id: string, { server, client }: Subject): void {
  const bytes = residentBytes(familyOf(server.pid));
  if (bytes === undefined) return;
  const other = client === null ? null : residentBytes(familyOf(client.pid)) ?? null;
  results.memory.set(id, { server: bytes, client: other });
}

/** What to add to a failure when a process of the subject is gone. */
function endedOf({ server, client }: Subject): string {
  const gone = [server, client].filter((side) => side?.hasEnded === true) as Running[];
  return gone.map((side) => `\n  ${side.name} has ended\n${lastWords(side)}`).join("");
}

function describe(job: Job, sample: Sample): string {
  if (job.unit === "bytes") return `${(sample.rate / 1e6).toFixed(0)} MB/s`;
  const failures = sample.failures > 0 ? `, ${sample.failures} failed` : "";
  const latency = `p50 ${sample.p50?.toFixed(2)} ms, p99 ${sample.p99?.toFixed(2)} ms`;
  const cpu = sample.cpu === undefined ? "" : `, ${sample.cpu.toFixed(2)} CPU s per 100,000`;
  return `${sample.rate.toFixed(0)}/s, ${latency}${cpu}${failures}`;
}
