/** The server side of HTTP/1.1: takes connections, hands out exchanges, stops gracefully. @module */

import { Buffer } from "node:buffer";
import type { Connection } from "./connection.ts";
import type { HttpError } from "./http_error.ts";
import { unwatch, watch, type Watched } from "./clock.ts";
import { Roster } from "./roster.ts";
import { type ConnectionHost, ServerConnection } from "./server_connection.ts";
import type { ServerExchange } from "./server_exchange.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from "./server_limits.ts";

export interface ServerOptions {
  /** Answers each request. */
  readonly handle: (exchange: ServerExchange) => void;
  /** Answers a request that could not be read; its head is empty. Must answer at once. */
  readonly refuse: (exchange: ServerExchange, error: HttpError) => void;
  /** Told once for each exchange, whole or broken off. */
  readonly finished?: (exchange: ServerExchange) => void;
  /** A new id for each request, unlike any other and telling nothing. Default: random ones. */
  readonly nextId?: () => string;
  /** Told once for each connection. */
  readonly closed?: (connection: Connection) => void;
  readonly limits?: Partial<ServerLimits>;
}

/** Serves the connections that `accept` is given. Dispose to drain and stop. */
export class HttpServer implements ConnectionHost, AsyncDisposable, Watched {
  /** May change: of a head for connections, of times at once. */
  limits: ServerLimits;
  readonly handle: (exchange: ServerExchange) => void;
  readonly refuse: (exchange: ServerExchange, error: HttpError) => void;
  readonly finished: (exchange: ServerExchange) => void;
  readonly nextId: () => string;
  readonly #onclosed: (connection: Connection) => void;
  readonly #connections = new Roster<ServerConnection>();
  #draining = false;
  #empty: PromiseWithResolvers<void> | null = null;

  constructor(options: ServerOptions) {
    this.limits = { ...DEFAULT_SERVER_LIMITS, ...options.limits };
    this.handle = options.handle;
    this.refuse = options.refuse;
    this.finished = options.finished ?? (() => {});
    this.nextId = options.nextId ?? randomIds();
    this.#onclosed = options.closed ?? (() => {});
  }

  /** How many connections there are. */
  get size(): number {
    return this.#connections.size;
  }

  /** Serves one connection from now on. */
  accept(connection: Connection): void {
    if (this.#draining) {
      connection.close();
      this.#onclosed(connection);
      return;
    }
    if (this.#connections.size === 0) watch(this);
    this.#connections.add(new ServerConnection(this, connection));
  }

  /** Looks after time-outs of every connection. */
  tick(now: number): void {
    this.#connections.forEach((connection) => connection.tick(now));
  }

  closed(connection: ServerConnection): void {
    this.#connections.remove(connection);
    this.#onclosed(connection.connection);
    if (this.#connections.size > 0) return;
    unwatch(this);
    this.#empty?.resolve();
  }

  /**
   * Lets what is under way finish for at most `time` ms, then closes. A second call may shorten the first.
   * @returns how many connections were cut off.
   */
  async drain(time: number): Promise<number> {
    this.#draining = true;
    this.#connections.forEach((connection) => connection.drain());
    if (this.#connections.size === 0) return 0;
    this.#empty ??= Promise.withResolvers();
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([
      this.#empty.promise,
      new Promise<void>((resolve) => timer = setTimeout(resolve, time)),
    ]);
    clearTimeout(timer);
    let left = 0;
    this.#connections.forEach((connection) => {
      if (!connection.idle) left++;
      connection.destroy();
    });
    return left;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0);
  }
}

/** 128 random bits in hexadecimal, made many at once. A number that counts would tell a visitor of the others. */
function randomIds(): () => string {
  const bytes = Buffer.alloc(1024);
  let texts = "";
  let at = 0;
  return () => {
    if (at === texts.length) {
      texts = crypto.getRandomValues(bytes).toString("hex");
      at = 0;
    }
    return texts.slice(at, at += 32);
  };
}
