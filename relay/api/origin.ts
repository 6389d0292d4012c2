/** Refuses changing calls that a foreign page sends by a signed-in browser. @module */

import type { Caller } from "./context.ts";
import { bearsToken } from "./identity.ts";
import { forbidden, Problem } from "./problem.ts";

const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const BODIED: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** Whether the call may change something. */
export function isChanging(method: string): boolean {
  return !READING.has(method);
}

/**
 * Tenants are same-site with the dashboard, so SameSite alone protects nothing. Every browser says with a changing
 * call where it comes from: by Origin, and in secure contexts by Sec-Fetch-Site. What says neither is no
 * browser and has no cookies but its own. Tokens are never sent by a browser on its own.
 * @throws {Problem} 403.
 */
export function checkOrigin({ method, headers }: Request, caller: Caller): void {
  if (!isChanging(method) || caller.isShell || bearsToken(headers)) return;
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  if (site === "same-origin" || (site === null && origin === null)) return;
  if (origin !== null && caller.origins.includes(origin)) return;
  throw forbidden("A page of another origin may not change anything here", "other-origin");
}

/**
 * Forms cannot send JSON: one more thing that a foreign page would need our leave for. What needs no body may come
 * without one.
 * @throws {Problem} 415.
 */
export function checkType({ method, headers, body }: Request): void {
  if (!BODIED.has(method) || (body === null && !headers.has("content-type"))) return;
  const type = (headers.get("content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
  if (type === "application/json") return;
  throw new Problem(415, "not-json", "Send the body as application/json");
}
