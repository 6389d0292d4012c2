/** Keeps what agents answer away from the relay's own origin and from each other, where no agent can weaken it. @module */

import { Field, type Head } from "../http/mod.ts";

/** Cookies of this prefix are the relay's: they never reach an agent, and no agent can set one. */
export const OWN_COOKIE = "crunch";

/** Fields that would act on the whole origin: dropped from answers on path URLs. */
const ORIGIN_WIDE: ReadonlySet<number> = new Set([
  Field["clear-site-data"],
  Field["service-worker-allowed"],
  Field["strict-transport-security"],
  Field["alt-svc"],
  Field.nel,
  Field["report-to"],
  Field["reporting-endpoints"],
]);

/** Whether a line of an answer acts on the whole origin. */
export function isOriginWide(field: number): boolean {
  return ORIGIN_WIDE.has(field);
}

/** What an answer on a path URL gets besides its own policy. */
export const SANDBOX =
  "Content-Security-Policy: sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads\r\n";

/** A media type as browsers agree on it. What ends in xml is a document that may hold scripts (RFC 7303 section 4.2). */
const INERT =
  /^[ \t]*(?:(?:image|audio|video|font)\/(?![\w.+-]*xml)[\w.+-]+|application\/(?:pdf|json|javascript|font-woff2?|x-font-\w+|vnd\.ms-fontobject|manifest\+json)|text\/(?:css|javascript|plain))[ \t]*(?:;|$)/i;
/** Types judged before; a long one is judged each time. */
const known = new Map<string, boolean>();
const MAX_KNOWN = 512;
const MAX_KNOWN_LENGTH = 128;

/** Whether a media type can run nothing in a browser that does not sniff: it needs no sandbox. */
export function isInert(contentType: string): boolean {
  let inert = known.get(contentType);
  if (inert === undefined) {
    // A list is not a type that browsers agree on.
    inert = !contentType.includes(",") && INERT.test(contentType);
    if (contentType.length > MAX_KNOWN_LENGTH) return inert;
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(contentType, inert);
  }
  return inert;
}

/**
 * A Set-Cookie value as it may pass on a path URL: under the name's own path, without Domain; null to drop it.
 * @param base `/alice`, without a slash at its end.
 */
export function confineCookie(value: string, base: string): string | null {
  const [pair = "", ...attributes] = value.split(";");
  if (!isPassable(pair)) return null;
  let path = "";
  const kept: string[] = [];
  for (const attribute of attributes) {
    const [key = "", ...rest] = attribute.split("=");
    const name = key.trim().toLowerCase();
    if (name === "path") path = rest.join("=").trim();
    else if (name !== "domain") kept.push(attribute);
  }
  const own = path === base || path.startsWith(base + "/")
    ? path.slice(base.length)
    : path.startsWith("/")
    ? path
    : "/";
  return `${pair};${kept.map((attribute) => attribute + ";").join("")} Path=${base}${
    own === "" ? "/" : own
  }`;
}

/**
 * The same on a subdomain: only a Domain above its own host drops it.
 * @param host `alice.example.org`
 */
export function confineSubdomainCookie(value: string, host: string): string | null {
  for (const attribute of value.split(";").slice(1)) {
    const [key = "", ...rest] = attribute.split("=");
    if (key.trim().toLowerCase() !== "domain") continue;
    const domain = rest.join("=").trim().toLowerCase().replace(/^\./, "");
    if (domain !== "" && domain !== host && !domain.endsWith("." + host)) return null;
  }
  return value;
}

/** Not ours, not one whose prefix promises what a path URL cannot keep, and not one without a name. */
function isPassable(pair: string): boolean {
  const equals = pair.indexOf("=");
  if (equals < 0) return false;
  const name = pair.slice(0, equals).trim().toLowerCase();
  return name !== "" && !name.startsWith("__") && !name.startsWith(OWN_COOKIE);
}

/** A Cookie value without our own cookies; "" where nothing is left. */
export function withoutOwnCookies(value: string): string {
  return value.split(";").filter((pair) => {
    const name = pair.split("=", 1)[0]!.trim().toLowerCase();
    return !name.startsWith(OWN_COOKIE) && !name.startsWith("__host-" + OWN_COOKIE);
  }).join(";").trim();
}

/**
 * Whether a request on a path URL comes from a sandboxed page of the same site and carries no rights: then its answer
 * may be read, so that modules, fonts and JSON load.
 */
export function isAnonymousNull(head: Head): boolean {
  return head.get(Field.origin) === "null" && head.method === "GET" && !head.has(Field.cookie) &&
    !head.has(Field.authorization);
}
