/** Opens the connection to a relay, plain or over TLS. @module */

import type { DialAddress } from "../cli/mod.ts";
import { type Connection, DenoConnection } from "../http/mod.ts";

export interface DialOptions {
  readonly signal: AbortSignal;
  /** PEM certificates to trust besides the system's. */
  readonly ca?: string | undefined;
}

/** @throws whatever says why there is no connection; its message is for people. */
export async function dialRelay(
  relay: DialAddress,
  { signal, ca }: DialOptions,
): Promise<Connection> {
  const { hostname, port } = relay;
  const conn = await Deno.connect({ hostname, port, signal } as Deno.ConnectOptions);
  if (relay.transport === "tcp") return new DenoConnection(conn);
  conn.setNoDelay(true);
  try {
    const secure = await Deno.startTls(conn, {
      hostname,
      ...(ca === undefined ? {} : { caCerts: [ca] }),
    });
    await secure.handshake();
    return new DenoConnection(secure, true);
  } catch (cause) {
    conn.close();
    throw cause;
  }
}
