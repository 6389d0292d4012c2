/** One run of wrk against a subject. @module */

import { join } from "node:path";
import { cpuSeconds, familyOf } from "./process_costs.ts";
import type { Processes } from "./processes.ts";
import type { Sample } from "./results.ts";
import type { Subject } from "./subject.ts";

/** What wrk is to do. */
export interface Load {
  /** The file's name in the site. */
  readonly file: string;
  readonly connections: number;
  readonly seconds: number;
  /** True: a new connection for every request. */
  readonly close?: boolean;
}

/** The line that report.lua prints; p50 and p99 in milliseconds. */
interface Report {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly refused: number;
  readonly broken: number;
}

/**
 * Runs wrk with one thread, and reads the CPU seconds of the subject's processes before and after.
 * @throws {Error} when wrk fails or not one request is answered.
 */
export async function runWrk(processes: Processes, subject: Subject, load: Load): Promise<Sample> {
  const { connections, seconds, close = false } = load;
  const sides = subject.client === null ? [subject.server] : [subject.server, subject.client];
  const before = cpuSeconds(sides.flatMap((side) => familyOf(side.pid)));
  const { code, stdout, stderr } = await processes.run({
    name: "wrk",
    program: "wrk",
    args: [
      ...["-t", "1", "-c", `${connections}`, "-d", `${seconds}s`, "--timeout", "5s", "--latency"],
      ...["-s", join(import.meta.dirname ?? ".", "report.lua")],
      ...(close ? ["-H", "Connection: close"] : []),
      ...subject.headers.flatMap((line) => ["-H", line]),
      subject.base + load.file,
    ],
  }, seconds + 30);
  const after = cpuSeconds(sides.flatMap((side) => familyOf(side.pid)));
  const json = /^json (.*)$/m.exec(stdout)?.[1];
  if (code !== 0 || json === undefined) {
    throw new Error(`wrk ended with code ${code}: ${(stderr || stdout).trim().slice(0, 200)}`);
  }
  const report: Report = JSON.parse(json);
  const good = report.requests - report.refused;
  if (good <= 0) {
    throw new Error(`no good answer; ${report.refused} refused, ${report.broken} broken`);
  }
  return {
    rate: good / report.seconds,
    failures: report.refused + report.broken,
    p50: report.p50,
    p99: report.p99,
    ...(before === undefined || after === undefined
      ? {}
      : { cpu: (after - before) / report.requests * 100_000 }),
  };
}
