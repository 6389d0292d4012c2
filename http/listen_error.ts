/** Why something cannot listen, in words that name what to do next. @module */

import { portOwner } from "./port_owner.ts";

/** Where to listen; fits `Deno.listen`. */
export type ListenAddress =
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

/**
 * - `in-use`: another program listens there.
 * - `not-permitted`: a port below 1024, or a folder that may not be written to.
 * - `no-such-address`: not an address of this machine, or a name without any.
 * - `bad-path`: the socket's folder is missing, or its path is taken by something that is no socket.
 * - `failed`: anything else; see `cause`.
 */
export type ListenErrorCode =
  | "in-use"
  | "not-permitted"
  | "no-such-address"
  | "bad-path"
  | "failed";

/** Thrown by `listen`. Its message is one sentence for people. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: ListenErrorCode;
  /** As a user would type it: `127.0.0.1:8080`, `unix:/path`. */
  readonly address: string;

  constructor(code: ListenErrorCode, address: string, why: string, options?: ErrorOptions) {
    super(`Cannot listen on ${address}: ${why}`, options);
    this.code = code;
    this.address = address;
  }
}

/** `127.0.0.1:8080`, `[::1]:8080`, `unix:/path`. */
export function addressText(address: ListenAddress): string {
  if (address.transport === "unix") return `unix:${address.path}`;
  const { hostname, port } = address;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** The system's error about a TCP address, in our words. */
export function tcpListenError(
  address: ListenAddress & { readonly transport: "tcp" },
  cause: unknown,
): ListenError {
  const text = addressText(address);
  if (cause instanceof Deno.errors.AddrInUse) {
    const owner = portOwner(address.port);
    const by = owner === undefined ? "another program" : owner;
    return new ListenError("in-use", text, `${by} listens there already; choose another port`, {
      cause,
    });
  }
  if (cause instanceof Deno.errors.PermissionDenied) {
    const why = address.port > 0 && address.port < 1024
      ? "ports below 1024 need root, or on Linux the capability cap_net_bind_service"
      : "the system does not permit it";
    return new ListenError("not-permitted", text, why, { cause });
  }
  const { hostname } = address;
  if (cause instanceof Deno.errors.AddrNotAvailable) {
    return new ListenError("no-such-address", text, `this machine has no address ${hostname}`, {
      cause,
    });
  }
  const detail = cause instanceof Error ? cause.message : String(cause);
  if (detail.includes("lookup address")) {
    return new ListenError("no-such-address", text, `no address is known for ${hostname}`, {
      cause,
    });
  }
  return new ListenError("failed", text, detail, { cause });
}

/** The system's error about a socket file, in our words. */
export function unixListenError(path: string, cause: unknown): ListenError {
  const text = `unix:${path}`;
  const folder = path.replace(/\/[^/]*$/, "") || "/";
  if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) {
    return new ListenError("bad-path", text, `the folder ${folder} does not exist`, { cause });
  }
  if (cause instanceof Deno.errors.PermissionDenied) {
    return new ListenError("not-permitted", text, `${folder} may not be written to`, { cause });
  }
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new ListenError("failed", text, detail, { cause });
}
