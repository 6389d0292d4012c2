/** The store's words as the schemas need them. @module */

import { parseName as parse, type Role, type Scope, StoreError } from "../store/mod.ts";

/** Every role. */
export const ROLES = ["admin", "member", "viewer"] as const satisfies readonly Role[];
/** The scopes that users can choose. */
export const SCOPES = ["full", "agent", "read", "metrics"] as const satisfies readonly Scope[];
/** The steps of usage. */
export const DURATION_STEPS = ["second", "minute", "hour", "day", "whole"] as const;

/** What is wrong with a new name; undefined for a good one. */
export function parseName(text: string): string | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return error.message;
  }
}
