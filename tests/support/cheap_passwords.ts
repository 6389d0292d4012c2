/** Lets passwords cost 2 ms instead of 0.2 s to hash, in the process that loads it before the program. @module */

import { type Cost, DEFAULT_COST, LEAST_COST } from "../../tunnel/scram.ts";

const COSTS = [DEFAULT_COST, LEAST_COST];
const dear = COSTS.map((cost) => ({ ...cost }));
const cheap: Cost = { N: 2 ** 10, r: 8, p: 1 };

// A built program asks its own price, and would not take a lower one. What the price is and where it ends is claimed
// by tests/tunnel/scram_test.ts and protocol_text_test.ts, which do not load this.
const isOwn = !Deno.env.has("CRUNCH_PROGRAM");

function set(costs: readonly Cost[]): void {
  COSTS.forEach((cost, i) => Object.assign(cost, costs[i]));
}

if (isOwn) set([cheap, cheap]);

/** Lets them cost what they cost users, for a test that acts while one is hashed; cheap again when it is disposed of. */
export function dearPasswords(): Disposable {
  set(dear);
  return { [Symbol.dispose]: () => isOwn && set([cheap, cheap]) };
}
