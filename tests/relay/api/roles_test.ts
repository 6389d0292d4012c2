/** Claims about who may do what: every endpoint by every role, on things of their own and of others. @module */

import assert from "node:assert/strict";
import { type CallOptions, House, ROLES, type Who } from "./house.ts";

/** One endpoint. The things belong to olga. */
interface Row {
  readonly call: `${"GET" | "POST" | "PATCH" | "DELETE"} ${string}`;
  /** Makes the thing anew and gives its id, which stands for `{id}`. */
  readonly fresh?: (house: House) => string | Promise<string>;
  /** The same address of a thing that is not there. */
  readonly unknown?: string;
  readonly body?: (id: string, house: House) => unknown;
  /** Statuses for nobody, admin, olga, otto, viewer. */
  readonly answers: readonly [number, number, number, number, number];
}

const ROWS: readonly Row[] = [
  { call: "GET /me", answers: [401, 200, 200, 200, 200] },
  { call: "GET /sessions", answers: [401, 200, 200, 200, 200] },
  {
    call: "DELETE /sessions/{id}",
    fresh: ({ store }) =>
      store.sessions.create(store.accounts.get("olga")!, { address: "", browser: "" }).session.id,
    unknown: "/sessions/00000000000000000000000000000000",
    answers: [401, 204, 204, 404, 403],
  },
  { call: "GET /accounts", answers: [401, 200, 200, 200, 200] },
  { call: "GET /accounts/olga", unknown: "/accounts/nadia", answers: [401, 200, 200, 404, 200] },
  {
    call: "POST /accounts",
    fresh: (house) => house.newName(),
    body: (name) => ({ name, password: "correct horse" }),
    answers: [401, 201, 403, 403, 403],
  },
  {
    call: "PATCH /accounts/olga",
    unknown: "/accounts/nadia",
    body: () => ({ trusted: false }),
    answers: [401, 200, 403, 404, 403],
  },
  {
    call: "DELETE /accounts/{id}",
    fresh: async ({ store, ...house }) => {
      const name = `gone-${store.changes.list({ limit: 1 })[0]!.id}x`;
      void house;
      return (await store.accounts.add({ name })).name;
    },
    answers: [401, 204, 404, 404, 403],
  },
  { call: "DELETE /accounts/olga", unknown: "/accounts/nadia", answers: [401, 0, 403, 404, 403] },
  { call: "GET /tokens", answers: [401, 200, 200, 200, 200] },
  ...["/tokens/{id}", "/accounts/olga/tokens/{id}"].flatMap((path): Row[] => {
    const fresh = ({ store }: House) => store.tokens.create("olga", { name: "t" }).token.id;
    const unknown = path.replace("{id}", "0000000000000000");
    return [
      { call: `GET ${path}`, fresh, unknown, answers: [401, 200, 200, 404, 200] },
      { call: `DELETE ${path}`, fresh, unknown, answers: [401, 204, 204, 404, 403] },
    ];
  }),
  {
    call: "GET /accounts/olga/tokens",
    unknown: "/accounts/nadia/tokens",
    answers: [401, 200, 200, 404, 200],
  },
  {
    call: "POST /accounts/olga/tokens",
    unknown: "/accounts/nadia/tokens",
    body: () => ({ name: "laptop" }),
    answers: [401, 201, 201, 404, 403],
  },
  { call: "POST /live", body: () => ({ events: {} }), answers: [401, 200, 200, 200, 200] },
  { call: "GET /names", answers: [401, 200, 200, 200, 200] },
  { call: "GET /names/olga", unknown: "/names/nadia", answers: [401, 200, 200, 404, 200] },
  {
    call: "POST /names",
    fresh: (house) => house.newName(),
    body: (name) => ({ name, account: "olga" }),
    answers: [401, 201, 201, 422, 403],
  },
  {
    call: "DELETE /names/{id}",
    fresh: (house) => house.store.names.add("olga", house.newName()),
    unknown: "/names/nadia",
    answers: [401, 204, 204, 404, 403],
  },
  {
    call: "PATCH /names/{id}",
    fresh: (house) => house.store.names.add("olga", house.newName()),
    unknown: "/names/nadia",
    body: () => ({ account: "otto" }),
    answers: [401, 200, 403, 404, 403],
  },
  {
    call: "GET /names/olga/dropped-fields",
    unknown: "/names/nadia/dropped-fields",
    answers: [401, 200, 200, 404, 200],
  },
  {
    call: "GET /names/olga/health",
    unknown: "/names/nadia/health",
    answers: [401, 200, 200, 404, 200],
  },
  {
    call: "GET /names/olga/qr.svg",
    unknown: "/names/nadia/qr.svg",
    answers: [401, 200, 200, 404, 200],
  },
  { call: "GET /agents", answers: [401, 200, 200, 200, 200] },
  {
    call: "GET /agents/{id}",
    fresh: (house) => house.addAgent("olga").facts.id,
    unknown: "/agents/00000000-0000-0000-0000-000000000000",
    answers: [401, 200, 200, 404, 200],
  },
  {
    call: "DELETE /agents/{id}",
    fresh: (house) => house.addAgent("olga").facts.id,
    unknown: "/agents/00000000-0000-0000-0000-000000000000",
    answers: [401, 204, 204, 404, 403],
  },
  {
    call: "POST /agents/{id}/drain",
    fresh: (house) => house.addAgent("olga").facts.id,
    unknown: "/agents/00000000-0000-0000-0000-000000000000/drain",
    answers: [401, 202, 202, 404, 403],
  },
  { call: "GET /tunnels", answers: [401, 200, 200, 200, 200] },
  { call: "GET /requests", answers: [401, 200, 200, 200, 200] },
  { call: "GET /requests/export", answers: [401, 200, 200, 200, 200] },
  { call: "GET /requests/top", answers: [401, 200, 200, 200, 200] },
  { call: "GET /requests/stream", answers: [401, 200, 200, 200, 200] },
  {
    call: "GET /requests/{id}",
    fresh: async (house) => {
      house.addRequest("olga", "of-olga");
      await house.requestLog.flush();
      return "of-olga";
    },
    unknown: "/requests/nothing",
    answers: [401, 200, 200, 404, 200],
  },
  { call: "GET /usage", answers: [401, 200, 200, 200, 200] },
  { call: "GET /audit", answers: [401, 200, 200, 200, 200] },
  { call: "GET /status", answers: [401, 200, 200, 200, 200] },
  { call: "GET /settings", answers: [401, 200, 403, 403, 200] },
  {
    call: "PATCH /settings",
    body: () => ({ "max-connections": 20_000 }),
    answers: [401, 200, 403, 403, 403],
  },
  { call: "GET /events", answers: [401, 200, 200, 200, 200] },
  { call: "GET /openapi.json", answers: [200, 200, 200, 200, 200] },
];

async function send(house: House, who: Who, row: Row, path: string, id: string) {
  const [method = ""] = row.call.split(" ");
  const options: CallOptions = row.body === undefined ? {} : { body: row.body(id, house) };
  const response = await house.fetch(who, method, path, options);
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
  if (isStream) await response.body!.cancel();
  return { response, text: isStream ? "" : await response.text() };
}

Deno.test("api: every endpoint answers every role as it should", async (t) => {
  await using house = await House.open();
  for (const row of ROWS) {
    await t.step(row.call, async () => {
      for (const [i, who] of ROLES.entries()) {
        const expected = row.answers[i]!;
        if (expected === 0) continue;
        const id = await row.fresh?.(house) ?? "";
        const path = row.call.split(" ")[1]!.replace("{id}", id);
        const { response, text } = await send(house, who, row, path, id);
        assert.equal(response.status, expected, `${who}: ${text}`);
        if (response.status < 400) continue;
        assert.equal(response.headers.get("content-type"), "application/problem+json", who);
        assert.equal(JSON.parse(text).status, expected);
      }
    });
  }
});

Deno.test("api: what belongs to somebody else looks like what is not there", async (t) => {
  await using house = await House.open();
  for (const row of ROWS) {
    if (row.unknown === undefined) continue;
    await t.step(row.call, async () => {
      const id = await row.fresh?.(house) ?? "";
      const foreign = row.call.split(" ")[1]!.replace("{id}", id);
      const answers = [foreign, row.unknown!].map(async (path) => {
        const { response, text } = await send(house, "otto", row, path, id);
        const word = path.split(/[/?]/).findLast((part) => text.includes(` ${part}"`)) ?? "";
        const headers = [...response.headers].filter(([name]) => name !== "content-length");
        return { status: response.status, headers, text: text.replace(` ${word}"`, ' …"') };
      });
      const [one, other] = await Promise.all(answers);
      assert.equal(one!.status, 404);
      assert.deepEqual(one, other);
    });
  }
});

Deno.test("api: every endpoint of the description is in the table of roles", async () => {
  await using house = await House.open();
  const { body } = await house.call("nobody", "GET", "/openapi.json");
  const shape = (text: string) => text.replace(/\{\w+\}|\b(?:olga)\b/g, "*");
  const known = new Set(ROWS.map((row) => shape(row.call)));
  known.add("POST /sessions");
  const described = Object.entries(body.paths as Record<string, object>).flatMap(([path, item]) =>
    Object.keys(item).map((method) =>
      shape(`${method.toUpperCase()} ${path.replace("/api/v1", "")}`)
    )
  );
  assert.deepEqual(described.filter((call) => !known.has(call)), []);
  assert(described.length > 25);
});

Deno.test("api: a member's lists hold its own things only, a viewer's hold all", async () => {
  await using house = await House.open();
  house.addAgent("olga");
  house.addAgent("otto");
  house.addRequest("olga", "r-olga");
  house.addRequest("otto", "r-otto");
  await house.requestLog.flush();
  for (const name of ["olga", "otto"]) house.store.tokens.create(name, { name: "t" });
  const owners = async (who: Who, path: string): Promise<string[]> => {
    const { body } = await house.call(who, "GET", path);
    const items = body.items as Array<{ account?: string; name: string }>;
    return [...new Set(items.map(({ account, name }) => account ?? name))].sort();
  };
  const lists = ["/accounts", "/agents", "/tunnels", "/names", "/tokens", "/requests", "/sessions"];
  for (const path of [...lists, "/usage?by=account", "/audit"]) {
    await house.call("otto", "GET", "/me"); // has a session from here on
    await house.call("olga", "GET", "/me");
    assert.deepEqual(await owners("olga", path), ["olga"], path);
    const seen = await owners("viewer", path);
    assert(seen.includes("olga") && seen.includes("otto"), `${path}: ${seen}`);
  }
  assert.deepEqual(await owners("olga", "/names?account=otto"), []);
  assert.deepEqual(await owners("olga", "/audit?account=otto"), []);
  assert.deepEqual(await owners("olga", "/usage?by=account&account=otto"), []);
});

Deno.test("api: no filter shows a member what is not its own", async () => {
  await using house = await House.open();
  for (const name of ["olga", "otto"]) house.addRequest(name, `of-${name}`, { target: `/${name}` });
  house.addRequest("", "of-nobody", { target: "/nobody" });
  await house.requestLog.flush();
  const filters = [
    "",
    "account:otto",
    "name:otto",
    "id:of-otto",
    "-account:olga",
    "agent:a1",
    "/o",
  ];
  for (const filter of filters) {
    const query = `filter=${encodeURIComponent(filter)}`;
    const seen = async (who: Who): Promise<string[]> => {
      const list = await house.call(who, "GET", `/requests?${query}`);
      const top = await house.call(who, "GET", `/requests/top?${query}`);
      const file = await house.fetch(who, "GET", `/requests/export?format=ndjson&${query}`);
      const lines = (await file.text()).split("\n").slice(0, -1);
      const listed = list.body.items.map(({ target }: { target: string }) => target);
      assert.deepEqual(lines.map((line) => JSON.parse(line).target), listed);
      const values = top.body.items.map(({ value }: { value: string }) => value);
      assert.deepEqual(values, [...listed].sort());
      return values;
    };
    const own = await seen("olga");
    const isOfOthers = /otto|-account/.test(filter);
    assert.deepEqual(own, isOfOthers ? [] : ["/olga"], filter);
    const all = await seen("viewer");
    assert(all.includes("/otto"), `${filter}: ${all}`);
    assert.deepEqual(await seen("admin"), all);
  }
  const total = await house.call("olga", "GET", "/requests/top");
  assert.equal(total.body.scanned, 1);
});

Deno.test("api: a token's scope and its account's role both bind", async () => {
  await using house = await House.open();
  const status = async (token: string, method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${token}`, origin: "https://elsewhere.test" };
    const options = body === undefined ? { headers } : { headers, body };
    return (await house.call("nobody", method, path, options)).status;
  };
  const full = house.token("admin", "full metrics credentials");
  const read = house.token("admin", "read");
  const agent = house.token("admin", "agent");
  const metrics = house.token("admin", "metrics");
  const member = house.token("olga", "full");
  assert.equal(await status(full, "PATCH", "/accounts/olga", { trusted: true }), 200);
  assert.equal(await status(read, "GET", "/accounts/olga"), 200);
  assert.equal(await status(read, "PATCH", "/accounts/olga", { trusted: false }), 403);
  assert.equal(await status(read, "DELETE", "/accounts/olga"), 403);
  assert.equal(await status(read, "POST", "/names", { name: "photos", account: "olga" }), 403);
  assert.equal(await status(read, "PATCH", "/accounts/boss", { password: "another one" }), 403);
  assert.equal(await status(agent, "GET", "/me"), 403);
  assert.equal(await status(metrics, "GET", "/me"), 403);
  assert.equal(await status(member, "GET", "/accounts/otto"), 404);
  // Metrics tell of everybody's traffic.
  const wanted = { scope: "metrics" };
  assert.equal(await status(member, "POST", "/accounts/olga/tokens", wanted), 403);
  assert.equal(await status(full, "POST", "/accounts/olga/tokens", wanted), 201);
  assert.equal(await status("crunch_nonsense", "GET", "/me"), 401);
  // A wrong token is not saved by a good cookie.
  const both = { authorization: "Bearer nonsense" };
  assert.equal((await house.call("admin", "GET", "/me", { headers: both })).status, 401);
});

Deno.test("api: a disabled account's sessions and tokens open nothing, from the next call on", async () => {
  await using house = await House.open();
  const headers = { authorization: `Bearer ${house.token("olga", "full")}` };
  assert.equal((await house.call("olga", "GET", "/me")).status, 200);
  assert.equal((await house.call("nobody", "GET", "/me", { headers })).status, 200);
  await house.call("admin", "PATCH", "/accounts/olga", { body: { disabled: true } });
  assert.equal((await house.call("olga", "GET", "/me")).status, 401);
  assert.equal((await house.call("nobody", "GET", "/me", { headers })).status, 401);
});
