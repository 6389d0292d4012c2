/** A process with many agents, for tests: started, listened to, and ended with the test. @module */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { DEADLINE, eventually } from "../support/deadline.ts";

/** What a process of agents is told. */
export interface FleetOptions {
  /** `host:port` of the relay's tunnel listener. */
  readonly tunnel: string;
  readonly token: string;
  /** The directory that all of them publish. */
  readonly dir: string;
  /** Names `n<first>`, `n<first + 1>` … */
  readonly count: number;
  readonly first?: number;
}

export class Fleet implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #said = "";

  constructor({ tunnel, token, dir, count, first = 0 }: FleetOptions) {
    const script = fileURLToPath(new URL("fleet_process.ts", import.meta.url));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", script, tunnel, token, dir, String(count), String(first)],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#child = child;
    this.#reading = (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        this.#said += text;
      }
    })();
  }

  /** Resolves once all have been welcomed so many times. */
  async welcomed(count: number, ms: number = 4 * DEADLINE): Promise<void> {
    await eventually(() => {
      assert.doesNotMatch(this.#said, /refused/);
      return this.#said.includes(`welcomed ${count}\n`);
    }, { what: `${count} welcomes`, ms });
  }

  /** How many sign-ins there were after everyone's first: each follows a lost session. */
  get returns(): number {
    return this.#said.match(/^again/gm)?.length ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
  }
}
