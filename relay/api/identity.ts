/** Who calls: a browser's session, a token, or this machine's shell; and what that one may. @module */

import {
  type Account,
  type Actor,
  ACTORS,
  allows,
  type Asker,
  type Grant,
  type Role,
  type Session,
  type Store,
  type Token,
} from "../store/mod.ts";
import type { Caller } from "./context.ts";
import { hasTwoCookies, isOurs, type Sender, senderOf } from "../visitors/mod.ts";
import { absent, forbidden, Problem } from "./problem.ts";

export { cookieName } from "../visitors/mod.ts";

/** An authenticated caller. */
export interface Identity {
  /** The account's name, or `shell`. */
  readonly name: string;
  readonly role: Role;
  /** Undefined for the shell. */
  readonly account: Account | undefined;
  /** How it signed in; both undefined for the shell. */
  readonly session: Session | undefined;
  readonly token: Token | undefined;
  /** A token that may only read. */
  readonly isReader: boolean;
  /** For the audit log. */
  readonly actor: Actor;
}

const SHELL: Identity = {
  name: ACTORS.shell,
  role: "admin",
  account: undefined,
  session: undefined,
  token: undefined,
  isReader: false,
  actor: { who: ACTORS.shell, address: "" },
};

/** Whether the request says by a token who it is; browsers never do so by themselves. */
export function bearsToken(headers: Headers): boolean {
  return isOurs(headers.get("authorization"));
}

/**
 * Who sends this request.
 * @throws {Problem} 401 without a credential, 403 for a token of another scope.
 */
export function identify(store: Store, caller: Caller, headers: Headers): Identity {
  if (caller.isShell) return SHELL;
  const authorization = headers.get("authorization");
  const cookie = headers.get("cookie") ?? "";
  const sender = senderOf(store, {
    authorization,
    cookie,
    secure: caller.secure,
    second: caller.second,
  });
  if (sender === undefined) {
    if (!isOurs(authorization) && hasTwoCookies({ cookie, secure: caller.secure })) {
      throw unknown(
        "Two session cookies came, so one is not ours: delete the cookies of this site, and sign in again",
      );
    }
    throw isOurs(authorization)
      ? unknown("The token is unknown, expired or revoked, or its account is disabled")
      : unknown("Sign in first: POST /api/v1/sessions, or send a token");
  }
  return identityOf(sender, caller);
}

function identityOf({ account, session, token }: Sender, { address }: Caller): Identity {
  const isReader = token !== undefined && allows(token.scope, "read");
  if (token !== undefined && !isReader && !allows(token.scope, "full")) {
    throw forbidden(
      `The token's scope is ${token.scope}; the API needs full or read`,
      "wrong-scope",
    );
  }
  const { name, role } = account;
  const grant = grantOf({ account, session, token });
  return {
    name,
    role,
    account,
    session,
    token,
    isReader,
    actor: { who: name, address, ...(grant === undefined ? {} : { grant }) },
  };
}

/** What is asked again when something is changed. */
function grantOf({ account: { id: account, role }, session, token }: Sender): Grant | undefined {
  if (session !== undefined) return { account, role, via: { kind: "session", id: session.id } };
  if (token !== undefined) return { account, role, via: { kind: "token", id: token.id } };
  return undefined;
}

function unknown(detail: string): Problem {
  return new Problem(401, "not-signed-in", detail, { headers: { "www-authenticate": "Bearer" } });
}

/** Sees everything: administrators and viewers. */
export function seesAll(me: Identity): boolean {
  return me.role !== "member";
}

/** For whom the log is asked. */
export function askerOf(me: Identity): Asker {
  return { account: me.name, isStaff: seesAll(me) };
}

/** The account whose things `me` may see; undefined for all. */
export function scopeOf(me: Identity): string | undefined {
  return seesAll(me) ? undefined : me.name;
}

/** Whether `me` may know that something of `account` is there. */
export function sees(me: Identity, account: string): boolean {
  return seesAll(me) || me.name === account;
}

/** @throws {Problem} 404 where there is no such account, or it is none of `me`'s business. */
export function needsSight(
  me: Identity,
  account: Account | undefined,
  name: string,
): asserts account is Account {
  if (account === undefined || !sees(me, account.name)) throw absent("account", name);
}

/** @throws {Problem} 403 unless `me` may change anything at all. */
export function needsWriter(me: Identity): void {
  if (me.isReader) throw forbidden("The token may only read", "wrong-scope");
  if (me.role === "viewer") throw forbidden("A viewer changes nothing");
}

/** @throws {Problem} 403 unless `me` is an administrator with all rights. */
export function needsAdmin(me: Identity): void {
  if (me.isReader) throw forbidden("The token may only read", "wrong-scope");
  if (me.role !== "admin") throw forbidden("Only an administrator may do this");
}

/**
 * For changing a thing of `account`, which is undefined where there is no such thing.
 * @throws {Problem} 404 where there is none or it is none of `me`'s business; 403 where it may only be looked at.
 */
export function needsOwner(
  me: Identity,
  account: string | undefined,
  kind: string,
  id: string,
): asserts account is string {
  if (account === undefined || !sees(me, account)) throw absent(kind, id);
  needsWriter(me);
}
