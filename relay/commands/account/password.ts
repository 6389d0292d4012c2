/** Where a password comes from: a file, the environment, or the keyboard. @module */

import { askSecret, CommandFailure, type Secret } from "../../../cli/mod.ts";

/**
 * The password that was given, or asked for twice without showing it.
 * @throws {UsageError} where there is no terminal to ask at. @throws {CommandFailure} where the two differ.
 */
export async function passwordFor(
  name: string,
  given: Secret | undefined,
  command: string,
): Promise<string> {
  if (given !== undefined) return given.reveal();
  const ask = async (question: string): Promise<string> => {
    const answer = await askSecret(question, {
      command,
      instead: "set CRUNCH_PASSWORD or give --password-file FILE",
    });
    if (answer === null) throw new CommandFailure("nothing was changed");
    return answer;
  };
  const password = await ask(`Password for ${name} (8 to 1024 bytes): `);
  if (await ask("The same again: ") !== password) {
    throw new CommandFailure("the two passwords differ; nothing was changed");
  }
  return password;
}
