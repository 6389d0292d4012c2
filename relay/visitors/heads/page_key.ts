/** Keys in the addresses of sandboxed pages, which tell their requests from those of a page of anybody else. @module */

import { createHmac } from "node:crypto";
import { inCidr, parseCidr, parseIp } from "../../../cli/mod.ts";
import { Field, type Head } from "../../../http/mod.ts";

/**
 * A key at the beginning of a path below a name: `/!Xy3_9aQkLm0/`. A sandboxed page names no origin, sends no Referer
 * (W3C Referrer Policy, section 8.4) and no cookies: nothing of what its scripts ask for says whose it is but the
 * address, which relative links take along.
 */
export const KEYED = /^\/(![\w-]{11})(?=\/)/;

/** A key is made anew after so long, ms, and good for twice that: a page may stay open. */
const PERIOD = 7 * 86_400_000;
/** Names whose keys are kept; when full it starts anew. */
const MAX_KEPT = 4096;

export class PageKeys {
  readonly #secret: Uint8Array;
  readonly #kept = new Map<string, readonly [current: string, previous: string]>();
  readonly #now: () => number;
  #period = 0;

  /** @param secret of the relay, 32 bytes: a restart makes no other keys. */
  constructor(secret: Uint8Array, now: () => number = Date.now) {
    this.#secret = secret;
    this.#now = now;
  }

  /** The key of a name, and the one before it. */
  of(name: string): readonly [current: string, previous: string] {
    const period = Math.floor(this.#now() / PERIOD);
    if (period !== this.#period || this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#period = period;
    let keys = this.#kept.get(name);
    if (keys === undefined) {
      keys = [this.#make(name, period), this.#make(name, period - 1)];
      this.#kept.set(name, keys);
    }
    return keys;
  }

  #make(name: string, period: number): string {
    const mac = createHmac("sha256", this.#secret).update(`page ${period} ${name}`).digest();
    return `!${mac.subarray(0, 8).toString("base64url")}`;
  }
}

/** Addresses that only a neighbour has (RFC 6890): what such a one reaches, others perhaps cannot. */
const NEAR = [
  ...["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"],
  ...["169.254.0.0/16", "::1", "fc00::/7", "fe80::/10"],
].map(parseCidr);

/** Whether a visitor's browser may stand where an attacker's own does not: on this machine, in this network. */
export function isNear(address: string): boolean {
  const bytes = parseIp(address);
  return bytes === undefined || NEAR.some((block) => inCidr(block, bytes));
}

/** Whether a browser asks for a page of its own, or for one in a frame. Not all of them say so over plain HTTP. */
export function isNavigation(head: Head): boolean {
  if (head.method !== "GET") return false;
  const mode = head.get(Field["sec-fetch-mode"]);
  return mode === undefined
    ? head.get(Field["upgrade-insecure-requests"]) === "1"
    : mode === "navigate";
}
