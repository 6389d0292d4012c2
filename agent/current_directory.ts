/** Whether the current directory may be published without being named. @module */

import { join, resolve } from "node:path";
import {
  type AgentValues,
  BadValue,
  CommandFailure,
  namedFileIn,
  type Program,
} from "../cli/mod.ts";
import { PRIVATE_MARKER } from "./files/mod.ts";
import { relayText } from "./link.ts";

/**
 * The directory in which the command was typed. It is published unasked only where that cannot be a mistake.
 * @throws {CommandFailure} elsewhere, with the line to type, which keeps the relay and the account of `values`
 */
export function currentDirectory(
  { around }: Pick<Program, "around">,
  { relay, user }: Partial<Pick<AgentValues, "relay" | "user">> = {},
): string {
  const here = whereTyped(around);
  const home = around.env.HOME ?? around.env.USERPROFILE;
  const why = here === resolve("/")
    ? "the root directory"
    : home !== undefined && isSame(here, home)
    ? "the home directory"
    : exists(join(here, PRIVATE_MARKER))
    ? "a directory of the relay's own data"
    : undefined;
  const named = namedFileIn(here);
  if (why === undefined && named === undefined) return here;
  const what = why === undefined
    ? `${here}, which holds ${named}: an option names that file`
    : `${why}, ${here}`;
  const words = [
    "crunch agent",
    ...(relay === undefined ? [] : ["--relay", relayText(relay)]),
    ...(user === undefined ? [] : ["--user", user]),
    "--dir ./site",
  ];
  throw new CommandFailure(
    `would publish ${what}\nname what to publish:\n  ${words.join(" ")}`,
    2,
  );
}

function whereTyped({ directory }: Program["around"]): string {
  try {
    return Deno.realPathSync(directory?.() ?? ".");
  } catch (cause) {
    const reason = cause instanceof BadValue
      ? `what to publish ${cause.message}`
      : `cannot publish the current directory: ${(cause as Error).message}`;
    throw new CommandFailure(`${reason}\n  crunch agent --dir /srv/site`, 2, { cause });
  }
}

function isSame(here: string, path: string): boolean {
  try {
    return Deno.realPathSync(path) === here;
  } catch {
    return false;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
