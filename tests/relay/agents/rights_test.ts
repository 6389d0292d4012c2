/** Claims about the rights of agents' connections: each has its own, and goes when that ends. @module */

import assert from "node:assert/strict";
import { Rights } from "../../../relay/agents/rights.ts";
import type { Grant } from "../../../relay/store/mod.ts";
import { eventually } from "../../support/deadline.ts";
import { connect, FakeSession } from "./fake_session.ts";
import { type TempStore, tempStore } from "../store/temp_dir.ts";

const password = "correct horse";

/** A store with alice, an agent of hers, and what judges its connections. */
class House implements Disposable {
  readonly temp: TempStore = tempStore();
  readonly rights = new Rights(this.temp.store);
  readonly #admitted: FakeSession[] = [];
  readonly agent;

  constructor(names: readonly string[] = ["alice"]) {
    this.agent = connect({ names }).agent;
    this.temp.store.changes.subscribe((change) => this.rights.judge(change));
  }

  static async open(names?: readonly string[]): Promise<House> {
    const house = new House(names);
    await house.temp.store.accounts.add({ name: "alice", password });
    return house;
  }

  /** A connection by `via`. */
  admit(via: Grant["via"]): FakeSession {
    const session = new FakeSession();
    this.agent.add(session.session);
    this.rights.admit(session.session, this.agent, {
      account: this.temp.store.accounts.get("alice")!.id,
      via,
    });
    this.#admitted.push(session);
    return session;
  }

  byPassword(): FakeSession {
    return this.admit({
      kind: "password",
      key: this.temp.store.accounts.keys("alice")!.storedKey,
    });
  }

  byToken(options: { expires?: number } = {}): { session: FakeSession; id: string } {
    const { token } = this.temp.store.tokens.create("alice", { name: "t", ...options });
    return { session: this.admit({ kind: "token", id: token.id }), id: token.id };
  }

  [Symbol.dispose](): void {
    for (const session of this.#admitted) this.rights.forget(session.session, this.agent);
    this.temp[Symbol.dispose]();
  }
}

Deno.test("rights: a revoked token takes its own connections, not those beside it", async () => {
  using house = await House.open();
  const first = house.byPassword();
  const [revoked, other] = [house.byToken(), house.byToken()];
  house.temp.store.tokens.revoke(revoked.id);
  assert.deepEqual(revoked.session.said, ["close disabled"]);
  assert.deepEqual([first.said, other.session.said], [[], []]);
});

Deno.test("rights: a new password takes the connections by the old one, whichever came first", async () => {
  using house = await House.open();
  const { session: byToken } = house.byToken();
  const old = house.byPassword();
  const local = house.admit({ kind: "local" });
  await house.temp.store.accounts.update("alice", { password: "another horse" });
  assert.deepEqual(old.said, ["close disabled"]);
  assert.deepEqual([byToken.said, local.said], [[], []]);
  assert.deepEqual(house.byPassword().said, []);
});

Deno.test("rights: an account that is disabled or removed takes all of them", async () => {
  for (const end of ["disable", "remove"] as const) {
    using house = await House.open();
    const { accounts } = house.temp.store;
    const sessions = [house.byPassword(), house.byToken().session, house.admit({ kind: "local" })];
    if (end === "disable") await accounts.update("alice", { disabled: true });
    else accounts.remove("alice");
    for (const { said } of sessions) assert.deepEqual(said, ["close disabled"], end);
  }
});

Deno.test("rights: a connection by a token goes when that ends, those beside it stay", async () => {
  using house = await House.open();
  const first = house.byPassword();
  const { session } = house.byToken({ expires: Date.now() + 300 });
  const { session: later } = house.byToken({ expires: Date.now() + 3_600_000 });
  await eventually(() => session.said.length > 0, { what: "the end of the token" });
  assert.deepEqual(session.said, ["close disabled"]);
  assert.deepEqual([first.said, later.said], [[], []]);
});

Deno.test("rights: a token that has ended while the clock was set is found at the latest a minute later", async () => {
  using temp = tempStore();
  await temp.store.accounts.add({ name: "alice" });
  const { token } = temp.store.tokens.create("alice", {
    name: "t",
    expires: Date.now() + 10 * 86_400_000_000,
  });
  const rights = new Rights(temp.store);
  const { agent, session } = connect();
  const account = temp.store.accounts.get("alice")!.id;
  // Longer than a timer can wait: taken literally it would be over at once.
  rights.admit(session.session, agent, { account, via: { kind: "token", id: token.id } });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(session.said, []);
  rights.forget(session.session, agent);
});

Deno.test("rights: a name that is taken away or given to somebody takes the agents that publish it", async () => {
  for (const how of ["remove", "transfer"] as const) {
    using house = await House.open(["photos"]);
    const { accounts, names } = house.temp.store;
    await accounts.add({ name: "bob" });
    names.add("alice", "photos");
    names.add("alice", "blog");
    const session = house.byPassword();
    names.remove("blog");
    assert.deepEqual(session.said, []);
    if (how === "remove") names.remove("photos");
    else names.transfer("photos", "bob");
    assert.deepEqual(session.said, ["close disabled"], how);
  }
});

Deno.test("rights: an agent belongs to its account, not to the next one of the same name", async () => {
  using house = await House.open();
  const { accounts } = house.temp.store;
  house.agent.remove(house.agent.sessions[0]!);
  house.byPassword();
  const before = accounts.get("alice")!.id;
  assert.equal(house.rights.isOf(house.agent, before), true);
  accounts.remove("alice");
  const { id } = await accounts.add({ name: "alice" });
  assert.equal(house.rights.isOf(house.agent, id), false);
});

Deno.test("rights: what takes nothing away is not judged: 10,000 claims cost no look at 10,000 connections", async () => {
  using house = await House.open();
  let looks = 0;
  const { grants } = house.temp.store;
  const lapseOf = grants.lapseOf.bind(grants);
  grants.lapseOf = (grant) => (looks++, lapseOf(grant));
  for (let i = 0; i < 10; i++) house.byPassword();
  for (let i = 0; i < 10; i++) house.temp.store.names.add("alice", `photos-${i}`);
  house.temp.store.tokens.create("alice", { name: "t" });
  await house.temp.store.accounts.add({ name: "bob" });
  await house.temp.store.accounts.update("bob", { disabled: true });
  assert.equal(looks, 0);
});
