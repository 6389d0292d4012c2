/** `/agents` and `/tunnels`: who is connected, and what is published by it. @module */

import { createRoute, z } from "@hono/zod-openapi";
import { agentView } from "../agent_view.ts";
import type { ConnectedAgent } from "../connected_agent.ts";
import { type Identity, needsOwner, sees } from "./identity.ts";
import { absent } from "./problem.ts";
import { done, json, refusals, rfc3339, type Routes } from "./routing.ts";
import { agent as agentSchema, listOf, tunnel } from "./schemas.ts";

const tags = ["agents"];
const params = z.object({ id: z.string() });
/** An agent that was sent away is asked to stay away for so long, ms. */
const STAY_AWAY = 5_000;

/** Adds the routes. */
export const agentRoutes: Routes = (app, { store, live }) => {
  const seen = (me: Identity): ConnectedAgent[] =>
    [...live?.registry.agents.values() ?? []].filter((agent) => sees(me, agent.facts.account));

  app.openapi(
    createRoute({
      method: "get",
      path: "/agents",
      tags,
      summary: "Lists the agents that are connected, first come first",
      responses: { 200: json(listOf(agentSchema), "All of them"), ...refusals },
    }),
    (c) => c.json({ items: seen(c.var.me).map(agentView), next: null }, 200),
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/agents/{id}",
      tags,
      summary: "Shows an agent",
      request: { params },
      responses: { 200: json(agentSchema, "The agent"), ...refusals },
    }),
    (c) => {
      const { id } = c.req.valid("param");
      const agent = live?.registry.agents.get(id);
      if (agent === undefined || !sees(c.var.me, agent.facts.account)) throw absent("agent", id);
      return c.json(agentView(agent), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/agents/{id}",
      tags,
      summary: "Disconnects an agent; with good credentials it may come back",
      request: { params },
      responses: { ...done, ...refusals },
    }),
    (c) => {
      const { me } = c.var;
      const { id } = c.req.valid("param");
      const agent = live?.registry.agents.get(id);
      needsOwner(me, agent?.facts.account, "agent", id);
      const { account, names } = agent!.facts;
      store.changes.run(me.actor, (note) => {
        note({ action: "agent.disconnect", account, object: id, before: { names } });
      });
      agent!.close({
        code: "disconnected",
        message: `disconnected by ${me.name}`,
        retryAfter: STAY_AWAY,
      });
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/tunnels",
      tags,
      summary: "Lists the names that are published at the moment",
      responses: { 200: json(listOf(tunnel), "All of them"), ...refusals },
    }),
    (c) => {
      const items = seen(c.var.me).flatMap((agent) => {
        const { id, account, names, transport } = agent.facts;
        // One that was replaced finishes what is under way, and answers for nothing.
        return names.filter((name) => live?.registry.find(name) === agent).map((name) => ({
          name,
          account,
          agent: id,
          urls: live?.urls(name, c.env) ?? [],
          transport,
          since: rfc3339(agent.since),
        }));
      });
      return c.json({ items, next: null }, 200);
    },
  );
};
