/** What defaults depend on, as this process finds it around itself. @module */

import type { Surroundings } from "../options/mod.ts";

/** Variables that say where a user's files are; of the program's own none. */
const VARIABLES = ["HOME", "LOCALAPPDATA", "USERPROFILE", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"];

/** True for the superuser. */
export function isRoot(): boolean {
  return Deno.build.os !== "windows" && Deno.uid() === 0;
}

/**
 * For a program that embeds this one: nothing is asked for before a default needs it, since such a program may not
 * be allowed to see its environment, and variables that are options for `crunch` are none for it.
 */
export const ownSurroundings: Surroundings = {
  get env() {
    const found = VARIABLES.map((name) => [name, Deno.env.get(name)] as const);
    return Object.fromEntries(
      found.filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
  },
  os: Deno.build.os,
  get root() {
    return isRoot();
  },
};
