/** Claims about lists by pages: a walk brings every row once, whatever comes and goes meanwhile. @module */

import assert from "node:assert/strict";
import { House } from "./house.ts";

const HOSTILE = [
  "x",
  "1",
  ".",
  "-",
  "1.",
  ".a",
  "1e9.a",
  `${"9".repeat(40)}.a`,
  "1.a b",
  "1.\u00e9",
  "a".repeat(201),
];

/** Walks a list by pages of two. @returns the keys of what came, in order. */
async function walk(
  house: House,
  path: string,
  { key, between }: { readonly key: string; readonly between?: (page: number) => unknown },
): Promise<string[]> {
  const found: string[] = [];
  let cursor = "";
  for (let page = 0; page < 50; page++) {
    const { status, body } = await house.call("admin", "GET", `${path}?limit=2${cursor}`);
    assert.equal(status, 200, `${path}${cursor}`);
    assert.ok(body.items.length <= 2);
    found.push(...body.items.map((item: Record<string, string>) => item[key]));
    if (body.next === null) return found;
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
    await between?.(page);
  }
  throw new Error(`${path} has no last page`);
}

Deno.test("pages: agents and what they publish, each once, though some leave", async () => {
  await using house = await House.open();
  const { store, registry } = house;
  const agents = Array.from({ length: 7 }, (_, i) => {
    const name = store.names.add("olga", `page-${i}x`);
    return house.addAgent("olga", name);
  });
  const ids = agents.map(({ facts }) => facts.id);
  assert.deepEqual((await walk(house, "/agents", { key: "id" })).sort(), [...ids].sort());
  assert.deepEqual(
    await walk(house, "/tunnels", { key: "name" }),
    agents.map(({ facts }) => facts.names[0]),
  );
  const { body } = await house.call("admin", "GET", "/agents?limit=2");
  const gone = body.items[1].id as string;
  const rest = await walk(house, "/agents", {
    key: "id",
    between: (page) => page === 0 && registry.remove(registry.agents.get(gone)!),
  });
  assert.deepEqual(rest.sort(), [...ids].sort(), "the cursor's own row is gone");
  const tunnels = await walk(house, "/tunnels", {
    key: "name",
    between: (page) => page === 1 && registry.remove(registry.find("page-6x")!),
  });
  assert.ok(!tunnels.includes("page-6x"));
  assert.equal(new Set(tunnels).size, tunnels.length);
});

Deno.test("pages: accounts, names, tokens, sessions and changes, each once", async () => {
  await using house = await House.open();
  const { store } = house;
  for (let i = 0; i < 5; i++) {
    await store.accounts.add({ name: `member-${i}x` });
    store.tokens.create("olga", { name: `t${i}` });
    store.sessions.create(store.accounts.get("otto")!, { address: "", browser: `${i}` });
  }
  const lists = [
    ["/accounts", "name", store.accounts.list().map(({ name }) => name)],
    ["/names", "name", undefined],
    ["/tokens", "id", store.tokens.list().map(({ id }) => id)],
    ["/accounts/olga/tokens", "id", store.tokens.list({ account: "olga" }).map(({ id }) => id)],
    ["/sessions", "id", store.sessions.list().map(({ id }) => id)],
    ["/audit", "id", undefined],
  ] as const;
  // The administrator's own session comes with its first call.
  await house.call("admin", "GET", "/me");
  for (const [path, key, expected] of lists) {
    const whole = (await house.call("admin", "GET", `${path}?limit=1000`)).body.items
      .map((item: Record<string, string>) => item[key]);
    const found = await walk(house, path, { key });
    assert.deepEqual(found, whole, path);
    for (const one of expected ?? []) assert.ok(found.includes(one), `${path}: ${one}`);
    assert.ok(found.length > 4, path);
  }
});

Deno.test("pages: tokens that are revoked amid a walk move nothing else", async () => {
  await using house = await House.open();
  const { tokens } = house.store;
  const ids = Array.from(
    { length: 6 },
    (_, i) => tokens.create("olga", { name: `t${i}` }).token.id,
  );
  const first = (await house.call("admin", "GET", "/tokens?limit=2")).body.items;
  const found = await walk(house, "/tokens", {
    key: "id",
    between: (page) => page === 0 && tokens.revoke(first[1].id),
  });
  assert.deepEqual(found.sort(), [...ids].sort());
});

Deno.test("pages: a cursor that is none is refused, and a limit has its bounds", async () => {
  await using house = await House.open();
  house.addAgent("olga");
  for (const path of ["/agents", "/tokens", "/sessions", "/audit", "/requests"]) {
    for (const cursor of HOSTILE) {
      // As earlier versions gave them; the log and the audit log begin anew then.
      if (cursor === "1" && (path === "/audit" || path === "/requests")) continue;
      const at = `${path}?cursor=${encodeURIComponent(cursor)}`;
      const { status, body } = await house.call("admin", "GET", at);
      assert.equal(status, 422, at);
      assert.equal(body.errors[0].field, "cursor");
    }
  }
  for (
    const path of ["/agents", "/tunnels", "/tokens", "/sessions", "/accounts", "/names", "/audit"]
  ) {
    for (const limit of ["0", "-1", "1001", "x", "1e9"]) {
      const { status } = await house.call("admin", "GET", `${path}?limit=${limit}`);
      assert.equal(status, 422, `${path} ${limit}`);
    }
  }
});
