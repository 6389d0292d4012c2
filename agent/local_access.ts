/** Finds the relay of this machine, for an agent that is not told where to dial. @module */

import {
  dialAddress,
  isAlive,
  type LocalRelay,
  localRelayDirectory,
  readLocalRelays,
  type Surroundings,
} from "../cli/mod.ts";
import { parseToken } from "../tunnel/mod.ts";
import { Credential } from "./sign_in.ts";
import type { Access } from "./link.ts";

/** There is no relay on this machine, or more than one. The message says what to type. */
export class NoLocalRelay extends Error {
  override readonly name = "NoLocalRelay";
  /** More than one: a question of usage. */
  readonly several: boolean;

  constructor(message: string, several: boolean) {
    super(message);
    this.several = several;
  }
}

/**
 * Where the relay of this machine is, and its credential.
 * @throws {NoLocalRelay}
 */
export function localAccess(around: Surroundings): Access {
  const found = readLocalRelays(localRelayDirectory(around));
  const alive = found.filter(({ relay }) => isAlive(relay.pid));
  if (alive.length === 0) {
    throw new NoLocalRelay(
      found.length === 0
        ? "no relay runs on this machine; start one:\n  crunch relay\n" +
          "or name another one: --relay HOST:PORT"
        : `the relay that left ${found[0]!.path} is gone; start it with:\n  crunch relay`,
      false,
    );
  }
  if (alive.length > 1) {
    const list = alive.map(({ relay }) =>
      `  --relay ${relay.tunnel}   (pid ${relay.pid}, pages on ${relay.http})`
    );
    throw new NoLocalRelay(
      `${alive.length} relays run on this machine; choose one:\n${list.join("\n")}`,
      true,
    );
  }
  return accessOf(alive[0]!.relay);
}

/**
 * The local credential for a relay that was named by its address, if it is a relay of this machine.
 * Undefined where it is not.
 */
export function localAccessTo(tunnel: string, around: Surroundings): Access | undefined {
  const found = readLocalRelays(localRelayDirectory(around))
    .find(({ relay }) => relay.tunnel === tunnel && isAlive(relay.pid));
  return found === undefined ? undefined : accessOf(found.relay);
}

/** The access that a relay left. */
export function accessOf(
  { tunnel, credential }: Pick<LocalRelay, "tunnel" | "credential">,
): Access {
  const secret = parseToken(credential);
  if (secret === undefined) {
    throw new NoLocalRelay("the relay's local file holds no credential; restart the relay", false);
  }
  return { relay: dialAddress.parse(tunnel), credential: Credential.token(secret) };
}
