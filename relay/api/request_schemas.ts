/** How requests are asked for, and the answers that only they have. @module */

import { z } from "@hono/zod-openapi";
import { EXPORT_FORMATS, type RequestFilter, TOP_GROUPS, TOP_SORTS } from "../store/mod.ts";
import { PARAMETERS, parameterTerm, parseFilter } from "./filter.ts";
import { type Identity, scopeOf } from "./identity.ts";
import { unfit } from "./problem.ts";
import { request } from "./schemas.ts";

const instant = z.iso.datetime({ offset: true });
const count = z.int().min(0);

/** Which requests; all that is given has to hold. */
export const filters = z.object({
  filter: z.string().optional().openapi({
    description: "terms with spaces between them: `status:5xx -method:GET name:x* path:*.jpg " +
      "ip:10.0.0.0/8 ms:>500 in:>1MB`, a comma for any of several, quotes around spaces; a word alone is part " +
      "of the target. Keys: status method name account agent path ip ms ttfb in out id.",
    example: "status:5xx -method:GET",
  }),
  name: z.string().max(1000).optional(),
  agent: z.string().max(1000).optional(),
  visitor: z.string().max(1000).optional().openapi({ description: "address, block, or glob" }),
  method: z.string().max(1000).optional(),
  status: z.string().max(1000).optional().openapi({ example: "5xx" }),
  target: z.string().max(1000).optional().openapi({
    description: "a glob: `*` any text, `?` one character",
  }),
});

/** The same of a time. */
export const timedFilters = filters.extend({
  since: instant.optional(),
  until: instant.optional(),
});

/** What of the log `me` asks for, and may see. @throws {Problem} 422. */
export function filterOf(given: z.infer<typeof timedFilters>, me: Identity): RequestFilter {
  const { filter = "", since, until } = given;
  const account = scopeOf(me);
  const terms = parseFilter(filter);
  for (const parameter of Object.keys(PARAMETERS) as (keyof typeof PARAMETERS)[]) {
    const value = given[parameter];
    if (value !== undefined) terms.push(parameterTerm(parameter, value));
  }
  const [from, to] = [since, until].map((time) =>
    time === undefined ? undefined : Date.parse(time)
  );
  if (from !== undefined && to !== undefined && from >= to) {
    throw unfit("since", "lies before until");
  }
  return {
    terms,
    ...(account === undefined ? {} : { account }),
    ...(from === undefined ? {} : { since: from }),
    ...(to === undefined ? {} : { until: to }),
  };
}

/** A page of requests. */
export const requestPage = z.object({
  items: z.array(request),
  next: z.string().nullable().openapi({
    description: "there may be more even after a page with few items or none",
  }),
  newest: z.string().openapi({ description: "what a stream goes on `after`" }),
  gaps: z.array(z.object({
    time: z.iso.datetime(),
    missed: count.openapi({ description: "requests that the log left out" }),
  })).openapi({ description: "of the page's time, newest first; a member is not told" }),
});

/** What to follow. */
export const followQuery = filters.extend({
  after: z.string().optional().openapi({
    description: "like `Last-Event-ID`, which comes before it; also the `newest` of a page",
  }),
});

/** What to export. */
export const exportQuery = timedFilters.extend({ format: z.enum(EXPORT_FORMATS).optional() });

/** What to count. */
export const topQuery = timedFilters.extend({
  by: z.enum(TOP_GROUPS).optional(),
  sort: z.enum(TOP_SORTS).optional(),
  limit: z.coerce.number().int().min(1).max(1000).optional().openapi({
    description: "items at most, 10 by default",
  }),
});

/** What there was most of. */
export const topList = z.object({
  items: z.array(
    z.object({
      value: z.string().openapi({ description: "a path is a target without its query" }),
      requests: count,
      errors: count.openapi({ description: "answered by 5xx, or not at all" }),
      bytes_in: count,
      bytes_out: count,
      avg_ms: z.number(),
      max_ms: z.number(),
    }).openapi("Top"),
  ),
  scanned: count.openapi({ description: "requests that were looked at" }),
  whole: z.boolean().openapi({ description: "false where there were more; then the newest count" }),
});
