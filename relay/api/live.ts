/** `/live`: all that a browser's windows look at, in one stream: it has six connections to a host. @module */

import { createRoute, z } from "@hono/zod-openapi";
import type { EventStreams, Source } from "./event_stream.ts";
import { feedSource } from "./events.ts";
import type { LogStreams } from "./log_streams.ts";
import { Problem } from "./problem.ts";
import { filterOf } from "./request_schemas.ts";
import { body, refusals, type Routes } from "./routing.ts";

/** Lists of requests in one stream. */
const MOST_LISTS = 32;

const wanted = z.object({
  as: z.string().optional().openapi({
    description: "the account that is meant; 409 where somebody else is signed in by now",
  }),
  events: z.object({ after: z.string().optional() }).optional().openapi({
    description: "what happens on the relay, as at `/events`, to `events`",
  }),
  requests: z.array(z.object({ filter: z.string().optional(), after: z.string().optional() }))
    .max(MOST_LISTS).optional().openapi({
      description: "as at `/requests/stream`, each to its place in this list",
    }),
}).openapi("LiveStream");

/** Adds the route. */
export function liveRoutes(streams: EventStreams, logs: LogStreams): Routes {
  return (app, { live, store: { ids } }) => {
    app.openapi(
      createRoute({
        method: "post",
        path: "/live",
        // The dashboard's own: programs have `/events` and `/requests/stream`.
        hide: true,
        tags: ["events"],
        summary: "Sends events and any number of lists of requests in one stream",
        description:
          "Each event has a field `to` besides `event`, `id` and `data`: `events`, or which of " +
          "`requests` it is for: `0,2`. Nothing is changed by it.",
        request: { body: body(wanted) },
        responses: {
          200: {
            description: "The events of `/events` and `/requests/stream`",
            content: { "text/event-stream": { schema: z.string() } },
          },
          409: { description: "Somebody else is signed in" },
          ...refusals,
        },
      }),
      (c) => {
        if (live === null) throw new Problem(503, "not-running", "No relay runs here");
        const { me } = c.var;
        const { as, events, requests = [] } = c.req.valid("json");
        if (as !== undefined && as !== me.name) {
          throw new Problem(409, "other-account", `${me.name} is signed in by now`);
        }
        const sources: Source[] = [];
        if (requests.length > 0) {
          const lists = requests.map(({ filter = "", after }) => ({
            filter: filterOf({ filter }, me),
            ...logs.after(me, after),
          }));
          sources.push(logs.source(me, lists, { isAddressed: true }));
        }
        if (events !== undefined) {
          const { after } = events;
          sources.push(feedSource(live.events, { ids, me, after, address: "to: events\n" }));
        }
        return streams.open(c.req.raw, c.env, me, (sender) => {
          const stops = sources.map((source) => source(sender));
          return () => stops.forEach((stop) => stop());
        });
      },
    );
  };
}
