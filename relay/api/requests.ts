/** `/requests`: the log of visitors' requests, as pages and as they come. @module */

import { createRoute, z } from "@hono/zod-openapi";
import {
  type GapRow,
  type LogRow,
  type RequestList,
  type RequestRow,
  requestView,
  type Role,
} from "../store/mod.ts";
import type { EventStreams } from "./event_stream.ts";
import type { LogStreams } from "./log_streams.ts";
import { askerOf, identify, type Identity, scopeOf } from "./identity.ts";
import { absent } from "./problem.ts";
import { RequestExports } from "./request_export.ts";
import {
  exportQuery,
  filterOf,
  followQuery,
  requestPage,
  timedFilters,
  topList,
  topQuery,
} from "./request_schemas.ts";
import { json, PAGE, page, refusals, rfc3339, type Routes } from "./routing.ts";
import { request } from "./schemas.ts";

const tags = ["requests"];
const NONE: RequestList = { items: [], next: null };

/** Adds the routes. */
export function requestRoutes(streams: EventStreams, logs: LogStreams): Routes {
  const exports = new RequestExports();
  return (app, context) => {
    const { ids } = context.store;
    app.openapi(
      createRoute({
        method: "get",
        path: "/requests",
        tags,
        summary: "Lists requests, newest first; a member sees those to its own names only",
        request: { query: page.extend(timedFilters.shape) },
        responses: { 200: json(requestPage, "A page of requests"), ...refusals },
      }),
      async (c) => {
        const { cursor, limit = PAGE, ...given } = c.req.valid("query");
        const before = logs.seqOf(c.var.me, cursor);
        const filter = filterOf(given, c.var.me);
        const from = before === undefined ? {} : { before };
        const asked = { ...filter, ...from, limit };
        const found = await context.reader?.requests(asked, askerOf(c.var.me)) ?? NONE;
        const { items, next } = found;
        const newest = items[0]?.seq ?? before ?? found.newest ?? 0;
        return c.json({
          items: items.filter(isRequest).map(requestView),
          next: next === null ? null : ids.hide("log", next),
          newest: ids.hide("log", newest),
          gaps: items.filter(isGap).map((gap) => ({
            time: rfc3339(gap.time),
            missed: gap.leftOut,
          })),
        }, 200);
      },
    );

    app.openapi(
      createRoute({
        method: "get",
        path: "/requests/export",
        tags,
        summary: "Gives all such requests as a file, newest first",
        description:
          "A file that could not be read to its end breaks off. No cell of CSV begins like a formula.",
        request: { query: exportQuery },
        responses: {
          200: {
            description: "The file",
            content: {
              "text/csv": { schema: z.string() },
              "application/x-ndjson": { schema: z.string() },
            },
          },
          ...refusals,
        },
      }),
      async (c) => {
        const { format = "csv", ...given } = c.req.valid("query");
        const { me } = c.var;
        const { env, req } = c;
        return await exports.answer({
          reader: context.reader,
          filter: filterOf(given, me),
          format,
          asker: askerOf(me),
          isAllowed: () => isStill(me.role, () => identify(context.store, env, req.raw.headers)),
        });
      },
    );

    app.openapi(
      createRoute({
        method: "get",
        path: "/requests/top",
        tags,
        summary: "Shows what there was most of among the newest 200,000 requests of a time",
        request: { query: topQuery },
        responses: { 200: json(topList, "The first of them"), ...refusals },
      }),
      async (c) => {
        const { by = "path", sort = "requests", limit = 10, ...given } = c.req.valid("query");
        const filter = filterOf(given, c.var.me);
        const list = await context.reader?.top(
          { ...filter, by, sort, limit },
          askerOf(c.var.me),
        ) ??
          { items: [], scanned: 0, whole: true };
        const items = list.items.map(({ value, requests, errors, ...row }) => ({
          ...{ value, requests, errors, bytes_in: row.bytesIn, bytes_out: row.bytesOut },
          ...{ avg_ms: row.avgMs, max_ms: row.maxMs },
        }));
        return c.json({ items, scanned: list.scanned, whole: list.whole }, 200);
      },
    );

    app.openapi(
      createRoute({
        method: "get",
        path: "/requests/stream",
        tags,
        summary: "Sends requests as they end; goes on after `Last-Event-ID`",
        request: {
          query: followQuery,
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
        const { after, ...given } = c.req.valid("query");
        const from = logs.after(me, c.req.valid("header")["last-event-id"] ?? after);
        const source = logs.source(me, [{ filter: filterOf(given, me), ...from }]);
        return streams.open(c.req.raw, c.env, me, source);
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
        const began = ids.beganAt(id);
        const row = await context.reader?.request(id, {
          ...(began === undefined ? {} : { began }),
          ...(account === undefined ? {} : { account }),
        }, askerOf(c.var.me));
        if (row === undefined) throw absent("request", id);
        return c.json(requestView(row), 200);
      },
    );
  };
}

function isRequest(row: LogRow): row is RequestRow {
  return row.kind === "request";
}

function isGap(row: LogRow): row is GapRow {
  return row.kind === "gap";
}

/** Whether `who` still has that role; an anonymous caller has none. */
function isStill(role: Role, who: () => Identity): boolean {
  try {
    return who().role === role;
  } catch {
    return false;
  }
}
