/** The line that connects an agent to this relay, as its reader can type it: the same wherever it is shown. @module */

import { agentAddress, type Asked, type Listening } from "./reach.ts";

export interface AgentCommandOptions extends Asked {
  /** The account to sign in with; undefined where that is still to be made. */
  readonly user?: string | undefined;
}

/**
 * `crunch agent --relay HOST:PORT --user NAME --dir ./site`; null where no agent can dial this relay by TCP or TLS from
 * where the line is read.
 */
export function agentCommand(
  listening: Listening,
  { host, user = "NAME" }: AgentCommandOptions,
): string | null {
  const relay = agentAddress(listening, { host });
  return relay === null ? null : `crunch agent --relay ${relay} --user ${user} --dir ./site`;
}
