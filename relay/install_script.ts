/** The scripts at `/install.sh` and `/install.ps1`, which install crunch from this relay. @module */

import { staticText } from "./static_text.ts";
import type { Whereabouts } from "./whereabouts.ts";

/** What stands in the script's quotes; neither shell sees anything special in these. */
const HARMLESS = /^[A-Za-z0-9 ,;:._/+=[\]-]*$/;

/** What the operator has to do so that there are downloads. */
export const NO_DOWNLOADS = "this relay offers no downloads yet; its operator starts it with " +
  "--downloads DIR, where DIR holds the files that deno task release makes";

/**
 * Fills in a script.
 * @param offered whether there are downloads; without them the script says what the operator has to do.
 * @throws {TypeError} for an address that a shell could take for a command.
 */
export function installScript(
  template: string,
  { base, command }: Whereabouts,
  offered: boolean,
): string {
  const values: Record<string, string> = {
    base,
    command: command ?? "",
    problem: offered ? "" : NO_DOWNLOADS,
    key: staticText("release_key.txt").trim(),
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name) => {
    const value = values[name] ?? "";
    if (!HARMLESS.test(value)) throw new TypeError(`Cannot write ${value} into a script`);
    return value;
  });
}
