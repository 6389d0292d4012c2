/** Accepts connections on a TCP port or a Unix socket; what happens to one of them never ends the others. @module */

import { type Connection, DenoConnection } from "./connection.ts";
import { addressText, type ListenAddress, tcpListenError } from "./listen_error.ts";
import { listenOnSocket } from "./unix_socket.ts";

/** How long nothing is accepted after the system ran out of something, in ms. */
const PAUSE = 50;
/** One warning about that in this time, in ms. */
const WARN_AGAIN = 60_000;
/** So many strange errors one after the other mean that the listener is broken. */
const STRANGE_LIMIT = 20;
/** Connections that wait for us; the system may allow fewer. */
const BACKLOG = 4096;

export interface ListenOptions {
  /** Takes each connection, and owns it from then on. */
  readonly onconnection: (connection: Connection) => void;
  /** Told in one sentence what should worry an operator: no more file descriptors. */
  readonly onwarning?: (text: string) => void;
  /** Told at most once: the listener ended though it was not closed. */
  readonly onbroken?: (error: Error) => void;
  /** Lets another process listen beside this one, for restarts without a gap (Linux). */
  readonly reusePort?: boolean;
  /** Permission bits of a Unix socket. Default 0o660. */
  readonly mode?: number;
}

/** Something that accepts until it is closed or disposed. */
export interface Listener extends AsyncDisposable {
  /** Where it really listens: `127.0.0.1:8080`, `[::]:80`, `unix:/path`. */
  readonly address: string;
  /** The bound port; 0 for a Unix socket. */
  readonly port: number;
  /** Stops accepting; resolves when the address is free again. Accepted connections live on. Idempotent. */
  close(): Promise<void>;
}

/**
 * Listens on `address`; port 0 lets the system choose. `::` takes IPv4 as well, and stands for `0.0.0.0` on a machine
 * without IPv6.
 * @throws {ListenError}
 */
export async function listen(address: ListenAddress, options: ListenOptions): Promise<Listener> {
  if (address.transport === "unix") {
    const { listener, remove } = await listenOnSocket(address.path, options.mode ?? 0o660);
    return new AcceptLoop(listener, addressText(address), options, remove);
  }
  const listener = listenOnPort(address, options.reusePort === true);
  const { hostname, port } = listener.addr as Deno.NetAddr;
  return new AcceptLoop(listener, addressText({ transport: "tcp", hostname, port }), options);
}

function listenOnPort(
  address: ListenAddress & { readonly transport: "tcp" },
  reusePort: boolean,
): Deno.TcpListener {
  const { hostname, port } = address;
  const options = { hostname, port, reusePort, tcpBacklog: BACKLOG };
  try {
    return Deno.listen(options);
  } catch (error) {
    if (hostname !== "::" || error instanceof Deno.errors.AddrInUse) {
      throw tcpListenError(address, error);
    }
    try {
      return Deno.listen({ ...options, hostname: "0.0.0.0" });
    } catch {
      throw tcpListenError(address, error);
    }
  }
}

class AcceptLoop implements Listener {
  readonly address: string;
  readonly port: number;
  readonly #listener: Deno.Listener;
  readonly #options: ListenOptions;
  readonly #remove: () => void;
  readonly #ended: Promise<void>;
  #closed = false;
  #warnedAt = -Infinity;
  /** Ends the pause after running out of descriptors. */
  #wake: (() => void) | null = null;

  constructor(
    listener: Deno.Listener,
    address: string,
    options: ListenOptions,
    remove: () => void = () => {},
  ) {
    this.#listener = listener;
    this.#options = options;
    this.#remove = remove;
    this.address = address;
    this.port = listener.addr.transport === "tcp" ? listener.addr.port : 0;
    this.#ended = this.#run();
  }

  /** Not `for await`: that ends for good at the first error. */
  async #run(): Promise<void> {
    let strange = 0;
    while (!this.#closed) {
      let conn: Deno.Conn;
      try {
        conn = await this.#listener.accept();
        strange = 0;
      } catch (error) {
        if (this.#closed) return;
        if (isGone(error)) continue;
        const short = isShortage(error);
        if (short) this.#warn(error);
        else if (error instanceof Deno.errors.BadResource || ++strange > STRANGE_LIMIT) {
          return this.#break(error);
        }
        await this.#pause();
        continue;
      }
      this.#take(conn);
    }
  }

  #take(conn: Deno.Conn): void {
    let connection: Connection;
    try {
      connection = new DenoConnection(conn);
    } catch {
      // Reset before we could look at it.
      conn.close();
      return;
    }
    this.#options.onconnection(connection);
  }

  #warn(error: unknown): void {
    const now = performance.now();
    if (now - this.#warnedAt < WARN_AGAIN) return;
    this.#warnedAt = now;
    const code = (error as { code: string }).code;
    const what = code === "EMFILE" || code === "ENFILE"
      ? "no file descriptor is free; raise the limit (ulimit -n) or lower the connection limits"
      : `the system is short of memory (${code})`;
    this.#options.onwarning?.(`New connections on ${this.address} wait: ${what}`);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PAUSE);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #break(cause: unknown): void {
    this.#closed = true;
    this.#release();
    this.#options.onbroken?.(
      new Error(`Cannot accept connections on ${this.address} any more`, { cause }),
    );
  }

  #release(): void {
    try {
      this.#listener.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    this.#remove();
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#release();
      this.#wake?.();
    }
    // The address is free only once the accept under way has returned.
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The visitor left while it waited in the backlog. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.NotConnected;
}

/** Out of something that others will give back. */
function isShortage(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === "EMFILE" || code === "ENFILE" || code === "ENOBUFS" || code === "ENOMEM";
}
