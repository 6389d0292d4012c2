/** Asks for the password of `--user`, where none was given and there is a terminal. @module */

import { type AgentValues, askSecret, CommandFailure, Secret } from "../cli/mod.ts";

/** What to do where the password cannot be asked for. */
export const GIVE_PASSWORD = "set CRUNCH_PASSWORD or give --password-file FILE";

/**
 * The same settings, with the password.
 * @throws {UsageError} where there is no terminal to ask at. @throws {CommandFailure} where nothing was typed.
 */
export async function withPassword<S extends { readonly values: AgentValues }>(
  settings: S,
  command: string,
): Promise<S> {
  const { user, password } = settings.values;
  if (user === undefined || password !== undefined) return settings;
  const typed = await askSecret(`Password for ${user}: `, {
    command,
    instead: `--user needs the password: ${GIVE_PASSWORD}`,
  });
  if (typed === null || typed === "") throw new CommandFailure("no password was given");
  return { ...settings, values: { ...settings.values, password: new Secret(typed) } };
}
