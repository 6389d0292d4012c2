/** The scripts at `/install.sh` and `/install.ps1`, which install crunch from this relay. @module */

import { isLoopbackHost, type Whereabouts } from "../visitors/reach/mod.ts";
import { staticText } from "./static_text.ts";

/** What stands in the script's quotes; neither shell sees anything special in these. */
const HARMLESS = /^[A-Za-z0-9 ,;:._/+=[\]-]*$/;

/** What the operator has to do so that there are downloads. */
export const NO_DOWNLOADS = "this relay offers no downloads yet; its operator starts it with " +
  "--downloads DIR, where DIR holds the files that deno task release makes";

/** What to add to the lines that install, one for each shell: the scripts refuse plain HTTP beyond this machine. */
export function insecureWords(
  base: string,
): { readonly insecure: string; readonly insecureFirst: string } {
  const { protocol, hostname } = new URL(base);
  return protocol === "http:" && !isLoopbackHost(hostname)
    ? {
      insecure: "CRUNCH_INSTALL_INSECURE=1 ",
      insecureFirst: "$env:CRUNCH_INSTALL_INSECURE = 1; ",
    }
    : { insecure: "", insecureFirst: "" };
}

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
  const given: Record<string, string> = {
    base,
    command: command ?? "",
    problem: offered ? "" : NO_DOWNLOADS,
    key: staticText("release_key.txt").trim(),
  };
  for (const value of Object.values(given)) {
    if (!HARMLESS.test(value)) throw new TypeError(`Cannot write ${value} into a script`);
  }
  const values: Record<string, string> = { ...given, ...insecureWords(base) };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name] ?? "");
}
