/** What the relay remembers of requests: as visitors saw them, without their secrets, through a kill -9. @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../support/agent_double.ts";
import { Household, type RunningRelay } from "../support/crunch.ts";
import { eventually, pause } from "../support/deadline.ts";
import { ask, Visitor } from "../support/visitor.ts";

const PASSWORD = "correct horse";
const asAdmin = { env: { CRUNCH_ADMIN_PASSWORD: PASSWORD } };

interface Row {
  readonly id: string;
  readonly time: string;
  readonly name: string;
  readonly agent: string;
  readonly visitor: string;
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly ms: number;
  readonly ttfb_ms: number | null;
}

/** The API as the administrator sees it. */
async function signIn({ http }: RunningRelay): Promise<<T>(path: string) => Promise<T>> {
  const session = await ask(http, "/api/v1/sessions", {
    method: "POST",
    host: http,
    fields: ["Content-Type: application/json", `Origin: http://${http}`],
    body: JSON.stringify({ name: "admin", password: PASSWORD }),
  });
  assert.equal(session.status, 204, session.text);
  const cookie = session.get("set-cookie")!.split(";")[0]!;
  return async <T>(path: string): Promise<T> => {
    const answer = await ask(http, `/api/v1/${path}`, {
      host: http,
      fields: [`Cookie: ${cookie}`],
    });
    assert.equal(answer.status, 200, answer.text);
    return answer.json() as T;
  };
}

/** All rows of a name, oldest first. */
async function rowsOf(api: <T>(path: string) => Promise<T>, name: string): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor = "";
  do {
    const page = await api<{ items: Row[]; next: string | null }>(
      `requests?limit=100&name=${name}${cursor}`,
    );
    rows.push(...page.items);
    cursor = page.next === null ? "" : `&cursor=${encodeURIComponent(page.next)}`;
  } while (cursor !== "");
  return rows.reverse();
}

Deno.test("request log", async (t) => {
  await using household = new Household();
  await household.account("bob");
  const token = await household.account("alice");
  const relay = await household.relay([], asAdmin);
  await using agent = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token,
    answer: async (request) => {
      await request.whole;
      request.respond("0123456789", { status: request.getAll("x-status")[0] ?? "200 OK" });
    },
  });
  const api = await signIn(relay);
  const all = async (name: string, count: number): Promise<Row[]> =>
    await eventually(async () => {
      const rows = await rowsOf(api, name);
      return rows.length >= count && rows;
    }, { every: 50 });

  await t.step("a row for each request says what the visitor saw", async () => {
    const before = Date.now();
    const get = await ask(relay.http, "/alice/a/b?c=d");
    const put = await ask(relay.http, "/alice/up", {
      method: "PUT",
      body: "12345",
      fields: ["X-Status: 404 Not Found"],
    });
    const rows = await all("alice", 2);
    assert.equal(rows.length, 2);
    const [first, second] = rows as [Row, Row];
    assert.equal(first.id, get.get("x-request-id"));
    assert.equal(first.agent, agent.welcome.session);
    assert.equal(first.visitor, "127.0.0.1");
    assert.equal(`${first.method} ${first.target}`, "GET /alice/a/b?c=d");
    assert.deepEqual([first.status, first.bytes_in, first.bytes_out], [200, 0, 10]);
    assert.equal(second.id, put.get("x-request-id"));
    assert.deepEqual([second.method, second.status], ["PUT", 404]);
    assert.deepEqual([second.bytes_in, second.bytes_out], [5, 10]);
    for (const row of rows) {
      const time = Date.parse(row.time);
      assert(time >= before - 300 && time <= Date.now(), row.time);
      assert(row.ms >= 0 && row.ms < 5_000 && row.ttfb_ms! <= row.ms, JSON.stringify(row));
    }
    const one = await api<Row>(`requests/${first.id}`);
    assert.deepEqual(one, first);
  });

  await t.step("secrets in targets are replaced, however they are spelt", async () => {
    const targets = [
      "/alice/x?token=SECRET&a=1",
      "/alice/x?a=1&Password=SECRET",
      "/alice/x?access_token=SECRET",
      "/alice/x?%74oken=SECRET",
      "/alice/x?user[password]=SECRET",
      "/alice/x?key=SECRET;sig=SECRET",
      "/alice/x?code=SECRET?x&share=SECRET&secret=SECRET",
    ];
    for (const target of targets) await ask(relay.http, target);
    const rows = (await all("alice", 2 + targets.length)).slice(2);
    assert.equal(rows.length, targets.length);
    for (const row of rows) assert(!row.target.includes("SECRET"), row.target);
    assert.equal(rows[0]!.target, "/alice/x?token=***&a=1");
    for (const name of Deno.readDirSync(household.data)) {
      if (!name.name.startsWith("log.db")) continue;
      const bytes = Deno.readFileSync(`${household.data}/${name.name}`);
      assert(!new TextDecoder("latin1").decode(bytes).includes("SECRET"), name.name);
    }
  });

  await t.step("what no agent answered is there as well", async () => {
    await ask(relay.http, "/bob/");
    await ask(relay.http, "/nobody-at-all/");
    const [offline] = await all("bob", 1);
    assert.deepEqual([offline!.status, offline!.agent, offline!.ttfb_ms], [503, "", null]);
    const [unknown] = await all("nobody-at-all", 1);
    assert.equal(unknown!.status, 404);
  });

  await t.step(
    "a visitor that left before the answer is there with status 0 or what he got",
    async () => {
      await using slow = await AgentDouble.connect({ tunnel: relay.tunnel, token });
      const visitor = await Visitor.connect(relay.http);
      await visitor.request("/alice/left");
      const request = await slow.next();
      visitor.close();
      await request.reset;
      const row = await eventually(
        async () => (await rowsOf(api, "alice")).find(({ target }) => target === "/alice/left"),
        { every: 50 },
      );
      assert.equal(row.status, 0);
      assert.equal(row.bytes_out, 0);
    },
  );

  await t.step("usage counts the same requests and bytes, for the account", async () => {
    const usage = await eventually(async () => {
      const { items } = await api<{ items: Array<Record<string, number>> }>(
        "usage?by=account&step=day",
      );
      const alice = items.find((item) => (item.account as unknown) === "alice");
      return (alice?.requests ?? 0) >= 10 && alice;
    }, { every: 100 });
    assert.deepEqual([usage.requests, usage.bytes_in, usage.bytes_out], [10, 5, 90]);
    const account = await api<Record<string, number>>("accounts/alice");
    assert.deepEqual([account.bytes_in, account.bytes_out], [5, 90]);
  });
});

Deno.test("request log: kill -9 loses at most the last second, of rows and of usage", async () => {
  await using household = new Household();
  const token = await household.account("alice");
  let relay = await household.relay([], asAdmin);
  await using _agent = await AgentDouble.connect({
    tunnel: relay.tunnel,
    token,
    answer: (request) => request.respond("0123456789"),
  });
  // Requests until the end, each with the time of its answer.
  const answered = new Map<string, number>();
  let over = false;
  // Between two answers, at the longest: a machine that stands still does so in the log's thread as well.
  let stall = 0;
  const visiting = (async () => {
    try {
      using visitor = await Visitor.connect(relay.http);
      let last = performance.now();
      while (!over) {
        const answer = await visitor.ask("/alice/");
        const now = performance.now();
        stall = Math.max(stall, now - last);
        last = now;
        answered.set(answer.get("x-request-id")!, now);
        await pause(2);
      }
    } catch {
      // The relay is dead.
    }
  })();
  const dueAt = (now: number): string[] =>
    [...answered].filter(([, time]) => time < now - 1_000 - stall).map(([id]) => id);
  // However slow the machine is: so many are to be there after the kill.
  await eventually(() => dueAt(performance.now()).length > 200, { every: 100 });
  const killed = performance.now();
  relay.process.kill("SIGKILL");
  await relay.process.exit;
  over = true;
  await visiting;
  relay = await household.again(relay, [], asAdmin);
  const api = await signIn(relay);
  const rows = new Set((await rowsOf(api, "alice")).map(({ id }) => id));
  const due = dueAt(killed);
  const lost = [...answered.keys()].filter((id) => !rows.has(id));
  console.log(
    `      of ${answered.size} requests (${Math.round(stall)} ms apart at the most) ` +
      `${lost.length} rows were lost` +
      (lost.length === 0
        ? ""
        : `, the oldest ${Math.round(killed - answered.get(lost[0]!)!)} ms before the end`),
  );
  assert(due.length > 100);
  assert.deepEqual(due.filter((id) => !rows.has(id)), []);
  const account = await api<{ bytes_out: number }>("accounts/alice");
  // Usage is written each second: what the last one took is a second's worth at most.
  const secondBefore =
    [...answered.values()].filter((time) => time < killed - 1_300 - 2 * stall).length;
  assert(account.bytes_out >= secondBefore * 10, `${account.bytes_out} of ${secondBefore * 10}`);
});

Deno.test("request log: one that cannot be written stops the log, with a warning, never the requests", async () => {
  await using household = new Household();
  household.write("site/a.txt", "here");
  household.write("data/log.db/in-the-way", "");
  Deno.chmodSync(household.data, 0o700);
  const relay = await household.relay();
  await household.agent(["--dir", household.path("site")]);
  for (let i = 0; i < 20; i++) assert.equal((await ask(relay.http, "/local/a.txt")).text, "here");
  await relay.process.said(/request log has stopped/);
  assert.equal(relay.process.stderr.match(/has stopped/g)!.length, 1);
  relay.process.kill("SIGTERM");
  assert.equal(await relay.process.exit, 0);
});

Deno.test("request log: keeps no secret, whether everybody's or the operator's own words call it one", async () => {
  await using household = new Household();
  const relay = await household.relay(
    ["--log-redact", "member-no", "--log-redact", "Ref"],
    asAdmin,
  );
  await ask(relay.http, "/nobody/a?client_secret=S&x=1&memberNo=S&ref=S");
  const api = await signIn(relay);
  const [row] = await eventually(async () => {
    const rows = await rowsOf(api, "nobody");
    return rows.length > 0 ? rows : undefined;
  });
  assert.equal(row!.target, "/nobody/a?client_secret=***&x=1&memberNo=***&ref=***");
  const { items } = await api<{ items: { key: string; value: unknown }[] }>("settings");
  assert.deepEqual(items.find(({ key }) => key === "log-redact")?.value, ["member-no", "Ref"]);
});
