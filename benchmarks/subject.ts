/** What is measured: something that serves the site's files, and the processes it takes to. @module */

import { join } from "node:path";
import { lastWords, type Processes, type Running } from "./processes.ts";
import type { Site } from "./site.ts";

/** What a contender needs in order to start. */
export interface Setting {
  readonly processes: Processes;
  /** Aborted when the run is to end early; its processes are being ended then. */
  readonly signal: AbortSignal;
  /** Where this run's files go; removed at its end. */
  readonly folder: string;
  readonly site: Site;
  /** The port of the nginx that everybody without files of his own has as origin; null without nginx. */
  readonly origin: number | null;
}

/** Something that is serving now. */
export interface Subject {
  readonly version: string;
  /** Where the site's files are, with a slash at the end. */
  readonly base: string;
  /** Field lines that a request needs to arrive. */
  readonly headers: readonly string[];
  /** The public side. */
  readonly server: Running;
  /** The private side; null where there is no tunnel. */
  readonly client: Running | null;
  /** Request logs, which are emptied between rounds. */
  readonly logs: readonly string[];
}

/** Something that can be started and measured. */
export interface Contender {
  /** For `--only` and JSON. */
  readonly id: string;
  readonly title: string;
  /** What lies at the far end, and how it gets there. */
  readonly kind: string;
  /** Programs that must be on PATH; nginx among them where it is the origin. */
  readonly programs: readonly string[];
  /** @throws {Error} when it does not come to serve; the message says why. */
  start(setting: Setting): Promise<Subject>;
}

/** A folder of its own for one contender. */
export function folderFor(setting: Setting, id: string): string {
  const folder = join(setting.folder, id);
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** `count` different ports of the loopback address that nobody listens on at the moment. */
export function freePorts(count: number): number[] {
  // All are held until the last is known, so that none comes twice.
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map((listener) => (listener.addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}

/**
 * Waits until `port` takes connections.
 * @throws {Error} when the process ends before, or after ten seconds.
 */
export async function waitForPort(port: number, running: Running): Promise<void> {
  await waitFor(running, async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Waits until `attempt` gives a value other than false, trying every few milliseconds.
 * @throws {Error} when the process ends before, or after ten seconds.
 */
export async function waitFor<T>(
  running: Running,
  attempt: () => T | false | Promise<T | false>,
): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const value = await attempt();
    if (value !== false) return value;
    if (running.hasEnded) {
      throw new Error(
        `${running.name} ended with code ${await running.ended}\n${lastWords(running)}`,
      );
    }
    if (performance.now() > deadline) {
      throw new Error(`${running.name} was not ready within 10 s\n${lastWords(running)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/**
 * Waits until the subject hands out the small file as it is, which is also the proof that what
 * is measured afterwards is the file and not an error page.
 * @throws {Error} when it does not within ten seconds.
 */
export async function waitUntilServes(setting: Setting, subject: Subject): Promise<void> {
  const { site, processes } = setting;
  const wanted = `200 ${site.small.bytes}`;
  let last = "nothing";
  const attempt = async (): Promise<boolean> => {
    const { stdout } = await processes.run({
      name: "curl",
      program: "curl",
      args: [
        ...["-s", "-o", "/dev/null", "--max-time", "5"],
        ...subject.headers.flatMap((line) => ["-H", line]),
        ...["-w", "%{http_code} %{size_download}", subject.base + site.small.name],
      ],
    }, 10);
    last = stdout;
    return last === wanted;
  };
  try {
    await waitFor(subject.client ?? subject.server, attempt);
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n    last answer: ${last}, wanted ${wanted}`, {
      cause,
    });
  }
}
