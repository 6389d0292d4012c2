/** The REST API under `/api/v1`: one implementation for browsers, tokens, the control socket and `crunch account`. @module */

import { OpenAPIHono } from "@hono/zod-openapi";
import { accountRoutes } from "./accounts.ts";
import { agentRoutes } from "./agents.ts";
import type { ApiContext, Caller } from "./context.ts";
import { EventStreams } from "./event_stream.ts";
import { eventRoutes } from "./events.ts";
import { bearsToken, identify } from "./identity.ts";
import { liveRoutes } from "./live.ts";
import { LogStreams } from "./log_streams.ts";
import { AllowedMethods } from "./methods.ts";
import { nameRoutes } from "./names.ts";
import { describe } from "./openapi.ts";
import { checkOrigin, checkType, isChanging } from "./origin.ts";
import { Problem, problemOf } from "./problem.ts";
import { reachRoutes } from "./reach.ts";
import { recordRoutes } from "./records.ts";
import { requestRoutes } from "./requests.ts";
import type { ApiEnv } from "./routing.ts";
import { sessionRoutes } from "./sessions.ts";
import { settingRoutes } from "./settings.ts";
import { tokenRoutes } from "./tokens.ts";
import { detailOf, fieldErrors } from "./validation.ts";
import { withWholeBody } from "./whole_body.ts";

export type { ApiContext, Caller, LiveRelay } from "./context.ts";
export type * from "./views.ts";

/** The API, ready to answer. */
export interface Api extends Disposable {
  /** Event streams that are open. */
  readonly eventStreams: number;
  /** Answers a request that came in the way `caller` says. Never rejects. */
  fetch(request: Request, caller: Caller): Promise<Response>;
}

/** Nothing of this is kept by a browser or a proxy, runs, or is framed. */
const FIELDS: readonly (readonly [string, string])[] = [
  ["cache-control", "no-store"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["cross-origin-resource-policy", "same-origin"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
];

/** How often the log says that the database fails, in ms. */
const FAULT_EVERY = 60_000;

/** What needs no sign-in. */
const OPEN: ReadonlySet<string> = new Set([
  "POST /api/v1/sessions",
  "GET /api/v1/openapi.json",
  "HEAD /api/v1/openapi.json",
  "GET /api/v1/reference",
  "HEAD /api/v1/reference",
]);

/** Makes the API. Disposing it ends the streams that it sends. */
export function createApi(context: ApiContext): Api {
  const streams = new EventStreams(context.store);
  const logs = new LogStreams(context);
  const app = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = fieldErrors(result.error);
      throw new Problem(422, "invalid", detailOf(errors), { errors });
    },
  }).basePath("/api/v1");
  app.use("*", async (c, next) => {
    checkOrigin(c.req.raw, c.env);
    if (!OPEN.has(`${c.req.method} ${c.req.path}`)) {
      c.set("me", identify(context.store, c.env, c.req.raw.headers));
    }
    checkType(c.req.raw);
    await next();
  });
  const noteToken = ({ code }: Problem): void => {
    if (code === "wrong-scope") context.live?.signInFailures.add("token wrong-scope");
    if (code === "not-signed-in") context.live?.signInFailures.add("token bad-credentials");
  };
  const routes = [
    sessionRoutes,
    accountRoutes,
    tokenRoutes,
    nameRoutes,
    reachRoutes,
    agentRoutes,
    requestRoutes(streams, logs),
    recordRoutes,
    settingRoutes,
    eventRoutes(streams),
    liveRoutes(streams, logs),
  ];
  for (const add of routes) add(app, context);
  describe(app, context);

  const methods = new AllowedMethods(app.routes);
  app.notFound((c) => {
    const allow = methods.of(c.req.path);
    const problem = allow === ""
      ? new Problem(404, "not-found", "There is nothing at this address")
      : new Problem(405, "method-not-allowed", `Allowed here: ${allow}`, { headers: { allow } });
    return problem.response(c.env.requestId);
  });
  let saidFault = -Infinity;
  /** Who calls is told; who runs the relay must be as well, but not for each call. */
  const sayFault = (text: string): void => {
    const now = performance.now();
    if (now - saidFault < FAULT_EVERY) return;
    saidFault = now;
    context.log.error(text);
  };
  app.onError((error, c) => {
    const problem = problemOf(error);
    if (problem !== undefined) {
      if (bearsToken(c.req.raw.headers)) noteToken(problem);
      if (problem.status === 507) sayFault(problem.message);
      return problem.response(c.env.requestId);
    }
    context.log.error("the API failed", { path: c.req.path, request: c.env.requestId, error });
    return new Problem(500, "failed", "This failed; the relay's log says why")
      .response(c.env.requestId);
  });

  const answer = async (request: Request, caller: Caller): Promise<Response> => {
    if (request.method === "HEAD") {
      return await headOf(request, (asked) => app.fetch(asked, caller));
    }
    try {
      const response = await app.fetch(await withWholeBody(request), caller);
      // An answer that reports a change can be relied on.
      if (isChanging(request.method)) await context.store.disk.synced();
      return response;
    } catch (error) {
      const problem = problemOf(error);
      if (problem === undefined) throw error;
      return problem.response(caller.requestId);
    }
  };
  return {
    fetch: async (request, caller) => {
      const response = await answer(request, caller);
      for (const [name, value] of FIELDS) {
        // The reference page has a policy of its own.
        if (!response.headers.has(name)) response.headers.set(name, value);
      }
      return response;
    },
    get eventStreams() {
      return streams.size;
    },
    [Symbol.dispose]: () => streams.close(),
  };
}

/** The answer to GET without its body, which is cancelled: Hono would leave it open for ever. */
async function headOf(
  request: Request,
  answer: (request: Request) => Response | Promise<Response>,
): Promise<Response> {
  const { body, status, headers } = await answer(new Request(request, { method: "GET" }));
  await body?.cancel();
  return new Response(null, { status, headers });
}
export { EventFeed } from "./event_feed.ts";
