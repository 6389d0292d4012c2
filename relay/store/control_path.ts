/** Where the control socket of a data directory is, whether a relay answers there, and taking the directory for a relay. @module */

import { Buffer } from "node:buffer";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { type DataDirLock, DataDirTaken, lockDataDir } from "./data_dir.ts";

const NAME = "control.sock";
/** sun_path holds 108 bytes with its NUL on Linux, 104 on macOS; the socket is made under a passing name. */
const LONGEST = 100;
/** Between two looks at a directory that another process holds, ms. */
const LOOK_AGAIN = 50;
/** How long a relay that starts or stops is waited for, ms: on a busy machine either takes seconds. */
const RELAY_PATIENCE = 10_000;
/** How long account commands are, ms: several in turn on a busy machine take seconds. */
const ACCOUNT_PATIENCE = 15_000;

/** A path of the control socket of `dir` that the system takes, however long the directory's own is. */
export class ControlPath implements Disposable {
  readonly path: string;
  readonly #descriptor: number = -1;

  constructor(dir: string) {
    const path = join(dir, NAME);
    if (Buffer.byteLength(path) <= LONGEST || Deno.build.os !== "linux") {
      this.path = path;
      return;
    }
    this.#descriptor = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
    this.path = `/proc/self/fd/${this.#descriptor}/${NAME}`;
  }

  [Symbol.dispose](): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
  }
}

/** Whether a relay answers there. @throws what connecting throws, unless there is no listener. */
export async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    const isNobody = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.ConnectionRefused;
    if (isNobody) return false;
    throw error;
  }
}

/**
 * Takes the data directory for a relay. `crunch account` may have it for a moment: that is waited for; another
 * relay is only where it stops.
 * @throws {StoreError} as `lockDataDir`.
 */
export async function takeDataDir(dir: string): Promise<DataDirLock> {
  const began = performance.now();
  for (;;) {
    try {
      return lockDataDir(dir);
    } catch (error) {
      if (!isWorthWaiting(error, performance.now() - began)) throw error;
      using control = new ControlPath(dir);
      if (await answers(control.path).catch(() => true)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
  }
}

/** Whether who has the data directory will soon be gone, `waited` ms after the first look. */
export function isWorthWaiting(error: unknown, waited: number): boolean {
  if (!(error instanceof DataDirTaken)) return false;
  return waited < (error.holder === "relay" ? RELAY_PATIENCE : ACCOUNT_PATIENCE);
}
