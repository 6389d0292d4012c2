/** The command line: options, environment, configuration, help, completion, terminal and log. @module */

export { isAlive } from "./alive.ts";
export { ownUnreadableVariable } from "./environment.ts";
export { remoteRelay } from "./account_options.ts";
export {
  type Address,
  address,
  covers,
  type DialAddress,
  dialAddress,
  formatAddress,
  isLoopbackAddress,
  type PortRange,
  TUNNEL_PORT,
} from "./addresses.ts";
export {
  agentOptions,
  type AgentValues,
  checkAgent,
  type OriginSpec,
  type Publication,
  publications,
} from "./agent_options.ts";
export {
  type Cidr,
  inCidr,
  isLoopback,
  parseCidr,
  parseIp,
  type TrustedPeer,
  trustedPeer,
} from "./cidr.ts";
export {
  type Check,
  type CommandLineOptions,
  type Invocation,
  type OptionsOf,
  readCommandLine,
} from "./command_line.ts";
export { type CommandName, commands } from "./commands.ts";
export { directory, formatDuration, type Kind } from "./kinds.ts";
export {
  type AdjustableLog,
  createLog,
  type Log,
  LOG_LEVELS,
  type LogFields,
  type LogLevel,
  type LogOptions,
  silentLog,
  telemetryConsole,
} from "./log.ts";
export { type Trouble, troubleText, unreadable } from "./check.ts";
export type { Page } from "./help.ts";
export { type Mounted, mounted, name } from "./mounts.ts";
export {
  type Command,
  dashed,
  type Option,
  type Options,
  type Source,
  type Surroundings,
  type Values,
} from "./option.ts";
export { type Inputs, parseCommand, type Parsed } from "./parse.ts";
export { isNamedFile, namedFileIn } from "./named_files.ts";
export { exists, leaveNameless, quotePath, typedDirectory } from "./paths.ts";
export type { Written } from "./resolver.ts";
export {
  defaultTexts,
  readSetting,
  type SettingText,
  type SettingType,
  settingType,
  showTexts,
} from "./setting_text.ts";
export { type PlainOptions, readOptions } from "./program_options.ts";
export { checkRelay, relayOptions, type RelayValues, stateDirectory } from "./relay_options.ts";
export { Secret } from "./secret.ts";
export { askSecret, Interrupted, isAsking } from "./ask_secret.ts";
export {
  columns,
  failureText,
  formatTable,
  hasColour,
  makeStyle,
  type Style,
  writeText,
} from "./terminal.ts";
export { ownSurroundings } from "./surroundings.ts";
export { BadValue, quote, suggest, UsageError } from "./usage.ts";
export { type About, versionText } from "./version.ts";
export {
  type LocalRelay,
  localRelayDirectory,
  readLocalRelays,
  removeLocalRelay,
  writeLocalRelay,
} from "./local_relay.ts";
export { checkReadyFile, unreadyFile, writeReadyFile } from "./ready_file.ts";
export { printable, printableJson } from "./printed.ts";
export { CommandFailure, type Program, type ReadAgain, type Running } from "./program.ts";
export { changeable } from "./changeable.ts";
export { FileDraft, sweepDrafts, type WholeFileOptions, writeWholeFile } from "./whole_file.ts";
export { type WatchOptions, watchSettings } from "./watch_settings.ts";
