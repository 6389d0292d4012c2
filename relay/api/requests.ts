/** `/requests`: the log of visitors' requests, as pages and as they come. @module */

import { createRoute, z } from "@hono/zod-openapi";
import type { LogReader, RequestFilter, RequestRow } from "../store/mod.ts";
import type { ApiContext } from "./context.ts";
import type { EventStreams } from "./event_stream.ts";
import { type Identity, scopeOf, seesAll } from "./identity.ts";
import { absent, Problem } from "./problem.ts";
import { followRequests } from "./request_stream.ts";
import { json, numericCursor, PAGE, page, refusals, rfc3339, type Routes } from "./routing.ts";
import { listOf, request } from "./schemas.ts";

const tags = ["requests"];

const filters = z.object({
  name: z.string().optional(),
  agent: z.string().optional(),
  visitor: z.string().optional(),
  method: z.string().optional(),
  status: z.string().regex(/^(?:[0-5]xx|0|[1-5]\d\d)$/, "is a status like 404 or 5xx").optional()
    .openapi({ example: "5xx" }),
  target: z.string().max(1000).optional().openapi({
    description: "a glob: `*` any text, `?` one character",
  }),
});

/** Adds the routes. */
export function requestRoutes(streams: EventStreams): Routes {
  return (app, context) => {
    app.openapi(
      createRoute({
        method: "get",
        path: "/requests",
        tags,
        summary: "Lists requests, newest first; a member sees those to its own names only",
        request: { query: page.extend(filters.shape) },
        responses: { 200: json(listOf(request), "A page of requests"), ...refusals },
      }),
      async (c) => {
        const { cursor, limit = PAGE, ...given } = c.req.valid("query");
        const before = numericCursor(cursor);
        if (context.reader === null) return c.json({ items: [], next: null }, 200);
        const list = await context.reader.requests({
          ...filterOf(given, c.var.me),
          limit,
          ...(before === undefined ? {} : { before }),
        });
        const items = list.items.filter((row) => row.kind === "request").map(requestView);
        return c.json({ items, next: list.next === null ? null : String(list.next) }, 200);
      },
    );

    app.openapi(
      createRoute({
        method: "get",
        path: "/requests/stream",
        tags,
        summary: "Sends requests as they end; goes on after `Last-Event-ID`",
        request: {
          query: filters,
          headers: z.object({ "last-event-id": z.string().optional() }),
        },
        responses: {
          200: {
            description: "Events `request`, and `gap` where some were left out",
            content: { "text/event-stream": { schema: z.string() } },
          },
          ...refusals,
        },
      }),
      (c) => {
        const { me } = c.var;
        const { live, reader } = running(context);
        const last = numericCursor(c.req.valid("header")["last-event-id"]);
        const filter = filterOf(c.req.valid("query"), me);
        return streams.open(c.req.raw, c.env, me, (sender) =>
          followRequests(sender, {
            requestLog: live.requestLog,
            reader,
            filter,
            after: last,
            view: requestView,
            // How much others had is not a member's business.
            showsGaps: seesAll(me),
          }));
      },
    );

    app.openapi(
      createRoute({
        method: "get",
        path: "/requests/{id}",
        tags,
        summary: "Shows a request",
        request: { params: z.object({ id: z.string().max(100) }) },
        responses: { 200: json(request, "The request"), ...refusals },
      }),
      async (c) => {
        const { id } = c.req.valid("param");
        const account = scopeOf(c.var.me);
        const row = await context.reader?.request(id, account === undefined ? {} : { account });
        if (row?.kind !== "request") throw absent("request", id);
        return c.json(requestView(row), 200);
      },
    );
  };
}

/** @throws {Problem} 503 where no relay runs. */
function running(
  { live, reader }: ApiContext,
): { live: NonNullable<ApiContext["live"]>; reader: LogReader } {
  if (live === null || reader === null) throw new Problem(503, "not-running", "No relay runs here");
  return { live, reader };
}

function filterOf(given: z.infer<typeof filters>, me: Identity): RequestFilter {
  const { name, agent, visitor, method, status, target } = given;
  const account = scopeOf(me);
  const range = status === undefined
    ? undefined
    : status.endsWith("xx")
    ? [Number(status[0]) * 100, Number(status[0]) * 100 + 99] as const
    : [Number(status), Number(status)] as const;
  return {
    ...(account === undefined ? {} : { account }),
    ...(name === undefined ? {} : { name: name.toLowerCase() }),
    ...(agent === undefined ? {} : { agent }),
    ...(visitor === undefined ? {} : { visitor }),
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(range === undefined ? {} : { status: range }),
    ...(target === undefined ? {} : { target }),
  };
}

function requestView(row: RequestRow): z.infer<typeof request> {
  return {
    id: row.id,
    time: rfc3339(row.time),
    name: row.name,
    account: row.account,
    agent: row.agent,
    visitor: row.visitor,
    method: row.method,
    target: row.target,
    status: row.status,
    bytes_in: row.bytesIn,
    bytes_out: row.bytesOut,
    ms: row.ms,
    ttfb_ms: row.ttfbMs,
  };
}
