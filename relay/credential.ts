/** What a request carries to say who sends it: a token, or a browser session's cookie. @module */

import { OWN_COOKIE } from "./isolation.ts";
import type { Account, Session, Store, Token } from "./store/mod.ts";

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
}

/** More cookies of our name than this are somebody's game. */
const MOST_COOKIES = 4;

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

/** Who sends a request; undefined for nobody that is known. A wrong token is not saved by a good cookie. */
export function senderOf(
  store: Store,
  { authorization, cookie, secure }: CredentialFields,
): Sender | undefined {
  if (isOurs(authorization)) {
    const text = /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "";
    const found = store.tokens.verify(text);
    return found && { ...found, session: undefined };
  }
  for (const secret of cookies(cookie, cookieName(secure))) {
    const found = store.sessions.find(secret);
    if (found !== undefined) return { ...found, token: undefined };
  }
  return undefined;
}

function cookies(header: string, name: string): string[] {
  const values: string[] = [];
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name && values.length < MOST_COOKIES) {
      values.push(pair.slice(equals + 1).trim());
    }
  }
  return values;
}
