/** The commands `crunch backup` and `crunch restore`. @module */

import { configTables } from "./config_tables.ts";
import { configOptions, generalOptions } from "./general_options.ts";
import { file, toggle } from "../kinds/mod.ts";
import { defineCommand, defineOptions, type Positional } from "./option.ts";
import { dataOptions } from "./relay_options.ts";

const configuration = { reads: ["relay"], known: configTables };

const backupFile: Positional = { name: "FILE", help: "the backup", kind: file };

const backup = defineCommand({
  name: "backup",
  summary: "saves a relay's accounts, names, tokens, settings and keys in one file",
  examples: [
    ["crunch backup crunch-backup.tar", "while the relay runs, or does not"],
    ["crunch backup --log crunch-backup.tar", "with the request log"],
  ],
  positionals: [backupFile],
  configuration,
  options: {
    ...dataOptions,
    ...defineOptions({
      log: { kind: toggle, group: "Backup", help: "with the request log, which may be large" },
    }),
    ...configOptions,
    ...generalOptions,
  },
});

const restore = defineCommand({
  name: "restore",
  summary: "puts a backup into the data directory of a relay that does not run",
  examples: [
    ["crunch restore crunch-backup.tar", "into an empty directory"],
    ["crunch restore crunch-backup.tar --replace", "in place of what is there"],
  ],
  positionals: [backupFile],
  configuration,
  options: {
    ...dataOptions,
    ...defineOptions({
      replace: {
        kind: toggle,
        group: "Backup",
        help: "lose the accounts, keys and log that are in the directory",
      },
    }),
    ...configOptions,
    ...generalOptions,
  },
});

/** Both by their words. */
export const backupCommands = { backup, restore };
