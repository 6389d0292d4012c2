/** Every option of every command, in tables. @module */

export { accountCommands, remoteRelay } from "./account_options.ts";
export {
  agentOptions,
  agentPositionals,
  type AgentValues,
  checkAgent,
  type OriginSpec,
  type ProxySpec,
  type Publication,
  publications,
} from "./agent_options.ts";
export { backupCommands } from "./backup_options.ts";
export { configTables } from "./config_tables.ts";
export { checkOptions, configOptions, generalOptions } from "./general_options.ts";
export {
  type Command,
  commandLineWording,
  type Configuration,
  dashed,
  defineCommand,
  type EntriesKind,
  type Flag,
  flagsOf,
  isOnByDefault,
  type Option,
  type Options,
  type Source,
  type Surroundings,
  type Values,
  variable,
  type Wording,
} from "./option.ts";
export {
  checkRelay,
  lifeOptions,
  relayOptions,
  type RelayValues,
  stateDirectory,
} from "./relay_options.ts";
