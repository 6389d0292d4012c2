/** Commands, their help and completions, and what a running one has. @module */

export { type Check, type Invocation, readCommandLine } from "./command_line.ts";
export { commands } from "./commands.ts";
export type { Page } from "./help.ts";
export {
  type LocalRelay,
  localRelayDirectory,
  readLocalRelays,
  removeLocalRelay,
  writeLocalRelay,
} from "./local_relay.ts";
export { CommandFailure, type Program, type Running } from "./program.ts";
export { checkReadyFile, unreadyFile, writeReadyFile } from "./ready_file.ts";
export { type About } from "./version.ts";
