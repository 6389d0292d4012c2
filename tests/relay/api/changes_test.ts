/** Claims about changes by the API: given away, sent away, only if it is still what was seen, and all of it written down. @module */

import assert from "node:assert/strict";
import type { Change } from "../../../relay/store/mod.ts";
import { House } from "./house.ts";

/** What a change's audit entry says, newest first. */
async function audit(house: House, limit: number) {
  const { body } = await house.call("admin", "GET", `/audit?limit=${limit}`);
  return (body.items as Record<string, unknown>[]).map(({ id: _, time, ...entry }) => {
    assert.match(String(time), /Z$/);
    return entry;
  });
}

Deno.test("api: a name goes to another account", async () => {
  await using house = await House.open();
  house.store.names.add("olga", "photos");
  for (const who of ["admin", "olga", "otto"] as const) house.cookie(who);
  const { status, body, headers } = await house.call("admin", "PATCH", "/names/photos", {
    body: { account: "OTTO" },
  });
  assert.deepEqual([status, body.account, body.own], [200, "otto", false]);
  assert.equal(
    headers.get("etag"),
    (await house.call("otto", "GET", "/names/photos")).headers.get("etag"),
  );
  assert.equal((await house.call("olga", "GET", "/names/photos")).status, 404);
  const entry = {
    who: "boss",
    address: "192.0.2.1",
    action: "name.transfer",
    object: "photos",
    before: { account: "olga" },
    after: { account: "otto" },
  };
  assert.deepEqual(await audit(house, 2), [{ ...entry, account: "otto" }, {
    ...entry,
    account: "olga",
  }]);
  // Both of them find it among their own.
  for (const who of ["olga", "otto"] as const) {
    const { body } = await house.call(who, "GET", "/audit?limit=1");
    assert.equal(body.items[0].action, "name.transfer", who);
  }
});

Deno.test("api: a name is not given to nobody, nor the one that an account is called by", async () => {
  await using house = await House.open();
  house.store.names.add("olga", "photos");
  const give = (name: string, account: string) =>
    house.call("admin", "PATCH", `/names/${name}`, { body: { account } });
  house.cookie("admin");
  const before = house.store.changes.list({ limit: 1 })[0]!.id;
  const nobody = await give("photos", "nadia");
  assert.deepEqual([nobody.status, nobody.body.errors[0].field], [422, "account"]);
  const own = await give("olga", "otto");
  assert.deepEqual([own.status, own.body.code], [409, "own-name"]);
  assert.equal((await give("photos", "olga")).status, 200);
  assert.equal(house.store.changes.list({ limit: 1 })[0]!.id, before, "nothing was changed");
});

Deno.test("api: a drained agent answers for nothing more, and goes once it is idle", async () => {
  await using house = await House.open();
  const agent = house.addAgent("olga");
  for (const who of ["admin", "olga"] as const) house.cookie(who);
  const idle = Promise.withResolvers<void>();
  const said: string[] = [];
  agent.idle = () => idle.promise;
  agent.goAway = ({ code, retryAfter }) => said.push(`${code} ${retryAfter}`);
  const { id } = agent.facts;
  assert.equal((await house.call("olga", "POST", `/agents/${id}/drain`)).status, 202);
  assert.deepEqual(said, ["disconnected 60000"]);
  assert.equal(house.registry.find("olga"), undefined);
  assert.deepEqual(house.closed, []);
  idle.resolve();
  await idle.promise;
  assert.deepEqual(house.closed, [id]);
  assert.deepEqual(await audit(house, 1), [{
    who: "olga",
    address: "192.0.2.1",
    action: "agent.drain",
    account: "olga",
    object: id,
    before: { names: ["olga"], address: "192.0.2.7", streams: 0 },
  }]);
});

Deno.test("api: what changed meanwhile is left alone", async (t) => {
  await using house = await House.open();
  const { store } = house;
  store.names.add("olga", "photos");
  const token = store.tokens.create("olga", { name: "t" }).token.id;
  const agent = house.addAgent("olga").facts.id;
  const session = store.sessions.create(store.accounts.get("olga")!, { address: "", browser: "" });
  const seen = async (path: string) =>
    (await house.call("admin", "GET", path)).headers.get("etag")!;
  const calls: [method: string, path: string, body?: unknown][] = [
    ["PATCH", "/names/photos", { account: "otto" }],
    ["DELETE", "/names/photos"],
    ["DELETE", `/tokens/${token}`],
    ["DELETE", `/accounts/olga/tokens/${token}`],
    ["DELETE", `/sessions/${session.session.id}`],
    ["POST", `/agents/${agent}/drain`],
    ["DELETE", `/agents/${agent}`],
    ["PATCH", "/accounts/olga", { trusted: true }],
    ["DELETE", "/accounts/olga"],
  ];
  for (const [method, path, body] of calls) {
    await t.step(`${method} ${path.replace(/[0-9a-f-]{16,}/, "…")}`, async () => {
      const send = (match: string) =>
        house.call("admin", method, path, {
          headers: { "if-match": match },
          ...(body === undefined ? {} : { body }),
        });
      for (const match of ['"other"', "nonsense", 'W/"1"', ""]) {
        const { status, body: problem } = await send(match);
        assert.deepEqual([status, problem?.code], [412, "conflict"], match);
      }
      const single = path.replace("/drain", "");
      const match = path.startsWith("/sessions") ? "*" : `"other", ${await seen(single)}`;
      assert((await send(match)).status < 300);
    });
    if (path === "/names/photos" && method === "PATCH") store.names.transfer("photos", "olga");
    if (path === `/tokens/${token}`) {
      // The same thing once more, by its other address.
      const { id } = store.tokens.create("olga", { name: "t" }).token;
      calls[3]![1] = `/accounts/olga/tokens/${id}`;
    }
  }
});

Deno.test("api: an account's ETag is another one after each change", async () => {
  await using house = await House.open();
  const tags = new Set<string | null>();
  tags.add((await house.call("admin", "GET", "/accounts/olga")).headers.get("etag"));
  for (const body of [{ trusted: true }, { disabled: true }, { role: "viewer" }]) {
    const { headers } = await house.call("admin", "PATCH", "/accounts/olga", { body });
    tags.add(headers.get("etag"));
  }
  assert.equal(tags.size, 4);
});

Deno.test("audit: says who ended whose session, from where, and what it was", async () => {
  await using house = await House.open();
  const from = { address: "198.51.100.3", browser: "Firefox" };
  const { session } = house.store.sessions.create(house.account("olga"), from);
  house.cookie("admin");
  await house.call("admin", "DELETE", `/sessions/${session.id}`, {
    caller: { address: "192.0.2.5" },
  });
  assert.deepEqual(await audit(house, 1), [{
    who: "boss",
    address: "192.0.2.5",
    action: "session.end",
    account: "olga",
    object: session.id,
    before: { ...from, created: new Date(session.created).toISOString() },
  }]);
});

Deno.test("api: settings change by their keys, only if they are still what was seen, and are told", async () => {
  await using house = await House.open();
  const noted: Change[] = [];
  house.store.changes.subscribe((change) => noted.push(change));
  const { headers } = await house.call("viewer", "GET", "/settings");
  const patch = (body: unknown, match?: string) =>
    house.call("admin", "PATCH", "/settings", {
      body,
      headers: match === undefined ? {} : { "if-match": match },
    });
  const bad = await patch({ "idle-timeout": "30", "http": ":80", "nonsense": 1 });
  assert.equal(bad.status, 422);
  assert.deepEqual(bad.body.errors.map(({ field }: { field: string }) => field), [
    "idle-timeout",
    "http",
    "nonsense",
  ]);
  for (const body of [[], '"x"', 1, null, { "idle-timeout": { a: 1 } }]) {
    assert.equal((await patch(body)).status, 422, JSON.stringify(body));
  }
  assert.deepEqual([house.applied, noted.filter(({ action }) => action === "setting.set")], [
    0,
    [],
  ]);
  const seen = headers.get("etag")!;
  const changed = await patch({ "idle-timeout": "30s" }, seen);
  assert.equal(changed.status, 200);
  const item = changed.body.items.find(({ key }: { key: string }) => key === "idle-timeout");
  assert.deepEqual([item.value, item.default, item.source, item.flag], [
    ...["30s", "75s", "dashboard", "--idle-timeout"],
  ]);
  assert.equal((await patch({ "idle-timeout": "31s" }, seen)).status, 412);
  assert.equal((await patch({ "idle-timeout": null }, changed.headers.get("etag")!)).status, 200);
  assert.equal(house.applied, 2);
  assert.deepEqual(noted.at(-1), {
    action: "setting.set",
    account: "",
    object: "idle-timeout",
    before: "30s",
    after: undefined,
  });
});
