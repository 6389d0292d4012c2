/** Decides which agents have lost the right to be connected. @module */

import type { SessionEnd } from "../tunnel/mod.ts";
import type { AgentFacts } from "./connected_agent.ts";
import type { Change } from "./store/mod.ts";

/** Why an agent has to go after a change; null where it may stay. */
export function lostRights(
  { action, account, object, before, after }: Change,
  facts: AgentFacts,
): SessionEnd | null {
  if (facts.account !== account) return null;
  const end = (message: string): SessionEnd => ({ code: "disabled", message });
  switch (action) {
    case "account.remove":
      return end(`the account ${account} was removed`);
    case "account.update":
      return (after as { readonly disabled?: boolean } | undefined)?.disabled === true
        ? end(`the account ${account} was disabled`)
        : null;
    case "account.password":
      return facts.token === "" ? end(`the account ${account} has a new password`) : null;
    case "token.revoke":
      return facts.token === object ? end("the token was revoked") : null;
    case "name.remove":
      return facts.names.includes(object) ? end(`the name ${object} was taken away`) : null;
    case "name.transfer":
      // The new owner has an entry of its own.
      return facts.names.includes(object) && ownerOf(before) === account
        ? end(`the name ${object} was given to the account ${ownerOf(after)}`)
        : null;
    default:
      return null;
  }
}

function ownerOf(fields: unknown): string | undefined {
  return (fields as { readonly account?: string } | undefined)?.account;
}
