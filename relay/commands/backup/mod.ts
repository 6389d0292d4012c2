/** `crunch backup` and `crunch restore`: a relay's data directory in one file, and back. @module */

import { CommandFailure, type Invocation, type Program } from "../../../cli/mod.ts";
import { StoreError } from "../../store/mod.ts";
import { restore } from "./restore.ts";
import { save } from "./save.ts";

/** What one of the commands was given. */
export type BackupInvocation = Extract<
  Invocation,
  { readonly command: "backup" | "restore" }
>;

/**
 * Does what the command says.
 * @throws {CommandFailure} with the reason.
 */
export function runBackup(invocation: BackupInvocation, program: Program): void {
  const file = invocation.positionals[0]!;
  try {
    if (invocation.command === "backup") {
      const { data, log } = invocation.values;
      const saved = save(file, { data, log, software: program.software });
      const requests = log ? `, ${count(saved.requests, "request")} of the log` : "";
      program.print(
        `saved ${count(saved.accounts, "account")}, ${
          count(saved.names, "name")
        }${requests} in ${file}\n`,
      );
    } else {
      const { data, replace } = invocation.values;
      const { about, accounts, names } = restore(file, { data, replace });
      program.print(
        `restored ${count(accounts, "account")} and ${
          count(names, "name")
        } of ${about.made} into ${data}\n`,
      );
    }
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    throw new CommandFailure(cause.message, 1, { cause });
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
