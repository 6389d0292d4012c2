/** Claims about which agent has which name, and what becomes of one whose name was taken over. @module */

import assert from "node:assert/strict";
import { mock } from "node:test";
import { Registry } from "../../relay/registry.ts";
import { connect, FakeSession, seek } from "./fake_session.ts";

/** Lets promises that are due run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

Deno.test("registry: a name is found while its agent is there", () => {
  using registry = new Registry();
  const { agent } = connect({ names: ["alice", "docs"] });
  registry.add(agent);
  assert.equal(registry.find("alice"), agent);
  assert.equal(registry.find("docs"), agent);
  assert.equal(registry.find("bob"), undefined);
  registry.remove(agent);
  assert.equal(registry.find("alice"), undefined);
  assert.equal(registry.agents.size, 0);
});

Deno.test("registry: the next agent takes a name over at once; an idle one before it is closed", async () => {
  using registry = new Registry();
  const before = connect();
  const after = connect();
  registry.add(before.agent);
  registry.add(after.agent);
  assert.equal(registry.find("alice"), after.agent);
  assert.deepEqual(before.session.said, ["go away replaced"]);
  await settled();
  assert.deepEqual(before.session.said, ["go away replaced", "close replaced"]);
  assert.deepEqual(after.session.said, []);
});

Deno.test("registry: who is replaced may finish what is under way, for 5 s", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    using registry = new Registry();
    const before = connect({ session: new FakeSession(9) });
    seek(before.agent, 1);
    registry.add(before.agent);
    registry.add(connect().agent);
    mock.timers.tick(4_999);
    await settled();
    assert.deepEqual(before.session.said, ["go away replaced"]);
    mock.timers.tick(1);
    assert.deepEqual(before.session.said, ["go away replaced", "close replaced"]);
  } finally {
    mock.timers.reset();
  }
});

Deno.test("registry: who is replaced is closed as soon as it is done", async () => {
  using registry = new Registry();
  const before = connect({ session: new FakeSession(9) });
  seek(before.agent, 1);
  registry.add(before.agent);
  registry.add(connect().agent);
  await settled();
  assert.deepEqual(before.session.said, ["go away replaced"]);
  before.session.release();
  await settled();
  assert.deepEqual(before.session.said, ["go away replaced", "close replaced"]);
});

Deno.test("registry: an agent that keeps one of its names goes on", async () => {
  using registry = new Registry();
  const both = connect({ names: ["alice", "docs"] });
  registry.add(both.agent);
  registry.add(connect({ names: ["docs"] }).agent);
  await settled();
  assert.deepEqual(both.session.said, []);
  assert.equal(registry.find("alice"), both.agent);
  registry.add(connect({ names: ["alice"] }).agent);
  assert.deepEqual(both.session.said, ["go away replaced"]);
  await settled();
});

Deno.test("registry: who was replaced takes no name away when it goes", async () => {
  using registry = new Registry();
  const before = connect();
  const after = connect();
  registry.add(before.agent);
  registry.add(after.agent);
  registry.release(before.agent);
  registry.remove(before.agent);
  assert.equal(registry.find("alice"), after.agent);
  await settled();
});

Deno.test("registry: an agent that drains is nobody's any more, but still there", () => {
  using registry = new Registry();
  const { agent } = connect();
  registry.add(agent);
  registry.release(agent);
  assert.equal(registry.find("alice"), undefined);
  assert.equal(registry.agents.get(agent.facts.id), agent);
});

Deno.test("registry: tells what happens, each thing once", async () => {
  const told: string[] = [];
  const ids = new Map<unknown, string>();
  using registry = new Registry((what, agent) => told.push(`${ids.get(agent)} ${what}`));
  const [a, b] = [connect().agent, connect().agent];
  ids.set(a, "a").set(b, "b");
  registry.add(a);
  registry.add(b);
  registry.remove(a);
  registry.remove(a);
  assert.deepEqual(told, ["a connected", "a replaced", "b connected", "a gone"]);
  await settled();
});
