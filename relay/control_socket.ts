/** The socket in the data directory by which its owner's shell administers a running relay. @module */

import { Buffer } from "node:buffer";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../cli/mod.ts";
import {
  answerProblem,
  HttpServer,
  listen,
  type Listener,
  type ServerExchange,
} from "../http/mod.ts";
import { type DataDirLock, DataDirTaken, lockDataDir } from "./store/mod.ts";

const NAME = "control.sock";
/** sun_path holds 108 bytes with its NUL on Linux, 104 on macOS; the socket is made under a passing name. */
const LONGEST = 100;
/** Between two looks at a directory that somebody else has, ms. */
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

/** Whether a relay answers there. @throws what connecting throws but for nobody being there. */
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

/** The relay's end of the socket. */
export class ControlSocket implements AsyncDisposable {
  readonly #server: HttpServer;
  readonly #path: ControlPath;
  readonly #listener: Listener;

  private constructor(server: HttpServer, path: ControlPath, listener: Listener) {
    this.#server = server;
    this.#path = path;
    this.#listener = listener;
  }

  /** Listens in `dir`; null, with a warning, where that is not to be had: a relay does without. */
  static async open(
    dir: string,
    { log, answer }: { readonly log: Log; readonly answer: (exchange: ServerExchange) => void },
  ): Promise<ControlSocket | null> {
    const server = new HttpServer({
      handle: (exchange) => {
        if (exchange.head.target.startsWith("/api/")) return answer(exchange);
        answerProblem(exchange, { status: 404, code: "not-found", detail: "Only /api is here." });
      },
      refuse: (exchange, error) =>
        answerProblem(exchange, {
          status: error.status,
          code: "bad-request",
          detail: error.message + ".",
        }),
    });
    const path = new ControlPath(dir);
    try {
      const listener = await listen({ transport: "unix", path: path.path }, {
        // Whoever connects is taken for an administrator.
        mode: 0o600,
        onconnection: (connection) => server.accept(connection),
        onwarning: (text) => log.warn(text),
        onbroken: (error) => log.error("the control socket broke", { error }),
      });
      return new ControlSocket(server, path, listener);
    } catch (error) {
      path[Symbol.dispose]();
      log.warn("crunch account cannot reach this relay", { error });
      return null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close();
    await this.#server.drain(1_000);
    this.#path[Symbol.dispose]();
  }
}
