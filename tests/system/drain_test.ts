/** Stopping: what is in flight finishes, and the exit code says that all went well. @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { eventually, pause, within } from "../support/deadline.ts";
import { ask, Visitor } from "../support/visitor.ts";
import { randomBytes, randomFrom } from "../support/random.ts";
import { createHash } from "node:crypto";

const DOWNLOADS = 10;
const SIZE = 24 << 20;
/** Signals that follow one another faster are taken for one. */
const ECHO = 300;
/** Of tests in which nothing is waited for: far longer than a test waits. */
const LONG_DRAIN = ["--drain", "10m"];

/** Begins downloads and reads a little of each: the rest waits, in sockets and beyond. */
async function begin(http: string): Promise<Visitor[]> {
  return await Promise.all(Array.from({ length: DOWNLOADS }, async () => {
    const visitor = await Visitor.connect(http);
    await visitor.request("/local/large.bin");
    const head = await visitor.head();
    assert.equal(head.get("content-length"), String(SIZE));
    return visitor;
  }));
}

const content = randomBytes(randomFrom(1), SIZE);
const sha256 = createHash("sha256").update(content).digest("hex");

/** With a site to publish. */
function house(): Household {
  const household = new Household();
  household.write("site/large.bin", content);
  return household;
}

const site = (household: Household): string[] => ["--dir", household.path("site")];

async function finish(visitors: readonly Visitor[]): Promise<void> {
  await within(
    Promise.all(visitors.map(async (visitor) => {
      assert.deepEqual(await visitor.digest(SIZE), { size: SIZE, sha256 });
      visitor.close();
    })),
    "the downloads",
  );
}

Deno.test("drain: agent: SIGTERM with ten downloads in flight: all finish, exit code 0", async () => {
  await using household = house();
  const relay = await household.relay();
  const { process } = await household.agent(site(household));
  const visitors = await begin(relay.http);
  process.kill("SIGTERM");
  await process.said(/stopping/);
  // New visitors are told that nobody is there, while the old ones go on.
  await eventually(async () => (await ask(relay.http, "/local/")).status === 503);
  assert.equal(process.code, null);
  await finish(visitors);
  assert.equal(await within(process.exit, "the agent's end"), 0);
});

Deno.test("drain: relay: SIGTERM with ten downloads in flight: all finish, exit code 0", async () => {
  await using household = house();
  const relay = await household.relay();
  const { process } = await household.agent(site(household));
  const visitors = await begin(relay.http);
  const idle = await Visitor.connect(relay.http);
  await idle.ask("/healthz");
  relay.process.kill("SIGTERM");
  // Nothing is accepted any more, and idle connections end at once.
  await idle.ends();
  idle.close();
  await eventually(async () => {
    try {
      (await Visitor.connect(relay.http)).close();
      return false;
    } catch (error) {
      return error instanceof Deno.errors.ConnectionRefused;
    }
  });
  assert.equal(relay.process.code, null);
  await finish(visitors);
  assert.equal(await within(relay.process.exit, "the relay's end"), 0);
  // What agents of this machine looked for is gone with it.
  assert.throws(() => household.local, Deno.errors.NotFound);
  await process[Symbol.asyncDispose]();
});

Deno.test("drain: both: the same for the two in one process", async () => {
  await using household = house();
  const relay = await household.relay(site(household), { command: "both" });
  const visitors = await begin(relay.http);
  relay.process.kill("SIGTERM");
  await relay.process.said(/stopping/);
  await finish(visitors);
  assert.equal(await within(relay.process.exit, "the end"), 0);
});

Deno.test("drain: a second signal ends at once, relay and agent", async () => {
  await using household = house();
  const relay = await household.relay(LONG_DRAIN);
  const agent = await household.agent([...site(household), ...LONG_DRAIN]);
  const visitors = await begin(relay.http);
  for (const process of [agent.process, relay.process]) {
    process.kill("SIGTERM");
    await process.said(/stopping/);
    // Directly after the first it may be the first's echo, as of a terminal's process group: later it counts.
    await pause(ECHO);
    process.kill("SIGINT");
    assert.notEqual(await within(process.exit, "the end"), 0);
  }
  for (const visitor of visitors) {
    assert((await visitor.digest()).size < SIZE);
    visitor.close();
  }
});

Deno.test("drain: who takes longer than --drain is cut off, visibly, with exit code 0", async () => {
  await using household = house();
  const relay = await household.relay(["--drain", "500ms"]);
  await household.agent(site(household));
  const visitors = await begin(relay.http);
  const began = performance.now();
  relay.process.kill("SIGTERM");
  assert.equal(await within(relay.process.exit, "the relay's end"), 0);
  assert(performance.now() - began > 400);
  assert.match(relay.process.stderr, /cut off 10 visitors/);
  for (const visitor of visitors) {
    assert((await visitor.digest()).size < SIZE);
    visitor.close();
  }
});

Deno.test("drain: SIGINT without anything in flight ends with 0, at once", async () => {
  await using household = house();
  const relay = await household.relay(LONG_DRAIN);
  const { process } = await household.agent([...site(household), ...LONG_DRAIN]);
  for (const each of [process, relay.process]) {
    each.kill("SIGINT");
    assert.equal(await within(each.exit, `the end of ${each.command}`), 0);
  }
});

Deno.test("drain: uploads in flight finish as well", async () => {
  await using household = house();
  const relay = await household.relay();
  await using double = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token: household.local.credential,
  });
  using visitor = await Visitor.connect(relay.http);
  await visitor.request("/local/", { method: "PUT", fields: ["Content-Length: 10"] });
  const request = await double.next();
  relay.process.kill("SIGTERM");
  assert.equal((await within(double.wentAway, "the go-away")).code, "shutdown");
  await visitor.send("0123456789");
  await request.whole;
  request.respond("taken");
  const answer = await visitor.answer();
  assert.equal(answer.text, "taken");
  assert.equal(answer.get("connection"), "close");
  assert.equal(await within(relay.process.exit, "the relay's end"), 0);
});

Deno.test("drain: relay: SIGTERM amid the start: it is stopped once it has started, exit code 0", async () => {
  await using household = new Household();
  const listen = ["--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0", "--data", household.data];
  const process = household.crunch(["relay", ...listen]);
  // The first password takes a while to hash; by then the database is there.
  await eventually(() => {
    try {
      return Deno.statSync(`${household.data}/crunch.db`).isFile;
    } catch {
      return false;
    }
  });
  process.kill("SIGTERM");
  assert.equal(await within(process.exit, "the end"), 0);
});
