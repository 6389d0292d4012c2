/** Claims about `/healthz` and `/readyz`: what monitoring learns while a relay starts, runs, stops, and cannot write. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { createLog } from "../../../cli/mod.ts";
import { OwnPages, type PageHandler } from "../../../relay/pages/own_pages.ts";
import { startRelay } from "../../../relay/mod.ts";
import { DEADLINE, eventually } from "../../support/deadline.ts";
import { FakeExchange } from "../../support/fake_exchange.ts";
import { ask, Visitor } from "../../support/visitor.ts";
import { TempDir } from "../store/temp_dir.ts";

const anywhere = "127.0.0.1:0";
type Exchange = Parameters<PageHandler>[0];
type Guest = Parameters<PageHandler>[1];

async function answer(pages: OwnPages, method: string, target: string): Promise<FakeExchange> {
  const exchange = new FakeExchange({ method, target });
  pages.answer(exchange as unknown as Exchange, target.slice(1), {} as Guest);
  return await exchange.done;
}

Deno.test("health: alive is said in every state, ready only when visitors and agents are taken", async () => {
  let state: "starting" | "ready" | "stopping" = "starting";
  const pages = new OwnPages({
    software: "crunch/1",
    state: () => state,
    admin: false,
    downloads: false,
    listening: () => ({ http: [], https: [], tunnel: [], tunnelTls: [], publicUrl: undefined }),
  });
  for (const [now, status] of [["starting", 503], ["ready", 200], ["stopping", 503]] as const) {
    state = now;
    const alive = await answer(pages, "GET", "/healthz");
    assert.deepEqual([alive.status, alive.text], [200, "ok\n"]);
    const ready = await answer(pages, "GET", "/readyz");
    assert.deepEqual([ready.status, ready.text], [status, `${now}\n`]);
    assert.match(ready.lines, /cache-control: no-store/i);
    const head = await answer(pages, "HEAD", "/readyz");
    assert.deepEqual([head.status, head.text, head.length], [status, "", now.length + 1]);
  }
  const post = await answer(pages, "POST", "/readyz");
  assert.equal(post.status, 405);
  assert.match(post.lines, /allow: GET, HEAD/i);
});

Deno.test("health: a relay that stops answers who is under way, and nobody new", async () => {
  using dir = new TempDir();
  const options = { http: [anywhere], tunnel: [anywhere], data: dir.path, drain: 5_000 };
  await using relay = await startRelay(options);
  const http = relay.http[0]!;
  assert.equal((await ask(http, "/readyz")).status, 200);
  assert.equal((await ask(http, "/healthz", { method: "HEAD" })).status, 200);
  const [hostname, port] = http.split(":");
  using conn = await Deno.connect({ hostname: hostname!, port: Number(port) });
  const say = (text: string) => conn.write(new TextEncoder().encode(text));
  await say("GET /readyz HTTP/1.1\r\nHost: localhost\r\n");
  // Its first half has arrived when a later visitor is answered.
  await ask(http, "/healthz");
  const stopped = relay.stop();
  await eventually(async () => {
    try {
      (await Visitor.connect(http)).close();
      return false;
    } catch (error) {
      return error instanceof Deno.errors.ConnectionRefused;
    }
  });
  await say("\r\n");
  const said = await new Response(conn.readable).text();
  assert.match(said, /^HTTP\/1.1 503 [^]*stopping\n$/);
  await stopped;
});

Deno.test("health: a log that cannot be written leaves the relay ready, and is told by /metrics", async () => {
  using dir = new TempDir();
  const lines: string[] = [];
  await using relay = await startRelay({
    ...{ http: [anywhere], tunnel: [anywhere], admin: anywhere, data: dir.path, drain: 0 },
    log: createLog({ write: (line) => lines.push(line) }),
  });
  const [http, admin] = [relay.http[0]!, relay.admin[0]!];
  // The relay may be writing to it just now.
  const holder = new DatabaseSync(dir.at("log.db"), { timeout: DEADLINE });
  try {
    holder.exec("BEGIN IMMEDIATE");
    await ask(http, "/local/");
    await eventually(() => lines.some((line) => line.includes("request log has stopped")));
    const { status, body } = await ask(http, "/readyz");
    assert.deepEqual([status, new TextDecoder().decode(body)], [200, "ready\n"]);
    await eventually(async () => {
      const metrics = new TextDecoder().decode((await ask(admin, "/metrics")).body);
      assert.match(metrics, /^crunch_log_writable 0$/m);
      assert.match(metrics, /^crunch_log_rows_total\{outcome="dropped"\} [1-9]/m);
      return true;
    });
  } finally {
    holder.close();
  }
});
