/** Connects to a relay by the transport that its address names. @module */

import type { DialAddress } from "../cli/mod.ts";
import { type Connection, dialTcp, dialTls } from "../http/mod.ts";

/** Time for a connection and for a sign-in, in ms. */
export const DIAL_TIME = 10_000;

/** `ca` are PEM certificates that a TLS relay's is checked against, besides the system's. @throws {Error} */
export function dialRelay(
  { transport, hostname, port }: DialAddress,
  { signal, ca }: { readonly signal: AbortSignal; readonly ca: string | undefined },
): Promise<Connection> {
  // The link has a time of its own for dial and sign-in together.
  const options = { signal, timeout: DIAL_TIME };
  if (transport === "tcp") return dialTcp(hostname, port, options);
  return dialTls(hostname, port, { ...options, ...(ca === undefined ? {} : { caCerts: [ca] }) });
}
