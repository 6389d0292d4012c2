/** The public side: takes visitors and agents, and brings them together. @module */

import { commands, type LocalRelay, type Log, parseCommand, type RelayValues } from "../cli/mod.ts";
import { RunningRelay } from "./running_relay.ts";

/** Every option is one of `crunch relay`, in camel case; what is left out has the command's default. */
export interface RelayOptions extends Partial<RelayValues> {
  readonly log?: Log;
  /** Program and version, for agents and pages. */
  readonly software?: string;
  /** Where the credential for agents on this machine is left; undefined leaves none. */
  readonly localDirectory?: string | undefined;
  /** Stops the relay, as `stop` does. */
  readonly signal?: AbortSignal;
}

/** A relay that runs. Disposing it stops it at once; `stop` lets it finish. */
export interface Relay extends AsyncDisposable {
  /** Bound addresses, `host:port` or `unix:/path`. */
  readonly http: readonly string[];
  readonly https: readonly string[];
  readonly tunnel: readonly string[];
  readonly tunnelTls: readonly string[];
  readonly admin: readonly string[];
  /** The administrator's generated password, at the first start only. */
  readonly adminPassword: string | null;
  /** What an agent of this machine needs; null where no plain tunnel listener is. */
  readonly local: LocalRelay | null;
  /** Reachable from this machine only. */
  readonly loopbackOnly: boolean;
  /**
   * Takes over new values of what may change while it runs (see `changeable` in cli/); others are left as they are.
   * What is under way keeps the limits that it began with.
   */
  change(values: Partial<RelayValues>): void;
  /** Finishes what is under way, for at most `time` ms (the option `drain` by default). */
  stop(time?: number): Promise<void>;
}

/**
 * Starts a relay.
 * @throws {ListenError} for an address that cannot be listened on.
 * @throws {StoreError} for a data directory that cannot be used, or is in use.
 */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const defaults =
    (await parseCommand(commands.relay, { args: [], env: Deno.env.toObject() })).values;
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  return await RunningRelay.start({ ...defaults, ...given } as RelayValues & RelayOptions);
}
