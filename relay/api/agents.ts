/** `/agents` and `/tunnels`: who is connected, and what is published by it. @module */

import { createRoute, z } from "@hono/zod-openapi";
import type { SessionEnd } from "../../tunnel/mod.ts";
import { agentView, type ConnectedAgent } from "../agents/mod.ts";
import { etagOf, ifMatch, needsMatch } from "./etag.ts";
import { type Identity, needsOwner, sees } from "./identity.ts";
import { absent } from "./problem.ts";
import {
  conflicts,
  done,
  json,
  longPage,
  pageOf,
  refusals,
  rfc3339,
  type Routes,
  slice,
  tagged,
} from "./routing.ts";
import { agent as agentSchema, listOf, tunnel } from "./schemas.ts";

const tags = ["agents"];
const params = z.object({ id: z.string() });
/** An agent that was sent away is asked to stay away for so long, ms. */
const STAY_AWAY = { disconnect: 5_000, drain: 60_000 } as const;

/** Adds the routes. */
export const agentRoutes: Routes = (app, { store, live }) => {
  const seen = (me: Identity): ConnectedAgent[] =>
    [...live?.registry.agents.values() ?? []].filter((agent) => sees(me, agent.facts.account));

  /** The agent that `me` sends away, which the audit log says first. */
  const sendAway = (me: Identity, how: keyof typeof STAY_AWAY, id: string, match?: string) => {
    const agent = live?.registry.agents.get(id);
    needsOwner(me, agent?.facts.account, "agent", id);
    needsMatch(match, etagOf(id));
    const { account, names, address } = agent!.facts;
    const before = { names, address, streams: agent!.streams };
    store.changes.run(me.actor, (note) => {
      note({ action: `agent.${how}`, account, object: id, before });
    });
    return agent!;
  };
  const farewell = (me: Identity, how: keyof typeof STAY_AWAY): SessionEnd => ({
    code: "disconnected",
    message: `${how === "drain" ? "drained" : "disconnected"} by ${me.name}`,
    retryAfter: STAY_AWAY[how],
  });

  app.openapi(
    createRoute({
      method: "get",
      path: "/agents",
      tags,
      summary: "Lists the agents that are connected, first come first",
      request: { query: longPage },
      responses: { 200: json(listOf(agentSchema), "A page of agents"), ...refusals },
    }),
    (c) => {
      const place = ({ since, facts: { id } }: ConnectedAgent) => ({ time: since, id });
      const page = slice(seen(c.var.me), c.req.valid("query"), { view: agentView, place });
      return c.json(page, 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/agents/{id}",
      tags,
      summary: "Shows an agent",
      request: { params },
      responses: { 200: tagged(agentSchema, "The agent"), ...refusals },
    }),
    (c) => {
      const { id } = c.req.valid("param");
      const agent = live?.registry.agents.get(id);
      if (agent === undefined || !sees(c.var.me, agent.facts.account)) throw absent("agent", id);
      c.header("etag", etagOf(id));
      return c.json(agentView(agent), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/agents/{id}",
      tags,
      summary: "Disconnects an agent; with good credentials it may come back",
      request: { params, headers: ifMatch },
      responses: { ...done, ...refusals, ...conflicts },
    }),
    (c) => {
      const { me } = c.var;
      const { id } = c.req.valid("param");
      sendAway(me, "disconnect", id, c.req.valid("header")["if-match"])
        .close(farewell(me, "disconnect"));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/agents/{id}/drain",
      tags,
      summary: "Sends an agent away once it has finished what is under way",
      description:
        "Its names are free at once. With good credentials it may come back a minute later.",
      request: { params, headers: ifMatch },
      responses: {
        202: { description: "It takes no new requests, and goes when the last one is done" },
        ...refusals,
        ...conflicts,
      },
    }),
    (c) => {
      const { me } = c.var;
      const { id } = c.req.valid("param");
      const agent = sendAway(me, "drain", id, c.req.valid("header")["if-match"]);
      live!.registry.drain(agent, farewell(me, "drain"));
      return c.body(null, 202);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/tunnels",
      tags,
      summary: "Lists the names that are published at the moment, in their order",
      request: { query: longPage },
      responses: { 200: json(listOf(tunnel), "A page of names"), ...refusals },
    }),
    (c) => {
      const { cursor: after = "", limit = 1000 } = c.req.valid("query");
      const rows = seen(c.var.me).flatMap((agent) =>
        // One that was replaced finishes what is under way, and answers for nothing.
        agent.facts.names.filter((name) => name > after && live?.registry.find(name) === agent)
          .map((name) => ({ name, agent }))
      ).sort((one, other) => one.name < other.name ? -1 : 1);
      const view = ({ name, agent }: typeof rows[number]) => {
        const { id, account, transport, mounts = [] } = agent.facts;
        const urls = live?.urls(name, c.env) ?? [];
        const since = rfc3339(agent.since);
        return { name, account, agent: id, urls, transport, since, mounts: [...mounts] };
      };
      return c.json(pageOf(rows, { limit, view, cursor: ({ name }) => name }), 200);
    },
  );
};
