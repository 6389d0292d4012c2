/** Runs `crunch` as users do, as processes of their own, each test in a household with its own home and data. @module */

import { dirname, join } from "node:path";
import "./cheap_passwords.ts";
import { openStore } from "../../relay/store/mod.ts";
import { DEADLINE, pause, within } from "./deadline.ts";

/** The checkout's folder. */
export const checkout: string = join(import.meta.dirname!, "../..");
/** A built program to test instead of the checkout. */
const built = Deno.env.get("CRUNCH_PROGRAM");
/** Where a built program unpacks itself: once for all tests, though each has a home of its own. */
const cache = Deno.env.get("XDG_CACHE_HOME");
const unpacked: Record<string, string> = built !== undefined && cache !== undefined
  ? { XDG_CACHE_HOME: cache }
  : {};
/** Between SIGTERM and SIGKILL when a test is over. */
const GRACE = 1_000;

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The program's own folder, where it is no built one. Default: the checkout. */
  readonly folder?: string;
  /** What a password costs to hash: a hundredth, or the time that the program takes for users. Default: cheap. */
  readonly passwords?: "cheap" | "dear";
  /** Words that stand before the command, as of a shell that runs it. */
  readonly through?: readonly string[];
  /**
   * Runs it on a terminal of so many columns, after these words; `pid` and `kill` are then those of the terminal, and
   * `stdout` what it shows. SIGKILL is a window that is closed.
   */
  readonly terminal?: { readonly columns: number; readonly words?: string } | undefined;
}

/** A process that runs `crunch`. Disposing it ends it. */
export class CrunchProcess implements AsyncDisposable {
  readonly pid: number;
  /** How it was called, for messages. */
  readonly command: string;
  stdout = "";
  stderr = "";
  /** Resolves with the exit code; 128 and the signal's number for a signal. */
  readonly exit: Promise<number>;
  /** Resolved with. */
  code: number | null = null;
  readonly #child: Deno.ChildProcess;
  #changed = Promise.withResolvers<void>();

  constructor(
    args: readonly string[],
    { env, cwd, folder, through, terminal, passwords }: Required<ProcessOptions>,
  ) {
    this.command = `crunch ${args.join(" ")}`;
    const [program, before] = built === undefined
      ? [Deno.execPath(), [
        "run",
        "-A",
        "--no-prompt",
        ...preloads(folder, passwords),
        `${folder}/main.ts`,
      ]]
      : [built, []];
    const words = [...through, program, ...before, ...args];
    const [called, ...rest] = terminal === undefined ? words : onTerminal(words, terminal);
    const child = new Deno.Command(called!, {
      args: rest,
      clearEnv: true,
      env,
      cwd,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#child = child;
    this.pid = child.pid;
    const read = Promise.all([
      this.#collect(child.stdout, (text) => this.stdout += text),
      this.#collect(child.stderr, (text) => this.stderr += text),
    ]);
    this.exit = (async () => {
      const { code } = await child.status;
      await read;
      this.code = code;
      this.#tell();
      return code;
    })();
  }

  async #collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      take(text);
      this.#tell();
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Resolves once `pattern` is in what it said on either stream, all its life. */
  async said(pattern: RegExp, ms: number = DEADLINE): Promise<RegExpExecArray> {
    const look = async (): Promise<RegExpExecArray> => {
      for (;;) {
        const found = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
        if (found !== null) return found;
        if (this.code !== null) throw new Error(`It ended without saying ${pattern}\n${this.all}`);
        await this.#changed.promise;
      }
    };
    try {
      return await within(look(), `saying ${pattern}`, ms);
    } catch (cause) {
      throw new Error(`${(cause as Error).message}\n${this.all}`, { cause });
    }
  }

  /** All that it said, for messages. */
  get all(): string {
    return `--- ${this.command}\n${this.stdout}\n${this.stderr}---`;
  }

  /** The content of a ready file, once it is there. */
  async ready(file: string): Promise<Record<string, unknown>> {
    const until = performance.now() + DEADLINE;
    while (performance.now() < until) {
      try {
        const content = JSON.parse(Deno.readTextFileSync(file)) as Record<string, unknown>;
        // What it printed before that is in the pipe by now, and read within a turn or two.
        await this.said(/\n/);
        await pause(5);
        return content;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      if (this.code !== null) throw new Error(`It ended with ${this.code}\n${this.all}`);
      await pause(5);
    }
    throw new Error(`It was not ready within ${DEADLINE} ms\n${this.all}`);
  }

  kill(signal: Deno.Signal): void {
    if (this.code !== null) return;
    try {
      this.#child.kill(signal);
    } catch {
      // It has just ended.
    }
  }

  /** Resident memory in bytes. */
  get memory(): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) * 1024;
  }

  /** Highest resident memory so far, in bytes. */
  get peakMemory(): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)![1]) * 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.code === null) {
      this.kill("SIGTERM");
      const timer = setTimeout(() => this.kill("SIGKILL"), GRACE);
      await this.exit;
      clearTimeout(timer);
    }
    await this.exit;
  }
}

/** What a checkout's program loads first; a copy of it has no tests. */
export function preloads(folder: string, passwords: "cheap" | "dear" = "cheap"): string[] {
  const isCheap = folder === checkout && passwords === "cheap";
  return isCheap ? [`--preload=${join(checkout, "tests/support/cheap_passwords.ts")}`] : [];
}

/** util-linux' `script` opens a pseudo-terminal. */
function onTerminal(
  command: readonly string[],
  { columns, words = "" }: NonNullable<ProcessOptions["terminal"]>,
): string[] {
  const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return ["script", "-qec", `stty cols ${columns} rows 24; exec ${words} ${line}`, "/dev/null"];
}

/** How to start a relay; its addresses are free ports of the loopback by default. */
export interface RelayProcessOptions extends ProcessOptions {
  readonly command?: "relay" | "both";
  readonly http?: string;
  readonly tunnel?: string;
  readonly data?: string;
}

/** A relay, or `both`, that is ready. */
export interface RunningRelay {
  readonly process: CrunchProcess;
  /** `host:port` of its first listeners. */
  readonly http: string;
  readonly tunnel: string;
  readonly admin: string;
  readonly urls: readonly string[];
}

/** An agent whose names work. */
export interface RunningAgent {
  readonly process: CrunchProcess;
  readonly urls: readonly string[];
}

/** A temporary directory with all that processes of one test leave, and those processes. */
export class Household implements AsyncDisposable {
  readonly root: string = Deno.makeTempDirSync({ prefix: "crunch-" });
  readonly data: string = this.path("data");
  readonly #processes: CrunchProcess[] = [];
  #count = 0;

  constructor() {
    for (const name of ["home", "run"]) Deno.mkdirSync(this.path(name), { mode: 0o700 });
  }

  path(...names: readonly string[]): string {
    return [this.root, ...names].join("/");
  }

  /** Writes a file, its directories as well, and returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = this.path(name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    return path;
  }

  /** Starts `crunch` and waits for nothing. */
  crunch(
    args: readonly string[],
    options: ProcessOptions = {},
  ): CrunchProcess {
    const { env = {}, cwd = this.root, folder = checkout, through = [], terminal } = options;
    const process = new CrunchProcess(args, {
      terminal,
      passwords: options.passwords ?? "cheap",
      cwd,
      folder,
      through,
      env: {
        PATH: Deno.env.get("PATH") ?? "",
        DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME") ?? ""}/.cache/deno`,
        HOME: this.path("home"),
        ...unpacked,
        XDG_RUNTIME_DIR: this.path("run"),
        ...env,
      },
    });
    this.#processes.push(process);
    return process;
  }

  #readyFile(): string {
    return this.path(`ready-${++this.#count}.json`);
  }

  /** Starts a relay and waits until it listens. */
  async relay(
    args: readonly string[] = [],
    options: RelayProcessOptions = {},
  ): Promise<RunningRelay> {
    const file = this.#readyFile();
    const { command = "relay", http = "127.0.0.1:0", tunnel = "127.0.0.1:0" } = options;
    const { data = this.data } = options;
    const listen = ["--http", http, "--tunnel", tunnel, "--data", data];
    const process = this.crunch([command, ...listen, "--ready-file", file, ...args], options);
    const ready = await process.ready(file);
    return {
      process,
      http: ready.http as string,
      tunnel: ready.tunnel as string,
      admin: ready.admin as string,
      urls: (ready.urls ?? []) as string[],
    };
  }

  /** Starts the same relay again: same ports, same data. */
  async again(
    { http, tunnel }: RunningRelay,
    args: readonly string[] = [],
    options: RelayProcessOptions = {},
  ): Promise<RunningRelay> {
    return await this.relay(args, { ...options, http, tunnel });
  }

  /** Starts an agent and waits until it serves. */
  async agent(args: readonly string[], options: ProcessOptions = {}): Promise<RunningAgent> {
    const file = this.#readyFile();
    const process = this.crunch(["agent", "--ready-file", file, ...args], options);
    const ready = await process.ready(file);
    return { process, urls: ready.urls as string[] };
  }

  /**
   * Makes an account in the data of a relay that does not run, and returns a token of it. Its password would take
   * 0.2 s.
   */
  async account(
    name: string,
    { trusted = false, names = [] }: { trusted?: boolean; names?: readonly string[] } = {},
  ): Promise<string> {
    using store = openStore(this.data);
    await store.accounts.add({ name });
    if (trusted) await store.accounts.update(name, { trusted: true });
    for (const further of names) store.names.add(name, further);
    return store.tokens.create(name, { name: "test" }).text;
  }

  /** What the relay left for agents of this machine. */
  get local(): { readonly tunnel: string; readonly http: string; readonly credential: string } {
    return JSON.parse(Deno.readTextFileSync(this.path("run", "crunch", "local.json")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The last first: agents before their relay.
    for (const process of this.#processes.reverse()) process.kill("SIGTERM");
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()));
    Deno.removeSync(this.root, { recursive: true });
  }
}
