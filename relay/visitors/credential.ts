/** What a request carries to say who sends it: a token, or a browser session's cookie. @module */

import { createHash } from "node:crypto";
import { parseIp } from "../../cli/mod.ts";
import { OWN_COOKIE } from "./heads/mod.ts";
import type { Account, Session, Store, Token } from "../store/mod.ts";

/** Whose token or session a request carries; it has one of both. */
export interface Sender {
  readonly account: Account;
  readonly token: Token | undefined;
  readonly session: Session | undefined;
}

/** The fields of a request that tell. */
export interface CredentialFields {
  readonly authorization: string | null;
  /** All cookies, "" without. */
  readonly cookie: string;
  /** Whether the browser speaks TLS. */
  readonly secure: boolean;
  /** The second token of the session, where the cookie alone proves nothing; undefined where it does. */
  readonly second?: string | null | undefined;
}

/** The field by which a page of ours sends the session's second token. */
export const SECOND_FIELD = "x-crunch-session";

/**
 * What belongs to a session's cookie and is kept where pages of our own origin alone can read and write (a script on a
 * subdomain can plant a cookie of its own session, but not this).
 */
export function secondOf(secret: string): string {
  return createHash("sha256").update(`second ${secret}`).digest("base64url");
}

/**
 * Whether a foreign page can plant a cookie for `host`: over plain HTTP, where names are subdomains of a real
 * domain. No cookie of another host reaches an address or localhost, and none at all one with `__Host-`.
 */
export function isPlantable(
  host: string,
  { secure, domain }: { readonly secure: boolean; readonly domain: string },
): boolean {
  const isLocal = (name: string): boolean => name === "localhost" || name.endsWith(".localhost");
  return !secure && !isLocal(domain) && !isLocal(host) && host !== "" &&
    parseIp(host.replace(/^\[|\]$/g, "")) === undefined;
}

/** Whether a request has two cookies of ours: at least one of them was planted. */
export function hasTwoCookies(
  { cookie, secure }: Pick<CredentialFields, "cookie" | "secure">,
): boolean {
  return cookies(cookie, cookieName(secure)).length > 1;
}

/** The session cookie's name: over TLS one that no subdomain and no plain page can set (RFC 6265bis, `__Host-`). */
export function cookieName(secure: boolean): string {
  return secure ? `__Host-${OWN_COOKIE}` : OWN_COOKIE;
}

/**
 * Whether `Authorization` is for us: Basic is for a proxy in front of us, which asks for a password of its own and
 * passes it on, and what browsers send by themselves.
 */
export function isOurs(authorization: string | null): authorization is string {
  return authorization !== null && !/^basic\b/i.test(authorization);
}

/** Who sends a request; undefined for an anonymous one. A wrong token is not saved by a good cookie. */
export function senderOf(
  store: Store,
  { authorization, cookie, secure, second }: CredentialFields,
): Sender | undefined {
  if (isOurs(authorization)) {
    const text = /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "";
    const found = store.tokens.verify(text);
    return found && { ...found, session: undefined };
  }
  const [secret, ...further] = cookies(cookie, cookieName(secure));
  if (secret === undefined || further.length > 0) return undefined;
  if (second !== undefined && second !== secondOf(secret)) return undefined;
  const found = store.sessions.find(secret);
  return found && { ...found, token: undefined };
}

function cookies(header: string, name: string): string[] {
  const values: string[] = [];
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name) {
      values.push(pair.slice(equals + 1).trim());
    }
  }
  return values;
}
