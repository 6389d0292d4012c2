/** `/accounts`: who may sign in, as what. @module */

import { createRoute, z } from "@hono/zod-openapi";
import {
  type Account,
  type AccountPatch,
  ADMIN_ACCOUNT,
  type Asker,
  type LogReader,
  removePasswordFile,
} from "../store/mod.ts";
import { etagOf, ifMatch, needsMatch } from "./etag.ts";
import { PresentPassword } from "./present_password.ts";
import { forbidden } from "./problem.ts";
import { askerOf, needsAdmin, needsOwner, needsSight, scopeOf } from "./identity.ts";
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
import { account, accountPatch, listOf, newAccount } from "./schemas.ts";
import type { AccountView } from "./views.ts";

const params = z.object({ name: z.string() });
const tags = ["accounts"];

/** Adds the routes. */
export const accountRoutes: Routes = (app, context) => {
  const { reader } = context;
  const { accounts } = context.store;
  const present = new PresentPassword(context);

  app.openapi(
    createRoute({
      method: "get",
      path: "/accounts",
      tags,
      summary: "Lists the accounts by name; a member sees its own only",
      request: { query: page },
      responses: { 200: json(listOf(account), "A page of accounts"), ...refusals },
    }),
    async (c) => {
      const { cursor: after = "", limit = PAGE } = c.req.valid("query");
      const own = scopeOf(c.var.me);
      const rows = own === undefined
        ? accounts.list({ after, limit: limit + 1 })
        : [accounts.get(own)].filter((row) => row !== undefined && row.name > after) as Account[];
      const show = await shower(reader, own, askerOf(c.var.me));
      return c.json(pageOf(rows, { limit, view: show, cursor: (row) => row.name }), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/accounts",
      tags,
      summary: "Makes an account, which gets the public name it is called by",
      request: { body: body(newAccount) },
      responses: { 201: tagged(account, "The account"), ...refusals, ...conflicts },
    }),
    async (c) => {
      needsAdmin(c.var.me);
      const { name, password, role = "member", trusted = false, current_password: given } = c.req
        .valid("json");
      if (role === "admin") await present.checkFresh(c.var.me, given, c.env);
      else if (role === "viewer" || trusted) present.checkScope(c.var.me);
      const by = c.var.me.actor;
      let made = await accounts.add({ name, password, role }, { by });
      if (trusted) made = await accounts.update(made.name, { trusted }, { by });
      c.header("location", locationOf("accounts", made.name));
      c.header("etag", etag(made));
      return c.json(view(made, NOTHING), 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/accounts/{name}",
      tags,
      summary: "Shows an account",
      request: { params },
      responses: { 200: tagged(account, "The account"), ...refusals },
    }),
    async (c) => {
      const found = accounts.get(c.req.valid("param").name);
      needsSight(c.var.me, found, c.req.valid("param").name);
      c.header("etag", etag(found));
      return c.json((await shower(reader, found.name, askerOf(c.var.me)))(found), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "patch",
      path: "/accounts/{name}",
      tags,
      summary: "Changes an account; everybody may change their own password",
      request: {
        params,
        headers: ifMatch,
        body: body(accountPatch),
      },
      responses: { 200: tagged(account, "The account"), ...refusals, ...conflicts },
    }),
    async (c) => {
      const { me } = c.var;
      const { name } = c.req.valid("param");
      const { current_password: given, ...patch } = c.req.valid("json");
      const found = accounts.get(name);
      needsSight(me, found, name);
      const isOwnPassword = found.name === me.name && !me.isReader &&
        Object.keys(patch).every((key) => key === "password");
      if (!isOwnPassword) needsAdmin(me);
      const match = c.req.valid("header")["if-match"];
      needsMatch(match, etag(found));
      if (patch.password !== undefined) await present.check(me, given, c.env);
      else if (patch.role === "admin") await present.checkFresh(me, given, c.env);
      else if (patch.role === "viewer" || patch.trusted === true) present.checkScope(me);
      const changed = await accounts.update(found.name, patchOf(patch), {
        by: me.actor,
        // Again after the password is hashed, which takes a while.
        ...(match === undefined ? {} : { version: found.version }),
        ...(me.session === undefined || found.name !== me.name
          ? {}
          : { keepSession: me.session.id }),
      });
      if (patch.password !== undefined && found.name === ADMIN_ACCOUNT) {
        removePasswordFile(context.dir);
      }
      c.header("etag", etag(changed));
      return c.json((await shower(reader, found.name, askerOf(c.var.me)))(changed), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/accounts/{name}",
      tags,
      summary: "Removes an account with its names, tokens and sessions",
      request: { params, headers: ifMatch },
      responses: { ...done, ...refusals, ...conflicts },
    }),
    (c) => {
      const { me } = c.var;
      const { name } = c.req.valid("param");
      const found = accounts.get(name);
      needsOwner(me, found?.name, "account", name);
      if (me.role !== "admin") throw forbidden("Only an administrator removes accounts");
      needsMatch(c.req.valid("header")["if-match"], etag(found!));
      accounts.remove(found!.name, { by: me.actor });
      return c.body(null, 204);
    },
  );
};

interface Totals {
  readonly bytesIn: number | null;
  readonly bytesOut: number | null;
}

const NOTHING: Totals = { bytesIn: 0, bytesOut: 0 };

/** Shows accounts with their bytes; of one account only with `own`. */
async function shower(
  reader: LogReader | null,
  own: string | undefined,
  asker: Asker,
): Promise<(account: Account) => AccountView> {
  let missing = NOTHING;
  const totals = new Map<string, Totals>();
  try {
    const rows = await reader?.totals(own === undefined ? {} : { account: own }, asker) ?? [];
    for (const row of rows) totals.set(row.account, row);
  } catch {
    // Accounts are shown on a full disk, too.
    missing = { bytesIn: null, bytesOut: null };
  }
  return (account) => view(account, totals.get(account.name) ?? missing);
}

function view(account: Account, { bytesIn, bytesOut }: Totals): AccountView {
  const { name, role, disabled, trusted, created } = account;
  return {
    name,
    role,
    disabled,
    trusted,
    created: rfc3339(created),
    bytes_in: bytesIn,
    bytes_out: bytesOut,
  };
}

/** What was really given: the store tells a field that is missing from one that is undefined. */
function patchOf(given: Omit<z.infer<typeof accountPatch>, "current_password">): AccountPatch {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function etag({ id, version }: Account): string {
  return etagOf(id, version);
}
