/** `/sessions` and `/me`: signing in and out with a browser. @module */

import { createRoute, z } from "@hono/zod-openapi";
import {
  type Account,
  ADMIN_ACCOUNT,
  networkOf,
  removePasswordFile,
  type Session,
} from "../store/mod.ts";
import type { ApiContext, Caller } from "./context.ts";
import { etagOf, ifMatch, needsMatch } from "./etag.ts";
import { SECOND_FIELD, secondOf } from "../visitors/mod.ts";
import { cookieName, type Identity, scopeOf, sees } from "./identity.ts";
import { absent, forbidden, Problem } from "./problem.ts";
import {
  body,
  conflicts,
  done,
  json,
  longPage,
  refusals,
  rfc3339,
  type Routes,
  slice,
} from "./routing.ts";
import { credentials, listOf, me as meSchema, session } from "./schemas.ts";

const tags = ["sessions"];
/** A sign-in that would have to wait longer after failures is refused until then, ms. */
const PATIENCE = 8_000;
/** Sign-ins that may sit out their delay at once; with more they are sent away. */
const MOST_WAITING = 64;

/** Adds the routes. */
export const sessionRoutes: Routes = (app, context) => {
  const { sessions } = context.store;
  const door = new Door(context);

  app.openapi(
    createRoute({
      method: "post",
      path: "/sessions",
      tags,
      summary: "Signs in and sets the session's cookie",
      security: [],
      request: { body: body(credentials) },
      responses: { ...done, ...refusals },
    }),
    async (c) => {
      const { name, password } = c.req.valid("json");
      const account = await door.enter(name, password, c.env);
      const browser = c.req.header("user-agent") ?? "";
      const { secret, session } = sessions.create(account, { address: c.env.address, browser });
      const age = Math.floor((session.expires - session.created) / 1000);
      c.header("set-cookie", cookie(c.env, secret, age));
      c.header(SECOND_FIELD, secondOf(secret));
      // Where the cookie is good, if the browser does not keep it here: one for TLS is dropped by a plain page.
      const home = context.live?.settings.current.publicUrl;
      if (home !== undefined) c.header("link", `<${home.origin}/admin>; rel="canonical"`);
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/sessions",
      tags,
      summary: "Lists the sessions, last used first; a member sees its own only",
      request: { query: longPage },
      responses: { 200: json(listOf(session), "A page of sessions"), ...refusals },
    }),
    (c) => {
      const account = scopeOf(c.var.me);
      const rows = sessions.list(account === undefined ? {} : { account });
      const show = (one: Session) => view(one, c.var.me);
      const place = ({ id, lastUsed }: Session) => ({ time: -lastUsed, id });
      return c.json(slice(rows, c.req.valid("query"), { view: show, place }), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/sessions/{id}",
      tags,
      summary: "Ends a session; `current` is the caller's own",
      request: { params: z.object({ id: z.string() }), headers: ifMatch },
      responses: { ...done, ...refusals, ...conflicts },
    }),
    (c) => {
      const { me } = c.var;
      const { id } = c.req.valid("param");
      const own = me.session?.id;
      const found = sessions.list().find((one) => one.id === (id === "current" ? own : id));
      if (found === undefined || !sees(me, found.account)) throw absent("session", id);
      // Everybody may sign out; a session is the account's own thing, a viewer's too.
      const isOwn = found.account === me.name && !me.isReader;
      if (!isOwn && (me.role !== "admin" || me.isReader)) {
        throw forbidden("Only an administrator ends the sessions of others");
      }
      needsMatch(c.req.valid("header")["if-match"], etagOf(found.id));
      sessions.revoke(found.id, { by: me.actor });
      if (found.id === own) c.header("set-cookie", cookie(c.env, "", 0));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/me",
      tags,
      summary: "Shows who the caller is",
      responses: { 200: json(meSchema, "The caller"), ...refusals },
    }),
    (c) => {
      const { name, role, session, token, isReader } = c.var.me;
      const expires = session?.expires ?? token?.expires ?? null;
      const via = session !== undefined ? "session" : token !== undefined ? "token" : "shell";
      return c.json(
        {
          name,
          role,
          via,
          read_only: isReader || role === "viewer",
          expires: expires === null ? null : rfc3339(expires),
        } as const,
        200,
      );
    },
  );
};

/** Checks passwords, with growing delays after wrong ones. */
export class Door {
  readonly #context: ApiContext;
  #waiting = 0;

  constructor(context: ApiContext) {
    this.#context = context;
  }

  /** @throws {Problem} 401, 429. @throws {StoreError} `busy`. */
  async enter(name: string, password: string, { address }: Caller): Promise<Account> {
    const { store, log, dir, throttle, live } = this.#context;
    await this.#delay(name, address);
    const account = await store.signIn.withPassword(name, password, {
      network: networkOf(address),
      isKnown: throttle.knows(name, address),
    });
    if (account === undefined) {
      throttle.failed(name, address);
      live?.signInFailures.add("dashboard bad-credentials");
      log.warn("sign-in failed", { method: "dashboard", id: name, address });
      throw new Problem(401, "bad-credentials", "Unknown account or wrong password");
    }
    throttle.succeeded(name, address);
    if (account.name === ADMIN_ACCOUNT) removePasswordFile(dir);
    return account;
  }

  async #delay(name: string, address: string): Promise<void> {
    const wait = this.#context.throttle.delayFor(name, address, PATIENCE);
    if (wait === 0) return;
    if (wait > PATIENCE || this.#waiting >= MOST_WAITING) {
      this.#context.live?.signInFailures.add("dashboard slow-down");
      const seconds = String(Math.ceil(Math.max(wait, 1_000) / 1000));
      const text = `Too many failed sign-ins: try again in ${seconds} s`;
      throw new Problem(429, "slow-down", text, { headers: { "retry-after": seconds } });
    }
    this.#waiting++;
    try {
      await new Promise((resolve) => setTimeout(resolve, wait));
    } finally {
      this.#waiting--;
    }
  }
}

function cookie({ secure }: Caller, value: string, age: number): string {
  const flags = `Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict; Priority=High${
    secure ? "; Secure" : ""
  }`;
  return `${cookieName(secure)}=${value}; ${flags}`;
}

function view(one: Session, me: Identity): z.infer<typeof session> {
  const { id, account, created, expires, lastUsed, address, browser } = one;
  return {
    id,
    account,
    created: rfc3339(created),
    expires: rfc3339(expires),
    last_used: rfc3339(lastUsed),
    address,
    browser,
    current: id === me.session?.id,
  };
}
