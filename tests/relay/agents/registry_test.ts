/** Claims about which agent has which name, and what becomes of one whose name was taken over. @module */

import assert from "node:assert/strict";
import { mock } from "node:test";
import { Registry } from "../../../relay/agents/registry.ts";
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
  assert.deepEqual(both.session.said, ["turn docs of "]);
  assert.equal(registry.find("alice"), both.agent);
  registry.add(connect({ names: ["alice"] }).agent);
  assert.deepEqual(both.session.said, ["turn docs of ", "go away replaced"]);
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

Deno.test("registry: who was replaced waits, and has the name as soon as the other one goes", async () => {
  const told: string[] = [];
  using registry = new Registry((what) => told.push(what), { settle: 0 });
  const holder = connect({ place: { label: "new" } });
  registry.add(holder.agent);
  const waiter = connect({ place: { claim: "wait", instance: "old" } });
  assert.deepEqual(
    registry.waitsFor(waiter.agent).map(({ name, holder }) => [name, holder?.label]),
    [
      ["alice", "new"],
    ],
  );
  registry.add(waiter.agent);
  assert.equal(registry.find("alice"), holder.agent);
  assert.deepEqual([...waiter.agent.waitsFor], ["alice"]);
  registry.release(holder.agent);
  assert.equal(registry.find("alice"), waiter.agent);
  assert.deepEqual(waiter.session.said, ["turn alice"]);
  assert.deepEqual([...waiter.agent.waitsFor], []);
  assert.deepEqual(told, ["connected", "connected", "promoted"]);
  await settled();
});

Deno.test("registry: several wait in the order in which they began to, and each hears for whom", () => {
  using registry = new Registry(() => {}, { settle: 0 });
  const holder = connect({ place: { label: "holder" } });
  registry.add(holder.agent);
  const place = (label: string, waited: number) =>
    ({ claim: "wait", instance: label, label, waited }) as const;
  const late = connect({ place: place("late", 1_000) });
  const early = connect({ place: place("early", 60_000) });
  const last = connect({ place: place("last", 0) });
  for (const { agent } of [late, early, last]) registry.add(agent);
  registry.remove(holder.agent);
  assert.equal(registry.find("alice"), early.agent);
  assert.deepEqual(late.session.said, ["turn alice of early"]);
  assert.deepEqual(last.session.said, ["turn alice of early"]);
  registry.remove(early.agent);
  assert.equal(registry.find("alice"), late.agent);
  registry.remove(late.agent);
  assert.equal(registry.find("alice"), last.agent);
});

Deno.test("registry: who waits and goes is not waited for", () => {
  using registry = new Registry(() => {}, { settle: 0 });
  const holder = connect();
  registry.add(holder.agent);
  const [first, second] = ["1", "2"].map((instance) =>
    connect({ place: { claim: "wait", instance } })
  );
  registry.add(first!.agent);
  registry.add(second!.agent);
  registry.remove(first!.agent);
  registry.remove(holder.agent);
  assert.equal(registry.find("alice"), second!.agent);
});

Deno.test("registry: a process does not wait for its own earlier session", async () => {
  using registry = new Registry(() => {}, { settle: 0 });
  const before = connect({ place: { instance: "one" } });
  registry.add(before.agent);
  for (const claim of ["keep", "wait"] as const) {
    const after = connect({ place: { instance: "one", claim } });
    registry.add(after.agent);
    assert.equal(registry.find("alice"), after.agent);
  }
  assert.deepEqual(before.session.said, ["go away replaced"]);
  await settled();
});

Deno.test("registry: a process that comes back keeps its place among those who wait", () => {
  using registry = new Registry(() => {}, { settle: 0 });
  const holder = connect();
  registry.add(holder.agent);
  const first = connect({ place: { claim: "wait", instance: "first" } });
  const second = connect({ place: { claim: "wait", instance: "second", waited: 1 } });
  registry.add(first.agent);
  registry.add(second.agent);
  const again = connect({ place: { claim: "wait", instance: "second" } });
  registry.add(again.agent);
  assert.deepEqual(second.session.said, ["close replaced"]);
  registry.remove(second.agent);
  registry.remove(holder.agent);
  assert.equal(registry.find("alice"), again.agent);
});

Deno.test("registry: who lost its connection without a word comes back before who waits", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    using registry = new Registry(() => {}, { settle: 0 });
    const holder = connect({ place: { instance: "holder" } });
    registry.add(holder.agent);
    const waiter = connect({ place: { claim: "wait", instance: "waiter" } });
    registry.add(waiter.agent);
    registry.remove(holder.agent, { lost: true });
    assert.equal(registry.find("alice"), undefined);
    const back = connect({ place: { claim: "keep", instance: "holder" } });
    registry.add(back.agent);
    mock.timers.tick(1_000);
    assert.equal(registry.find("alice"), back.agent);
    registry.remove(back.agent, { lost: true });
    mock.timers.tick(900);
    assert.equal(registry.find("alice"), waiter.agent);
    // Too late: it does not fight for the name.
    const late = connect({ place: { claim: "keep", instance: "holder" } });
    registry.add(late.agent);
    assert.equal(registry.find("alice"), waiter.agent);
    assert.deepEqual([...late.agent.waitsFor], ["alice"]);
  } finally {
    mock.timers.reset();
  }
});

Deno.test("registry: after a relay's start who waited waits for who had the name", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    using registry = new Registry(() => {}, { settle: 4_000 });
    const waiter = connect({ place: { claim: "wait", instance: "waiter" } });
    assert.deepEqual(registry.waitsFor(waiter.agent), [{ name: "alice", holder: null }]);
    registry.add(waiter.agent);
    const holder = connect({ place: { claim: "keep", instance: "holder" } });
    registry.add(holder.agent);
    assert.equal(registry.find("alice"), holder.agent);
    mock.timers.tick(4_000);
    assert.equal(registry.find("alice"), holder.agent);
    registry.remove(holder.agent);
    assert.equal(registry.find("alice"), waiter.agent);
  } finally {
    mock.timers.reset();
  }
});

Deno.test("registry: after a relay's start nobody waits for long for who does not come", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    using registry = new Registry(() => {}, { settle: 4_000 });
    const waiter = connect({ place: { claim: "wait", instance: "waiter" } });
    registry.add(waiter.agent);
    mock.timers.tick(4_000);
    assert.equal(registry.find("alice"), waiter.agent);
  } finally {
    mock.timers.reset();
  }
});

Deno.test("registry: of several names only the lost one is waited for", async () => {
  using registry = new Registry(() => {}, { settle: 0 });
  const both = connect({ names: ["alice", "docs"], place: { instance: "both" } });
  registry.add(both.agent);
  const one = connect({ names: ["docs"], place: { instance: "one", label: "one" } });
  registry.add(one.agent);
  assert.equal(registry.find("alice"), both.agent);
  assert.deepEqual([...both.agent.waitsFor], ["docs"]);
  registry.remove(one.agent);
  assert.equal(registry.find("docs"), both.agent);
  assert.deepEqual(both.session.said, ["turn docs of one", "turn docs"]);
  await settled();
});

Deno.test("registry: no more than 16 wait for a name", () => {
  using registry = new Registry(() => {}, { settle: 0 });
  registry.add(connect().agent);
  for (let i = 0; i < 16; i++) {
    registry.add(connect({ place: { claim: "wait", instance: `${i}` } }).agent);
  }
  const more = connect({ place: { claim: "wait", instance: "more" } });
  assert.equal(registry.overfull(registry.waitsFor(more.agent), "more"), "alice");
  assert.equal(registry.overfull(registry.waitsFor(more.agent), "3"), undefined);
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
