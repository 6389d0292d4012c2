/** Where relay and agent spend their CPU time under load. @module */

import { join } from "node:path";
import { type CpuProfile, idle, selfTimes } from "./cpu_profile.ts";
import { baseOf, startAgent, startRelay } from "./crunch.ts";
import type { Job } from "./jobs.ts";
import { folderFor, type Setting, type Subject, waitUntilServes } from "./subject.ts";
import type { Table } from "./table.ts";

const LINES = 25;

/**
 * Runs one job against relay and agent that both write a CPU profile when they end, and gives the
 * functions with the most self time of each. The rate is lower than without profiles.
 * @throws {Error} when one does not start, or leaves no profile.
 */
export async function profile(setting: Setting, job: Job, seconds: number): Promise<Table[]> {
  const folder = folderFor(setting, "profile");
  const flags = (role: string): string[] => {
    const target = join(folder, `${role}-profiles`);
    Deno.mkdirSync(target);
    return ["--cpu-prof", `--cpu-prof-dir=${target}`];
  };
  const relay = await startRelay({ setting, folder, deno: flags("relay") });
  const agent = await startAgent({ setting, folder, deno: flags("agent") }, [
    "--dir",
    setting.site.folder,
  ]);
  const subject: Subject = {
    version: "",
    base: baseOf(relay, agent),
    headers: [],
    server: relay.running,
    client: agent.running,
    logs: [],
  };
  await waitUntilServes(setting, subject);
  const sample = await job.run(setting, subject, seconds);
  await setting.processes.end(agent.running);
  await setting.processes.end(relay.running);
  const rate = job.unit === "bytes"
    ? `${(sample.rate / 1e6).toFixed(0)} MB/s`
    : `${sample.rate.toFixed(0)} answers a second`;
  return ["relay", "agent"].map((role) =>
    tableOf(`${role}: ${job.title}, ${rate}`, readProfiles(join(folder, `${role}-profiles`)))
  );
}

/** A worker writes a profile of its own; all of a process count together. */
function readProfiles(folder: string): CpuProfile[] {
  const profiles = [...Deno.readDirSync(folder)]
    .filter((entry) => entry.name.endsWith(".cpuprofile"))
    .map((entry) => JSON.parse(Deno.readTextFileSync(join(folder, entry.name))) as CpuProfile);
  if (profiles.length === 0) {
    throw new Error("No profile was written: the process was killed before it had drained");
  }
  return profiles;
}

function tableOf(title: string, profiles: readonly CpuProfile[]): Table {
  const all = selfTimes(profiles);
  const busy = all.filter(({ name }) => name !== idle);
  const total = busy.reduce((sum, { ms }) => sum + ms, 0);
  const rest = all.find(({ name }) => name === idle)?.ms ?? 0;
  return {
    title: `${title}; ${total.toFixed(0)} ms busy, ${rest.toFixed(0)} ms idle`,
    header: ["function", "place", "self ms", "share"],
    rows: busy.slice(0, LINES).map(({ name, place, ms }) => [
      name,
      place,
      ms.toFixed(0),
      `${(ms / total * 100).toFixed(1)} %`,
    ]),
    words: 2,
  };
}
