/** The private side: dials a relay and answers for what it publishes. @module */

import {
  agentOptions,
  checkAgent,
  type LocalRelay,
  ownSurroundings,
  type PlainOptions,
  publications,
  readOptions,
} from "../cli/mod.ts";
import { accessOfTold, NoCredential } from "./access.ts";
import type { Access } from "./link.ts";
import { accessOf } from "./local_access.ts";
import { RunningAgent, type RunningAgentOptions } from "./running_agent.ts";

export { createLog, type Log } from "../cli/mod.ts";
export { NoLocalRelay } from "./local_access.ts";
export { Credential, SignIn } from "./sign_in.ts";

/** It is for who starts a program, not for the program itself. */
const { readyFile: _, ...options } = agentOptions;

/** What to publish under one name. */
export interface PublicationOptions {
  /** The public name. Default: the account's. */
  readonly name?: string | undefined;
  /** A directory, `/PATH=DIR`, or several. */
  readonly dir?: string | readonly string[] | undefined;
  /** A web application, `http://localhost:3000` or `/PATH=URL`, or several. */
  readonly proxy?: string | readonly string[] | undefined;
}

/**
 * Every option is one of `crunch agent --help`, in camel case: `relay: "tls://relay.example"`, `user`, `password`,
 * `token`, `relayCa`, `name`, `dir`, `proxy`, `drain: "10s"` or `10_000`. At least `dir`, `proxy` or `publish` is needed; without
 * `relay` it finds that of this machine. `CRUNCH_…` variables are not looked at.
 */
export interface AgentOptions
  extends
    Omit<PlainOptions<typeof options>, "relay" | "publish">,
    Pick<RunningAgentOptions, "log" | "software" | "onwelcome" | "onrefused" | "signal"> {
  /** `host:port`, `tls://host:port`; or the `local` of a relay in this process, which asks for no account. */
  readonly relay?: string | LocalRelay | null | undefined;
  /** Several names, each with what it publishes. */
  readonly publish?: readonly PublicationOptions[] | undefined;
}

/** An agent that runs. Disposing it ends it at once; `stop` lets it finish. Both may be asked for again and again. */
export interface Agent extends AsyncDisposable {
  /** Resolves with all public URLs once everything that is published works; rejects when the relay refuses one. */
  readonly urls: Promise<string[]>;
  /**
   * Publishes this instead: new names come, others go, those that stay serve without a gap.
   * @throws {TypeError} that names the option which cannot be taken.
   * @throws {Error} where a directory cannot be published. In both cases nothing has changed.
   */
  publish(publications: readonly PublicationOptions[]): Promise<void>;
  /** Takes nothing new, finishes what is under way for at most `time` ms (the option `drain` by default), and ends. */
  stop(time?: number): Promise<void>;
}

/**
 * Starts an agent; it dials for ever until it is stopped.
 * @throws {TypeError} that names the option which cannot be taken, or is missing.
 * @throws {NoLocalRelay} where no relay was named and none runs on this machine.
 * @throws {Error} where a directory cannot be published. Or the signal's reason, where it is aborted already.
 */
export async function startAgent(
  { relay, log, software, onwelcome, onrefused, signal, ...given }: AgentOptions,
): Promise<Agent> {
  const [named, own] = typeof relay === "object" ? [undefined, ownAccess(relay)] : [relay];
  const { values, sources } = read({ ...given, relay: named });
  const publishesNothing = given.dir === undefined && given.proxy === undefined;
  if (publishesNothing && given.name !== undefined) throw wrong("name needs dir or proxy");
  if (publishesNothing && given.publish === undefined) {
    throw wrong("publishes nothing: give dir, proxy or publish");
  }
  const access = (): Access => accessOfTold(values, { around: ownSurroundings, own });
  tryAccess(access);
  const agent = await RunningAgent.start({
    access,
    publish: publications({ values, sources }),
    relayCa: values.relayCa === undefined ? undefined : readCertificates(values.relayCa),
    drain: values.drain,
    ...{ log, software, onwelcome, onrefused, signal },
  });
  return {
    urls: agent.urls,
    publish: async (publish) => {
      const { values, sources } = read({ publish });
      await agent.publish(publications({ values, sources }));
    },
    stop: (time) => agent.stop(time),
    [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose](),
  };
}

function read(given: PlainOptions<typeof options>) {
  return readOptions({ name: "agent", options, check: checkAgent }, given);
}

function ownAccess(relay: LocalRelay | null): Access {
  if (relay !== null) return accessOf(relay);
  throw wrong("relay is null: without a plain tunnel listener it takes agents by account only");
}

/** Says now what would be a failed dial again and again; later the relay may be away for a while. */
function tryAccess(access: () => Access): void {
  try {
    access();
  } catch (cause) {
    if (!(cause instanceof NoCredential)) throw cause;
    const advice = cause.mistyped ? "" : ": give user and password, or token";
    throw wrong(`${cause.message}${advice}`, cause);
  }
}

function readCertificates(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw wrong(`relayCa: ${(cause as Error).message}`, cause);
  }
}

function wrong(message: string, cause?: unknown): TypeError {
  return new TypeError(`Cannot start agent: ${message}`, { cause });
}
