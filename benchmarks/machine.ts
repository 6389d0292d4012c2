/** Where and when a run took place. @module */

import { release } from "node:os";

/** One line for a report: processor, cores, system, Deno, date (UTC). */
export function describeMachine(): string {
  const model = /^model name\s*:\s*(.+)$/m.exec(readText("/proc/cpuinfo"))?.[1] ??
    Deno.build.arch;
  return [
    model.trim(),
    `${navigator.hardwareConcurrency} cores`,
    `${Deno.build.os} ${release()}`,
    `Deno ${Deno.version.deno}`,
    new Date().toISOString().slice(0, 10),
  ].join(" · ");
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
