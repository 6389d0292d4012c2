/** What happens to a session that is signed in: it drains, or ends, and its agent with the last of them. @module */

import type { Log } from "../../cli/mod.ts";
import type { Session } from "../../tunnel/mod.ts";
import type { ConnectedAgent } from "./connected_agent.ts";
import type { Registry } from "./registry.ts";
import type { Rights } from "./rights.ts";

/** Makes `session` one of the agent's connections: from now on the agent is told of it. */
export function hand(
  session: Session,
  agent: ConnectedAgent,
  { registry, rights, log }: {
    readonly registry: Registry;
    readonly rights: Rights;
    readonly log: Log;
  },
): void {
  /** What the agent said when it went away. */
  let farewell = "";
  session.handTo({
    // Agents open no streams yet.
    onstream: () => null,
    ongoaway: (end) => {
      farewell = end.message;
      // It takes no new requests; what is under way finishes, then it closes.
      if (agent.sessions.every((session) => session.draining)) registry.release(agent);
    },
    onclose: (end) => {
      rights.forget(session, agent);
      if (!agent.remove(session)) return;
      // An agent that said why it goes did not get lost when it closed.
      const isLost = end.code === "connection-lost";
      registry.remove(agent, { lost: isLost && farewell === "" });
      log.info("agent gone", {
        account: agent.facts.account,
        names: agent.facts.names.join(","),
        reason: isLost && farewell !== "" ? farewell : end.message,
      });
    },
  });
  agent.add(session);
}
