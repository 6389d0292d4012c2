/** The public side: takes visitors and agents, and brings them together. @module */

import { checkRelay, type PlainOptions, readOptions, relayOptions } from "../cli/mod.ts";
import { type Relay, RunningRelay, type RunningRelayOptions } from "./running/mod.ts";

export type { Relay } from "./running/mod.ts";
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
