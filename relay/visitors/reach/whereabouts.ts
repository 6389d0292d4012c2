/** What a page of ours tells its reader of this relay: where visitors come, and the line that connects an agent. @module */

import type { ServerExchange } from "../../../http/mod.ts";
import { agentCommand } from "./agent_command.ts";
import { type Listening, visitorsOrigin } from "./reach.ts";

export interface Whereabouts {
  /** `https://relay.example`, without a slash at its end. */
  readonly base: string;
  /** See `agentCommand`; null where there is none. */
  readonly command: string | null;
}

/** Where a request was sent, as far as its sender knows. */
export interface AskedOrigin {
  readonly scheme: "http" | "https";
  /** `host:port`; "" where the request says nothing. */
  readonly authority: string;
}

/** Undefined where the visitor asked for something that is no address. */
export function whereabouts(
  listening: Listening,
  asked: AskedOrigin,
): Whereabouts | undefined {
  const base = visitorsOrigin(listening, asked);
  const host = /^https?:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.exec(base)?.[1];
  return host === undefined ? undefined : { base, command: agentCommand(listening, { host }) };
}

/** The same for who sends this request. */
export function whereaboutsFor(
  { connection: { local } }: Pick<ServerExchange, "connection">,
  { scheme, authority }: AskedOrigin,
  listening: Listening,
): Whereabouts | undefined {
  return whereabouts(listening, {
    scheme,
    authority: authority || `${local.address}:${local.port}`,
  });
}
