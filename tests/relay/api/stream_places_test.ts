/** Claims about the places for event streams: who has them, and who gives one up. @module */

import assert from "node:assert/strict";
import { within } from "../../support/deadline.ts";
import { House } from "./house.ts";
import { StreamReader } from "./stream_reader.ts";

interface Open {
  readonly account: string;
  readonly stream: StreamReader;
}

/** A house with members who each have a token, and streams of them. */
class Crowd implements AsyncDisposable {
  readonly house: House;
  readonly #tokens = new Map<string, string>();
  readonly #open: Open[] = [];

  private constructor(house: House) {
    this.house = house;
  }

  static async open(): Promise<Crowd> {
    return new Crowd(await House.open());
  }

  async join(account: string): Promise<Open> {
    const { store } = this.house;
    if (store.accounts.get(account) === undefined) await store.accounts.add({ name: account });
    let token = this.#tokens.get(account);
    if (token === undefined) {
      token = store.tokens.create(account, { name: "t", scope: "read" }).text;
      this.#tokens.set(account, token);
    }
    const headers = { authorization: `Bearer ${token}` };
    const answer = await this.house.fetch("nobody", "GET", "/events", { headers });
    assert.equal(answer.status, 200);
    const open = { account, stream: new StreamReader(answer) };
    this.#open.push(open);
    return open;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stream } of this.#open) await stream[Symbol.asyncDispose]();
    await this.house[Symbol.asyncDispose]();
  }
}

/** Its last event, if it was told that its place is somebody else's. */
async function told({ stream }: Open): Promise<string | undefined> {
  const event = await within(stream.next());
  assert.equal(await within(stream.next()), null);
  return event?.event === "end" ? event.data.code : undefined;
}

Deno.test("stream places: members share theirs, and the oldest stream of who has most goes", async () => {
  await using crowd = await Crowd.open();
  const first: Open[] = [];
  for (let i = 0; i < 48; i++) {
    for (const name of ["ann", "ben", "cleo", "dora"]) first.push(await crowd.join(name));
  }
  const { api } = crowd.house;
  assert.equal(api.eventStreams, 192);
  // Each has as many: who comes once more gives one up itself.
  await crowd.join("cleo");
  assert.equal(await told(first[2]!), "no-place");
  // And who has none gets one of those who have most.
  const late = await crowd.join("emil");
  assert.equal(api.eventStreams, 192);
  assert.equal(await told(first[0]!), "no-place");
  crowd.house.events.add("agent.gone", "emil", { i: 1 });
  assert.equal((await within(late.stream.next()))?.data.i, 1);
});

Deno.test("stream places: administrators and viewers have some that no member takes, nor one of them all", async () => {
  await using crowd = await Crowd.open();
  const { house } = crowd;
  for (let i = 0; i < 300; i++) await crowd.join(`m${i % 6}x`);
  assert.equal(house.api.eventStreams, 192);
  const viewers: StreamReader[] = [];
  const open = async (who: "admin" | "viewer") =>
    new StreamReader(await house.fetch(who, "GET", "/events"));
  for (let i = 0; i < 70; i++) viewers.push(await open("viewer"));
  await using admin = await open("admin");
  assert.equal(house.api.eventStreams, 256);
  house.events.add("setting.set", "", { i: 7 });
  assert.equal((await within(admin.next()))?.data.i, 7);
  assert.equal((await within(viewers.at(-1)!.next()))?.data.i, 7);
  assert.equal((await within(viewers[0]!.next()))?.event, "end");
  for (const viewer of viewers) await viewer[Symbol.asyncDispose]();
});

Deno.test("stream places: who gave one up is asked to come back later, not at once", async () => {
  await using crowd = await Crowd.open();
  const { house } = crowd;
  const answer = await house.fetch("olga", "GET", "/events");
  for (let i = 0; i < 192; i++) await crowd.join("olga");
  const text = await within(answer.text());
  assert.match(text, /retry: 30000\nevent: end\ndata: \{"code":"no-place","detail":".+"\}\n\n$/);
});
