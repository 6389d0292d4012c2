/** Commands, their help and completions, and what a running one has. @module */

export {
  type Check,
  type CommandLineOptions,
  type Invocation,
  type OptionsOf,
  readCommandLine,
} from "./command_line.ts";
export { type CommandName, commands } from "./commands.ts";
export type { Page } from "./help.ts";
export {
  type LocalRelay,
  localRelayDirectory,
  readLocalRelays,
  removeLocalRelay,
  writeLocalRelay,
} from "./local_relay.ts";
export { CommandFailure, type Program, type ReadAgain, type Running } from "./program.ts";
export { checkReadyFile, unreadyFile, writeReadyFile } from "./ready_file.ts";
export { type About, versionText } from "./version.ts";
