/** Runs `crunch` on a terminal, with util-linux's `script`: types, and reads what is shown. @module */

import { checkout, type Household, preloads } from "./crunch.ts";
import { within } from "./deadline.ts";
import { leftOut } from "./left_out.ts";
import { isInstalled } from "./proxy.ts";

/** A terminal with the program on it. Disposing it ends both. */
export class Terminal implements AsyncDisposable {
  /** Whether this machine has what that takes; its `script` takes options as util-linux's does. */
  static readonly isThere: boolean = !leftOut(
    Deno.build.os !== "linux" || !isInstalled("script"),
    "terminals need Linux and script (bsdutils)",
  );
  /** All that was shown, what was typed and echoed included. */
  shown = "";
  /** Resolves with the exit code. */
  readonly exit: Promise<number>;
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #changed = Promise.withResolvers<void>();
  #over = false;

  /** With `after`, a shell shows `pid=…` first, and at the end `code=…` and what that line of it says. */
  constructor(household: Household, args: readonly string[], after?: string) {
    const built = Deno.env.get("CRUNCH_PROGRAM");
    const program = built === undefined
      ? [Deno.execPath(), "run", "-A", "--no-prompt", ...preloads(checkout), `${checkout}/main.ts`]
      : [built];
    const line = [...program, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    const command = after === undefined
      ? `exec ${line.join(" ")}`
      : `sh -c 'echo pid=$$; exec "$@"' sh ${line.join(" ")}; echo code=$?; ${after}`;
    this.#child = new Deno.Command("script", {
      args: ["-q", "-e", "-f", "-c", command, "/dev/null"],
      cwd: household.root,
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH") ?? "",
        DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME") ?? ""}/.cache/deno`,
        HOME: household.path("home"),
        XDG_RUNTIME_DIR: household.path("run"),
        SHELL: "/bin/sh",
        TERM: "dumb",
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.exit = this.#read();
  }

  async #read(): Promise<number> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.shown += text;
      this.#tell();
    }
    const { code } = await this.#child.status;
    this.#over = true;
    this.#tell();
    return code;
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Resolves once `pattern` is shown. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    const look = async (): Promise<RegExpExecArray> => {
      for (;;) {
        const found = pattern.exec(this.shown);
        if (found !== null) return found;
        if (this.#over) throw new Error(`It ended without ${pattern}\n${this.shown}`);
        await this.#changed.promise;
      }
    };
    return await within(look(), `saying ${pattern}`);
  }

  /** Types. */
  async type(text: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(text));
  }

  /** Stops the program by a key or a signal; needs `after`, as a shell says the pid. */
  async interrupt(way: "Ctrl-C" | Deno.Signal): Promise<void> {
    if (way === "Ctrl-C") return await this.type("\x03");
    const [, pid] = await this.said(/pid=(\d+)/);
    Deno.kill(Number(pid), way);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The end of what is typed hangs up; a terminal that is gone ends the program.
    await this.#keys.close().catch(() => {});
    if (!this.#over) this.#child.kill("SIGTERM");
    await this.exit;
  }
}
