/** Sends requests to one origin over connections that are kept, as long as the origin keeps them. @module */

import { coarseNow, unwatch, watch, type Watched } from "../clock.ts";
import type { Connection } from "../connection.ts";
import { Roster } from "../roster.ts";
import { ClientCall, type ClientHandler, type ClientRequest } from "./client_call.ts";
import { ClientConnection, type ConnectionOwner } from "./client_connection.ts";
import { ClientError } from "./client_error.ts";
import { dialOrigin, type DialOriginOptions, type OriginAddress } from "./dial_origin.ts";

/** Idle connections that are kept unless told otherwise, and for how long, in ms: many servers close theirs after 5 s. */
const MAX_IDLE = 64;
const IDLE_TIME = 4_000;
/** A request that must not be sent twice takes no connection that was idle for longer, in ms: it may just be closing. */
const FRESH = 1_000;

/** How to reach one origin; times in ms. */
export interface HttpClientOptions extends Omit<DialOriginOptions, "signal"> {
  readonly origin: OriginAddress;
  /** From the end of a request to the end of its answer's head; 0 waits for ever. Default 0. */
  readonly firstByteTime?: number;
  /** Idle connections that are kept. Default 64. */
  readonly maxIdle?: number;
  /** How long an idle connection is kept. Default 4 s; less where the origin's Keep-Alive field says so. */
  readonly idleTime?: number;
}

export class HttpClient implements ConnectionOwner, Disposable, Watched {
  readonly firstByteTime: number;
  readonly #options: HttpClientOptions;
  readonly #connections = new Roster<ClientConnection>();
  /** The one that was used last is last. */
  readonly #idle: ClientConnection[] = [];
  readonly #dialling = new Set<ClientCall>();
  #closed = false;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.firstByteTime = options.firstByteTime ?? 0;
  }

  /** How many connections there are, and how many of them are idle. */
  get size(): { readonly all: number; readonly idle: number } {
    return { all: this.#connections.size, idle: this.#idle.length };
  }

  /** Sends a request; `handler` is told of its answer, or why there is none, not before this returns where it must dial. */
  request(request: ClientRequest, handler: ClientHandler): ClientCall {
    const call = new ClientCall(request, handler);
    const idle = this.#takeIdle(call);
    if (idle === undefined) this.#dial(call);
    else idle.begin(call);
    return call;
  }

  /** Connects ahead of the first request, and keeps the connection. @throws {DialError} */
  async connect(): Promise<void> {
    const { origin, ...options } = this.#options;
    const connection = await dialOrigin(origin, options);
    if (this.#closed) return connection.close();
    this.#take(connection).park();
  }

  #take(connection: Connection): ClientConnection {
    if (this.#connections.size === 0) watch(this);
    const made = new ClientConnection(this, connection);
    this.#connections.add(made);
    return made;
  }

  #takeIdle(call: ClientCall): ClientConnection | undefined {
    const last = this.#idle.at(-1);
    if (last === undefined) return undefined;
    const isFresh = coarseNow() - last.idleSince <= FRESH;
    return isFresh || call.isRepeatable ? this.#idle.pop() : undefined;
  }

  async #dial(call: ClientCall): Promise<void> {
    const { origin, ...options } = this.#options;
    if (this.#closed) return queueMicrotask(() => call.fail(closed()));
    const controller = new AbortController();
    call.oncancel = () => controller.abort();
    this.#dialling.add(call);
    try {
      const connection = await dialOrigin(origin, { ...options, signal: controller.signal });
      if (call.isOver || this.#closed) {
        connection.close();
        return call.fail(closed());
      }
      call.oncancel = null;
      this.#take(connection).begin(call);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      call.fail(new ClientError("connect", why, { cause }));
    } finally {
      this.#dialling.delete(call);
    }
  }

  repeat(call: ClientCall): void {
    this.#dial(call);
  }

  released(connection: ClientConnection): void {
    this.#idle.push(connection);
    const { maxIdle = MAX_IDLE } = this.#options;
    if (this.#closed) connection.destroy();
    else if (this.#idle.length > maxIdle) this.#idle[0]!.destroy();
  }

  closed(connection: ClientConnection): void {
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#connections.remove(connection);
    if (this.#connections.size === 0) unwatch(this);
  }

  tick(now: number): void {
    const { idleTime = IDLE_TIME } = this.#options;
    this.#connections.forEach((connection) => {
      if (!connection.isIdle) return connection.tick(now);
      const kept = Math.min(idleTime, connection.keptFor);
      if (now - connection.idleSince > kept) connection.destroy();
    });
  }

  /** Closes every connection; requests under way fail. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of this.#dialling) {
      call.oncancel?.();
      call.fail(closed());
    }
    this.#connections.forEach((connection) => connection.shutDown());
  }
}

function closed(): ClientError {
  return new ClientError("aborted", "the client is closed");
}
