/** What a schema found wrong, in words for each field. @module */

import type { z } from "@hono/zod-openapi";
import type { FieldError } from "./problem.ts";

/** The errors of one request. */
export function fieldErrors(error: z.core.$ZodError): FieldError[] {
  return error.issues.flatMap((issue): FieldError[] => {
    const field = issue.path.map(String).join(".");
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ field: key, message: "is not a field of this" }));
    }
    return [{ field: field || "body", message: wording(issue) }];
  });
}

/** The errors in one line; whole sentences say themselves what they are about. */
export function detailOf(errors: readonly FieldError[]): string {
  return errors.map(({ field, message }) =>
    /^[A-Z]/.test(message) ? message : `${field} ${message}`
  ).join("; ");
}

function wording(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      // Zod says so only in its text.
      return issue.message.endsWith("received undefined")
        ? "is missing"
        : `has to be ${article(issue.expected)}`;
    case "invalid_value":
      return `has to be one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `has to be at least ${issue.minimum}${issue.origin === "string" ? " long" : ""}`;
    case "too_big":
      return `may be at most ${issue.maximum}${issue.origin === "string" ? " long" : ""}`;
    case "invalid_format":
      return issue.format === "datetime"
        ? "has to be a time such as 2026-11-21T10:00:00Z"
        : issue.message;
    case "invalid_union":
      return "has a value of a kind that it cannot have";
    default:
      return issue.message;
  }
}

function article(type: string): string {
  return `${/^[aeio]/.test(type) ? "an" : "a"} ${type}`;
}
