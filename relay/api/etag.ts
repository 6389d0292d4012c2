/** ETag and If-Match: a change holds for the state that its caller saw, and for no later one. @module */

import { createHash } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { Problem } from "./problem.ts";

/** The header that changes may carry. */
export const ifMatch = z.object({
  "if-match": z.string().optional().openapi({
    description: "an ETag that was got before: with another one by now nothing is done",
  }),
});

/** The ETag of something that is wholly said by `parts`. */
export function etagOf(...parts: readonly (string | number)[]): string {
  const hash = createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
  return `"${hash.slice(0, 22)}"`;
}

/**
 * Compares as RFC 9110 section 13.1.1 says; without the header anything goes.
 * @throws {Problem} 412.
 */
export function needsMatch(header: string | undefined, etag: string): void {
  if (header === undefined || header.trim() === "*") return;
  if (header.split(",").some((one) => one.trim() === etag)) return;
  throw new Problem(412, "conflict", "It was changed meanwhile: read it again");
}
