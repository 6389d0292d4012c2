/** `/names/{name}/health` and `/names/{name}/qr.svg`: whether a name works, and its address for a telephone. @module */

import { createRoute, z } from "@hono/zod-openapi";
import { HealthProbes, TooManyProbes } from "../agents/mod.ts";
import type { NameRow } from "../store/mod.ts";
// Runs when the first code is drawn.
import defer * as uqr from "uqr";
import type { ApiContext, Caller } from "./context.ts";
import { type Identity, sees } from "./identity.ts";
import { absent, Problem, unfit } from "./problem.ts";
import { json, refusals, rfc3339, type Routes } from "./routing.ts";
import { health } from "./schemas.ts";

const tags = ["names"];
const params = z.object({ name: z.string() });

/** Light modules around a code, as its standard asks for (ISO/IEC 18004). */
const QUIET_ZONE = 4;

/** Adds the routes. */
export const reachRoutes: Routes = (app, context) => {
  const { live, store } = context;
  const probes = live === null ? null : new HealthProbes(live);

  const find = (me: Identity, text: string): NameRow => {
    const row = store.names.get(text);
    if (row === undefined || !sees(me, row.account)) throw absent("name", text);
    return row;
  };

  app.openapi(
    createRoute({
      method: "get",
      path: "/names/{name}/health",
      tags,
      summary: "Asks the name's agent for `/`, as a visitor would; an answer is kept for 5 s",
      request: { params },
      responses: { 200: json(health, "What a visitor gets"), ...refusals },
    }),
    async (c) => {
      const { name } = find(c.var.me, c.req.valid("param").name);
      if (probes === null) throw new Problem(503, "not-running", "No relay runs here");
      try {
        const { checked, ...found } = await probes.check(name, hostOf(context, name, c.env));
        return c.json({ ...found, checked: rfc3339(checked) }, 200);
      } catch (error) {
        if (!(error instanceof TooManyProbes)) throw error;
        throw new Problem(429, "busy", error.message, { headers: { "retry-after": "1" } });
      }
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/names/{name}/qr.svg",
      tags,
      summary: "Draws one of the name's public addresses as a QR code",
      request: {
        params,
        query: z.object({
          url: z.coerce.number().int().min(0).max(9).optional().openapi({
            description: "which of `urls`, counted from 0, the default",
          }),
        }),
      },
      responses: {
        200: {
          description: "Black on white, with its quiet zone",
          content: { "image/svg+xml": { schema: z.string() } },
        },
        ...refusals,
      },
    }),
    (c) => {
      const { name } = find(c.var.me, c.req.valid("param").name);
      if (live === null) throw new Problem(503, "not-running", "No relay runs here");
      const url = live.urls(name, c.env)[c.req.valid("query").url ?? 0];
      if (url === undefined) throw unfit("url", "is none of the name's addresses");
      const drawn = uqr.renderSVG(url, { border: QUIET_ZONE, ecc: "M" });
      return c.body(drawn, 200, { "content-type": "image/svg+xml" });
    },
  );
};

/** What visitors of the name say in Host. */
function hostOf({ live }: ApiContext, name: string, caller: Caller): string {
  const url = live?.urls(name, caller)[0];
  return url === undefined ? "localhost" : new URL(url).host;
}
