/** Whose a public name is, and what happens when another agent comes for it. @module */

import assert from "node:assert/strict";
import { SignInError } from "../../agent/sign_in.ts";
import { AgentDouble } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { DEADLINE, eventually, pause, within } from "../support/deadline.ts";
import { ask, Visitor } from "../support/visitor.ts";

/** Signs in and gives the names, or the code of the refusal. */
async function names(tunnel: string, token: string, wanted: string[]): Promise<string[] | string> {
  try {
    await using agent = await AgentDouble.connect({ tunnel, token, names: wanted });
    return agent.welcome.names.map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    assert.notEqual(error.message, "");
    return error.end.code;
  }
}

Deno.test("names", async (t) => {
  await using household = new Household();
  const alice = await household.account("alice", { names: ["photos"] });
  const bob = await household.account("bob");
  const relay = await household.relay();
  const { tunnel } = relay;

  await t.step("an account has its own name, and further ones that it was given", async () => {
    assert.deepEqual(await names(tunnel, alice, []), ["alice"]);
    assert.deepEqual(await names(tunnel, alice, ["photos"]), ["photos"]);
    assert.deepEqual(await names(tunnel, alice, ["photos", "alice"]), ["photos", "alice"]);
    assert.deepEqual(await names(tunnel, alice, ["ALICE"]), ["alice"]);
  });

  await t.step("another account's name is refused, its agent away or not", async () => {
    assert.equal(typeof await names(tunnel, bob, ["alice"]), "string");
    assert.equal(typeof await names(tunnel, bob, ["photos"]), "string");
    await using _agent = await AgentDouble.connect({ tunnel, token: alice });
    assert.equal(typeof await names(tunnel, bob, ["Alice"]), "string");
  });

  await t.step("without --names-per-account nobody claims a name himself", async () => {
    assert.notEqual(typeof await names(tunnel, bob, ["bobs-garden"]), "object");
    assert.equal((await ask(relay.http, "/bobs-garden/")).status, 404);
  });

  await t.step("the local account's credential opens its own names only", async () => {
    const { credential } = household.local;
    assert.deepEqual(await names(tunnel, credential, []), ["local"]);
    for (const name of ["alice", "something", "admin"]) {
      assert.equal(typeof await names(tunnel, credential, [name]), "string", name);
    }
  });

  await t.step("take-over: any credential of the account takes its name at once", async () => {
    await using first = await AgentDouble.connect({
      tunnel,
      token: alice,
      answer: (request) => request.respond("first"),
    });
    assert.equal((await ask(relay.http, "/alice/")).text, "first");
    await using second = await AgentDouble.connect({
      tunnel,
      token: alice,
      answer: (request) => request.respond("second"),
    });
    assert.equal((await ask(relay.http, "/alice/")).text, "second");
    const end = await within(first.wentAway, "being told");
    assert.equal(end.code, "replaced");
    assert((end.retryAfter ?? 0) >= 60_000);
    // Nothing is in flight there: it is over at once.
    await within(first.ended, "the end");
    assert.equal(second.session.closed, false);
  });

  await t.step("take-over: the displaced agent finishes what is in flight, for 5 s", async () => {
    await using first = await AgentDouble.connect({ tunnel, token: alice });
    using quick = await Visitor.connect(relay.http);
    await quick.request("/alice/quick");
    const quickOne = await first.next();
    using slow = await Visitor.connect(relay.http);
    await slow.request("/alice/slow");
    const slowOne = await first.next();
    slowOne.head("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    await using _second = await AgentDouble.connect({
      tunnel,
      token: alice,
      answer: (request) => request.respond("second"),
    });
    const began = performance.now();
    assert.equal((await ask(relay.http, "/alice/")).text, "second");
    quickOne.respond("finished");
    assert.equal((await quick.answer()).text, "finished");
    await slow.head();
    await first.ended;
    const took = performance.now() - began;
    assert(took > 4_000 && took < DEADLINE, `${took} ms`);
    await slow.ends();
  });

  await t.step("take-over: an agent that keeps one of several names stays", async () => {
    await using both = await AgentDouble.connect({
      tunnel,
      token: alice,
      names: ["alice", "photos"],
      answer: (request) => request.respond("both"),
    });
    await using _one = await AgentDouble.connect({
      tunnel,
      token: alice,
      names: ["photos"],
      answer: (request) => request.respond("one"),
    });
    assert.equal((await ask(relay.http, "/photos/")).text, "one");
    assert.equal((await ask(relay.http, "/alice/")).text, "both");
    assert.equal(both.session.closed, false);
  });

  await t.step(
    "a name is free of its agent as soon as that goes, and stays its account's",
    async () => {
      const agent = await AgentDouble.connect({ tunnel, token: bob });
      await agent[Symbol.asyncDispose]();
      const answer = await ask(relay.http, "/bob/", { fields: ["Accept: application/json"] });
      assert.equal(answer.json().code, "agent-offline");
    },
  );

  await t.step(
    "further connections of a session serve the same names, others' sessions not",
    async () => {
      await using first = await AgentDouble.connect({
        tunnel,
        token: alice,
        answer: (request) => request.respond("first"),
      });
      const join = first.welcome.session;
      await using _second = await AgentDouble.connect({
        tunnel,
        token: alice,
        join,
        answer: (request) => request.respond("second"),
      });
      assert.equal(first.session.draining, false);
      await assert.rejects(AgentDouble.connect({ tunnel, token: bob, join }), SignInError);
      first.die();
      await eventually(async () => (await ask(relay.http, "/alice/")).text === "second");
    },
  );
});

Deno.test("names: --names-per-account lets an account claim so many, and not more", async (t) => {
  await using household = new Household();
  const alice = await household.account("alice");
  const bob = await household.account("bob");
  const { tunnel, http } = await household.relay(["--names-per-account", "2"]);

  await t.step(
    "reserved ones, and what looks like a reserved or a taken one, are refused",
    async () => {
      const reserved =
        "admin api metrics healthz readyz download static www mail login signin auth " +
        "account support localhost relay agent both serve tunnel local";
      for (const name of reserved.split(" ")) {
        assert.equal(await names(tunnel, alice, [name]), "reserved", name);
      }
      for (const name of ["adm1n", "ADMlN", "l0gin", "1ocal", "b0b", "ap1", "loca1"]) {
        assert.equal(await names(tunnel, alice, [name]), "looks-like", name);
      }
      for (
        const name of [
          ...["-a", "a-", "_a", "xn--caf-dma", "a.b", "a b", "café", "a/b", "", "a\u212a"],
          "n".repeat(64),
        ]
      ) {
        assert.equal(await names(tunnel, alice, [name]), "invalid", name);
      }
    },
  );

  await t.step("two are claimed, the third is refused", async () => {
    assert.deepEqual(await names(tunnel, alice, ["Alices-Garden"]), ["alices-garden"]);
    assert.equal((await ask(http, "/alices-garden/")).status, 503);
    assert.equal(await names(tunnel, bob, ["alices-garden"]), "name-taken");
    assert.equal(await names(tunnel, bob, ["alices_garden"]), "looks-like");
    assert.equal(await names(tunnel, bob, ["allces-garden"]), "looks-like");
    await using lined = await AgentDouble.connect({ tunnel, token: bob, names: ["bobs_own"] });
    const [{ urls } = { urls: [] }] = lined.welcome.names;
    assert.deepEqual(urls, [`http://${http}/bobs_own/`], "no subdomain with a _");
    // The longest one.
    assert.deepEqual(await names(tunnel, bob, ["n".repeat(63)]), ["n".repeat(63)]);
    assert.equal(await names(tunnel, bob, ["7"]), "limit");
    assert.deepEqual(await names(tunnel, alice, ["a1"]), ["a1"]);
    assert.equal(await names(tunnel, alice, ["third"]), "limit");
    // What it has it may publish again.
    assert.deepEqual(await names(tunnel, alice, ["a1", "alice"]), ["a1", "alice"]);
  });
});

Deno.test("names: an agent that was displaced says so, and stays away", async () => {
  await using household = new Household();
  household.write("site/a.txt", "first");
  household.write("other/a.txt", "second");
  const { http } = await household.relay();
  const first = await household.agent(["--dir", household.path("site")]);
  const second = await household.agent(["--dir", household.path("other")]);
  await first.process.said(/replaced: /);
  await first.process.said(
    new RegExp(
      `waiting: local is published by the agent at 127.0.0.1 \\(pid ${second.process.pid}`,
    ),
  );
  assert.equal((await ask(http, "/local/a.txt")).text, "second");
  // Were it to dial again as after a lost connection, it would have the name back within a second.
  await pause(2_000);
  assert.equal((await ask(http, "/local/a.txt")).text, "second");
  assert.equal(first.process.code, null);
  assert.doesNotMatch(first.process.stderr, /again\b.*\n.*connected/);
  assert.match(second.urls[0]!, /\/local\/$/);
});
