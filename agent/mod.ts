/** The private side: dials a relay and answers for what it publishes. @module */

import type { DialAddress, Log, Publication } from "../cli/mod.ts";
import { silentLog } from "../cli/mod.ts";
import { type Connection, dialTcp, dialTls } from "../http/mod.ts";
import type { SignInError, Welcome } from "../tunnel/mod.ts";
import { createDirectoryOrigin } from "./files/mod.ts";
import { type Access, DIAL_TIME, Link } from "./link.ts";
import { Mounts } from "./mounts.ts";

export { type Access, relayText } from "./link.ts";
export { localAccess, localAccessTo, NoLocalRelay } from "./local_access.ts";
export { PRIVATE_MARKER } from "./files/mod.ts";

export interface AgentOptions {
  /** Where the relay is and as whom to sign in; asked for anew before each dial. */
  readonly access: () => Access | Promise<Access>;
  /** What to publish: one entry a public name. */
  readonly publish: readonly Publication[];
  /** PEM certificates that a TLS relay's is checked against, besides the system's. */
  readonly relayCa?: string | undefined;
  readonly log?: Log;
  /** Program and version. */
  readonly software?: string;
  /** A publication works (again). */
  readonly onwelcome?: (welcome: Welcome) => void;
  /** The relay refused a publication before it ever worked. */
  readonly onrefused?: (error: SignInError) => void;
  /** Stops the agent. */
  readonly signal?: AbortSignal;
}

/** An agent that runs. Disposing it ends it at once; `stop` lets it finish. */
export interface Agent extends AsyncDisposable {
  /** Resolves with all public URLs once everything that is published works; rejects when the relay refuses one. */
  readonly urls: Promise<string[]>;
  /** Takes nothing new, finishes what is under way for at most `time` ms, and ends. */
  stop(time?: number): Promise<void>;
}

/**
 * Starts an agent; it dials for ever until it is stopped.
 * @throws {Error} where a directory cannot be published.
 */
export function startAgent(options: AgentOptions): Agent {
  return new RunningAgent(options);
}

class RunningAgent implements Agent {
  readonly urls: Promise<string[]>;
  readonly #links: Link[] = [];
  readonly #mounts: Mounts[] = [];
  #stopping: Promise<void> | null = null;

  constructor(options: AgentOptions) {
    options.signal?.throwIfAborted();
    const log = options.log ?? silentLog;
    const waits: Promise<string[]>[] = [];
    try {
      for (const { dir } of options.publish) {
        this.#mounts.push(
          new Mounts(
            dir.map(({ mount, value }) => ({
              mount,
              origin: createDirectoryOrigin({ root: value }),
            })),
            { forwardedPrefix: true },
          ),
        );
      }
    } catch (error) {
      for (const mounts of this.#mounts) mounts[Symbol.dispose]();
      throw error;
    }
    options.publish.forEach(({ name }, index) => {
      const { promise, resolve, reject } = Promise.withResolvers<string[]>();
      waits.push(promise);
      this.#links.push(
        new Link({
          access: async () => await options.access(),
          dial: (relay, signal) => dialRelay(relay, { signal, ca: options.relayCa }),
          name,
          handler: this.#mounts[index]!.handle,
          software: options.software ?? "crunch",
          log,
          onwelcome: (welcome) => {
            options.onwelcome?.(welcome);
            resolve(welcome.names.flatMap(({ urls }) => urls));
          },
          onrefused: (error) => {
            options.onrefused?.(error);
            reject(error);
          },
        }),
      );
    });
    this.urls = Promise.all(waits).then((lists) => lists.flat());
    // Who does not ask for them need not handle the refusal.
    this.urls.catch(() => {});
    options.signal?.addEventListener("abort", () => void this.stop(), { once: true });
  }

  stop(time = 30_000): Promise<void> {
    return this.#stopping ??= this.#stop(time);
  }

  async #stop(time: number): Promise<void> {
    await Promise.all(this.#links.map((link) => link.drain(time)));
    for (const mounts of this.#mounts) mounts[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop(0);
  }
}

function dialRelay(
  { transport, hostname, port }: DialAddress,
  { signal, ca }: { readonly signal: AbortSignal; readonly ca: string | undefined },
): Promise<Connection> {
  // The link has a time of its own for dial and sign-in together.
  const options = { signal, timeout: DIAL_TIME };
  if (transport === "tcp") return dialTcp(hostname, port, options);
  return dialTls(hostname, port, { ...options, ...(ca === undefined ? {} : { caCerts: [ca] }) });
}
