/** Turns the results into the tables that a run prints. @module */

import { type Job, mainJob } from "./jobs.ts";
import type { Cell, Results } from "./results.ts";
import type { Absent, Entrant } from "./rounds.ts";
import type { Table } from "./table.ts";
import { judge } from "./targets.ts";

/** What a run has to tell. */
export interface Outcome {
  readonly results: Results;
  readonly jobs: readonly Job[];
  readonly entrants: readonly Entrant[];
  readonly absent: readonly Absent[];
}

const none = "–";
const reference = "nginx-nginx";

/** Every table, in the order of reading. */
export function tablesOf(outcome: Outcome): Table[] {
  return [rates(outcome), latencies(outcome), costs(outcome), startUp(outcome), verdicts(outcome)]
    .filter((table) => table.rows.length > 0);
}

function rates({ results, jobs, entrants }: Outcome): Table {
  const cell = (job: Job, subject: string): string => {
    const at = { job: job.id, subject };
    const rate = results.median(at, (sample) => sample.rate);
    if (rate === undefined) return none;
    const ratio = results.ratio(at, reference, (sample) => sample.rate);
    const mark = results.failures(at) > 0 ? "*" : "";
    const figure = job.unit === "bytes" ? `${fixed(rate / 1e6, 0)} MB/s` : fixed(rate, 0);
    return `${figure}${mark} (${ratio === undefined ? none : ratio.toFixed(2)})`;
  };
  const stars = entrants.flatMap(({ contender }) =>
    jobs.flatMap((job) => {
      const failures = results.failures({ job: job.id, subject: contender.id });
      return failures > 0 ? [`${contender.title}, ${job.title}: ${fixed(failures, 0)}`] : [];
    })
  );
  const rows = entrants.map(({ contender }) => [
    contender.title,
    contender.kind,
    ...jobs.map((job) => cell(job, contender.id)),
  ]);
  return {
    title: "Good answers a second, and the ratio to nginx → nginx",
    header: ["subject", "far end", ...jobs.map((job) => job.title)],
    rows: jobs.length === 0 ? [] : rows,
    words: 2,
    ...(stars.length === 0
      ? {}
      : { note: `* failed requests, not counted as answers: ${stars.join("; ")}` }),
  };
}

function latencies({ results, jobs, entrants }: Outcome): Table {
  const measured = jobs.filter((job) => job.unit === "answers");
  const cell = (at: Cell): string => {
    const p50 = results.median(at, (sample) => sample.p50);
    const p99 = results.median(at, (sample) => sample.p99);
    return p50 === undefined || p99 === undefined ? none : `${fixed(p50, 2)} / ${fixed(p99, 2)}`;
  };
  return {
    title: "Latency in milliseconds, p50 / p99",
    header: ["subject", ...measured.map((job) => job.title)],
    rows: measured.length === 0 ? [] : entrants.map(({ contender }) => [
      contender.title,
      ...measured.map((job) => cell({ job: job.id, subject: contender.id })),
    ]),
    words: 1,
  };
}

function costs({ results, entrants }: Outcome): Table {
  const megabytes = (bytes: number | null | undefined): string =>
    bytes === undefined || bytes === null ? none : fixed(bytes / 1e6, 0);
  const rows = entrants.map(({ contender }) => {
    const at = { job: mainJob, subject: contender.id };
    const down = { job: "1g-down", subject: contender.id };
    const cpu = results.median(at, (sample) => sample.cpu);
    const ratio = results.ratio(at, reference, (sample) => sample.cpu);
    const memory = results.memory.get(contender.id);
    return [
      contender.title,
      cpu === undefined
        ? none
        : `${fixed(cpu, 2)} (${ratio === undefined ? none : fixed(ratio, 2)})`,
      megabytes(memory?.server),
      megabytes(memory?.client),
      megabytes(results.median(down, (sample) => sample.growth)),
    ];
  });
  return {
    title: "Cost of both sides, without the origin's",
    header: [
      "subject",
      "CPU s per 100,000 (1 KiB, 64 conn.)",
      "public side, MB after load",
      "private side, MB after load",
      "growth during 1 GiB, MB",
    ],
    rows: rows.some((cells) => cells.slice(1).some((cell) => cell !== none)) ? rows : [],
    words: 1,
  };
}

function startUp({ results }: Outcome): Table {
  const { startUp } = results;
  return {
    title: "Start-up",
    header: ["what", "ms"],
    rows: startUp === null ? [] : [
      ["an empty script on the same Deno", fixed(startUp.floor, 0)],
      ["crunch --version", fixed(startUp.version, 0)],
      ["agent, from its start to serving", fixed(startUp.agent, 0)],
    ],
    words: 1,
  };
}

function verdicts({ results }: Outcome): Table {
  const lines = judge(results);
  const some = lines.some(({ measured }) => measured !== none);
  return {
    title: "Targets",
    header: ["what", "target", "measured", "verdict"],
    rows: some ? lines.map((line) => [line.what, line.target, line.measured, line.verdict]) : [],
    words: 4,
  };
}

function fixed(value: number, decimals: number): string {
  return value.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}
