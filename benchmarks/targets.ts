/** What crunch is meant to reach, and whether it did. @module */

import { mainJob } from "./jobs.ts";
import type { Pick, Results } from "./results.ts";

/** One line of the table of targets. */
export interface Verdict {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  /** "met", "missed by 12 %", "not measured" or "not there yet". */
  readonly verdict: string;
}

interface Target {
  readonly what: string;
  readonly limit: number;
  readonly sense: "at least" | "at most";
  /** Decimals and unit of limit and figure. */
  readonly show: (figure: number) => string;
  readonly figure: (results: Results) => number | undefined;
}

const dir = "crunch-dir";
const reference = "nginx-nginx";

/** Memory counts as flat while 1 GiB passes when it rises by less than this: V8 collects late. */
const FLAT = 32;

const times = (figure: number): string => `${figure.toFixed(2)} ×`;
const seconds = (figure: number): string => `${figure.toFixed(2)} s`;
const megabytes = (figure: number): string => `${figure.toFixed(0)} MB`;
const milliseconds = (figure: number): string => `${figure.toFixed(0)} ms`;

const rate: Pick = (sample) => sample.rate;
const p50: Pick = (sample) => sample.p50;
const spread: Pick = ({ p50, p99 }) => p50 === undefined || p99 === undefined ? p99 : p99 / p50;

const targets: readonly Target[] = [
  ratio("--dir / nginx → nginx", mainJob, { against: reference, limit: 1 }),
  ratio("--dir / frp HTTP", mainJob, { against: "frp-http", limit: 7 }),
  ratio("--dir / piko", mainJob, { against: "piko", limit: 10 }),
  ratio("1 GiB download / bore", "1g-down", { against: "bore", limit: 1 }),
  ratio("1 GiB download / nginx → nginx", "1g-down", { against: reference, limit: 1 }),
  ratio("new connection each / nginx → nginx", "1k-new", { against: reference, limit: 1 }),
  ratio("--dir / the same without request log", mainJob, { against: "crunch-no-log", limit: 0.95 }),
  atMost("p99 / p50 at 64 connections", {
    limit: 5,
    show: times,
    figure: (results) => results.median({ job: mainJob, subject: dir }, spread),
  }),
  atMost("p50 at one connection / nginx → nginx", {
    limit: 3,
    show: times,
    figure: (results) => results.ratio({ job: "1k-1", subject: dir }, reference, p50),
  }),
  atMost("CPU of relay and agent per 100,000 requests", {
    limit: 2,
    show: seconds,
    figure: (results) => results.median({ job: mainJob, subject: dir }, (sample) => sample.cpu),
  }),
  atMost("memory of the relay after load", {
    limit: 120,
    show: megabytes,
    figure: (results) => inMegabytes(results.memory.get(dir)?.server),
  }),
  atMost("memory of the agent after load", {
    limit: 120,
    show: megabytes,
    figure: (results) => inMegabytes(results.memory.get(dir)?.client),
  }),
  atMost("memory growth while 1 GiB passes", {
    limit: FLAT,
    show: megabytes,
    figure: (results) =>
      inMegabytes(results.median({ job: "1g-down", subject: dir }, (sample) => sample.growth)),
  }),
  atMost("crunch --version", {
    limit: 150,
    show: milliseconds,
    figure: (results) => results.startUp?.version,
  }),
  atMost("agent serving after its start", {
    limit: 400,
    show: milliseconds,
    figure: (results) => results.startUp?.agent,
  }),
  atMost("relay memory for each of 10,000 idle agents", {
    limit: 20,
    show: (figure) => `${figure.toFixed(1)} KB`,
    figure: (results) =>
      results.idleAgents === null ? undefined : results.idleAgents.bytesEach / 1e3,
  }),
];

/** Targets of modes that do not exist yet, and of what another program measures. */
const later: readonly Verdict[] = [
  ...[
    ["--proxy / frp raw TCP, chisel", "≥ 1.00 ×"],
    ["--proxy / frp HTTP", "≥ 4.00 ×"],
    ["--tcp / rathole", "≥ 1.00 ×"],
    ["--tcp p99 / rathole's", "≤ 4.00 ×"],
    ["serve / nginx", "≥ 0.80 ×"],
    ["1 GiB upload / bore, nginx → nginx", "≥ 1.00 ×"],
    ["CPU of --proxy, of --tcp per 100,000", "≤ 3.00 s, 2.50 s"],
  ].map(([what = "", target = ""]) => ({ what, target, measured: "–", verdict: "not there yet" })),
];

/** Every target with what became of it. */
export function judge(results: Results): Verdict[] {
  return [...targets.map((target) => judgeOne(target, results)), ...later];
}

function judgeOne({ what, limit, sense, show, figure }: Target, results: Results): Verdict {
  const target = `${sense === "at least" ? "≥" : "≤"} ${show(limit)}`;
  const value = figure(results);
  if (value === undefined) return { what, target, measured: "–", verdict: "not measured" };
  const miss = sense === "at least" ? 1 - value / limit : value / limit - 1;
  const percent = (miss * 100).toFixed(miss < 0.1 ? 1 : 0);
  return {
    what,
    target,
    measured: show(value),
    verdict: miss <= 0 ? "met" : `missed by ${percent} %`,
  };
}

function ratio(
  what: string,
  job: string,
  { against, limit }: { readonly against: string; readonly limit: number },
): Target {
  const figure = (results: Results) => results.ratio({ job, subject: dir }, against, rate);
  return { what, limit, sense: "at least", show: times, figure };
}

function atMost(what: string, rest: Omit<Target, "what" | "sense">): Target {
  return { what, sense: "at most", ...rest };
}

function inMegabytes(bytes: number | null | undefined): number | undefined {
  return bytes === undefined || bytes === null ? undefined : bytes / 1e6;
}
