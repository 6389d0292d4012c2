/** What the routes share: their type, their answers in OpenAPI, and lists by pages. @module */

import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { ApiContext, Caller } from "./context.ts";
import type { CursorKind, Ids } from "../store/mod.ts";
import type { Identity } from "./identity.ts";
import { unfit } from "./problem.ts";
import { problem } from "./schemas.ts";

/** What a handler finds in its context: `c.env` is the caller, `c.var.me` who that is. */
export interface ApiEnv {
  Bindings: Caller;
  Variables: { me: Identity };
}

/** The application, and a part of it. */
export type ApiApp = OpenAPIHono<ApiEnv>;

/** Adds routes to the application. */
export type Routes = (app: ApiApp, context: ApiContext) => void;

/** An answer with a body, for OpenAPI. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** An answer with a single thing, whose ETag `If-Match` takes. */
export function tagged<T extends z.ZodType>(schema: T, description: string) {
  const etag = { description: "for If-Match", required: true, schema: { type: "string" } } as const;
  return { ...json(schema, description), headers: { ETag: etag } };
}

/** A required request body. */
export function body<T extends z.ZodType>(schema: T) {
  return { required: true, content: { "application/json": { schema } } };
}

function refusal(description: string) {
  return { description, content: { "application/problem+json": { schema: problem } } };
}

/** One that the HTTP server gives, too, before the API sees the call: in the form that the caller prefers. */
function earlyRefusal(description: string) {
  const text = { schema: z.string() };
  const { content } = refusal(description);
  return { description, content: { ...content, "text/plain": text, "text/html": text } };
}

/** What every route may answer. */
export const refusals = {
  400: earlyRefusal("The body is not JSON, or what came is no HTTP request"),
  401: refusal("Not signed in"),
  403: refusal("Not allowed, or a changing call from another origin"),
  404: refusal("There is no such thing, or it is not yours"),
  405: refusal("Not with this method; `Allow` names those that are"),
  408: earlyRefusal("The request did not come in time"),
  413: earlyRefusal("The body is too large"),
  414: earlyRefusal("The address is too long"),
  415: refusal("The body's type is not application/json"),
  422: refusal("Fields that cannot be taken, each named"),
  429: refusal("Too much at once: try again later"),
  431: earlyRefusal("The head is too large"),
  500: refusal("It failed; the relay's log says why"),
  501: earlyRefusal("A transfer coding that is not known here"),
  503: earlyRefusal("No relay runs here, or it has no room for this connection"),
  505: earlyRefusal("Neither HTTP/1.0 nor HTTP/1.1"),
  507: refusal("The disk is full or read-only; nothing was changed"),
} as const;

/** What changes may answer besides. */
export const conflicts = {
  409: refusal("It is there already, or something stands in the way"),
  412: refusal("It was changed meanwhile: If-Match names another version"),
} as const;

/** An answer without a body. */
export const done = { 204: { description: "Done" } } as const;

/** Which page of a list. */
export const page = z.object({
  cursor: z.string().max(200).optional().openapi({ description: "`next` of the page before" }),
  limit: z.coerce.number().int().min(1).max(1000).optional().openapi({
    description: "items at most, 100 by default",
  }),
});

/** Items of a page by default. */
export const PAGE = 100;

/** The number behind a cursor of ours. @throws {Problem} 422 for any other text, in the name of `field`. */
export function cursorOf(
  ids: Ids,
  kind: CursorKind,
  cursor: string | undefined,
  field = "cursor",
): number | undefined {
  if (cursor === undefined) return undefined;
  const number = ids.find(kind, cursor);
  if (number !== undefined) return number;
  throw unfit(field, "is not one that the relay gave");
}

/** A number as earlier versions showed it. Who has one from then begins anew: by trying some it could be found out what others do. */
export const BARE_NUMBER = /^\d{1,16}$/;

/** A page out of `rows`, of which one more than `limit` was asked for. */
export function pageOf<T, V>(
  rows: readonly T[],
  { limit, view, cursor }: {
    readonly limit: number;
    readonly view: (row: T) => V;
    readonly cursor: (row: T) => string;
  },
): { items: V[]; next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(view),
    next: rows.length > limit && last !== undefined ? cursor(last) : null,
  };
}

/** Which page of a list that is short mostly. */
export const longPage = z.object({
  cursor: z.string().max(200).optional().openapi({ description: "`next` of the page before" }),
  limit: z.coerce.number().int().min(1).max(1000).optional().openapi({
    description: "items at most, 1000 by default",
  }),
});

/** Where a row stands in its list: by a time, and by its id among those of one time. */
export interface Place {
  /** Milliseconds since 1970; negative in lists whose newest row comes first. */
  readonly time: number;
  readonly id: string;
}

const PLACE = /^(-?\d{1,16})\.([\w-]{1,100})$/;

/**
 * The page after `cursor` of all `rows`, in the order of their places. What comes or goes between two pages moves
 * nothing else: a cursor is good when its own row is gone, too.
 * @throws {Problem} 422 for a cursor that is none.
 */
export function slice<T, V>(
  rows: readonly T[],
  { cursor, limit = 1000 }: {
    readonly cursor?: string | undefined;
    readonly limit?: number | undefined;
  },
  { view, place }: { readonly view: (row: T) => V; readonly place: (row: T) => Place },
): { items: V[]; next: string | null } {
  const [, time, id] = PLACE.exec(cursor ?? "") ?? [];
  if (cursor !== undefined && id === undefined) {
    throw unfit("cursor", "is not the `next` of any page");
  }
  const after = { time: id === undefined ? -Infinity : Number(time), id: id ?? "" };
  const placed = rows.map((row) => ({ row, at: place(row) }))
    .filter(({ at }) => order(at, after) > 0)
    .sort((one, other) => order(one.at, other.at));
  return pageOf(placed, {
    limit,
    view: ({ row }) => view(row),
    cursor: ({ at }) => `${at.time}.${at.id}`,
  });
}

function order(one: Place, other: Place): number {
  return one.time - other.time || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}

/** Milliseconds since 1970 as RFC 3339. */
export function rfc3339(time: number): string {
  return new Date(time).toISOString();
}

/** The address of a thing, for `Location`. */
export function locationOf(...segments: string[]): string {
  return ["/api/v1", ...segments.map(encodeURIComponent)].join("/");
}
