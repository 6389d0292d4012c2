/** What is too much, too long or too slow is refused so that it can be read, and nobody else notices. @module */

import assert from "node:assert/strict";
import { formatToken, newTokenSecret } from "../../tunnel/mod.ts";
import { SignInError } from "../../agent/sign_in.ts";
import { AgentDouble, type DoubleRequest } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { DEADLINE, eventually, pause, within } from "../support/deadline.ts";
import { type Answer, ask, Visitor } from "../support/visitor.ts";

/** A relay and an agent on it that answers with what it got, or as `answer` says. */
async function meet(
  args: readonly string[],
  answer: ((request: DoubleRequest) => void) | null = (request) =>
    request.respond(`${request.target.length} ${request.text.length}`),
): Promise<AsyncDisposable & { http: string; tunnel: string; agent: AgentDouble; token: string }> {
  const household = new Household();
  try {
    const { http, tunnel } = await household.relay(args);
    const token = household.local.credential;
    const agent = await AgentDouble.connect({
      tunnel,
      token,
      ...(answer === null ? {} : { answer }),
    });
    return {
      http,
      tunnel,
      agent,
      token,
      async [Symbol.asyncDispose]() {
        await agent[Symbol.asyncDispose]();
        await household[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await household[Symbol.asyncDispose]();
    throw error;
  }
}

Deno.test("limits: the size of a head", async (t) => {
  await using place = await meet([]);
  const one = (target: string, fields: string[] = []): Promise<Answer> =>
    ask(place.http, target, { fields });

  await t.step("targets of 8000 octets and heads of 60 KiB pass", async () => {
    assert.equal((await one(`/local/${"a".repeat(7999)}`)).text.split(" ")[0], "8000");
    const answer = await one(
      "/local/",
      Array.from({ length: 60 }, (_, i) => `X-${i}: ${"v".repeat(1000)}`),
    );
    assert.equal(answer.status, 200);
    assert(Number(answer.text.split(" ")[1]) > 60_000);
  });

  for (
    const [what, status, target, fields] of [
      ["a target over 16 KiB", 414, `/local/${"a".repeat(17_000)}`, []],
      ["a target of 1 MB", 414, `/local/${"a".repeat(1_000_000)}`, []],
      ["a head over 64 KiB", 431, "/local/", ["X: " + "v".repeat(66_000)]],
      ["many lines over 64 KiB", 431, "/local/", Array(70).fill("X: " + "v".repeat(1000))],
      ["more than 128 fields", 431, "/local/", Array(130).fill("X: 1")],
      ["a head of 5 MB", 431, "/local/", ["X: " + "v".repeat(5_000_000)]],
    ] as const
  ) {
    await t.step(`${what}: ${status}, readable, then the end`, async () => {
      using visitor = await Visitor.connect(place.http);
      // It may be refused before it was said to its end.
      const saying = visitor.request(target, { fields }).catch(() => {});
      const answer = await visitor.answer();
      assert.equal(answer.status, status);
      assert.equal(answer.get("connection"), "close");
      await saying;
      await visitor.ends();
      assert.equal(visitor.reset, false);
    });
  }
});

Deno.test("limits: time", async (t) => {
  await using place = await meet(
    [
      "--head-timeout",
      "1s",
      "--idle-timeout",
      "2s",
      "--body-timeout",
      "1s",
      "--write-timeout",
      "1s",
    ],
    null,
  );
  const { http, agent } = place;

  await t.step("a head that comes byte by byte is 408 in time, and others are served", async () => {
    using slow = await Visitor.connect(http);
    let said = 0;
    const text = `GET /local/ HTTP/1.1\r\nHost: localhost\r\nX: ${"v".repeat(100)}`;
    const saying = (async () => {
      try {
        for (const byte of text) {
          await slow.send(byte);
          said++;
          await pause(100);
        }
      } catch {
        // Closed meanwhile.
      }
    })();
    const began = performance.now();
    const answering = slow.answer();
    for (let i = 0; i < 5; i++) {
      const other = ask(http, "/local/");
      (await agent.next()).respond("served");
      assert.equal((await other).text, "served");
    }
    assert.equal((await answering).status, 408);
    const took = performance.now() - began;
    assert(took > 700 && took < 9_000, `${took} ms`);
    assert(said < text.length);
    slow.close();
    await saying;
  });

  await t.step(
    "a connection that says nothing ends, before its first request and between two",
    async () => {
      using mute = await Visitor.connect(http);
      using idle = await Visitor.connect(http);
      await idle.ask("/healthz");
      const began = performance.now();
      await mute.ends();
      const first = performance.now() - began;
      await idle.ends();
      const second = performance.now() - began;
      assert(first > 700 && first < 9_000, `${first} ms`);
      assert(second > 1_700 && second < DEADLINE, `${second} ms`);
    },
  );

  await t.step("a body that stands still is 408, and the agent is told", async () => {
    using visitor = await Visitor.connect(http);
    await visitor.request("/local/", { method: "PUT", fields: ["Content-Length: 100"] });
    await visitor.send("some");
    const request = await agent.next();
    assert.equal((await visitor.answer()).status, 408);
    await within(request.reset, "the reset");
  });

  await t.step(
    "a visitor that takes nothing for the write time is let go, and the agent told",
    async () => {
      using visitor = await Visitor.connect(http);
      await visitor.request("/local/");
      const request = await agent.next();
      request.head("HTTP/1.1 200 OK\r\n\r\n");
      const piece = new Uint8Array(256 << 10);
      let gone = false;
      request.reset.then(() => gone = true);
      const began = performance.now();
      while (!gone) await request.write(piece);
      const took = performance.now() - began;
      assert(took > 700 && took < DEADLINE, `${took} ms`);
    },
  );
});

Deno.test("limits: streams of an agent", async (t) => {
  let asked = 0;
  await using household = new Household();
  const relay = await household.relay(["--stream-wait", "2s", "--max-waiting-streams", "64"]);
  const token = household.local.credential;
  await using agent = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token,
    onmore: () => asked++,
  });
  const visitors: Visitor[] = [];
  const knock = async (count: number): Promise<Visitor[]> => {
    const more = await Promise.all(
      Array.from({ length: count }, () => Visitor.connect(relay.http)),
    );
    visitors.push(...more);
    await Promise.all(
      more.map((visitor) => visitor.request("/local/", { fields: ["Accept: application/json"] })),
    );
    return more;
  };
  try {
    await t.step("256 at a time, and another connection is asked for in time", async () => {
      await knock(256);
      await eventually(() => agent.waiting === 256);
      assert(asked >= 1, "the relay did not ask for more");
    });

    let waiting: Visitor[] = [];
    await t.step("64 wait; who comes then is told 503 overloaded at once", async () => {
      waiting = await knock(64);
      await pause(200);
      const [over] = await knock(1);
      const answer = await over!.answer();
      assert.equal(answer.status, 503);
      assert.equal(answer.json().code, "overloaded");
      assert.match(answer.get("retry-after")!, /^\d+$/);
      assert.equal(agent.waiting, 256);
      // Other pages than the agent's are not concerned.
      assert.equal((await ask(relay.http, "/healthz")).status, 200);
    });

    await t.step("as soon as one is free the first that waits has it", async () => {
      (await agent.next()).respond("done");
      await eventually(() => agent.waiting === 256);
      // A visitor that leaves makes room as well, and one that waits no more takes none.
      waiting.pop()!.close();
      const first = await agent.next();
      first.respond("done");
      await eventually(() => agent.waiting === 256);
    });

    await t.step("another connection of the session takes those that wait", async () => {
      let taken = 0;
      await using _second = await AgentDouble.connect({
        tunnel: relay.tunnel,
        token,
        join: agent.welcome.session,
        answer: (request) => {
          taken++;
          request.respond("from the second");
        },
      });
      await eventually(() => taken >= 60, { what: "taking them" });
    });

    await t.step("who waits too long is told 503", async () => {
      const late = await knock(3);
      const began = performance.now();
      const answers = await Promise.all(late.map((visitor) => visitor.answer()));
      const took = performance.now() - began;
      for (const answer of answers) assert.equal(answer.json().code, "overloaded");
      assert(took > 1_700 && took < DEADLINE, `${took} ms`);
    });
  } finally {
    for (const visitor of visitors) visitor.close();
  }
});

Deno.test("limits: bursts of 512 new visitors at once, again and again, wedge nothing", async () => {
  await using household = new Household();
  household.write("site/a.txt", "x".repeat(1024));
  household.write("site/b.bin", new Uint8Array(100 << 10));
  const relay = await household.relay();
  const { process } = await household.agent(["--dir", household.path("site")]);
  const tally = new Map<number, number>();
  const visit = async (i: number): Promise<void> => {
    using visitor = await Visitor.connect(relay.http);
    await visitor.request(i % 4 === 0 ? "/local/b.bin" : "/local/a.txt");
    // Every eighth leaves without an answer.
    if (i % 8 === 1) return;
    const { status } = await visitor.answer();
    tally.set(status, (tally.get(status) ?? 0) + 1);
  };
  for (let round = 0; round < 6; round++) {
    await Promise.all(Array.from({ length: 512 }, (_, i) => visit(i)));
    await eventually(async () => (await ask(relay.http, "/local/a.txt")).status === 200);
  }
  console.log(`      ${JSON.stringify(Object.fromEntries(tally))}`);
  assert.deepEqual([...tally.keys()].filter((status) => status !== 200 && status !== 503), []);
  assert((tally.get(200) ?? 0) > 1000);
  assert.equal(process.code, null);
  assert.doesNotMatch(process.stderr, /lost the relay/);
});

Deno.test("limits: an upload that nobody wants is refused readably, however long it is", async () => {
  await using household = new Household();
  household.write("site/a.txt", "here");
  const relay = await household.relay();
  const agent = await household.agent(["--dir", household.path("site")]);
  for (const framing of [`Content-Length: ${1 << 30}`, "Transfer-Encoding: chunked"]) {
    using visitor = await Visitor.connect(relay.http);
    await visitor.request("/local/a.txt", { method: "POST", fields: [framing] });
    const piece = new Uint8Array(64 << 10).fill(120);
    const sending = (async () => {
      try {
        for (let i = 0; i < 1 << 14; i++) {
          if (framing.startsWith("T")) await visitor.send("10000\r\n");
          await visitor.send(piece);
          if (framing.startsWith("T")) await visitor.send("\r\n");
        }
      } catch {
        // The relay has heard enough.
      }
    })();
    const answer = await visitor.answer();
    assert.equal(answer.status, 405, framing);
    assert.notEqual(answer.get("allow"), null);
    visitor.close();
    await sending;
  }
  // Nobody expects a 100 for it either.
  using polite = await Visitor.connect(relay.http);
  const answer = await polite.ask("/local/a.txt", {
    method: "POST",
    fields: ["Content-Length: 5", "Expect: 100-continue"],
  });
  assert.equal(answer.status, 405);
  assert.equal(answer.interim.length, 0);
  assert.equal((await ask(relay.http, "/local/a.txt")).text, "here");
  assert.equal(agent.process.code, null);
});

Deno.test("limits: connections of one address, loopback not counted", async () => {
  const here = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.") && !address.startsWith("169.254.")
  );
  if (here === undefined) {
    console.log("      skipped: this machine has no address but loopback");
    return;
  }
  await using household = new Household();
  const relay = await household.relay(
    ["--max-connections-per-address", "3", "--max-connections", "4"],
    { http: "0.0.0.0:0" },
  );
  const port = relay.http.split(":")[1];
  const visitors: Visitor[] = [];
  const knock = async (host: string): Promise<number> => {
    const visitor = await Visitor.connect(`${host}:${port}`);
    visitors.push(visitor);
    return (await visitor.ask("/healthz")).status;
  };
  try {
    for (let i = 0; i < 3; i++) assert.equal(await knock(here.address), 200);
    using over = await Visitor.connect(`${here.address}:${port}`);
    const answer = await over.ask("/healthz");
    assert.equal(answer.status, 503);
    assert.match(answer.get("retry-after")!, /^\d+$/);
    await over.ends();
    for (let i = 0; i < 8; i++) assert.equal(await knock("127.0.0.1"), 200);
    visitors[0]!.close();
    await eventually(async () => (await knock(here.address)) === 200);
  } finally {
    for (const visitor of visitors) visitor.close();
  }
});

Deno.test("limits: connections of all addresses together, loopback not counted", async () => {
  const here = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.") && !address.startsWith("169.254.")
  );
  if (here === undefined) {
    console.log("      skipped: this machine has no address but loopback");
    return;
  }
  await using household = new Household();
  const relay = await household.relay(["--max-connections", "2"], { http: "0.0.0.0:0" });
  const port = relay.http.split(":")[1];
  const knock = (host: string): Promise<Visitor> => Visitor.connect(`${host}:${port}`);
  using one = await knock(here.address);
  using two = await knock(here.address);
  for (const visitor of [one, two]) assert.equal((await visitor.ask("/healthz")).status, 200);
  using over = await knock(here.address);
  assert.equal((await over.ask("/healthz")).status, 503);
  using local = await knock("127.0.0.1");
  assert.equal((await local.ask("/healthz")).status, 200);
});

Deno.test("limits: a first-byte time of 0 waits for ever", async () => {
  await using place = await meet(["--first-byte-timeout", "0"], null);
  using visitor = await Visitor.connect(place.http);
  await visitor.request("/local/");
  const request = await place.agent.next();
  // Longer than the relay takes to notice other times that are over.
  await pause(2_500);
  request.respond("at last");
  assert.equal((await visitor.answer()).text, "at last");
});

Deno.test("limits: after wrong sign-ins the next ones wait, from loopback as well", async () => {
  await using household = new Household();
  const relay = await household.relay();
  const refusals = async (token: string): Promise<number[]> => {
    const times: number[] = [];
    for (let i = 0; i < 4; i++) {
      const began = performance.now();
      await assert.rejects(AgentDouble.connect({ tunnel: relay.tunnel, token }), SignInError);
      times.push(performance.now() - began);
    }
    return times;
  };
  const [, second, third, fourth] = await refusals(formatToken(newTokenSecret()));
  assert(second! > 150 && third! > 350 && fourth! > 700, `${[second, third, fourth]}`);
  const { credential } = household.local;
  const began = performance.now();
  await using _other = await AgentDouble.connect({ tunnel: relay.tunnel, token: credential });
  assert(performance.now() - began < fourth!, "who did nothing wrong does not wait");
});

Deno.test("limits: agents that have not signed in", async (t) => {
  await using household = new Household();
  const relay = await household.relay(["--max-pending-agents", "3", "--sign-in-timeout", "1s"]);
  const mute: Visitor[] = [];

  await t.step("are so many and not more", async () => {
    for (let i = 0; i < 4; i++) mute.push(await Visitor.connect(relay.tunnel));
    // The oldest makes room for the latest.
    const first = mute.shift()!;
    await first.ends();
    first.close();
  });

  await t.step("have so much time and not more; then others may come in", async () => {
    await Promise.all(mute.map((visitor) => visitor.rest()));
    for (const visitor of mute) visitor.close();
    await using _agent = await AgentDouble.connect({
      tunnel: relay.tunnel,
      token: household.local.credential,
    });
  });

  await t.step("visitors who lost their way there are told so", async () => {
    using visitor = await Visitor.connect(relay.tunnel);
    const answer = await visitor.ask("/");
    assert.equal(answer.status, 400);
    assert.match(answer.text, /agents/);
  });
});
