/** The store's words as the schemas need them. @module */

import {
  parseName as parse,
  parseScope as parseWords,
  type Role,
  StoreError,
} from "../store/mod.ts";

/** Every role. */
export const ROLES = ["admin", "member", "viewer"] as const satisfies readonly Role[];
/** The steps of usage. */
export const DURATION_STEPS = ["second", "minute", "hour", "day", "whole"] as const;

/** What is wrong with a new name; undefined for a good one. */
export function parseName(text: string): string | undefined {
  return complaint(() => parse(text));
}

/** What is wrong with a new token's scope; undefined for a good one. */
export function parseScope(text: string): string | undefined {
  return complaint(() => parseWords(text));
}

function complaint(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return error.message;
  }
}
