/** Claims about two agents that publish one name, as whole processes: one serves, the others wait. @module */

import assert from "node:assert/strict";
import { type CrunchProcess, Household, type RunningAgent } from "../support/crunch.ts";
import type { Claim, Turn } from "../../tunnel/mod.ts";
import { AgentDouble } from "../support/agent_double.ts";
import { eventually, within } from "../support/deadline.ts";
import { ask } from "../support/visitor.ts";

const PATIENCE = 20_000;

/** A site whose `who` says `text`, and an agent that publishes it. */
async function publish(
  household: Household,
  text: string,
  more: readonly string[] = [],
): Promise<RunningAgent> {
  household.write(`${text}/who`, text);
  return await household.agent(["--dir", household.path(text), ...more]);
}

async function who(http: string): Promise<string> {
  const { status, text } = await ask(http, "/local/who");
  return status === 200 ? text : String(status);
}

function waits(process: CrunchProcess): Promise<unknown> {
  return process.said(
    /waiting: local is published by the agent at 127\.0\.0\.1 \(pid \d+ on \S+,/,
    PATIENCE,
  );
}

Deno.test("waiting: who was replaced takes over within a second when the other leaves, however it leaves", async (t) => {
  await using household = new Household();
  const { http } = await household.relay();
  const first = await publish(household, "first");
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await t.step(signal, async () => {
      const second = await publish(household, `second-${signal}`);
      await first.process.said(/replaced: /, PATIENCE);
      await waits(first.process);
      assert.equal(await who(http), `second-${signal}`);
      second.process.kill(signal);
      await second.process.exit;
      const since = performance.now();
      await eventually(async () => await who(http) === "first", {
        what: "the first one",
      });
      assert.ok(performance.now() - since < 1_000, `${performance.now() - since} ms`);
      first.process.stderr = "";
    });
  }
});

Deno.test("waiting: of three one serves and two wait, each for the one that serves, and come in order", async () => {
  await using household = new Household();
  const { http } = await household.relay();
  const agents = [];
  for (const name of ["a", "b", "c"]) {
    agents.push(await publish(household, name));
    if (agents.length > 1) await waits(agents.at(-2)!.process);
  }
  const [a, b, c] = agents as [RunningAgent, RunningAgent, RunningAgent];
  await a.process.said(new RegExp(`waiting: local .*pid ${c.process.pid} `), PATIENCE);
  c.process.kill("SIGTERM");
  await eventually(async () => await who(http) === "a", { what: "a" });
  await b.process.said(new RegExp(`waiting: local .*pid ${a.process.pid} `), PATIENCE);
  a.process.kill("SIGTERM");
  await eventually(async () => await who(http) === "b", { what: "b" });
});

Deno.test("waiting: after the relay's restart who served serves and who waited waits", async () => {
  await using household = new Household();
  let relay = await household.relay();
  const waiter = await publish(household, "waiter");
  const holder = await publish(household, "holder");
  await waits(waiter.process);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    waiter.process.stderr = "";
    holder.process.stderr = "";
    relay.process.kill(signal);
    await relay.process.exit;
    relay = await household.again(relay);
    await holder.process.said(/connected to the relay again/, PATIENCE);
    await waits(waiter.process);
    assert.equal(await who(relay.http), "holder");
    assert.doesNotMatch(holder.process.stderr, /replaced|waiting/);
    assert.doesNotMatch(waiter.process.stderr, /free/);
  }
});

Deno.test("waiting: on the wire, a process does not wait for its own earlier session, others do", async () => {
  await using household = new Household();
  const token = await household.account("alice");
  const { http, tunnel } = await household.relay();
  const turns: Turn[] = [];
  const connect = (said: string, claim: Claim, instance: string) =>
    AgentDouble.connect({
      tunnel,
      token,
      place: { claim, instance, label: said, waited: 0 },
      answer: (request) => request.respond(said),
      onturn: (turn) => turns.push(turn),
    });
  const said = async (): Promise<string> => (await ask(http, "/alice/")).text;
  await using first = await connect("first", "take", "one");
  assert.deepEqual(first.welcome.waiting, []);
  await using again = await connect("again", "keep", "one");
  assert.deepEqual(again.welcome.waiting, []);
  assert.equal((await within(first.wentAway, "being told")).code, "replaced");
  await using other = await connect("other", "wait", "two");
  const [turn] = other.welcome.waiting ?? [];
  assert.equal(turn?.name, "alice");
  assert.deepEqual([turn?.holder?.address, turn?.holder?.label], ["127.0.0.1", "again"]);
  assert.equal(other.welcome.names[0]?.name, "alice");
  assert.equal(await said(), "again");
  assert.deepEqual(turns, []);
  again.die();
  await eventually(async () => await said() === "other", { what: "the other one" });
  assert.deepEqual(turns, [{ name: "alice" }]);
});

Deno.test("waiting: with several names only the lost one waits", async () => {
  await using household = new Household();
  const token = await household.account("alice", { names: ["photos"] });
  const { http, tunnel } = await household.relay();
  for (const name of ["alice", "photos", "other"]) household.write(`${name}/who`, name);
  const config = household.write(
    "crunch.toml",
    ["alice", "photos"].map((name) =>
      `[[agent.publish]]\nname = "${name}"\ndir = "${household.path(name)}"\n`
    ).join(""),
  );
  const env = { CRUNCH_TOKEN: token };
  const both = await household.agent(["--config", config, "--relay", tunnel], { env });
  const one = await household.agent(
    ["--relay", tunnel, "--name", "photos", "--dir", household.path("other")],
    { env },
  );
  await both.process.said(/waiting: photos is published by/, PATIENCE);
  assert.equal((await ask(http, "/photos/who")).text, "other");
  assert.equal((await ask(http, "/alice/who")).text, "alice");
  assert.doesNotMatch(both.process.stderr, /alice is published/);
  one.process.kill("SIGTERM");
  await eventually(async () => (await ask(http, "/photos/who")).text === "photos", {
    what: "its own again",
  });
});

Deno.test("waiting: whoever loses its rights waits no longer", async () => {
  await using household = new Household();
  const token = await household.account("alice");
  const { tunnel } = await household.relay();
  const env = { CRUNCH_TOKEN: token };
  const start = (name: string) => {
    household.write(`${name}/who`, name);
    return household.agent(["--relay", tunnel, "--dir", household.path(name)], { env });
  };
  const waiter = await start("waiter");
  await start("holder");
  await waiter.process.said(/waiting: alice/, PATIENCE);
  const change = household.crunch(["account", "remove", "alice", "--data", household.data]);
  assert.equal(await change.exit, 0, change.all);
  await waiter.process.said(/sends us away: the account alice was removed/, PATIENCE);
});
