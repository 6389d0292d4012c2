/** Claims about agents that other programs start: what they are told, and how they end. @module */

import assert from "node:assert/strict";
import { type AgentOptions, NoLocalRelay, startAgent } from "../../agent/mod.ts";
import { type RelayOptions, startRelay } from "../../relay/mod.ts";
import { TempDir } from "../relay/store/temp_dir.ts";
import { within } from "../support/deadline.ts";
import { ask, Visitor } from "../support/visitor.ts";

/** A relay in this process, and a folder `site` with one page. */
async function house(options: RelayOptions = {}) {
  const dir = new TempDir();
  Deno.mkdirSync(dir.at("site"));
  Deno.writeTextFileSync(dir.at("site/index.html"), "hello");
  const relay = await startRelay({
    http: "127.0.0.1:0",
    tunnel: "127.0.0.1:0",
    data: dir.at("data"),
    adminPassword: "correct horse",
    ...options,
  });
  return {
    dir,
    relay,
    site: dir.at("site"),
    /** What a visitor finds. */
    async page(path: string): Promise<string> {
      const answer = await ask(relay.http[0]!, path);
      return answer.status === 200 ? answer.text : String(answer.status);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await relay[Symbol.asyncDispose]();
      dir[Symbol.dispose]();
    },
  };
}

/** Starts an agent and ends it once it serves. @returns its URLs. */
async function urlsOf(options: AgentOptions): Promise<string[]> {
  await using agent = await startAgent(options);
  return await within(agent.urls, "the welcome");
}

Deno.test("agent start: the local of a relay stands for address and account", async () => {
  await using home = await house();
  await using agent = await startAgent({ relay: home.relay.local, dir: home.site });
  const urls = await within(agent.urls, "the welcome");
  assert.equal(urls[0], `http://${home.relay.http[0]}/local/`);
  assert.equal(await home.page("/local/"), "hello");
});

Deno.test("agent start: address and account as on the command line", async () => {
  await using home = await house({ namesPerAccount: 1 });
  const relay = home.relay.tunnel[0]!;
  const token = home.relay.local!.credential;
  assert.match((await urlsOf({ relay, token, dir: home.site }))[0]!, /\/local\/$/);
  const account = { relay: `tcp://${relay}`, user: "admin", password: "correct horse" };
  assert.match((await urlsOf({ ...account, name: "Photos", dir: home.site }))[0]!, /\/photos\/$/);
});

Deno.test("agent start: a relay that refuses rejects the URLs, and is told", async () => {
  await using home = await house();
  const refused = Promise.withResolvers<Error>();
  await using agent = await startAgent({
    relay: home.relay.tunnel[0]!,
    ...{ user: "admin", password: "wrong", dir: home.site },
    onrefused: refused.resolve,
  });
  await assert.rejects(within(agent.urls, "the refusal"), /password/);
  assert.match((await refused.promise).message, /password/);
});

Deno.test("agent start: publishes something else while it runs", async () => {
  await using home = await house();
  Deno.mkdirSync(home.dir.at("other"));
  Deno.writeTextFileSync(home.dir.at("other/index.html"), "other");
  await using agent = await startAgent({
    relay: home.relay.local,
    publish: [{ dir: [home.site, `/more=${home.dir.at("other")}`] }],
  });
  await within(agent.urls, "the welcome");
  assert.equal(await home.page("/local/more/"), "other");
  await assert.rejects(
    () => agent.publish([{ name: "-", dir: home.site }]),
    /publish\[0\]\.name must/,
  );
  await assert.rejects(() => agent.publish([{ dir: home.dir.at("none") }]), /none/);
  assert.equal(await home.page("/local/"), "hello");
  await agent.publish([{ dir: home.dir.at("other") }]);
  assert.equal(await home.page("/local/"), "other");
});

Deno.test("agent start: a wrong option is refused by its name", async () => {
  await using home = await house();
  const { relay, site } = { relay: home.relay.tunnel[0]!, site: home.site };
  const token = home.relay.local!.credential;
  const wrong: Array<[AgentOptions, RegExp]> = [
    [{ relay, token }, /^Cannot start agent: publishes nothing: give dir, proxy or publish$/],
    [{ relay, token, name: "a", publish: [] }, /: name needs dir or proxy$/],
    [{ relay, token: token.slice(1), dir: site }, /: the token is mistyped or cut/],
    [{ relay: "127.0.0.1:9", dir: site }, /: no credentials for 127\.0\.0\.1:9: give user and /],
    [{ relay: null, dir: site }, /: relay is null/],
    [{ relay, token, dir: site, relayCa: home.dir.at("none.pem") }, /: relayCa: .*none\.pem/],
    [{ relay, token, dir: site, drain: "later" }, /: drain must be a time/],
  ];
  for (const [options, message] of wrong) {
    await assert.rejects(
      () => startAgent(options),
      { name: "TypeError", message },
      String(message),
    );
  }
  await assert.rejects(
    () => startAgent({ relay, token, dir: home.dir.at("none") }),
    /Cannot publish .*none/,
  );
});

Deno.test("agent start: without a relay named and none on this machine there is none", async () => {
  using dir = new TempDir();
  const before = Deno.env.get("XDG_RUNTIME_DIR");
  Deno.env.set("XDG_RUNTIME_DIR", dir.path);
  Deno.env.set("CRUNCH_RELAY", "127.0.0.1:9");
  try {
    await assert.rejects(() => startAgent({ dir: dir.path }), NoLocalRelay);
  } finally {
    Deno.env.delete("CRUNCH_RELAY");
    if (before === undefined) Deno.env.delete("XDG_RUNTIME_DIR");
    else Deno.env.set("XDG_RUNTIME_DIR", before);
  }
});

Deno.test("agent start: an agent is stopped and disposed of as often as one likes", async () => {
  await using home = await house();
  const options = { relay: home.relay.local, dir: home.site };
  const abort = new AbortController();
  {
    await using agent = await startAgent({ ...options, signal: abort.signal });
    await within(agent.urls, "the welcome");
    abort.abort();
    await within(agent.stop(), "stopping");
    await agent.stop(0);
    await agent[Symbol.asyncDispose]();
    await agent.publish([]);
  }
  assert.equal(await home.page("/local/"), "503");
  await assert.rejects(() => startAgent({ ...options, signal: abort.signal }), {
    name: "AbortError",
  });
});

Deno.test("agent start: disposing of an agent ends a stop that waits", async () => {
  await using home = await house();
  // More than all buffers on the way hold.
  using file = Deno.createSync(home.dir.at("site/large"));
  file.truncateSync(200 << 20);
  await using agent = await startAgent({ relay: home.relay.local, dir: home.site, drain: "10m" });
  await within(agent.urls, "the welcome");
  using visitor = await Visitor.connect(home.relay.http[0]!);
  await visitor.request("/local/large");
  assert.equal((await visitor.head()).status, 200);
  const stopped = agent.stop();
  await within(Promise.resolve(agent[Symbol.asyncDispose]()), "disposing");
  await stopped;
});
