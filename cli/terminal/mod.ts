/** What is printed, asked and logged: text made safe, colours, tables, usage errors, secrets typed. @module */

export { askSecret, Interrupted, isAsking } from "./ask_secret.ts";
export { createLog, type Log, silentLog, telemetryConsole } from "./log.ts";
export { isPrintable, printable, printableJson } from "./printed.ts";
export {
  columns,
  failureText,
  formatTable,
  hasColour,
  makeStyle,
  type Style,
  wrap,
  writeText,
} from "./terminal.ts";
export { BadValue, editDistance, hasControl, quote, suggest, UsageError } from "./usage.ts";
