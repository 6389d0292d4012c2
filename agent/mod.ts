/** The private side: dials a relay and answers for what it publishes. @module */

import {
  type DialAddress,
  dialAddress,
  directory,
  type Mounted,
  mounted,
  name,
  type Publication,
  Secret,
} from "../cli/mod.ts";
import { Credential, parseToken } from "../tunnel/mod.ts";
import { localAccess, localAccessTo } from "./local_access.ts";
import type { Access } from "./link.ts";
import { RunningAgent, type RunningAgentOptions } from "./running_agent.ts";

export { type Access, relayText } from "./link.ts";
export { localAccess, localAccessTo, NoLocalRelay } from "./local_access.ts";
export { PRIVATE_MARKER } from "./files/mod.ts";

/** What to publish under one name. */
export interface PublicationOptions {
  /** The public name. Default: the account's. */
  readonly name?: string | undefined;
  /** A directory, `PATH=DIR`, or several. */
  readonly dir: string | readonly (string | Mounted<string>)[];
}

/** Everything is optional: without anything, the agent finds the relay of this machine. */
export interface AgentOptions extends Omit<RunningAgentOptions, "access" | "publish"> {
  /** `host:port`, `tcp://host:port` or `tls://host:port`. Default: the relay of this machine. */
  readonly relay?: string | DialAddress | undefined;
  /** The account and its password; or a token. Default: the credential that a relay of this machine left. */
  readonly user?: string | undefined;
  readonly password?: string | Secret | undefined;
  readonly token?: string | Secret | undefined;
  /** Says where to dial and as whom, anew before each dial, instead of all these. */
  readonly access?: RunningAgentOptions["access"] | undefined;
  /** One name and what it publishes; or several. */
  readonly name?: string | undefined;
  readonly dir?: PublicationOptions["dir"] | undefined;
  readonly publish?: readonly PublicationOptions[] | undefined;
}

/** An agent that runs. Disposing it ends it at once; `stop` lets it finish. */
export interface Agent extends AsyncDisposable {
  /** Resolves with all public URLs once everything that is published works; rejects when the relay refuses one. */
  readonly urls: Promise<string[]>;
  /**
   * Publishes this instead: new names come, others go, those that stay serve without a gap.
   * @throws {Error} where a directory cannot be published; then nothing has changed.
   */
  publish(publications: readonly Publication[]): void;
  /** Takes nothing new, finishes what is under way for at most `time` ms, and ends. */
  stop(time?: number): Promise<void>;
}

/**
 * Starts an agent; it dials for ever until it is stopped.
 * @throws {Error} where a directory cannot be published, or nothing is; {NoLocalRelay} where no relay was named and
 * none runs on this machine; {BadValue} for an option that cannot be read.
 */
export function startAgent(options: AgentOptions): Agent {
  const access = options.access ?? accessFor(options);
  if (options.publish === undefined && options.dir === undefined) {
    throw new TypeError("Cannot start an agent that publishes nothing: give dir or publish");
  }
  const own = options.dir === undefined ? [] : [{ name: options.name, dir: options.dir }];
  const publish = [...own, ...options.publish ?? []].map(publicationOf);
  return new RunningAgent({ ...options, access, publish });
}

function publicationOf(options: PublicationOptions): Publication {
  const dirs = typeof options.dir === "string" ? [options.dir] : options.dir;
  const kind = mounted(directory);
  return {
    name: options.name === undefined ? undefined : name.parse(options.name),
    dir: dirs.map((dir) => typeof dir === "string" ? kind.parse(dir) : dir),
  };
}

function accessFor(options: AgentOptions): () => Access {
  const around = { env: Deno.env.toObject(), os: Deno.build.os, root: isRoot() };
  const credential = credentialFor(options);
  const { relay: given } = options;
  const relay = typeof given === "string" ? dialAddress.parse(given) : given;
  if (relay !== undefined && credential !== undefined) return () => ({ relay, credential });
  const find = (): Access => {
    if (relay === undefined) return localAccess(around);
    const local = localAccessTo(`${relay.hostname}:${relay.port}`, around);
    if (local !== undefined) return local;
    throw new TypeError("Cannot sign in without user and password, or token");
  };
  // Said now, where it is a mistake; later the relay may be away for a while.
  find();
  return () => credential === undefined ? find() : { ...find(), credential };
}

function credentialFor({ user, password, token }: AgentOptions): Credential | undefined {
  if (token !== undefined) {
    const secret = parseToken(textOf(token));
    if (secret === undefined) throw new TypeError("Cannot read the token: it is mistyped or cut");
    return Credential.token(secret);
  }
  if (user === undefined || password === undefined) return undefined;
  return Credential.password(user, textOf(password));
}

function textOf(secret: string | Secret): string {
  return secret instanceof Secret ? secret.reveal() : secret;
}

function isRoot(): boolean {
  return Deno.build.os !== "windows" && Deno.uid() === 0;
}
