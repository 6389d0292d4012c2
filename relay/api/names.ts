/** `/names`: which account has which public name. @module */

import { createRoute, z } from "@hono/zod-openapi";
import type { NameRow } from "../store/mod.ts";
import type { ApiContext, Caller } from "./context.ts";
import { etagOf, ifMatch, needsMatch } from "./etag.ts";
import { type Identity, needsAdmin, needsOwner, needsWriter, scopeOf, sees } from "./identity.ts";
import { absent, Problem } from "./problem.ts";
import {
  body,
  conflicts,
  done,
  json,
  locationOf,
  PAGE,
  page,
  pageOf,
  refusals,
  rfc3339,
  type Routes,
  tagged,
} from "./routing.ts";
import { droppedField, listOf, name, namePatch, newPublicName } from "./schemas.ts";

const tags = ["names"];
const params = z.object({ name: z.string() });
const ofAccount = z.object({ account: z.string().optional() });

/** Adds the routes. */
export const nameRoutes: Routes = (app, context) => {
  const { accounts, names } = context.store;
  const viewFor = viewer(context);

  const find = (me: Identity, text: string): NameRow => {
    const row = names.get(text);
    if (row === undefined || !sees(me, row.account)) throw absent("name", text);
    return row;
  };

  app.openapi(
    createRoute({
      method: "get",
      path: "/names",
      tags,
      summary: "Lists the names in order of the alphabet; a member sees its own only",
      request: { query: page.extend(ofAccount.shape) },
      responses: { 200: json(listOf(name), "A page of names"), ...refusals },
    }),
    (c) => {
      const { cursor: after = "", limit = PAGE, account: asked } = c.req.valid("query");
      const own = scopeOf(c.var.me);
      const account = own ?? asked;
      const isForeign = own !== undefined && asked !== undefined && asked !== own;
      const rows = isForeign
        ? []
        : names.list({ after, limit: limit + 1, ...(account === undefined ? {} : { account }) });
      return c.json(pageOf(rows, { limit, view: viewFor(c.env), cursor: (row) => row.name }), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/names",
      tags,
      summary: "Gives an account a further name",
      request: { body: body(newPublicName) },
      responses: { 201: tagged(name, "The name"), ...refusals, ...conflicts },
    }),
    (c) => {
      const { me } = c.var;
      needsWriter(me);
      const { name: wanted, account = me.name } = c.req.valid("json");
      const owner = accounts.get(account);
      if (owner === undefined || !sees(me, owner.name)) {
        throw noAccount(account);
      }
      const most = me.role === "admin"
        ? undefined
        : context.live?.settings.current.namesPerAccount ?? 0;
      const given = names.add(owner.name, wanted, {
        by: me.actor,
        ...(most === undefined ? {} : { most }),
      });
      const row = find(me, given);
      c.header("location", locationOf("names", given));
      c.header("etag", etag(row));
      return c.json(viewFor(c.env)(row), 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/names/{name}",
      tags,
      summary: "Shows a name",
      request: { params },
      responses: { 200: tagged(name, "The name"), ...refusals },
    }),
    (c) => {
      const row = find(c.var.me, c.req.valid("param").name);
      c.header("etag", etag(row));
      return c.json(viewFor(c.env)(row), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/names/{name}/dropped-fields",
      tags,
      summary:
        "Lists the fields of its answers that did not pass on its path address, the most frequent first",
      request: { params },
      responses: { 200: json(listOf(droppedField), "All of them"), ...refusals },
    }),
    (c) => {
      const { name } = find(c.var.me, c.req.valid("param").name);
      const items = (context.live?.dropped(name) ?? [])
        .map(({ field, count, last }) => ({ field, count, last: rfc3339(last) }));
      return c.json({ items, next: null }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: "patch",
      path: "/names/{name}",
      tags,
      summary: "Gives a name to another account; agents of the former owner that publish it go",
      request: { params, headers: ifMatch, body: body(namePatch) },
      responses: { 200: tagged(name, "The name"), ...refusals, ...conflicts },
    }),
    (c) => {
      const { me } = c.var;
      const { account } = c.req.valid("json");
      const row = find(me, c.req.valid("param").name);
      needsAdmin(me);
      needsMatch(c.req.valid("header")["if-match"], etag(row));
      if (accounts.get(account) === undefined) throw noAccount(account);
      names.transfer(row.name, account, { by: me.actor });
      const given = find(me, row.name);
      c.header("etag", etag(given));
      return c.json(viewFor(c.env)(given), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/names/{name}",
      tags,
      summary: "Takes a name from its account; with `account`, only from that one",
      request: { params, query: ofAccount, headers: ifMatch },
      responses: { ...done, ...refusals, ...conflicts },
    }),
    (c) => {
      const { me } = c.var;
      const { name: text } = c.req.valid("param");
      const { account } = c.req.valid("query");
      const row = find(me, text);
      if (account !== undefined && account !== row.account) throw absent("name", text);
      needsOwner(me, row.account, "name", text);
      needsMatch(c.req.valid("header")["if-match"], etag(row));
      names.remove(row.name, { by: me.actor });
      return c.body(null, 204);
    },
  );
};

/** A field of the body, so no 404: the address is right. */
function noAccount(account: string): Problem {
  const message = `There is no account ${account}`;
  return new Problem(422, "invalid", message, { errors: [{ field: "account", message }] });
}

function etag({ name, account, created }: NameRow): string {
  return etagOf(name, account, created);
}

function viewer(
  { live }: ApiContext,
): (caller: Caller) => (row: NameRow) => z.infer<typeof name> {
  return (caller) => ({ name, account, own, created }) => ({
    name,
    account,
    own,
    created: rfc3339(created),
    online: live?.registry.find(name) !== undefined,
    urls: live?.urls(name, caller) ?? [],
  });
}
