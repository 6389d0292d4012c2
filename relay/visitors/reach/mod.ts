/** Where visitors and agents find this relay. @module */

export { agentCommand } from "./agent_command.ts";
export { OwnHosts } from "./own_hosts.ts";
export { publicUrls } from "./public_urls.ts";
export {
  isLoopbackHost,
  type Listening,
  securePort,
  visitorsOrigin,
  visitorsPort,
} from "./reach.ts";
export { type Whereabouts, whereaboutsFor } from "./whereabouts.ts";
