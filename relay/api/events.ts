/** `/events`: what happens on the relay, as it happens. @module */

import { createRoute, z } from "@hono/zod-openapi";
import type { EventFeed, FeedEvent } from "./event_feed.ts";
import type { Ids } from "../store/mod.ts";
import { type EventStreams, eventText, type Source } from "./event_stream.ts";
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
        const { me } = c.var;
        const after = c.req.valid("header")["last-event-id"] ?? c.req.valid("query").after;
        return streams.open(c.req.raw, c.env, me, feedSource(live.events, { ids, me, after }));
      },
    );
  };
}

/** Who watches the feed, and from where on. */
export interface Watching {
  readonly ids: Ids;
  readonly me: Identity;
  /** The id of the last event that the reader has; undefined begins with now. */
  readonly after: string | undefined;
  /** What stands before each event. */
  readonly address?: string;
}

/** Sends the events that an account may see. @throws {Problem} 422. */
export function feedSource(
  events: EventFeed,
  { ids, me, after, address = "" }: Watching,
): Source {
  const last = after !== undefined && BARE_NUMBER.test(after)
    ? -1
    : cursorOf(ids, "event", after, "after");
  return (sender) => {
    const tell = (event: FeedEvent): void => {
      if (concerns(event, me)) sender.sendTexts([address + textOf(event, ids)]);
    };
    if (last !== undefined) {
      const missed = events.since(last);
      if (!missed.whole) {
        sender.sendTexts([address + eventText({ event: "gap", data: { missed: null } })]);
      }
      missed.events.forEach(tell);
    }
    return events.subscribe(tell);
  };
}

/** Each is written once for all who watch. */
const texts = new WeakMap<FeedEvent, string>();

function textOf(event: FeedEvent, ids: Ids): string {
  let text = texts.get(event);
  if (text === undefined) {
    text = eventText({ event: event.type, id: ids.hide("event", event.id), data: event.data });
    texts.set(event, text);
  }
  return text;
}

function concerns({ account }: FeedEvent, me: Identity): boolean {
  return seesAll(me) || (account !== "" && account === me.name);
}
