/** Connected agents: signing in, which of them answers for a name, and what they are here by. @module */

export { agentView } from "./agent_view.ts";
export { BacklogKeeper } from "./backlog.ts";
export type { ConnectedAgent } from "./connected_agent.ts";
export type { StreamSeeker, Upstream } from "./upstream.ts";
export { HealthProbes, TooManyProbes } from "./health_probe.ts";
export { Reception } from "./reception.ts";
export { Registry } from "./registry.ts";
