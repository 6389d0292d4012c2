/** What the process takes of its machine, under the names that Prometheus' own libraries use. @module */

import process from "node:process";
import type { Family } from "./exposition.ts";

const MICROSECONDS = 1e6;

/** The families of this process. `started` is milliseconds since 1970. */
export function processFamilies(started: number): Family[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = Deno.memoryUsage();
  const files = openFiles();
  return [
    {
      name: "process_cpu_seconds",
      type: "counter",
      unit: "seconds",
      help: "CPU time of the process, all its threads, in user and system mode.",
      samples: [{ value: (user + system) / MICROSECONDS }],
    },
    gauge("process_resident_memory_bytes", "Memory that the process has resident.", rss, "bytes"),
    gauge(
      "process_start_time_seconds",
      "When the relay started, in seconds since 1970.",
      started / 1000,
      "seconds",
    ),
    ...files === undefined ? [] : [gauge("process_open_fds", "Open file descriptors.", files)],
    {
      name: "crunch_heap_bytes",
      type: "gauge",
      unit: "bytes",
      help: "Memory of the main thread's JavaScript: in its heap, and held from there.",
      samples: [
        { labels: { kind: "heap" }, value: heapUsed },
        { labels: { kind: "external" }, value: external },
      ],
    },
  ];
}

function gauge(name: string, help: string, value: number, unit?: "seconds" | "bytes"): Family {
  return {
    name,
    type: "gauge",
    help,
    samples: [{ value }],
    ...(unit === undefined ? {} : { unit }),
  };
}

/** Linux since 6.2 says it as that directory's size; to list it would take 20 ms with 10,000 connections. */
function openFiles(): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const { size } = Deno.statSync("/proc/self/fd");
    return size > 0 ? size : undefined;
  } catch {
    return undefined; // no /proc
  }
}
