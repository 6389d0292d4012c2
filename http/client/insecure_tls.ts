/** TLS to an origin whose certificate is not checked: `Deno.startTls` always checks it. @module */

import type { Connection } from "../connection.ts";
import { DialError, type DialOptions, dialTcp } from "../dial.ts";
import { addressText } from "../listen_error.ts";
import { TlsConnection } from "../tls_connection.ts";

/** Opens a connection and finishes its handshake. @throws {DialError} or the signal's reason. */
export async function dialInsecure(
  hostname: string,
  port: number,
  options: DialOptions & { readonly serverName: string },
): Promise<Connection> {
  const { serverName, signal } = options;
  const plain = await dialTcp(hostname, port, options);
  const connection = TlsConnection.client(plain, serverName);
  const close = () => connection.close();
  signal?.addEventListener("abort", close);
  try {
    await connection.ready;
  } catch (cause) {
    connection.close();
    signal?.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    const address = addressText({ transport: "tcp", hostname, port });
    throw new DialError("tls", address, `it does not speak TLS as we do (${why})`, { cause });
  } finally {
    signal?.removeEventListener("abort", close);
  }
  return connection;
}
