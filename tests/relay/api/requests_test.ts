/** Claims about what comes in: fields, bodies, methods, pages; and about what goes out with every answer. @module */

import assert from "node:assert/strict";
import { House } from "./house.ts";

Deno.test("fields: all that are wrong are named at once", async () => {
  await using house = await House.open();
  const { status, body } = await house.call("admin", "POST", "/accounts", {
    body: { name: "a b", password: "short", role: "king", colour: "red" },
  });
  assert.equal(status, 422);
  const fields = body.errors.map((error: { field: string }) => error.field).sort();
  assert.deepEqual(fields, ["colour", "name", "password", "role"]);
  assert.equal(body.code, "invalid");
  assert.equal(body.request_id, "r1");
});

Deno.test("fields: what is missing, reserved or taken is told apart", async () => {
  await using house = await House.open();
  const post = async (fields: Record<string, unknown>) => {
    const { status, body } = await house.call("admin", "POST", "/accounts", { body: fields });
    return [status, body.errors?.map(({ field }: { field: string }) => field)];
  };
  const password = "correct horse";
  assert.deepEqual(await post({ password }), [422, ["name"]]);
  assert.deepEqual(await post({ name: "nadia" }), [422, ["password"]]);
  assert.deepEqual(await post({ name: "relay", password }), [422, ["name"]]);
  assert.deepEqual(await post({ name: "olga", password }), [409, ["name"]]);
  assert.deepEqual(await post({ name: "0lga", password }), [409, ["name"]]);
  assert.deepEqual(await post({ name: "nadia", password: "é".repeat(600) }), [422, ["password"]]);
});

Deno.test("bodies: no JSON, the wrong shape and too much are refused", async () => {
  await using house = await House.open();
  const post = async (body: string) =>
    (await house.call("admin", "POST", "/accounts", { body })).status;
  assert.equal(await post("{"), 400);
  assert.equal(await post("[]"), 422);
  assert.equal(await post('"text"'), 422);
  assert.equal(await post(""), 400);
  assert.equal(await post(JSON.stringify({ name: "x".repeat(70_000) })), 413);
});

Deno.test("methods: an address says which it takes, and unknown ones are 404", async () => {
  await using house = await House.open();
  const put = await house.call("admin", "PUT", "/accounts/olga", { body: {} });
  assert.equal(put.status, 405);
  assert.deepEqual(put.headers.get("allow")!.split(", ").sort(), [
    "DELETE",
    "GET",
    "HEAD",
    "PATCH",
  ]);
  assert.equal((await house.call("admin", "GET", "/nothing")).status, 404);
  assert.equal((await house.call("admin", "GET", "")).status, 404);
  assert.equal((await house.call("admin", "GET", "/accounts/")).status, 404);
  assert.equal((await house.call("nobody", "GET", "/nothing")).status, 401);
  const head = await house.call("admin", "HEAD", "/accounts");
  assert.deepEqual([head.status, head.body], [200, null]);
});

Deno.test("answers: nothing is kept, sniffed, framed or run", async () => {
  await using house = await House.open();
  for (const who of ["admin", "nobody"] as const) {
    const { headers } = await house.call(who, "GET", "/accounts");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(
      headers.get("content-security-policy"),
      "default-src 'none'; frame-ancestors 'none'",
    );
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("access-control-allow-origin"), null);
  }
});

Deno.test("making: says where the thing is, and it is there", async () => {
  await using house = await House.open();
  const made = await house.call("admin", "POST", "/accounts", {
    body: { name: "Nadia", password: "correct horse", role: "viewer", trusted: true },
  });
  assert.equal(made.status, 201);
  assert.equal(made.headers.get("location"), "/api/v1/accounts/nadia");
  const { body } = await house.call("admin", "GET", "/accounts/nadia");
  assert.deepEqual(body, made.body);
  const { created, ...rest } = body;
  assert.match(created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, {
    name: "nadia",
    role: "viewer",
    disabled: false,
    trusted: true,
    bytes_in: 0,
    bytes_out: 0,
  });
  // Within the session's time.
  const end = new Date(Date.now() + 3_600_000).toISOString();
  const token = await house.call("olga", "POST", "/accounts/olga/tokens", {
    body: { name: "laptop", scope: "agent", expires: end.replace("Z", "+00:00") },
  });
  assert.equal(token.status, 201);
  const shown = await house.fetch("olga", "GET", token.headers.get("location")!.slice(7));
  const { token: text, ...kept } = token.body;
  assert.match(text, /^crunch_[a-z0-9]{56}$/);
  assert.deepEqual(await shown.json(), kept);
  assert.equal(kept.expires, end);
  const name = await house.call("olga", "POST", "/names", { body: { name: "photos" } });
  assert.equal(name.headers.get("location"), "/api/v1/names/photos");
  assert.deepEqual(name.body.urls, ["http://relay.test/photos/"]);
});

Deno.test("pages: each thing once, in order, until next is null", async () => {
  await using house = await House.open();
  for (let i = 0; i < 7; i++) house.addRequest("olga", `q${i}`, { status: i % 2 ? 404 : 200 });
  await house.requestLog.flush();
  const walk = async (path: string, of: string): Promise<string[]> => {
    const seen: string[] = [];
    let cursor = "";
    do {
      const page = await house.call("admin", "GET", `${path}${cursor}`);
      assert.equal(page.status, 200);
      assert(page.body.items.length <= 2);
      seen.push(...page.body.items.map((item: Record<string, string>) => item[of]));
      cursor = page.body.next === null ? "" : `&cursor=${encodeURIComponent(page.body.next)}`;
    } while (cursor !== "");
    return seen;
  };
  assert.deepEqual(await walk("/accounts?limit=2", "name"), ["boss", "olga", "otto", "vera"]);
  assert.deepEqual(await walk("/names?limit=2", "name"), ["boss", "olga", "otto", "vera"]);
  const newest = ["q6", "q5", "q4", "q3", "q2", "q1", "q0"];
  assert.deepEqual(await walk("/requests?limit=2", "id"), newest);
  assert.deepEqual(await walk("/requests?limit=2&status=4xx", "id"), ["q5", "q3", "q1"]);
  assert.deepEqual(await walk("/requests?limit=2&status=404&name=OLGA&method=get", "id"), [
    "q5",
    "q3",
    "q1",
  ]);
  assert.deepEqual((await walk("/audit?limit=2", "action")).at(-1), "account.add");
});

Deno.test("pages: a wrong cursor, limit, status or time is 422", async () => {
  await using house = await House.open();
  const paths = [
    "/requests?cursor=x",
    "/audit?cursor=-1",
    "/accounts?limit=0",
    "/accounts?limit=1001",
    "/accounts?limit=many",
    "/requests?status=teapot",
    "/requests?status=6xx",
    "/usage?since=yesterday",
    "/usage?since=2030-01-01T00:00:00Z",
    "/usage?step=minute&since=2020-01-01T00:00:00Z",
    "/usage?by=colour",
  ];
  for (const path of paths) {
    const { status, body } = await house.call("admin", "GET", path);
    assert.equal(status, 422, path);
    assert.equal(body.errors.length, 1, path);
    assert.doesNotMatch(body.detail, /invalid/i);
  }
});

Deno.test("changing: a version that is no longer the newest is 412", async () => {
  await using house = await House.open();
  const etag = (await house.call("admin", "GET", "/accounts/olga")).headers.get("etag")!;
  const patch = (trusted: boolean, headers: Record<string, string>) =>
    house.call("admin", "PATCH", "/accounts/olga", { body: { trusted }, headers });
  const changed = await patch(true, { "if-match": etag });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.get("etag"), etag);
  assert.equal((await patch(false, { "if-match": etag })).status, 412);
  assert.equal((await patch(false, { "if-match": '"nonsense"' })).status, 412);
  assert.equal((await patch(false, { "if-match": "*" })).status, 200);
});

Deno.test("changing: the last administrator stays one", async () => {
  await using house = await House.open();
  const status = async (method: string, body?: unknown) =>
    (await house.call("admin", method, "/accounts/boss", body === undefined ? {} : { body }))
      .status;
  assert.equal(await status("PATCH", { role: "member" }), 409);
  assert.equal(await status("PATCH", { disabled: true }), 409);
  assert.equal(await status("DELETE"), 409);
});

Deno.test("names: a member claims as many as it may, and gives back all but its own", async () => {
  await using house = await House.open();
  const claim = (name: string) => house.call("olga", "POST", "/names", { body: { name } });
  assert.equal((await claim("otto")).status, 409);
  assert.equal((await claim("one-x")).status, 201);
  assert.equal((await claim("two-x")).status, 201);
  assert.equal((await claim("three-x")).status, 403);
  assert.equal((await house.call("olga", "DELETE", "/names/one-x")).status, 204);
  assert.equal((await claim("three-x")).status, 201);
  assert.equal((await house.call("olga", "DELETE", "/names/olga")).status, 409);
  assert.equal((await house.call("admin", "DELETE", "/names/two-x?account=otto")).status, 404);
  assert.equal((await house.call("admin", "DELETE", "/names/two-x?account=olga")).status, 204);
});

Deno.test("agents: shown as the contract says, and sent away", async () => {
  await using house = await House.open();
  const agent = house.addAgent("olga");
  const { body } = await house.call("olga", "GET", "/agents");
  const { since, ...rest } = body.items[0];
  assert.match(since, /Z$/);
  assert.deepEqual(rest, {
    id: agent.facts.id,
    name: "olga",
    names: ["olga"],
    account: "olga",
    transport: "tcp",
    address: "192.0.2.7",
    version: "1.2.3",
    rtt_ms: null,
    streams: 0,
    draining: false,
    waits_for: [],
    connections: 0,
    bytes_in: 0,
    bytes_out: 0,
  });
  assert.equal((await house.call("olga", "DELETE", `/agents/${agent.facts.id}`)).status, 204);
  assert.deepEqual(house.closed, [agent.facts.id]);
  const { body: audit } = await house.call("olga", "GET", "/audit?limit=1");
  assert.equal(audit.items[0].action, "agent.disconnect");
  const other = house.addAgent("olga");
  const { body: tunnels } = await house.call("admin", "GET", "/tunnels");
  assert.deepEqual(tunnels.items.map((item: { agent: string }) => item.agent), [other.facts.id]);
  assert.deepEqual(tunnels.items[0].mounts, [{ path: "/", kind: "directory" }]);
});

Deno.test("requests and usage: what was logged, with bytes on the account", async () => {
  await using house = await House.open();
  house.addRequest("olga", "first", { status: 500, target: "/a?token=abc" });
  await house.requestLog.flush();
  const { body } = await house.call("olga", "GET", "/requests/first");
  const { time, ...rest } = body;
  assert.match(time, /Z$/);
  assert.deepEqual(rest, {
    id: "first",
    name: "olga",
    account: "olga",
    agent: "a1",
    visitor: "192.0.2.9",
    method: "GET",
    target: "/a?token=***",
    status: 500,
    bytes_in: 10,
    bytes_out: 20,
    ms: 3,
    ttfb_ms: 1,
  });
  const account = await house.call("admin", "GET", "/accounts/olga");
  assert.deepEqual([account.body.bytes_in, account.body.bytes_out], [10, 20]);
  const usage = await house.call("olga", "GET", "/usage?step=whole&by=name");
  assert.equal(usage.body.items.length, 1);
  assert.deepEqual(usage.body.items[0].status["5xx"], 1);
});

Deno.test("usage: by the second, and as CSV", async () => {
  await using house = await House.open();
  for (const name of ["olga", "otto"]) house.addRequest(name, name, { status: 503 });
  await house.requestLog.flush();
  const { body } = await house.call("admin", "GET", "/usage?step=second");
  const sum = body.items.reduce((all: number, row: { requests: number }) => all + row.requests, 0);
  assert.equal(sum, 2);
  const answer = await house.fetch("olga", "GET", "/usage?step=whole&by=name&format=csv");
  assert.equal(answer.headers.get("content-type"), "text/csv; charset=utf-8");
  const file = answer.headers.get("content-disposition")!;
  assert.match(file, /^attachment; filename="usage-\d{4}-\d\d-\d\d\.csv"$/);
  const [head, row, ...others] = (await answer.text()).split("\r\n").map((line) => line.split(","));
  assert.deepEqual(others, [[""]]);
  assert.deepEqual(head!.slice(1, 7), [
    ...["account", "name", "requests", "bytes_in", "bytes_out", "1xx"],
  ]);
  assert.deepEqual(row!.slice(1, 11), ["olga", "olga", "1", "10", "20", "0", "0", "0", "0", "1"]);
});

Deno.test("requests: gaps are told to those who see all, with the page they belong to", async () => {
  await using house = await House.open({ rowsPerSecond: 3 });
  for (let i = 0; i < 5; i++) house.addRequest("olga", `r${i}`);
  await house.requestLog.flush();
  const all = (await house.call("viewer", "GET", "/requests?limit=2")).body;
  assert.deepEqual(all.items.map(({ id }: { id: string }) => id), ["r2", "r1"]);
  assert.deepEqual(all.gaps.map(({ missed }: { missed: number }) => missed), [2]);
  assert.match(all.gaps[0].time, /Z$/);
  const rest = (await house.call("viewer", "GET", `/requests?cursor=${all.next}`)).body;
  assert.deepEqual([rest.items.length, rest.gaps, rest.next], [1, [], null]);
  assert.deepEqual((await house.call("olga", "GET", "/requests")).body.gaps, []);
});

Deno.test("requests: a filter and parameters hold together, within a time", async () => {
  await using house = await House.open();
  for (const [i, status] of [200, 404, 503].entries()) {
    house.addRequest("olga", `r${i}`, { status, target: `/${i}` });
  }
  await house.requestLog.flush();
  const ids = async (query: string) => {
    const { status, body } = await house.call("admin", "GET", `/requests?${query}`);
    assert.equal(status, 200, query);
    return body.items.map(({ id }: { id: string }) => id);
  };
  assert.deepEqual(await ids("filter=status:>=400"), ["r2", "r1"]);
  assert.deepEqual(await ids("filter=status:>=400&status=4xx"), ["r1"]);
  assert.deepEqual(await ids("filter=-status:5xx%20%22/%22&name=OLGA"), ["r1", "r0"]);
  assert.deepEqual(await ids("visitor=192.0.2.0/24&target=/*"), ["r2", "r1", "r0"]);
  const now = Date.now();
  const at = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
  assert.deepEqual(await ids(`since=${at(now - 60_000)}&until=${at(now + 60_000)}`), [
    "r2",
    "r1",
    "r0",
  ]);
  assert.deepEqual(await ids(`since=${at(now + 60_000)}`), []);
  assert.deepEqual(await ids(`until=${at(now - 60_000)}`), []);
  for (const query of ["filter=statsu:1", "since=yesterday", `since=${at(now)}&until=${at(now)}`]) {
    const { status, body } = await house.call("admin", "GET", `/requests?${query}`);
    assert.equal(status, 422);
    assert.equal(body.errors[0].field, query.slice(0, query.indexOf("=")));
  }
});
