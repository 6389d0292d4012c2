/** A relay that runs: its parts put together, what it listens on, and its end. @module */

export { type Relay, RunningRelay, type RunningRelayOptions } from "./running_relay.ts";
