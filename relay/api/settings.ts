/** `/settings`: what the relay runs with, and what of it may change while it runs. @module */

import { createRoute, z } from "@hono/zod-openapi";
import { type RelaySettings, SettingsError } from "../store/mod.ts";
import type { ApiContext } from "./context.ts";
import { etagOf, ifMatch, needsMatch } from "./etag.ts";
import { needsAdmin, seesAll } from "./identity.ts";
import { forbidden, Problem } from "./problem.ts";
import { body, conflicts, refusals, type Routes, tagged } from "./routing.ts";
import { setting, settingsPatch } from "./schemas.ts";

const tags = ["settings"];
const settings = z.object({ items: z.array(setting), next: z.null() }).openapi("Settings");

/** Adds the routes. */
export const settingRoutes: Routes = (app, context) => {
  app.openapi(
    createRoute({
      method: "get",
      path: "/settings",
      tags,
      summary: "Lists the relay's options, each with where it comes from; not for members",
      responses: { 200: tagged(settings, "All of them"), ...refusals },
    }),
    (c) => {
      if (!seesAll(c.var.me)) throw forbidden("Members do not see the relay's settings");
      const running = runningOf(context);
      c.header("etag", etag(running));
      return c.json(view(running), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "patch",
      path: "/settings",
      tags,
      summary: "Changes settings, at once and for later starts; null goes back to the default",
      description: "All of them or none. What flags, the environment or a file say comes before.",
      request: { headers: ifMatch, body: body(settingsPatch) },
      responses: { 200: tagged(settings, "All of them"), ...refusals, ...conflicts },
    }),
    (c) => {
      const { me } = c.var;
      needsAdmin(me);
      const running = runningOf(context);
      needsMatch(c.req.valid("header")["if-match"], etag(running));
      try {
        running.set(c.req.valid("json"), me.actor);
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        const errors = error.errors.map(({ key, message }) => ({ field: key, message }));
        throw new Problem(422, "invalid", error.message, { errors });
      }
      c.header("etag", etag(running));
      return c.json(view(running), 200);
    },
  );
};

function runningOf({ live }: ApiContext): RelaySettings {
  if (live === null) throw new Problem(503, "not-running", "No relay runs here");
  return live.settings;
}

function view(running: RelaySettings): z.infer<typeof settings> {
  const items = running.list().map((item) => ({
    ...item,
    choices: [...item.choices],
    value: plain(item.value),
    default: plain(item.default),
  }));
  return { items, next: null };
}

/** Lists of this call alone. */
function plain<T>(value: T | readonly string[]): T | string[] {
  return Array.isArray(value) ? [...value] : value as T;
}

function etag(running: RelaySettings): string {
  return etagOf(JSON.stringify(running.list()));
}
