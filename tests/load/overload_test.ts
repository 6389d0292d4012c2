/** Ten thousand sessions beside four busy loops: overload is not taken for silence. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { pause } from "../support/deadline.ts";
import { Fleet } from "./fleet.ts";

const SESSIONS = 10_000;
/** In so many processes: one alone would be the bottleneck, and no agent runs beside thousands. */
const FLEETS = 4;
const LOOPS = 4;
/** How long the loops run, in ms: several times what a silent peer is given. */
const TIME = 60_000;

Deno.test(`overload: ${SESSIONS} sessions beside ${LOOPS} busy loops stay`, async () => {
  await using household = new Household();
  household.write("site/a.txt", "here");
  const names = Array.from({ length: SESSIONS }, (_, i) => `n${i}`);
  const token = await household.account("fleet", { names });
  const relay = await household.relay();
  const count = SESSIONS / FLEETS;
  const fleets: Fleet[] = [];
  const loops: Deno.ChildProcess[] = [];
  try {
    const began = performance.now();
    for (let i = 0; i < FLEETS; i++) {
      const fleet = new Fleet({
        tunnel: relay.tunnel,
        token,
        dir: household.path("site"),
        count,
        first: i * count,
      });
      fleets.push(fleet);
      await fleet.welcomed(count);
    }
    console.log(`      all signed in after ${Math.round((performance.now() - began) / 1_000)} s`);
    const before = fleets.map((fleet) => fleet.returns);
    for (let i = 0; i < LOOPS; i++) {
      loops.push(
        new Deno.Command(Deno.execPath(), { args: ["eval", "for (;;);"], stdin: "null" }).spawn(),
      );
    }
    await pause(TIME);
    const lost = fleets.map((fleet, i) => fleet.returns - before[i]!);
    console.log(`      lost ${lost.join(", ")}; while they signed in ${before.join(", ")}`);
    assert.deepEqual(lost, fleets.map(() => 0));
  } finally {
    for (const loop of loops) loop.kill("SIGKILL");
    await Promise.all(loops.map((loop) => loop.status));
    for (const fleet of fleets) await fleet[Symbol.asyncDispose]();
  }
});
