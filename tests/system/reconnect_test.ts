/** What breaks is noticed, and works again without anybody's help; the waits run side by side. @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { eventually, pause, within } from "../support/deadline.ts";
import { SilentProxy } from "../support/silent_proxy.ts";
import { ask, Visitor } from "../support/visitor.ts";

/** Requests at a time that make a relay ask for another connection. */
const MANY = 200;

/** By when a silent network must be noticed, in ms: 15 s, and what a busy machine takes on top. */
const NOTICED = 20_000;

/** Asks until the answer has this status; how many ms that took. */
async function until(
  http: string,
  path: string,
  status: number,
): Promise<number> {
  const began = performance.now();
  await eventually(
    async () => (await ask(http, path)).status === status,
    { every: 5, what: `${status} on ${path}` },
  );
  return performance.now() - began;
}

async function outage(ms: number): Promise<void> {
  await using household = new Household();
  household.write("site/a.txt", "here");
  const relay = await household.relay();
  const { process } = await household.agent(["--dir", household.path("site")]);
  assert.equal((await ask(relay.http, "/local/a.txt")).text, "here");
  relay.process.kill("SIGKILL");
  await relay.process.exit;
  await process.said(/lost the relay/);
  await pause(ms);
  const started = performance.now();
  const again = await household.again(relay);
  const ready = performance.now();
  await until(again.http, "/local/a.txt", 200);
  const now = performance.now();
  console.log(
    `      outage of ${ms / 1000} s: served ${
      Math.round(now - ready)
    } ms after the relay listened, ` +
      `${Math.round(now - started)} ms after it was started`,
  );
  // Between two dials is a second at the most.
  assert(now - ready < 10_000, `${now - ready} ms`);
  await process.said(/connected to the relay again/);
}

Deno.test("agent killed with -9: visitors get 503 soon, and its next one serves at once", async () => {
  await using household = new Household();
  household.write("site/a.txt", "here");
  const relay = await household.relay();
  const site = ["--dir", household.path("site")];
  const { process } = await household.agent(site);
  assert.equal((await ask(relay.http, "/local/a.txt")).status, 200);
  process.kill("SIGKILL");
  const took = await until(relay.http, "/local/a.txt", 503);
  // By its pings it would be missed after 8 s.
  assert(took < 6_000, `${took} ms`);
  await household.agent(site);
  assert.equal((await ask(relay.http, "/local/a.txt")).status, 200);
});

Deno.test("an agent that loses one of its connections serves on, whichever it is", async () => {
  await using household = new Household();
  household.write("site/a.txt", "here");
  household.write("site/large.bin", new Uint8Array(4 << 20));
  const token = await household.account("alice");
  const relay = await household.relay();
  await using network = new SilentProxy(relay.tunnel);
  const { process } = await household.agent(
    ["--relay", network.address, "--dir", household.path("site")],
    { env: { CRUNCH_TOKEN: token } },
  );
  for (const which of ["first", "last"] as const) {
    const visitors = await Promise.all(
      Array.from({ length: MANY }, () => Visitor.connect(relay.http)),
    );
    for (const visitor of visitors) await visitor.request("/alice/large.bin");
    // Both ends of two connections.
    await eventually(() => network.size >= 4, { what: "another connection" });
    for (const visitor of visitors) visitor.close();
    network.cut(which);
    const took = await until(relay.http, "/alice/a.txt", 200);
    assert(took < 6_000, `${took} ms without the ${which}`);
    // What is left of the old connections is not taken for somebody else's.
    await pause(1_000);
    assert.equal((await ask(relay.http, "/alice/a.txt")).text, "here");
    assert.doesNotMatch(process.stderr, /replaced/);
  }
});

Deno.test("an agent that was stopped for a while serves on, or comes back by itself", async () => {
  await using household = new Household();
  household.write("site/a.txt", "here");
  const relay = await household.relay();
  const { process } = await household.agent(["--dir", household.path("site")]);
  process.kill("SIGSTOP");
  const answer = ask(relay.http, "/local/a.txt");
  await pause(1_500);
  process.kill("SIGCONT");
  assert.equal((await answer).text, "here");
});

/** A relay, and an agent that reaches it by a network that falls silent. */
async function silence(...directions: Array<"up" | "down">): Promise<void> {
  const direction = directions.join(" and ");
  await using household = new Household();
  household.write("site/a.txt", "first");
  const token = await household.account("alice");
  const relay = await household.relay();
  await using network = new SilentProxy(relay.tunnel);
  const { process } = await household.agent(
    ["--relay", network.address, "--dir", household.path("site")],
    { env: { CRUNCH_TOKEN: token } },
  );
  assert.equal((await ask(relay.http, "/alice/a.txt")).text, "first");
  network.silence(...directions);
  const began = performance.now();
  const [byAgent, byRelay] = await Promise.all([
    process.said(/lost the relay/, NOTICED).then(() => performance.now() - began),
    relay.process.said(/agent gone/, NOTICED).then(() => performance.now() - began),
  ]);
  console.log(
    `      silent ${direction}: noticed by the agent after ${(byAgent / 1000).toFixed(1)} s, ` +
      `by the relay after ${(byRelay / 1000).toFixed(1)} s`,
  );
  assert.equal((await ask(relay.http, "/alice/a.txt")).status, 503);
  // While it is silent new connections are taken and get no answer; then all is well by itself.
  await pause(2_000);
  network.resume();
  const back = await until(relay.http, "/alice/a.txt", 200);
  console.log(`      silent ${direction}: back ${Math.round(back)} ms after the network`);
}

/** While nobody has noticed yet, another agent of the account comes by another way. */
async function takeOver(direction: "up" | "down"): Promise<void> {
  await using household = new Household();
  household.write("site/a.txt", "first");
  const token = await household.account("alice");
  const relay = await household.relay();
  await using network = new SilentProxy(relay.tunnel);
  await household.agent(["--relay", network.address, "--dir", household.path("site")], {
    env: { CRUNCH_TOKEN: token },
  });
  network.silence(direction);
  await using _next = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token,
    answer: (request) => request.respond("second"),
  });
  assert.equal((await ask(relay.http, "/alice/a.txt")).text, "second");
}

/** A network that says nothing for a while, and then everything. */
async function hiccup(): Promise<void> {
  await using household = new Household();
  const token = await household.account("alice");
  const relay = await household.relay();
  await using network = new SilentProxy(relay.tunnel);
  await using agent = await AgentDouble.connect({
    tunnel: network.address,
    token,
    answer: (request) => request.respond("here"),
  });
  network.silence("up", "down");
  const answer = ask(relay.http, "/alice/");
  await pause(5_000);
  network.resume();
  assert.equal((await answer).text, "here");
  assert.equal(agent.session.closed, false);
}

/** The network falls silent amid a download, when the answers to pings may stand behind much else. */
async function silenceAmid(direction: "up" | "down"): Promise<void> {
  await using household = new Household();
  household.write("site/large.bin", new Uint8Array(0));
  Deno.truncateSync(household.path("site", "large.bin"), 1e12);
  const token = await household.account("alice");
  const relay = await household.relay();
  await using network = new SilentProxy(relay.tunnel);
  const { process } = await household.agent(
    ["--relay", network.address, "--dir", household.path("site")],
    { env: { CRUNCH_TOKEN: token } },
  );
  using visitor = await Visitor.connect(relay.http);
  await visitor.request("/alice/large.bin");
  await visitor.head();
  await visitor.digest(64 << 20);
  network.silence(direction);
  const began = performance.now();
  const since = () => ((performance.now() - began) / 1000).toFixed(1);
  const [byAgent, byRelay, byVisitor] = await Promise.all([
    process.said(/lost the relay/, NOTICED).then(since),
    relay.process.said(/agent gone/, NOTICED).then(since),
    within(visitor.digest(), "the download's end", NOTICED).then(since),
  ]);
  console.log(
    `      silent ${direction} amid a download: noticed by the agent after ${byAgent} s, ` +
      `by the relay after ${byRelay} s, by the visitor after ${byVisitor} s`,
  );
}

const claims: Readonly<Record<string, () => Promise<void>>> = {
  "relay killed with -9 and started again after 1 s: served soon, the agent untouched": () =>
    outage(1_000),
  "the same after 8 s": () => outage(8_000),
  "a network silent towards the relay: both ends notice within 15 s": () => silence("up"),
  "a network silent towards the agent: both ends notice within 15 s": () => silence("down"),
  "a network silent both ways: both ends notice within 15 s": () => silence("up", "down"),
  "a network silent towards the relay amid a download: noticed within 15 s": () =>
    silenceAmid("up"),
  "a network silent towards the agent amid a download: noticed within 15 s": () =>
    silenceAmid("down"),
  "a silent network, nobody has noticed: the account's next agent takes over at once": async () => {
    await takeOver("up");
    await takeOver("down");
  },
  "a network that only pauses for 5 s loses nothing": hiccup,
};

Deno.test(`side by side: ${Object.keys(claims).join("; ")}`, async () => {
  await Promise.all(
    Object.entries(claims).map(async ([claim, check]) => {
      try {
        await check();
      } catch (cause) {
        throw new Error(`Not so: ${claim}`, { cause });
      }
    }),
  );
});
