/** Everything that a relay counts from its start on. @module */

import { Tally } from "./tally.ts";
import { Traffic } from "./traffic.ts";

/** Counters that only grow. */
export class Counters {
  readonly traffic: Traffic;
  /** What agents did: `connected`, `replaced`, `promoted`, `gone`. */
  readonly agentChanges: Tally = new Tally(["connected", "replaced", "promoted", "gone"]);
  /** Who was not let in, and why: `agent bad-credentials`. */
  readonly signInFailures: Tally = new Tally([
    "agent bad-credentials",
    "agent slow-down",
    "dashboard bad-credentials",
    "dashboard slow-down",
    "token bad-credentials",
    "token wrong-scope",
  ]);
  /** Visitors turned away, by the limit: that of all connections, or of one address. */
  readonly refusedVisitors: Tally = new Tally(["total", "address"]);

  /** `names`: the traffic of each name as well. */
  constructor({ names }: { readonly names: boolean }) {
    this.traffic = new Traffic({ names });
  }
}
