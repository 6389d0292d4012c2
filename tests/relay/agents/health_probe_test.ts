/** Claims about the health of a name: what a visitor would get, asked of a real agent. @module */

import assert from "node:assert/strict";
import { HealthProbes, TooManyProbes } from "../../../relay/agents/health_probe.ts";
import { Registry } from "../../../relay/agents/registry.ts";
import { connect, FakeSession } from "./fake_session.ts";
import { Meeting } from "./meeting.ts";

async function token(relay: Meeting["relay"]): Promise<string> {
  const address = relay.http[0]!;
  const signIn = await fetch(`http://${address}/api/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "admin", password: relay.adminPassword }),
  });
  assert.equal(signIn.status, 204);
  return signIn.headers.get("set-cookie")!.split(";", 1)[0]!;
}

async function health(address: string, cookie: string) {
  const response = await fetch(`http://${address}/api/v1/names/local/health`, {
    headers: { cookie },
  });
  assert.equal(response.status, 200);
  const { checked, ms, ...rest } = await response.json();
  assert.match(checked, /Z$/);
  assert(ms >= 0);
  return rest;
}

Deno.test("health: is what the agent answers to a real request, and kept for a moment", async () => {
  await using meeting = await Meeting.begin();
  const { relay, agent } = meeting;
  const cookie = await token(relay);
  const asking = health(relay.http[0]!, cookie);
  const asked = await agent.next();
  assert.match(asked.text, /^HEAD \/ HTTP\/1\.1\r\nHost: [^\r]+\r\nUser-Agent: crunch-probe\r\n/);
  asked.head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true);
  const detail = "The agent answered 200.";
  assert.deepEqual(await asking, { ok: true, status: 200, detail });
  assert.deepEqual(await health(relay.http[0]!, cookie), { ok: true, status: 200, detail });
});

Deno.test("health: says what is wrong in words", async () => {
  const registry = new Registry();
  const probes = new HealthProbes({ registry, time: 20, keep: 0 });
  const offline = await probes.check("alice", "a.example");
  assert.deepEqual([offline.ok, offline.status], [false, 503]);
  assert.match(offline.detail, /^No agent .* is connected\.$/);
  const { agent } = connect({ session: new FakeSession(0) });
  registry.add(agent);
  const waited = await probes.check("alice", "a.example");
  assert.deepEqual([waited.ok, waited.status], [false, 504]);
  assert.match(waited.detail, /within 0\.02 s/);
});

Deno.test("health: an agent that breaks or refuses is not well", async () => {
  await using meeting = await Meeting.begin();
  const { relay, agent } = meeting;
  const cookie = await token(relay);
  const asking = health(relay.http[0]!, cookie);
  (await agent.next()).head("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", true);
  const { ok, status, detail } = await asking;
  assert.deepEqual([ok, status], [false, 503]);
  assert.match(detail, /broken/);
});

Deno.test("health: only so many probes are under way at a time, and one for each name", async () => {
  const registry = new Registry();
  const probes = new HealthProbes({ registry, time: 30, most: 2 });
  const names = ["a", "b", "c"];
  registry.add(connect({ names, session: new FakeSession(0), waiting: 9 }).agent);
  const [one, two] = ["a", "b"].map((name) => probes.check(name, "x.example"));
  await assert.rejects(probes.check("c", "x.example"), TooManyProbes);
  const again = probes.check("a", "x.example");
  assert.deepEqual((await one)!, await again);
  await two;
  assert.equal((await probes.check("c", "x.example")).status, 504);
});
