/** Where an agent dials and as whom, by what it was told. @module */

import { type AgentValues, formatAddress, type Surroundings } from "../cli/mod.ts";
import { parseToken } from "../tunnel/mod.ts";
import { Credential } from "./sign_in.ts";
import { type Access, relayText } from "./link.ts";
import { localAccess, localAccessTo } from "./local_access.ts";

/** The relay is known, but not as whom to sign in. */
export class NoCredential extends Error {
  override readonly name = "NoCredential";
  /** A token was given, and is none. Else nothing was. */
  readonly mistyped: boolean;

  constructor(message: string, { mistyped }: { readonly mistyped: boolean }) {
    super(message);
    this.mistyped = mistyped;
  }
}

/** What an agent was told. */
export type Told = Pick<AgentValues, "relay" | "user" | "password" | "token">;

/**
 * The access to the relay that was named, or to `own`, or to the relay of this machine, which needs no credential.
 * @throws {NoLocalRelay}
 * @throws {NoCredential}
 */
export function accessOfTold(
  told: Told,
  { around, own }: { readonly around: Surroundings; readonly own?: Access | undefined },
): Access {
  const credential = credentialOf(told);
  const { relay } = told;
  if (relay === undefined) {
    const local = own ?? localAccess(around);
    return credential === undefined ? local : { ...local, credential };
  }
  if (credential !== undefined) return { relay, credential };
  const text = formatAddress(relay).replace(/^localhost:/, "127.0.0.1:");
  const local = relay.transport === "tcp" ? localAccessTo(text, around) : undefined;
  if (local !== undefined) return local;
  throw new NoCredential(`no credentials for ${relayText(relay)}`, { mistyped: false });
}

function credentialOf({ user, password, token }: Told): Credential | undefined {
  if (token !== undefined) {
    const secret = parseToken(token.reveal());
    if (secret !== undefined) return Credential.token(secret);
    throw new NoCredential(
      "the token is mistyped or cut: it begins with crunch_ and has 63 characters",
      { mistyped: true },
    );
  }
  if (user === undefined || password === undefined) return undefined;
  return Credential.password(user, password.reveal());
}
