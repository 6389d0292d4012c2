/** Finds the configuration that is read without being named: `crunch.toml` where the command was typed. @module */

import { join } from "node:path";
import { BadValue } from "../terminal/mod.ts";

/** Its name. */
export const OWN_CONFIGURATION = "crunch.toml";

/** The file, or why it is left alone. */
export interface OwnConfiguration {
  readonly path?: string;
  readonly warning?: string;
}

/**
 * Only the user's own is read: in a directory that others can write to, such as /tmp, one may have been left to be
 * found.
 * @param directory where the command was typed
 */
export function ownConfiguration(
  directory: (() => string) | undefined,
): OwnConfiguration | undefined {
  let path: string;
  try {
    if (directory === undefined) return undefined;
    path = join(directory(), OWN_CONFIGURATION);
  } catch (error) {
    if (error instanceof BadValue) return undefined;
    throw error;
  }
  let owners: readonly (number | null)[];
  try {
    const file = Deno.statSync(path);
    if (!file.isFile) return undefined;
    // Who left a link there chose what is read, whoever owns that.
    owners = [file.uid, Deno.lstatSync(path).uid];
  } catch {
    return undefined;
  }
  if (Deno.build.os !== "windows" && owners.every((uid) => uid === Deno.uid())) return { path };
  const why = Deno.build.os === "windows"
    ? "nobody can tell whose it is"
    : "it belongs to another user";
  return { warning: `${path} is left alone, as ${why}; to use it: --config ${OWN_CONFIGURATION}` };
}
