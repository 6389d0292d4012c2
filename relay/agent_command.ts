/** The line that connects an agent to this relay, as somebody at a browser or shell can type it. @module */

import type { Relay } from "./mod.ts";

/** Where a relay listens for agents: `host:port` or `unix:/path`. */
export type TunnelAddresses = Pick<Relay, "tunnel" | "tunnelTls">;

/** Who is to type it. */
export interface AgentCommandOptions {
  /** The host by which they reached the relay; empty where that says nothing. */
  readonly host: string;
  /** The account to sign in with; undefined where that is still to be made. */
  readonly user: string | undefined;
}

/**
 * `crunch agent --relay HOST:PORT --user NAME --dir ./site`; null where no agent can dial this relay by TCP or TLS.
 * Over TLS where the relay offers that, as the line may be typed far away.
 */
export function agentCommand(
  { tunnel, tunnelTls }: TunnelAddresses,
  { host, user = "NAME" }: AgentCommandOptions,
): string | null {
  const offers = [
    ...tunnelTls.map((address) => ({ scheme: "tls://", address })),
    ...tunnel.map((address) => ({ scheme: "", address })),
  ].filter(({ address }) => !address.startsWith("unix:"));
  // One that others can reach comes before one for this machine only.
  const offer = offers.find(({ address }) => !isLoopback(hostOf(address))) ?? offers[0];
  if (offer === undefined) return null;
  const bound = hostOf(offer.address);
  const port = offer.address.slice(bound.length + 1);
  const dialled = !isEveryInterface(bound) ? bound : host === "" ? "127.0.0.1" : host;
  return `crunch agent --relay ${offer.scheme}${dialled}:${port} --user ${user} --dir ./site`;
}

/** `[::1]` of `[::1]:8021`. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}

function isEveryInterface(host: string): boolean {
  return host === "0.0.0.0" || host === "[::]";
}

function isLoopback(host: string): boolean {
  return host.startsWith("127.") || host === "[::1]" || host === "localhost";
}
