/** What a token opens: one word or several, as `full agent`. @module */

import { StoreError } from "./store_error.ts";

/**
 * `full`: the API as far as the account may; `read`: the same without changes; `agent`: agents' sessions; `metrics`:
 * only `/metrics`; `credentials`, beside `full`: makes tokens and administrators and sets passwords. `local`:
 * agents' sessions from this machine (made by the relay itself, never kept).
 */
export type ScopeWord = "full" | "read" | "agent" | "metrics" | "credentials" | "local";

/** The words that users can choose, in the order in which a scope has them. */
export const SCOPES = ["full", "read", "agent", "metrics", "credentials"] as const;

/** What a token is for unless its maker says otherwise. */
export const DEFAULT_SCOPE = "full agent";

/**
 * The words of a scope in their order, each once, with a space between.
 * @throws {StoreError} `invalid`.
 */
export function parseScope(text: string): string {
  const words = new Set(text.split(/[\s,]+/).filter((word) => word !== ""));
  const scope = SCOPES.filter((word) => words.has(word)).join(" ");
  if (scope === "" || [...words].some((word) => !(SCOPES as readonly string[]).includes(word))) {
    throw wrong(`A scope is one or several of ${SCOPES.join(", ")}`);
  }
  if (words.has("full") && words.has("read")) {
    throw wrong("A scope is either full or read: full lets read, too");
  }
  if (words.has("credentials") && !words.has("full")) {
    throw wrong("A scope with credentials needs full, too");
  }
  return scope;
}

/** Whether a scope has that word. */
export function allows(scope: string, word: ScopeWord): boolean {
  return ` ${scope} `.includes(` ${word} `);
}

/** The words of `scope` that the scope `limit` does not have. */
export function beyond(scope: string, limit: string): string[] {
  return scope.split(" ").filter((word) =>
    !allows(limit, word as ScopeWord) && !(word === "read" && allows(limit, "full"))
  );
}

function wrong(message: string): StoreError {
  return new StoreError("invalid", message, { field: "scope" });
}
