/** A hundred changes of accounts while visitors come: who is not concerned notices nothing. @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../support/agent_double.ts";
import { Household } from "../support/crunch.ts";
import { eventually, pause, quantile, within } from "../support/deadline.ts";
import { ask, Visitor } from "../support/visitor.ts";
import { byCommand, bySocket, byToken, type Change, type Door } from "../system/account_changes.ts";

/** Requests a second, and the connections that they use. */
const RATE = 200;
const CONNECTIONS = 20;
/** By when a change must work, in ms; most do on a busy machine, too. */
const SOON = 1_000;

/** A path, and the text that is there. */
type Page = readonly [path: string, text: string];

/** Visitors at a steady rate, until stopped. */
class Visits {
  readonly times: number[] = [];
  readonly wrong: string[] = [];
  readonly #http: string;
  readonly #pages: readonly Page[];
  readonly #began = performance.now();
  readonly #done: Promise<unknown>;
  #over = false;

  constructor(http: string, pages: readonly Page[]) {
    this.#http = http;
    this.#pages = pages;
    this.#done = Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => this.#visit(i)));
  }

  async #visit(first: number): Promise<void> {
    try {
      using visitor = await Visitor.connect(this.#http);
      for (let n = first; !this.#over; n += CONNECTIONS) {
        // Measured from when it was due: a relay that stands still makes all that wait late.
        const due = this.#began + n * 1000 / RATE;
        await pause(Math.max(0, due - performance.now()));
        const [path, text] = this.#pages[n % this.#pages.length]!;
        const answer = await visitor.ask(path);
        this.times.push(performance.now() - due);
        if (answer.status === 200 && answer.text === text) continue;
        this.wrong.push(`${path}: ${answer.status} ${answer.text}`);
      }
    } catch (error) {
      this.wrong.push(String(error));
    }
  }

  /** Gives the seconds they took. */
  async stop(): Promise<number> {
    this.#over = true;
    await this.#done;
    return (performance.now() - this.#began) / 1000;
  }
}

Deno.test("account: a hundred changes under 200 requests a second lose none, and cut sessions within 1 s", async () => {
  await using household = new Household();
  const steady = await household.account("steady");
  const other = await household.account("other");
  household.write("site/a.txt", "a file");
  const relay = await household.relay([], { env: { CRUNCH_ADMIN_PASSWORD: "correct horse" } });
  const { tunnel, http } = relay;
  const { process } = await household.agent(
    ["--relay", tunnel, "--dir", household.path("site")],
    { env: { CRUNCH_TOKEN: steady } },
  );
  await using double = await AgentDouble.connect({
    tunnel,
    token: other,
    answer: (request) => request.respond("a double"),
  });
  using socket = bySocket(household.data);
  const admin = await socket.door({
    kind: "token create",
    account: "admin",
    label: "test",
    scope: "full agent credentials",
  });
  let changes = 0;
  const cuts: number[] = [];

  /** Ten changes of an account, from its beginning to its end. */
  const life = async (account: string, door: Door, byHand: boolean): Promise<void> => {
    const make = async (change: Change): Promise<Record<string, string>> => {
      changes++;
      return await door(change);
    };
    const status = async (): Promise<number> => (await ask(http, `/${account}/`)).status;
    const connect = async (token: string): Promise<AgentDouble> => {
      const answer = (request: { respond(text: string): void }): void => request.respond(account);
      const agent = await AgentDouble.connect({ tunnel, token, answer });
      assert.equal(await status(), 200);
      return agent;
    };
    const cut = async (agent: AgentDouble, change: Change, then: number): Promise<void> => {
      const began = performance.now();
      const end = agent.ended.then(() => performance.now() - began);
      await make(change);
      assert.equal(await status(), then, change.kind);
      const took = await within(end, `the end of ${account}'s session`);
      if (!byHand) cuts.push(took);
    };
    await make({ kind: "add", account, password: "correct horse" });
    const first = await make({ kind: "token create", account, label: "first" });
    await using one = await connect(first.token!);
    await make({ kind: "name add", account, name: `${account}-more` });
    await make(
      byHand
        ? { kind: "passwd", account, password: "second horse" }
        : { kind: "role", account, role: "viewer" },
    );
    await make({ kind: "passwd", account, password: "another horse" });
    assert.equal(await status(), 200, "a token outlives a password");
    await cut(one, { kind: "disable", account }, 404);
    await make({ kind: "enable", account });
    const second = await make({ kind: "token create", account, label: "second" });
    await using two = await connect(second.token!);
    await cut(two, { kind: "token revoke", account, label: "second", id: second.id! }, 503);
    await using three = await connect(first.token!);
    await cut(three, { kind: "remove", account }, 404);
  };
  const lives = async (accounts: readonly string[], door: Door, byHand = false): Promise<void> => {
    for (const account of accounts) await life(account, door, byHand);
  };

  const visits = new Visits(http, [["/steady/a.txt", "a file"], ["/other/", "a double"]]);
  let seconds: number;
  try {
    await Promise.all([
      lives(["ann", "ben", "cleo", "dora", "emil"], socket.door),
      lives(["fay", "gus", "hal", "ida"], byToken(http, admin.token!)),
      lives(["jon"], byCommand(household), true),
    ]);
  } finally {
    seconds = await visits.stop();
  }
  const { times } = visits;
  const [p50, p99, longest] = [0.5, 0.99, 1].map((share) => quantile(times, share)) as number[];
  console.log(
    `      ${changes} changes in ${seconds.toFixed(1)} s; ${times.length} requests, ` +
      `p50 ${p50!.toFixed(1)} ms, p99 ${p99!.toFixed(1)} ms, longest ${longest!.toFixed(1)} ms; ` +
      `sessions cut ${Math.max(...cuts).toFixed(1)} ms after the change was sent at the latest`,
  );
  assert.deepEqual(visits.wrong, []);
  assert.equal(changes, 100);
  assert(times.length > changes);
  // None waited for a change; what else the machine does costs some.
  assert(p50! < 2_000);
  assert(quantile(cuts, 0.5) < SOON);
  assert.equal(double.session.closed, false);
  assert.doesNotMatch(process.stderr, /lost|again/);
  // Nobody of them is left.
  await eventually(async () => (await ask(http, "/ann-more/")).status === 404);
});
