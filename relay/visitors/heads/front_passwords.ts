/** Keeps the password that a proxy in front of the relay asks for away from agents, as far as it can be told. @module */

import { createHmac, randomBytes } from "node:crypto";
import { Field, type Head } from "../../../http/mod.ts";

/** Passwords and names that are remembered; of more the oldest go. */
const MAX_KNOWN = 4096;
const BASIC = /^basic\b/i;

/**
 * No page of the relay's own asks for a Basic password: one that comes there was asked for by a proxy in front, and
 * browsers send it along to every name.
 */
export class FrontPasswords {
  readonly #secret = randomBytes(32);
  readonly #seen = new Set<string>();
  readonly #asking = new Set<string>();

  /** Takes note of a request for a page of the relay's own. */
  note(head: Head): void {
    const value = basicOf(head);
    if (value !== undefined) keep(this.#seen, this.#digest(value));
  }

  /** A name's agent asks for Basic passwords itself. */
  asks(name: string): void {
    keep(this.#asking, name);
  }

  /**
   * Whether a request's Basic password is not for the agent. Behind a trusted proxy a browser sends one by itself to a
   * name that never asked.
   */
  isFronts(
    head: Head,
    { name, proxied }: { readonly name: string; readonly proxied: boolean },
  ): boolean {
    const value = basicOf(head);
    if (value === undefined) return false;
    if (this.#seen.size > 0 && this.#seen.has(this.#digest(value))) return true;
    return proxied && !this.#asking.has(name) && isBrowser(head);
  }

  #digest(value: string): string {
    return createHmac("sha256", this.#secret).update(value).digest("base64url");
  }
}

function basicOf(head: Head): string | undefined {
  const value = head.get(Field.authorization);
  return value !== undefined && BASIC.test(value) ? value : undefined;
}

function isBrowser(head: Head): boolean {
  return head.has(Field["sec-fetch-mode"]) ||
    head.get(Field["user-agent"])?.startsWith("Mozilla/") === true;
}

function keep(set: Set<string>, value: string): void {
  if (set.has(value)) return;
  if (set.size >= MAX_KNOWN) set.delete(set.values().next().value!);
  set.add(value);
}
