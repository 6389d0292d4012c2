/** Whatever breaks meanwhile: an answer is whole and right, or visibly broken off. @module */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Household, type RunningAgent } from "../support/crunch.ts";
import { eventually, pause } from "../support/deadline.ts";
import { randomBytes, randomFrom } from "../support/random.ts";
import { SilentProxy } from "../support/silent_proxy.ts";
import { ask, Visitor } from "../support/visitor.ts";

const SIZES = [0, 1, 1024, 16_383, 65_536, 100_000, 262_145, 1_000_003, 6_000_001];
const VISITORS = 24;

Deno.test("integrity: agents and connections die, nothing arrives wrong", async () => {
  await using household = new Household();
  const sums = SIZES.map((size) => {
    const content = randomBytes(randomFrom(size), size);
    household.write(`site/${size}`, content);
    return createHash("sha256").update(content).digest("hex");
  });
  const token = await household.account("alice");
  const relay = await household.relay();
  await using network = new SilentProxy(relay.tunnel);
  const dial = (): Promise<RunningAgent> =>
    household.agent(["--relay", network.address, "--dir", household.path("site")], {
      env: { CRUNCH_TOKEN: token },
    });
  const random = randomFrom(7);
  const tally = { same: 0, broken: 0, refused: 0 };
  const wrong: string[] = [];
  let over = false;

  /** Up to three requests on a connection, sometimes sent at once, sometimes left behind. */
  const visit = async (): Promise<void> => {
    using visitor = await Visitor.connect(relay.http);
    const which = Math.floor(random() * SIZES.length);
    const count = 1 + Math.floor(random() * 3);
    for (let i = 0; i < count; i++) await visitor.request(`/alice/${SIZES[which]}`);
    if (random() < 0.1) return;
    for (let i = 0; i < count; i++) {
      const head = await visitor.head();
      const size = Number(head.get("content-length"));
      const { size: got, sha256 } = await visitor.digest(size);
      if (head.status >= 500) tally.refused++;
      else if (got < size) tally.broken++;
      else if (head.status === 200 && sha256 === sums[which]) tally.same++;
      else wrong.push(`${SIZES[which]}: ${head.text}`);
    }
  };
  const visitors = Array.from({ length: VISITORS }, async () => {
    while (!over) {
      try {
        await visit();
      } catch {
        tally.broken++;
        await pause(20);
      }
    }
  });
  let agent = await dial();
  for (const what of ["kill", "cut", "drain", "pause", "kill", "cut"]) {
    await pause(600);
    if (what === "cut") network.cut("last");
    else if (what === "pause") {
      network.silence("up");
      await pause(400);
      network.resume();
    } else {
      agent.process.kill(what === "kill" ? "SIGKILL" : "SIGTERM");
      const ended = agent.process.exit;
      agent = await dial();
      assert.equal(await ended, what === "kill" ? 137 : 0);
    }
  }
  // After the last of it all is well again.
  const whole = tally.same;
  await eventually(() => tally.same >= whole + VISITORS, { what: "answers that are whole" });
  over = true;
  await Promise.all(visitors);
  console.log(`      ${JSON.stringify(tally)}`);
  assert.deepEqual(wrong, []);
  assert(tally.same > 100);
  await eventually(async () => (await ask(relay.http, "/alice/1024")).status === 200);
});
