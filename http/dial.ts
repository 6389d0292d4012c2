/** Opens connections to TCP ports, TLS servers and Unix sockets, within a time. @module */

import { type Connection, DenoConnection } from "./connection.ts";
import { addressText } from "./listen_error.ts";

/** Default for `timeout`, in ms: the contract's limit for origins. */
const TIMEOUT = 5_000;

export interface DialOptions {
  /** For everything, TLS handshake included; in ms. Default 5 s. */
  readonly timeout?: number;
  /** Gives up; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface DialTlsOptions extends DialOptions {
  /** PEM texts of roots that are trusted besides those of the system. */
  readonly caCerts?: readonly string[];
  /** What the certificate must be for. Default: the host that is dialled. */
  readonly serverName?: string;
  /** Protocols to offer by ALPN. Default: none. */
  readonly alpnProtocols?: readonly string[];
}

/**
 * - `refused`: nobody listens there.
 * - `not-found`: the name has no address, or there is no such socket file.
 * - `unreachable`: no way leads there.
 * - `timeout`: no answer in time.
 * - `certificate`: the server is not who it should be, or nobody we trust says so.
 * - `tls`: the other side does not speak TLS as we do.
 * - `failed`: anything else; see `cause`.
 */
export type DialErrorCode =
  | "refused"
  | "not-found"
  | "unreachable"
  | "timeout"
  | "certificate"
  | "tls"
  | "failed";

/** Thrown by the functions that dial. Its message is one sentence for people. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly code: DialErrorCode;
  readonly #why: string;

  constructor(code: DialErrorCode, address: string, why: string, options?: ErrorOptions) {
    super(`Cannot connect to ${address}: ${why}`, options);
    this.code = code;
    this.#why = why;
  }

  /** The same about another address, by which people know it. */
  at(address: string): DialError {
    return new DialError(this.code, address, this.#why, { cause: this.cause });
  }
}

/** Opens a TCP connection, without Nagle's delay. @throws {DialError} or the signal's reason. */
export function dialTcp(
  hostname: string,
  port: number,
  options: DialOptions = {},
): Promise<Connection> {
  const address = addressText({ transport: "tcp", hostname, port });
  return bounded(address, options, async (signal) => {
    const conn = await Deno.connect({ hostname, port, signal });
    return new DenoConnection(conn);
  });
}

/** Opens a connection to a Unix socket. @throws {DialError} or the signal's reason. */
export function dialUnix(path: string, options: DialOptions = {}): Promise<Connection> {
  return bounded(`unix:${path}`, options, async () => {
    const conn = await Deno.connect({ transport: "unix", path });
    return new DenoConnection(conn);
  });
}

/**
 * Opens a TLS connection and finishes its handshake, so that a certificate that is not right is known here.
 * @throws {DialError} or the signal's reason.
 */
export function dialTls(
  hostname: string,
  port: number,
  options: DialTlsOptions = {},
): Promise<Connection> {
  const address = addressText({ transport: "tcp", hostname, port });
  return bounded(address, options, async (signal) => {
    const plain = await Deno.connect({ hostname, port, signal });
    let conn: Deno.TlsConn;
    try {
      // Before TLS takes the socket over: a `Deno.TlsConn` cannot do it.
      plain.setNoDelay(true);
      conn = await Deno.startTls(plain, {
        hostname: options.serverName ?? hostname,
        caCerts: [...options.caCerts ?? []],
        alpnProtocols: [...options.alpnProtocols ?? []],
      });
    } catch (error) {
      new DenoConnection(plain).close();
      throw error;
    }
    const connection = new DenoConnection(conn, true);
    const close = () => connection.close();
    signal.addEventListener("abort", close);
    try {
      await conn.handshake();
    } catch (cause) {
      connection.close();
      if (signal.aborted) throw cause;
      throw handshakeError(address, options.serverName ?? hostname, cause);
    } finally {
      signal.removeEventListener("abort", close);
    }
    return connection;
  });
}

/** Runs `begin` until the time is over or the caller gives up; what comes too late is closed. */
async function bounded(
  address: string,
  options: DialOptions,
  begin: (signal: AbortSignal) => Promise<Connection>,
): Promise<Connection> {
  const { timeout = TIMEOUT, signal } = options;
  signal?.throwIfAborted();
  const controller = new AbortController();
  const given = Promise.withResolvers<never>();
  const giveUp = (reason: unknown) => {
    given.reject(reason);
    controller.abort(reason);
  };
  const timer = setTimeout(
    () => giveUp(new DialError("timeout", address, `no answer within ${timeout} ms`)),
    timeout,
  );
  const onabort = () => giveUp(signal!.reason);
  signal?.addEventListener("abort", onabort, { once: true });
  const begun = begin(controller.signal);
  try {
    return await Promise.race([begun, given.promise]);
  } catch (error) {
    // A name that is being looked up cannot be given up: whatever comes of it is closed.
    begun.then((late) => late.close(), () => {});
    if (controller.signal.aborted) throw controller.signal.reason;
    throw error instanceof DialError ? error : dialError(address, error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onabort);
  }
}

function dialError(address: string, cause: unknown): DialError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const [code, why]: [DialErrorCode, string] = cause instanceof Deno.errors.ConnectionRefused
    ? ["refused", "nobody listens there"]
    : cause instanceof Deno.errors.NotFound
    ? ["not-found", "there is no such socket"]
    : cause instanceof Deno.errors.TimedOut
    ? ["timeout", "no answer"]
    : detail.includes("lookup address")
    ? ["not-found", "no address is known for this host"]
    : /unreachable|no route/i.test(detail)
    ? ["unreachable", "no way leads there"]
    : ["failed", detail];
  return new DialError(code, address, why, { cause });
}

function handshakeError(address: string, name: string, cause: unknown): DialError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const reason = /^invalid peer certificate: (.*)$/s.exec(detail)?.[1];
  if (reason !== undefined) {
    return new DialError("certificate", address, certificateTrouble(reason, name), { cause });
  }
  const why = cause instanceof Deno.errors.UnexpectedEof
    ? "it closed during the TLS handshake"
    : detail.includes("InvalidContentType")
    ? "it does not speak TLS on this port"
    : detail.includes("HandshakeFailure")
    ? "it does not speak TLS on this port, or none that we speak"
    : detail;
  return new DialError("tls", address, why, { cause });
}

/** The time that the certificate names and the one that it was compared with, where rustls tells them. */
function clocks(reason: string, side: "after" | "before"): string {
  const here = /verification time (\d{1,12})/.exec(reason)?.[1];
  const there = new RegExp(`not valid ${side} (\\d{1,12})`).exec(reason)?.[1];
  if (here === undefined || there === undefined) return "";
  const shown = (seconds: string) =>
    `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z`;
  const good = side === "after" ? "was good until" : "is good from";
  return `: it ${good} ${shown(there)}, and the clock here shows ${shown(here)}`;
}

/** What rustls says, in words that help. */
function certificateTrouble(reason: string, name: string): string {
  if (/not valid for name|NotValidForName/i.test(reason)) {
    return `its certificate is not for ${name}`;
  }
  if (/expired/i.test(reason)) return `its certificate has expired${clocks(reason, "after")}`;
  if (/not ?valid ?yet/i.test(reason)) {
    return `its certificate is not valid yet${clocks(reason, "before")}`;
  }
  if (/unknown ?issuer/i.test(reason)) return "nobody we trust has signed its certificate";
  if (/CaUsedAsEndEntity/.test(reason)) {
    return "its certificate is that of an authority (CA:TRUE); a server needs one with CA:FALSE";
  }
  return `its certificate is not accepted (${reason})`;
}
