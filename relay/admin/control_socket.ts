/** The socket in the data directory by which its owner's shell administers a running relay. @module */

import type { Log } from "../../cli/mod.ts";
import {
  answerProblem,
  HttpServer,
  listen,
  type Listener,
  type ServerExchange,
} from "../../http/mod.ts";
import { ControlPath } from "../store/mod.ts";

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
        // A caller that connects is taken for an administrator.
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
