/** Claims about agents at the door of a whole relay: what they leave behind, and what they may do there. @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../../support/agent_double.ts";
import { Meeting } from "./meeting.ts";
import { formatToken, newTokenSecret } from "../../../tunnel/mod.ts";
import { SignInError } from "../../../agent/sign_in.ts";

Deno.test("reception: a guest that waits for its verdict leaves no timer behind a stop", async () => {
  await using meeting = await Meeting.begin();
  const { tunnel } = meeting.relay.local!;
  const token = formatToken(newTokenSecret());
  const tries = Array.from({ length: 4 }, () => AgentDouble.connect({ tunnel, token }));
  const all = Promise.allSettled(tries);
  // The first one is told at once; from then on the others wait.
  await assert.rejects(Promise.race(tries), SignInError);
  await meeting.relay.stop(0);
  for (const { status } of await all) assert.equal(status, "rejected");
});
