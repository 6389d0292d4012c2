/** `/events`: what happens on the relay, as it happens. @module */

import { createRoute, z } from "@hono/zod-openapi";
import type { FeedEvent } from "../event_feed.ts";
import type { EventStreams } from "./event_stream.ts";
import { type Identity, seesAll } from "./identity.ts";
import { Problem } from "./problem.ts";
import { BARE_NUMBER, cursorOf, refusals, type Routes } from "./routing.ts";

/** Adds the routes. */
export function eventRoutes(streams: EventStreams): Routes {
  return (app, { live, store: { ids } }) => {
    app.openapi(
      createRoute({
        method: "get",
        path: "/events",
        tags: ["events"],
        summary: "Sends agents' comings and goings and every change; goes on after `Last-Event-ID`",
        request: {
          query: z.object({
            after: z.string().optional().openapi({
              description: "the same, for a page that begins anew: it cannot send the field",
            }),
          }),
          headers: z.object({ "last-event-id": z.string().optional() }),
        },
        responses: {
          200: {
            description: "Events like `agent.connected` and `account.update`, and `gap`",
            content: { "text/event-stream": { schema: z.string() } },
          },
          ...refusals,
        },
      }),
      (c) => {
        if (live === null) throw new Problem(503, "not-running", "No relay runs here");
        const { events } = live;
        const { me } = c.var;
        const after = c.req.valid("header")["last-event-id"] ?? c.req.valid("query").after;
        const last = after !== undefined && BARE_NUMBER.test(after)
          ? -1
          : cursorOf(ids, "event", after, "after");
        return streams.open(c.req.raw, c.env, me, (sender) => {
          const send = (event: FeedEvent): void => {
            if (!concerns(event, me)) return;
            sender.send({ event: event.type, id: ids.hide("event", event.id), data: event.data });
          };
          if (last !== undefined) {
            const missed = events.since(last);
            if (!missed.whole) sender.send({ event: "gap", data: { missed: null } });
            missed.events.forEach(send);
          }
          return events.subscribe(send);
        });
      },
    );
  };
}

function concerns({ account }: FeedEvent, me: Identity): boolean {
  return seesAll(me) || (account !== "" && account === me.name);
}
