/** A connected agent as the API and its events show it. @module */

import type { ConnectedAgent } from "./connected_agent.ts";

/** Times RFC 3339, durations ms, sizes bytes. */
export interface AgentView {
  readonly id: string;
  /** The first of `names`. */
  readonly name: string;
  readonly names: string[];
  readonly account: string;
  readonly transport: "tcp" | "tls";
  readonly address: string;
  readonly version: string;
  readonly since: string;
  /** Null before the first answer to a ping. */
  readonly rtt_ms: number | null;
  readonly streams: number;
  /** It finishes what is under way, and goes. */
  readonly draining: boolean;
  /** Those of `names` that another agent of the account publishes: it takes each over when it is free. */
  readonly waits_for: string[];
  readonly connections: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
}

/** What is known of `agent` now. */
export function agentView(agent: ConnectedAgent): AgentView {
  const { id, account, names, transport, address, software } = agent.facts;
  return {
    id,
    name: names[0] ?? account,
    names: [...names],
    account,
    transport,
    address,
    version: software.replace(/^crunch\//, ""),
    since: new Date(agent.since).toISOString(),
    rtt_ms: agent.rtt < 0 ? null : Math.round(agent.rtt * 1000) / 1000,
    streams: agent.streams,
    draining: agent.draining,
    waits_for: [...agent.waitsFor],
    connections: agent.sessions.length,
    bytes_in: agent.bytesIn,
    bytes_out: agent.bytesOut,
  };
}
