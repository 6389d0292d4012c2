/** The options that every command has. @module */

import { choice, file, toggle } from "../kinds/mod.ts";
import { defineOptions } from "./option.ts";

const group = "General";

/** How the program's own log looks; on stderr. */
export const generalOptions = defineOptions({
  logFormat: {
    live: true,
    kind: choice("text", "json"),
    default: "text",
    group,
    help: "how the program's own log on stderr is written",
  },
  logLevel: {
    live: true,
    kind: choice("debug", "info", "warn", "error"),
    default: "info",
    group,
    help: "the least important message to write",
  },
});

/** For the commands that read a configuration file. */
export const configOptions = defineOptions({
  config: {
    kind: file,
    group,
    help: "a TOML file with the same options as keys; flags and environment override it",
  },
});

/** For the commands that stay. */
export const checkOptions = defineOptions({
  check: {
    kind: toggle,
    group,
    help:
      "only print the settings, each with where it came from, look at the files they name, and end",
  },
});
