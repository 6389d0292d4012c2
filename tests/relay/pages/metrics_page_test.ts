/** Claims about `/metrics` of a running relay: who may read it, and what it says. @module */

import assert from "node:assert/strict";
import { type Relay, type RelayOptions, startRelay } from "../../../relay/mod.ts";
import { openStore } from "../../../relay/store/mod.ts";
import { TempDir } from "../store/temp_dir.ts";
import { type ReadFamily, readOpenMetrics } from "../metrics/open_metrics.ts";

const anywhere = "127.0.0.1:0";

function start(dir: TempDir, options: RelayOptions = {}): Promise<Relay> {
  return startRelay({ http: [anywhere], tunnel: [anywhere], data: dir.path, drain: 0, ...options });
}

/** Tokens and sessions in a store that no relay has open yet. */
async function credentials(dir: TempDir) {
  using store = openStore(dir.path);
  const boss = await store.accounts.add({ name: "boss", role: "admin" });
  const olga = await store.accounts.add({ name: "olga" });
  const token = (account: string, scope: string) =>
    `Bearer ${store.tokens.create(account, { name: scope, scope }).text}`;
  const from = { address: "127.0.0.1", browser: "test" };
  const session = (account: typeof boss) => `crunch=${store.sessions.create(account, from).secret}`;
  return {
    metrics: token("boss", "metrics"),
    full: token("boss", "full"),
    read: token("boss", "read"),
    agent: token("boss", "agent"),
    member: token("olga", "full"),
    bossCookie: session(boss),
    olgaCookie: session(olga),
  };
}

async function get(address: string, init: RequestInit = {}, path = "/metrics") {
  const headers = new Headers(init.headers);
  headers.set("connection", "close");
  const response = await fetch(`http://${address}${path}`, { ...init, headers });
  return { response, status: response.status, text: await response.text() };
}

function valueOf(
  families: Map<string, ReadFamily>,
  family: string,
  labels: Record<string, string> = {},
): number {
  const found = families.get(family)?.samples.find((sample) =>
    Object.entries(labels).every(([name, value]) => sample.labels[name] === value)
  );
  assert.ok(found, `${family} ${JSON.stringify(labels)}`);
  return found.value;
}

Deno.test("metrics: a token with the scope metrics or an administrator reads them, nobody else", async () => {
  using dir = new TempDir();
  const { metrics, full, read, agent, member, bossCookie, olgaCookie } = await credentials(dir);
  await using relay = await start(dir);
  const http = relay.http[0]!;
  const asks: [HeadersInit, number][] = [
    [{}, 401],
    [{ authorization: "Bearer crunch_nonsense" }, 401],
    [{ authorization: "Basic Ym9zczpib3Nz" }, 401],
    [{ cookie: "crunch=nonsense" }, 401],
    [{ authorization: metrics }, 200],
    [{ authorization: full }, 200],
    [{ cookie: bossCookie }, 200],
    [{ authorization: read }, 403],
    [{ authorization: agent }, 403],
    [{ authorization: member }, 403],
    [{ cookie: olgaCookie }, 403],
    // A wrong token is not saved by a good cookie.
    [{ authorization: "Bearer x", cookie: bossCookie }, 401],
  ];
  for (const [headers, status] of asks) {
    const answer = await get(http, { headers });
    assert.equal(answer.status, status, JSON.stringify(headers));
    assert.equal(answer.response.headers.has("www-authenticate"), status === 401);
    assert.equal(answer.response.headers.get("cache-control"), "no-store");
    assert.equal(answer.text.includes("crunch_requests"), status === 200);
  }
  const { text } = await get(http, { headers: { authorization: metrics } });
  const failures = { kind: "token", reason: "bad-credentials" };
  assert.equal(valueOf(readOpenMetrics(text), "crunch_sign_in_failures", failures), 3);
});

Deno.test("metrics: on a loopback listener for administration nobody has to sign in", async () => {
  using dir = new TempDir();
  await using relay = await start(dir, { admin: anywhere });
  assert.equal((await get(relay.admin[0]!)).status, 200);
  assert.equal((await get(relay.http[0]!)).status, 401);
});

Deno.test("metrics: all interfaces are no loopback, and a proxy's visitors are not of this machine", async () => {
  using dir = new TempDir();
  {
    await using relay = await start(dir, { admin: "0.0.0.0:0" });
    assert.equal((await get(relay.admin[0]!.replace("0.0.0.0", "127.0.0.1"))).status, 401);
  }
  await using relay = await start(dir, {
    admin: anywhere,
    trustedProxy: ["127.0.0.0/8"],
  });
  const from = (address: string) => ({ headers: { "x-forwarded-for": address } });
  assert.equal((await get(relay.admin[0]!, from("203.0.113.9"))).status, 401);
  assert.equal((await get(relay.admin[0]!, from("127.0.0.1"))).status, 200);
});

Deno.test("metrics: only reading, and only there", async () => {
  using dir = new TempDir();
  await using relay = await start(dir, { admin: anywhere });
  const admin = relay.admin[0]!;
  const head = await get(admin, { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
  const post = await get(admin, { method: "POST", body: "x" });
  assert.deepEqual([post.status, post.response.headers.get("allow")], [405, "GET, HEAD"]);
  for (const path of ["/metrics/", "/metrics/x", "/METRICS", "/%6detrics", "//metrics"]) {
    assert.equal((await get(admin, {}, path)).status, 404, path);
    assert.equal((await get(relay.http[0]!, {}, path)).status, 404, path);
  }
});

Deno.test("metrics: OpenMetrics by the book, or the older text for who asks for it", async () => {
  using dir = new TempDir();
  await using relay = await start(dir, { admin: anywhere, metricsNames: true });
  await get(relay.http[0]!, {}, "/local/");
  const open = await get(relay.admin[0]!);
  assert.equal(
    open.response.headers.get("content-type"),
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  const families = readOpenMetrics(open.text);
  for (
    const name of [
      ...["crunch_build", "crunch_requests", "crunch_own_requests", "crunch_received_bytes"],
      ...[
        "crunch_sent_bytes",
        "crunch_request_duration_seconds",
        "crunch_agents",
        "crunch_streams",
      ],
      ...[
        "crunch_request_first_byte_seconds",
        "crunch_agent_connections",
        "crunch_waiting_streams",
      ],
      ...["crunch_connections", "crunch_log_queue_rows", "crunch_log_rows", "crunch_event_streams"],
      ...["crunch_sign_in_failures", "crunch_refused_visitors", "process_cpu_seconds"],
      ...["process_resident_memory_bytes", "process_start_time_seconds", "crunch_name_requests"],
    ]
  ) assert.ok(families.has(name), name);
  const old = await get(relay.admin[0]!, { headers: { accept: "text/plain" } });
  assert.equal(
    old.response.headers.get("content-type"),
    "text/plain; version=0.0.4; charset=utf-8",
  );
  assert.match(old.text, /^# TYPE crunch_requests_total counter$/m);
  assert.doesNotMatch(old.text, /# (EOF|UNIT)/);
});

Deno.test("metrics: counters grow by what happened, and no name is told unless asked for", async () => {
  using dir = new TempDir();
  await using relay = await start(dir, { admin: anywhere });
  const read = async () => readOpenMetrics((await get(relay.admin[0]!)).text);
  const http = relay.http[0]!;
  await get(http, { method: "POST", body: "1" }, "/nobody-has-it/");
  const before = await read();
  await get(http, {}, "/local/x"); // nobody is connected
  await get(http, { method: "POST", body: "12345" }, "/nobody-has-it/");
  await get(http, {}, "/healthz");
  const after = await read();
  const grown = (family: string, labels: Record<string, string> = {}): number =>
    valueOf(after, family, labels) - valueOf(before, family, labels);
  assert.equal(grown("crunch_requests", { method: "GET", status: "5xx" }), 1);
  assert.equal(grown("crunch_requests", { method: "POST", status: "4xx" }), 1);
  assert.equal(grown("crunch_own_requests", { status: "2xx" }), 1);
  assert.ok(grown("crunch_sent_bytes") > 0);
  assert.equal(grown("crunch_request_duration_seconds", { le: "+Inf" }), 2);
  for (const [name, { type, samples }] of before) {
    if (type !== "counter") continue;
    for (const { labels, value } of samples) {
      assert.ok(valueOf(after, name, labels) >= value, `${name} ${JSON.stringify(labels)}`);
    }
  }
  assert.doesNotMatch(JSON.stringify([...after]), /"local"|nobody-has-it/);
});

Deno.test("metrics: with --metrics-names what visitors make up is no series of its own", async () => {
  using dir = new TempDir();
  await using relay = await start(dir, { admin: anywhere, metricsNames: true });
  for (const path of ["/local/", "/aaa/", "/bbb/", "/c%22c/"]) await get(relay.http[0]!, {}, path);
  const families = readOpenMetrics((await get(relay.admin[0]!)).text);
  const names = new Set(
    families.get("crunch_name_requests")!.samples.map(({ labels }) => labels.name),
  );
  assert.deepEqual([...names].sort(), ["local", "other"]);
  assert.equal(valueOf(families, "crunch_name_requests", { name: "other", status: "4xx" }), 2);
});
