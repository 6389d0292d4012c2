/** Claims about what may wait for agents that read too little: their own connections end, and nobody else's. @module */

import assert from "node:assert/strict";
import { TICK } from "../../../http/mod.ts";
import { BacklogKeeper } from "../../../relay/agents/backlog.ts";
import type { ConnectedAgent } from "../../../relay/agents/connected_agent.ts";
import { MockClock } from "../../support/mock_clock.ts";

/** A session for which `queued` bytes wait. */
class Stuffed {
  readonly outgoing: { queued: number };
  end = "";

  constructor(queued: number) {
    this.outgoing = { queued };
  }

  cut({ code }: { code: string }): void {
    this.end = code;
    this.outgoing.queued = 0;
  }
}

/** Agents by account, each of sessions for which so much waits; what became of them after a look. */
function judge(waiting: ReadonlyArray<readonly [string, ...number[]]>): string[][] {
  using clock = new MockClock();
  const agents = waiting.map(([account, ...queued]) => ({
    facts: { account },
    sessions: queued.map((size) => new Stuffed(size)),
  }));
  using _ = new BacklogKeeper({
    agents: () => agents as unknown as ConnectedAgent[],
    account: 100,
    relay: 250,
  });
  clock.tick(TICK);
  return agents.map(({ sessions }) => sessions.map(({ end }) => end));
}

Deno.test("backlog: within the bounds nobody is cut off", () => {
  assert.deepEqual(judge([["a", 50, 50], ["b", 100], ["c", 50]]), [["", ""], [""], [""]]);
});

Deno.test("backlog: an account's agents share one bound, and who has most goes", () => {
  assert.deepEqual(judge([["a", 20, 60], ["a", 70], ["b", 90]]), [["", ""], ["peer-stalled"], [
    "",
  ]]);
});

Deno.test("backlog: all accounts share one bound, and the one with most pays", () => {
  assert.deepEqual(judge([["a", 80], ["b", 45, 45], ["c", 90], ["d", 0]]), [
    [""],
    ["peer-stalled", ""],
    [""],
    [""],
  ]);
});
