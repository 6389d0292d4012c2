/** What running processes cost: CPU seconds and resident memory, out of Linux's /proc. @module */

/** Clock ticks a second in /proc/<pid>/stat: USER_HZ, which is 100 on every architecture Deno runs on. */
const TICKS = 100;

/**
 * The process and its descendants (nginx has its workers). Taken anew for each measurement,
 * since workers may come and go; just the process itself where there is no /proc.
 */
export function familyOf(pid: number): number[] {
  const family = [pid];
  const parents = new Map<number, number>();
  for (const entry of entriesOfProc()) {
    const stat = statOf(entry);
    if (stat !== undefined) parents.set(entry, stat.parent);
  }
  for (let i = 0; i < family.length; i++) {
    for (const [child, parent] of parents) if (parent === family[i]) family.push(child);
  }
  return family;
}

/** CPU seconds, user and system, that these processes have used in their lives; undefined without /proc. */
export function cpuSeconds(pids: readonly number[]): number | undefined {
  let ticks: number | undefined;
  for (const pid of pids) {
    const stat = statOf(pid);
    if (stat !== undefined) ticks = (ticks ?? 0) + stat.ticks;
  }
  return ticks === undefined ? undefined : ticks / TICKS;
}

/** Resident bytes of these processes; pages they share count once for each. Undefined without /proc. */
export function residentBytes(pids: readonly number[]): number | undefined {
  let bytes: number | undefined;
  for (const pid of pids) {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`${pid}/status`))?.[1];
    if (kib !== undefined) bytes = (bytes ?? 0) + Number(kib) * 1024;
  }
  return bytes;
}

function statOf(pid: number): { parent: number; ticks: number } | undefined {
  const text = readProc(`${pid}/stat`);
  // The program's name, in brackets, may itself hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [parent, user, system] = [fields[1], fields[11], fields[12]];
  if (parent === undefined || user === undefined || system === undefined) return undefined;
  return { parent: Number(parent), ticks: Number(user) + Number(system) };
}

function entriesOfProc(): number[] {
  try {
    return [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name)).filter(
      Number.isInteger,
    );
  } catch {
    return [];
  }
}

/** A process that has ended, or a system without /proc, reads as nothing. */
function readProc(path: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${path}`);
  } catch {
    return "";
  }
}
