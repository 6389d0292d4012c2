/** What the API's objects look like: what is checked, what OpenAPI says, and the types of both. @module */

import { z } from "@hono/zod-openapi";
import { DURATION_STEPS, parseName, parseScope, ROLES } from "./vocabulary.ts";

const time = z.iso.datetime().openapi({ description: "RFC 3339, UTC" });
const bytes = z.int().min(0).openapi({ description: "bytes" });
const count = z.int().min(0);

/** A name that may become a public one. */
const newName = z.string().superRefine((text, context) => {
  const wrong = parseName(text);
  if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
}).openapi({ description: "1 to 63 of a-z 0-9 _ -", example: "alice" });

const password = z.string().refine((text) => {
  const { length } = new TextEncoder().encode(text.normalize("NFC"));
  return length >= 8 && length <= 1024;
}, "A password has 8 to 1024 bytes").openapi({ format: "password" });

const role = z.enum(ROLES);

export const account = z.object({
  name: z.string(),
  role,
  disabled: z.boolean(),
  trusted: z.boolean().openapi({ description: "its pages are served without the sandbox" }),
  created: time,
  bytes_in: bytes.nullable().openapi({ description: "null where the log cannot be read" }),
  bytes_out: bytes.nullable(),
}).openapi("Account");

/** A change that outlives the session needs the caller's own password again. */
const currentPassword = z.string().min(1).max(4096).optional().openapi({
  format: "password",
  description: "the caller's own present one, where a session calls",
});

export const newAccount = z.strictObject({
  name: newName,
  password,
  role: role.optional(),
  trusted: z.boolean().optional(),
  current_password: currentPassword,
}).openapi("NewAccount");

export const accountPatch = z.strictObject({
  disabled: z.boolean().optional(),
  role: role.optional(),
  trusted: z.boolean().optional(),
  password: password.optional(),
  current_password: currentPassword,
}).openapi("AccountPatch");

export const credentials = z.strictObject({
  name: z.string().min(1).max(128),
  password: z.string().min(1).max(4096).openapi({ format: "password" }),
}).openapi("Credentials");

export const session = z.object({
  id: z.string(),
  account: z.string(),
  created: time,
  expires: time,
  last_used: time,
  address: z.string(),
  browser: z.string(),
  current: z.boolean(),
}).openapi("Session");

export const me = z.object({
  name: z.string(),
  role,
  via: z.enum(["session", "token", "shell"]),
  read_only: z.boolean(),
  expires: time.nullable(),
}).openapi("Me");

const scope = z.string().superRefine((text, context) => {
  const wrong = parseScope(text);
  if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
}).openapi({
  description:
    "one or several of these words, with spaces between: full: the API as far as the account may; " +
    "read: the same without changes; agent: agents; metrics: /metrics; " +
    "credentials, beside full: makes tokens and administrators and sets passwords",
  example: "full agent",
});

export const token = z.object({
  id: z.string(),
  account: z.string(),
  name: z.string(),
  scope,
  created: time,
  expires: time.nullable(),
  last_used: time.nullable(),
  parent: z.string().nullable().openapi({
    description: "the token or session it was made with, and ends with; null: it stands alone",
  }),
}).openapi("Token");

export const madeToken = token.extend({
  token: z.string().openapi({ description: "shown this once, kept nowhere" }),
}).openapi("MadeToken");

export const newToken = z.strictObject({
  name: z.string().min(1).max(64).optional(),
  scope: scope.max(64).optional().openapi({ description: "`full agent` by default" }),
  expires: z.iso.datetime({ offset: true }).nullable().optional().openapi({
    description: "null or left out: never, or with what it is made with",
  }),
  current_password: currentPassword,
}).openapi("NewToken");

export const name = z.object({
  name: z.string(),
  account: z.string(),
  own: z.boolean().openapi({ description: "the account is called so" }),
  created: time,
  online: z.boolean(),
  urls: z.array(z.string()),
}).openapi("Name");

export const droppedField = z.object({
  field: z.string(),
  count: z.int().openapi({ description: "how often, since the relay started" }),
  last: time,
}).openapi("DroppedField");

export const newPublicName = z.strictObject({
  name: newName,
  account: z.string().optional().openapi({ description: "your own by default" }),
}).openapi("NewName");

export const health = z.object({
  ok: z.boolean(),
  status: z.int().openapi({ description: "the status that a visitor gets" }),
  ms: z.number(),
  checked: time,
  detail: z.string(),
}).openapi("Health");

export const namePatch = z.strictObject({
  account: z.string().openapi({ description: "whose it shall be" }),
}).openapi("NamePatch");

export const agent = z.object({
  id: z.string(),
  name: z.string(),
  names: z.array(z.string()),
  account: z.string(),
  transport: z.enum(["tcp", "tls"]),
  address: z.string(),
  version: z.string(),
  since: time,
  rtt_ms: z.number().nullable(),
  streams: count,
  draining: z.boolean().openapi({ description: "it finishes what is under way, and goes" }),
  waits_for: z.array(z.string()).openapi({
    description: "names that another agent of the account publishes; it takes each when it is free",
  }),
  connections: count,
  bytes_in: bytes,
  bytes_out: bytes,
}).openapi("Agent");

export const tunnel = z.object({
  name: z.string(),
  account: z.string(),
  agent: z.string(),
  urls: z.array(z.string()),
  transport: z.enum(["tcp", "tls"]),
  since: time,
  mounts: z.array(z.object({ path: z.string(), kind: z.string() })).openapi({
    description: "in the agent's own words; kinds are `directory` and others to come",
  }),
}).openapi("Tunnel");

export const request = z.object({
  id: z.string(),
  time,
  name: z.string(),
  account: z.string(),
  agent: z.string(),
  visitor: z.string(),
  method: z.string(),
  target: z.string(),
  status: z.int().openapi({ description: "0 where the visitor went before there was one" }),
  bytes_in: bytes,
  bytes_out: bytes,
  ms: z.number(),
  ttfb_ms: z.number().nullable(),
}).openapi("Request");

export const usage = z.object({
  start: time,
  account: z.string().openapi({ description: "empty where the row is for several" }),
  name: z.string(),
  requests: count,
  bytes_in: bytes,
  bytes_out: bytes,
  status: z.object({ "1xx": count, "2xx": count, "3xx": count, "4xx": count, "5xx": count }),
  p50_ms: z.number(),
  p95_ms: z.number(),
}).openapi("Usage");

export const usageStep = z.enum(DURATION_STEPS);

export const auditEntry = z.object({
  id: z.string(),
  time,
  who: z.string(),
  address: z.string(),
  action: z.string(),
  account: z.string(),
  object: z.string(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
}).openapi("AuditEntry");

const settingText = z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()])
  .openapi({ description: "as a user would write it: 30s, 10000" });

export const setting = z.object({
  key: z.string().openapi({ description: "as in a configuration file" }),
  flag: z.string(),
  type: z.enum(["number", "duration", "size", "switch", "choice", "secret", "text"]),
  list: z.boolean(),
  choices: z.array(z.string()),
  value: settingText,
  default: settingText,
  source: z.enum(["default", "dashboard", "file", "environment", "flag", "program"]),
  where: z.string().openapi({ description: "file:line, or the variable's name" }),
  changeable: z.boolean().openapi({ description: "while the relay runs" }),
  group: z.string(),
  help: z.string(),
}).openapi("Setting");

export const settingsPatch = z.record(
  z.string().max(64),
  z.union([
    z.string().max(4096),
    z.number(),
    z.boolean(),
    z.array(z.string().max(4096)).max(256),
    z.null(),
  ]),
).refine((changes) => Object.keys(changes).length <= 100, "has at most 100 settings")
  .openapi("SettingsPatch", { example: { "max-connections": 20_000, "idle-timeout": "30s" } });

export const status = z.object({
  software: z.string(),
  ready: z.boolean(),
  started: time.nullable().openapi({ description: "null where no relay runs" }),
  uptime_ms: count,
  agents: count,
  streams: count,
  connections: count,
  requests: count,
  addresses: z.object({
    http: z.array(z.string()),
    https: z.array(z.string()),
    tunnel: z.array(z.string()),
    tunnel_tls: z.array(z.string()),
    admin: z.array(z.string()),
    public_url: z.string().nullable().openapi({ description: "null where it is guessed" }),
  }).nullable().openapi({ description: "host:port or unix:/path; null where no relay runs" }),
  download: z.string().nullable().openapi({
    description: "where the programs are offered, a path or a URL; null where none are",
  }),
  agent_command: z.string().nullable().openapi({
    description: "the line that connects an agent; NAME stands for an account to be made",
  }),
  log: z.object({
    keeps: z.boolean().openapi({ description: "false where log-keep or log-size is 0" }),
    queued: count,
    written: count,
    sampled: count,
    dropped: count,
    trouble: z.string().nullable(),
  }).nullable(),
}).openapi("Status");

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  request_id: z.string(),
}).openapi("Problem");

/** A page of `item`s; `next` is the `cursor` of the page after it. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}
