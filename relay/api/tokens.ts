/** `/tokens` and `/accounts/{name}/tokens`: secrets that stand for an account. @module */

import { createRoute, z } from "@hono/zod-openapi";
import { allows, type Parent, parseScope, type Token } from "../store/mod.ts";
import { etagOf, ifMatch, needsMatch } from "./etag.ts";
import {
  type Identity,
  needsAdmin,
  needsOwner,
  needsSight,
  needsWriter,
  scopeOf,
  sees,
} from "./identity.ts";
import { PresentPassword } from "./present_password.ts";
import { absent } from "./problem.ts";
import {
  body,
  conflicts,
  done,
  json,
  locationOf,
  longPage,
  type Place,
  refusals,
  rfc3339,
  type Routes,
  slice,
  tagged,
} from "./routing.ts";
import { listOf, madeToken, newToken, token } from "./schemas.ts";
import type { TokenView } from "./views.ts";

const tags = ["tokens"];
const ofAccount = z.object({ name: z.string() });
const one = z.object({ id: z.string() });
const oneOfAccount = z.object({ name: z.string(), id: z.string() });
/** What a token is called whose maker gave it no name. */
const UNNAMED = "unnamed";

/** Adds the routes. */
export const tokenRoutes: Routes = (app, context) => {
  const { accounts, tokens } = context.store;
  const present = new PresentPassword(context);

  /** A token that `me` may know of, as that account's where one is named. */
  const find = (me: Identity, id: string, account?: string): Token => {
    const found = tokens.get(id)?.token;
    const isNamed = account === undefined || found?.account === account;
    // The relay's own credential for this machine is shown to no caller.
    if (found === undefined || found.scope === "local" || !isNamed || !sees(me, found.account)) {
      throw absent("token", id);
    }
    return found;
  };
  const revoke = (me: Identity, id: string, match?: string, account?: string): void => {
    const found = find(me, id, account);
    needsOwner(me, found.account, "token", id);
    needsMatch(match, etagOf(id));
    tokens.revoke(id, { by: me.actor });
  };

  app.openapi(
    createRoute({
      method: "get",
      path: "/tokens",
      tags,
      summary: "Lists the tokens of all accounts that the caller sees",
      request: { query: longPage },
      responses: { 200: json(listOf(token), "A page of tokens"), ...refusals },
    }),
    (c) => {
      const account = scopeOf(c.var.me);
      const rows = tokens.list(account === undefined ? {} : { account });
      return c.json(slice(rows, c.req.valid("query"), { view, place }), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/tokens/{id}",
      tags,
      summary: "Shows a token, without its secret",
      request: { params: one },
      responses: { 200: tagged(token, "The token"), ...refusals },
    }),
    (c) => {
      const { id } = c.req.valid("param");
      const found = find(c.var.me, id);
      c.header("etag", etagOf(id));
      return c.json(view(found), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/tokens/{id}",
      tags,
      summary: "Revokes a token; agents that signed in with it are cut off",
      request: { params: one, headers: ifMatch },
      responses: { ...done, ...refusals, ...conflicts },
    }),
    (c) => {
      revoke(c.var.me, c.req.valid("param").id, c.req.valid("header")["if-match"]);
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/accounts/{name}/tokens",
      tags,
      summary: "Lists an account's tokens, oldest first",
      request: { params: ofAccount, query: longPage },
      responses: { 200: json(listOf(token), "A page of tokens"), ...refusals },
    }),
    (c) => {
      const { name } = c.req.valid("param");
      const found = accounts.get(name);
      needsSight(c.var.me, found, name);
      const rows = tokens.list({ account: found.name });
      return c.json(slice(rows, c.req.valid("query"), { view, place }), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/accounts/{name}/tokens",
      tags,
      summary: "Makes a token and shows its text, this once",
      description:
        "One made with a token whose scope has `credentials` may no more than that, ends with it at the latest, " +
        "and is revoked with it. So is one that a session makes without `current_password`.",
      request: { params: ofAccount, body: body(newToken) },
      responses: { 201: json(madeToken, "The token"), ...refusals, ...conflicts },
    }),
    async (c) => {
      const { me } = c.var;
      const { name } = c.req.valid("param");
      const found = accounts.get(name);
      needsSight(me, found, name);
      needsWriter(me);
      const { name: label = UNNAMED, scope, expires = null, current_password: given } = c.req.valid(
        "json",
      );
      // What it opens tells of everybody's traffic.
      if (scope !== undefined && allows(parseScope(scope), "metrics")) needsAdmin(me);
      const isAlone = await present.isProved(me, given, c.env);
      const made = tokens.create(found.name, {
        ...(isAlone ? {} : { parent: parentOf(me) }),
        name: label,
        ...(scope === undefined ? {} : { scope }),
        expires: expires === null ? null : Date.parse(expires),
        by: me.actor,
      });
      c.header("location", locationOf("accounts", found.name, "tokens", made.token.id));
      return c.json({ ...view(made.token), token: made.text }, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/accounts/{name}/tokens/{id}",
      tags,
      summary: "Shows a token, without its secret",
      request: { params: oneOfAccount },
      responses: { 200: tagged(token, "The token"), ...refusals },
    }),
    (c) => {
      const { name, id } = c.req.valid("param");
      const found = find(c.var.me, id, name);
      c.header("etag", etagOf(id));
      return c.json(view(found), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/accounts/{name}/tokens/{id}",
      tags,
      summary: "Revokes a token; agents that signed in with it are cut off",
      request: { params: oneOfAccount, headers: ifMatch },
      responses: { ...done, ...refusals, ...conflicts },
    }),
    (c) => {
      const { name, id } = c.req.valid("param");
      revoke(c.var.me, id, c.req.valid("header")["if-match"], name);
      return c.body(null, 204);
    },
  );
};

/** What the caller came with. */
function parentOf({ session, token }: Identity): Parent {
  if (token !== undefined) return token;
  return { id: session!.id, expires: session!.expires, scope: "full agent metrics credentials" };
}

function view({ id, account, name, scope, created, expires, lastUsed, parent }: Token): TokenView {
  return {
    id,
    account,
    name,
    scope: scope === "local" ? "agent" : scope,
    created: rfc3339(created),
    expires: expires === null ? null : rfc3339(expires),
    last_used: lastUsed === null ? null : rfc3339(lastUsed),
    parent,
  };
}

/** Oldest first. */
function place({ id, created }: Token): Place {
  return { time: created, id };
}
