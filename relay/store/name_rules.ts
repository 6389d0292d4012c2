/** Which texts can be names, which are kept for the program, and which look alike. @module */

import { StoreError } from "./store_error.ts";

/** The account behind the credential that a relay makes for agents on its own machine. */
export const LOCAL_ACCOUNT = "local";
/** The account that the first start makes. */
export const ADMIN_ACCOUNT = "admin";

/** Who changes things besides accounts, as the audit log calls them: no account can be called so. */
export const ACTORS = { system: "system", shell: "shell" } as const;

const GRAMMAR = /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/;

/** First path segments that the relay answers itself, and names that would mislead. */
const RESERVED: ReadonlySet<string> = new Set([
  ...["admin", "api", "metrics", "healthz", "readyz", "download", "install", "static"],
  ...["www", "mail", "login", "signin", "auth", "account", "support", "localhost"],
  ...["relay", "agent", "both", "serve", "tunnel", LOCAL_ACCOUNT],
  // Who is not an account in the audit log, and where that one sits.
  ...[ACTORS.system, ACTORS.shell, "unix"],
]);

const RESERVED_SKELETONS: ReadonlySet<string> = new Set([...RESERVED].map(skeleton));

/** The name that `text` spells, folded to lower case, or undefined where no name is spelt so. Cheap, for every request. */
export function foldName(text: string): string | undefined {
  if (GRAMMAR.test(text)) return text.startsWith("xn--") ? undefined : text;
  // Folding beyond ASCII would turn the Kelvin sign into a k.
  if (!/^[A-Za-z0-9_-]{1,63}$/.test(text)) return undefined;
  const folded = text.toLowerCase();
  return GRAMMAR.test(folded) && !folded.startsWith("xn--") ? folded : undefined;
}

/**
 * The name that `text` spells, folded.
 * @throws {StoreError} `invalid`, `reserved`, or `looks-like` where it resembles a reserved one.
 */
export function parseName(text: string): string {
  const field = "name";
  const name = foldName(text);
  if (name === undefined) {
    throw new StoreError(
      "invalid",
      "A name is 1 to 63 letters a to z, digits, - and _, begins and ends with a letter or digit, and does not begin with xn--",
      { field },
    );
  }
  if (RESERVED.has(name)) {
    throw new StoreError("reserved", `The name ${name} is reserved`, { field });
  }
  if (RESERVED_SKELETONS.has(skeleton(name))) throw looksLike(name, "reserved");
  return name;
}

/** What is the same for all names that look alike: 0 and o, 1 and l and i, - and _. */
export function skeleton(name: string): string {
  return name.replaceAll("0", "o").replace(/[1i]/g, "l").replaceAll("_", "-");
}

/** The error for `name`, which resembles a name that is `what`. */
export function looksLike(name: string, what: "reserved" | "taken"): StoreError {
  return new StoreError(
    "looks-like",
    `The name ${name} looks too much like one that is ${what}: 0 and o, 1 and l and i, - and _ count as the same`,
    { field: "name" },
  );
}
