/** The public side: takes visitors and agents, and brings them together. @module */

import {
  checkRelay,
  type LocalRelay,
  type PlainOptions,
  readOptions,
  relayOptions,
} from "../cli/mod.ts";
import { RunningRelay, type RunningRelayOptions } from "./running_relay.ts";

export { createLog, type Log } from "../cli/mod.ts";
export { ListenError } from "../http/mod.ts";
export { StoreError } from "./store/mod.ts";

/** It is for who starts a program, not for the program itself. */
const { readyFile: _, ...options } = relayOptions;

/**
 * Every option is one of `crunch relay --help`, in camel case, and has the same default: `http: "127.0.0.1:0"`,
 * `tunnel: [":8021", "unix:/run/relay"]`, `drain: "10s"` or `10_000`, `maxHead: "32KiB"` or `32_768`. `CRUNCH_…`
 * variables are not looked at.
 */
export interface RelayOptions
  extends
    PlainOptions<typeof options>,
    Pick<RunningRelayOptions, "log" | "software" | "localDirectory" | "signal"> {}

/** A relay that runs. Disposing it stops it at once; `stop` lets it finish. Both may be asked for again and again. */
export interface Relay extends AsyncDisposable {
  /** Bound addresses, `host:port` or `unix:/path`. */
  readonly http: readonly string[];
  readonly https: readonly string[];
  readonly tunnel: readonly string[];
  readonly tunnelTls: readonly string[];
  readonly admin: readonly string[];
  /** The administrator's generated password, at the first start only. */
  readonly adminPassword: string | null;
  /** What an agent of this machine needs (`startAgent` takes it as `relay`); null where no plain tunnel listener is. */
  readonly local: LocalRelay | null;
  /** Reachable from this machine only. */
  readonly loopbackOnly: boolean;
  /** Finishes what is under way, for at most `time` ms (the option `drain` by default). */
  stop(time?: number): Promise<void>;
}

/**
 * Starts a relay.
 * @throws {TypeError} that names the option which cannot be taken.
 * @throws {ListenError} for an address that cannot be listened on.
 * @throws {StoreError} for a data directory that cannot be used, or is in use.
 * @throws the signal's reason, where it is aborted before the relay runs.
 */
export async function startRelay(
  { log, software, localDirectory, signal, ...given }: RelayOptions = {},
): Promise<Relay> {
  const read = readOptions({ name: "relay", options, check: checkRelay }, given);
  const program = { log, software, localDirectory, signal };
  return await RunningRelay.start({ ...read.values, ...program, given: read });
}
