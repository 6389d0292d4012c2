/** Finished requests for tests: a plain one, with what a test says of it. @module */

import type { FinishedRequest } from "../../../relay/store/mod.ts";

/** A request that ended just now, or began at `time`. */
export function finished(
  { time, ...fields }: Partial<FinishedRequest> & { readonly time?: number } = {},
): FinishedRequest {
  const ms = fields.ms ?? 1;
  return {
    id: "r1",
    name: "n",
    account: "a",
    agent: "g",
    visitor: "192.0.2.1",
    method: "GET",
    target: "/",
    status: 200,
    bytesIn: 1,
    bytesOut: 2,
    ended: (time ?? Date.now()) + ms,
    ttfbMs: 1,
    ...fields,
    ms,
  };
}
