/** The processes that a benchmark starts, and that end with it, each by its own id. @module */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { accessSync, closeSync, constants, openSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What to start. */
export interface Command {
  /** What error messages call it. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment; the harness's own by default. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A process that runs until it is ended. */
export interface Running {
  readonly name: string;
  readonly pid: number;
  /** The file that has its stdout and stderr. */
  readonly log: string;
  /** Settles with the exit code, or null after a signal. Never rejects. */
  readonly ended: Promise<number | null>;
  /** True once the process is gone. */
  hasEnded: boolean;
}

/** What a finished program left. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a process may take to end after SIGTERM before it gets SIGKILL, in milliseconds. */
const GRACE = 5_000;

/** Every process under way. Disposing ends them, the last started first; none is started afterwards. */
export class Processes implements AsyncDisposable {
  readonly #running = new Set<Running>();
  #disposed = false;

  /**
   * Starts a process whose output goes to a file, so that a talkative one costs the harness nothing.
   * @throws {Error} when the program cannot be started.
   */
  async start(command: Command, log: string): Promise<Running> {
    const fd = openSync(log, "a");
    try {
      const child = this.#spawn(command, ["ignore", fd, fd]);
      return await this.#track(command.name, { child, log });
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Runs a program to its end; `seconds` is its deadline.
   * @throws {Error} when the program cannot be started.
   */
  async run(command: Command, seconds: number): Promise<Finished> {
    const child = this.#spawn(command, ["ignore", "pipe", "pipe"]);
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => stdout += text);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
    const running = await this.#track(command.name, { child, log: "" });
    const deadline = setTimeout(() => signal(running, "SIGKILL"), seconds * 1000);
    const code = await running.ended;
    clearTimeout(deadline);
    await closed;
    return { code, stdout, stderr };
  }

  /** Ends a process: SIGTERM, and SIGKILL after a while. */
  async end(running: Running): Promise<void> {
    signal(running, "SIGTERM");
    const deadline = setTimeout(() => signal(running, "SIGKILL"), GRACE);
    await running.ended;
    clearTimeout(deadline);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const running of [...this.#running].reverse()) await this.end(running);
  }

  #spawn(command: Command, stdio: ("ignore" | "pipe" | number)[]): ChildProcess {
    if (this.#disposed) throw new Error(`Cannot start ${command.name}: the run is being ended`);
    const env = command.env ?? Deno.env.toObject();
    return spawn(command.program, [...command.args], { stdio, env });
  }

  #track(name: string, { child, log }: { child: ChildProcess; log: string }): Promise<Running> {
    return new Promise((resolve, reject) => {
      child.once("error", (cause) => reject(new Error(`Cannot start ${name}`, { cause })));
      const pid = child.pid;
      if (pid === undefined) return;
      const ended = new Promise<number | null>((settle) => {
        child.once("exit", (code) => {
          running.hasEnded = true;
          this.#running.delete(running);
          settle(code);
        });
      });
      const running: Running = { name, pid, log, ended, hasEnded: false };
      this.#running.add(running);
      resolve(running);
    });
  }
}

/** The last lines that a process wrote, for an error message. */
export function lastWords(running: Running): string {
  const lines = Deno.readTextFileSync(running.log).trim().split("\n");
  return lines.slice(-4).map((line) => `    ${line.slice(0, 200)}`).join("\n");
}

/** The path of a program, or null where PATH does not have it. */
export function which(program: string): string | null {
  for (const folder of (Deno.env.get("PATH") ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      continue;
    }
  }
  return null;
}

function signal(running: Running, name: Deno.Signal): void {
  if (running.hasEnded) return;
  try {
    Deno.kill(running.pid, name);
  } catch (error) {
    // It ended in the meantime; `ended` settles in this turn or the next.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
