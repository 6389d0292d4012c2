/** Lets passwords cost 2 ms instead of 0.2 s to hash, in the process that loads it before the program. @module */

import { DEFAULT_COST, LEAST_COST } from "../../tunnel/scram.ts";

// A built program asks its own price, and would not take a lower one. What the price is and where it ends is claimed
// by tests/tunnel/scram_test.ts and protocol_text_test.ts, which do not load this.
if (!Deno.env.has("CRUNCH_PROGRAM")) {
  for (const cost of [DEFAULT_COST, LEAST_COST]) Object.assign(cost, { N: 2 ** 10, r: 8, p: 1 });
}
