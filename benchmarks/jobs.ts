/** The jobs that every subject does, one column of the table each. @module */

import { runDownload } from "./download.ts";
import type { Sample } from "./results.ts";
import type { Setting, Subject } from "./subject.ts";
import { runWrk } from "./wrk.ts";

/** One thing to measure. */
export interface Job {
  /** For `--only` and JSON. */
  readonly id: string;
  readonly title: string;
  /** What the rate counts: answers, or bytes. */
  readonly unit: "answers" | "bytes";
  /** @throws {Error} when the subject cannot do it. */
  run(setting: Setting, subject: Subject, seconds: number): Promise<Sample>;
}

/** Every job, in the table's order. */
export const jobs: readonly Job[] = [
  wrk("1k-1", { title: "1 KiB, 1 conn.", connections: 1 }),
  wrk("1k-64", { title: "1 KiB, 64 conn.", connections: 64 }),
  wrk("1k-512", { title: "1 KiB, 512 conn.", connections: 512 }),
  wrk("1k-new", { title: "1 KiB, new conn. each", connections: 64, close: true }),
  wrk("100k-64", { title: "100 KiB, 64 conn.", connections: 64, file: "medium" }),
  { id: "1g-down", title: "1 GiB down", unit: "bytes", run: runDownload },
];

/** The job that warms a subject up, and whose CPU seconds and memory count. */
export const mainJob = "1k-64";

interface Load {
  readonly title: string;
  readonly connections: number;
  readonly close?: boolean;
  readonly file?: "small" | "medium";
}

function wrk(id: string, load: Load): Job {
  const { title, connections, close = false, file = "small" } = load;
  return {
    id,
    title,
    unit: "answers",
    run: (setting, subject, seconds) =>
      runWrk(setting.processes, subject, {
        file: setting.site[file].name,
        connections,
        seconds,
        close,
      }),
  };
}
