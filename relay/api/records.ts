/** `/usage`, `/audit` and `/status`: what was used, what was changed, and how the relay is. @module */

import { createRoute, z } from "@hono/zod-openapi";
import { type AuditEntry, csvLine, type UsageRow } from "../store/mod.ts";
import { agentCommand } from "../visitors/reach/mod.ts";
import type { ApiContext, Caller, LiveRelay } from "./context.ts";
import { askerOf, type Identity, scopeOf, seesAll } from "./identity.ts";
import { unfit } from "./problem.ts";
import { cursorOf, json, PAGE, page, pageOf, refusals, rfc3339, type Routes } from "./routing.ts";
import { auditEntry, listOf, status, usage, usageStep } from "./schemas.ts";

const QUARTER = 900_000;
const DAY = 86_400_000;
/** Steps of more than this are a longer list than anybody draws. */
const MOST_STEPS = 2_000;
const STEPS = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: DAY,
  whole: Infinity,
} as const;
const instant = z.iso.datetime({ offset: true });
const usageAnswer = {
  description: "In order of time, the busiest first",
  content: {
    "application/json": { schema: listOf(usage) },
    "text/csv": { schema: z.string() },
  },
};

/** Adds the routes. */
export const recordRoutes: Routes = (app, context) => {
  const { store, reader, live } = context;

  app.openapi(
    createRoute({
      method: "get",
      path: "/usage",
      tags: ["usage"],
      summary: "Sums requests and bytes over time; the last 24 hours by the hour by default",
      description: "Seconds are known for 16 minutes, minutes for 8 days, hours for 400.",
      request: {
        query: z.object({
          since: instant.optional(),
          until: instant.optional(),
          step: usageStep.optional(),
          by: z.enum(["account", "name", "all"]).optional(),
          account: z.string().optional(),
          name: z.string().optional(),
          format: z.enum(["json", "csv"]).optional(),
        }),
      },
      responses: { 200: usageAnswer, ...refusals },
    }),
    async (c) => {
      const query = c.req.valid("query");
      const { step = "hour", by = "all", format = "json", name } = query;
      const until = query.until === undefined ? Date.now() + 1 : Date.parse(query.until);
      const since = query.since === undefined
        ? until - (step === "second" ? QUARTER : DAY)
        : Date.parse(query.since);
      if (since >= until) throw unfit("since", "lies before until");
      if ((until - since) / STEPS[step] > MOST_STEPS) {
        throw unfit("step", "is too fine for so long");
      }
      const own = scopeOf(c.var.me);
      const account = own ?? query.account;
      // A member that asks for another account's gets nothing, as for an account that is not there.
      const isForeign = own !== undefined && query.account !== undefined && query.account !== own;
      const rows = reader === null || isForeign ? [] : await reader.usage({
        since,
        until,
        step,
        by,
        ...(account === undefined ? {} : { account }),
        ...(name === undefined ? {} : { name }),
      }, askerOf(c.var.me));
      if (format === "json") return c.json({ items: rows.map(usageView), next: null }, 200);
      const filename = `usage-${rfc3339(since).slice(0, 10)}.csv`;
      return c.body(usageCsv(rows), 200, {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": `attachment; filename="${filename}"`,
      });
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/audit",
      tags: ["audit"],
      summary: "Lists changes, newest first; a member sees those of its own account only",
      request: { query: page.extend({ account: z.string().optional() }) },
      responses: { 200: json(listOf(auditEntry), "A page of changes"), ...refusals },
    }),
    (c) => {
      const { cursor, limit = PAGE, account: asked } = c.req.valid("query");
      const before = cursorOf(store.ids, "audit", cursor);
      const own = scopeOf(c.var.me);
      const account = own ?? asked;
      const isForeign = own !== undefined && asked !== undefined && asked !== own;
      const rows = isForeign ? [] : store.changes.list({
        limit: limit + 1,
        ...(before === undefined ? {} : { before }),
        ...(account === undefined ? {} : { account, former: own === undefined }),
      });
      const idOf = ({ id }: AuditEntry) => store.ids.hide("audit", id);
      const view = (entry: AuditEntry) => auditView(entry, idOf(entry), c.var.me);
      return c.json(pageOf(rows, { limit, view, cursor: idOf }), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/status",
      tags: ["status"],
      summary: "Shows how the relay is; a member sees its own agents counted only",
      responses: { 200: json(status, "The relay"), ...refusals },
    }),
    (c) => {
      const own = scopeOf(c.var.me);
      const agents = [...live?.registry.agents.values() ?? []]
        .filter(({ facts }) => own === undefined || facts.account === own);
      const all = seesAll(c.var.me);
      return c.json({
        software: context.software,
        ready: live?.ready() ?? false,
        started: live === null ? null : rfc3339(live.started),
        uptime_ms: live === null ? 0 : Math.round(live.uptime()),
        agents: agents.length,
        streams: agents.reduce((sum, agent) => sum + agent.streams, 0),
        connections: all ? live?.connections() ?? 0 : 0,
        requests: all ? live?.requests() ?? 0 : 0,
        addresses: live === null ? null : listening(live),
        download: live?.download(c.env) ?? null,
        agent_command: live === null ? null : commandFor(context, c.var.me, c.env),
        log: live === null || !all ? null : {
          keeps: live.requestLog.keeps,
          ...live.requestLog.counters,
          trouble: live.requestLog.trouble ?? null,
        },
      }, 200);
    },
  );
};

function listening(live: LiveRelay): z.infer<typeof status>["addresses"] {
  const { http, https, tunnel, tunnelTls, admin } = live.addresses();
  return {
    http: [...http],
    https: [...https],
    tunnel: [...tunnel],
    tunnel_tls: [...tunnelTls],
    admin: [...admin],
    public_url: live.settings.current.publicUrl?.href ?? null,
  };
}

/** An account without a public name of its own, as the first administrator, publishes by another one. */
function commandFor({ store, live }: ApiContext, me: Identity, caller: Caller): string | null {
  const isPublic = store.names.ownerOf(me.name)?.account === me.name;
  const { host } = caller;
  return agentCommand(live!.listening(), { host, user: isPublic ? me.name : undefined });
}

function usageView(row: UsageRow): z.infer<typeof usage> {
  return {
    start: rfc3339(row.start),
    account: row.account,
    name: row.name,
    requests: row.requests,
    bytes_in: row.bytesIn,
    bytes_out: row.bytesOut,
    status: row.status,
    p50_ms: row.p50,
    p95_ms: row.p95,
  };
}

function usageCsv(rows: readonly UsageRow[]): string {
  const views = rows.map(usageView);
  const classes = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;
  const head = ["start", "account", "name", "requests", "bytes_in", "bytes_out"];
  const lines = views.map(({ start, account, name, status, ...row }) =>
    csvLine([
      ...[start, account, name, row.requests, row.bytes_in, row.bytes_out],
      ...classes.map((kind) => status[kind]),
      ...[row.p50_ms, row.p95_ms],
    ])
  );
  return csvLine([...head, ...classes, "p50_ms", "p95_ms"]) + lines.join("");
}

/** A member does not learn other accounts' addresses. */
function auditView(entry: AuditEntry, shownId: string, me: Identity): z.infer<typeof auditEntry> {
  const { time, who, address, action, account, object, before, after } = entry;
  return {
    id: shownId,
    time: rfc3339(time),
    who,
    address: seesAll(me) || who === me.name ? address : "",
    action,
    account,
    object,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}
