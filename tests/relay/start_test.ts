/** Claims about starts of a relay that fail, and what they leave. @module */

import assert from "node:assert/strict";
import { startRelay } from "../../relay/mod.ts";
import { ListenError } from "../../http/mod.ts";
import { createLog, Secret } from "../../cli/mod.ts";
import { within } from "../support/deadline.ts";
import { Meeting } from "./agents/meeting.ts";
import { TempDir } from "./store/temp_dir.ts";

const anywhere = "127.0.0.1:0";

Deno.test("start: an administrator's password is not lost when an address is taken", async () => {
  using dir = new TempDir();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const options = { tunnel: anywhere, data: dir.path };
  await assert.rejects(startRelay({ ...options, http: `127.0.0.1:${port}` }), ListenError);
  await using relay = await startRelay({ ...options, http: anywhere });
  assert.match(relay.adminPassword ?? "", /^\w{5}(-\w{5}){3}$/);
});

Deno.test("start: what was opened before a failure is closed again", async () => {
  using dir = new TempDir();
  const options = { http: anywhere, tunnel: anywhere, data: dir.path };
  const tooShort = new Secret("short");
  await assert.rejects(startRelay({ ...options, adminPassword: tooShort }), { code: "invalid" });
  await using relay = await startRelay(options);
  assert.notEqual(relay.adminPassword, null);
});

Deno.test("start: without a place for the local credential a relay warns and runs", async () => {
  using dir = new TempDir();
  const lines: string[] = [];
  Deno.writeTextFileSync(dir.at("file"), "");
  await using relay = await startRelay({
    http: anywhere,
    tunnel: anywhere,
    data: dir.at("data"),
    localDirectory: dir.at("file/crunch"),
    log: createLog({ write: (line) => lines.push(line) }),
  });
  assert.notEqual(relay.local, null);
  assert.match(lines.join(""), /warn .*by themselves/);
});

Deno.test("start: its signal stops it, and a start that it ends leaves nothing", async () => {
  using dir = new TempDir();
  const options = { http: anywhere, tunnel: anywhere, data: dir.path, drain: 0 };
  const during = new AbortController();
  const starting = startRelay({ ...options, signal: during.signal });
  during.abort();
  await assert.rejects(starting, { name: "AbortError" });
  const after = new AbortController();
  const relay = await startRelay({ ...options, signal: after.signal });
  after.abort();
  await relay.stop();
  await using _again = await startRelay(options);
});

Deno.test("start: a wrong option is refused by its name before anything is opened", async () => {
  using dir = new TempDir();
  const options = { http: anywhere, tunnel: anywhere, data: dir.at("data") };
  await assert.rejects(startRelay({ ...options, drain: "soon" }), {
    name: "TypeError",
    message: /^Cannot start relay: drain must be a time/,
  });
  assert.throws(() => Deno.statSync(dir.at("data")), Deno.errors.NotFound);
});

Deno.test("start: variables that are options of the command are none of a program that embeds it", async () => {
  using dir = new TempDir();
  Deno.env.set("CRUNCH_HTTP", "nowhere");
  try {
    await using relay = await startRelay({ http: anywhere, tunnel: anywhere, data: dir.path });
    assert.match(relay.http.join(), /^127\.0\.0\.1:\d+$/);
  } finally {
    Deno.env.delete("CRUNCH_HTTP");
  }
});

Deno.test("start: a relay is stopped and disposed of as often as one likes", async () => {
  using dir = new TempDir();
  const options = { http: anywhere, tunnel: anywhere, data: dir.path };
  const abort = new AbortController();
  {
    await using relay = await startRelay({ ...options, signal: abort.signal });
    await relay.stop();
    await relay.stop(0);
    await relay[Symbol.asyncDispose]();
    abort.abort();
  }
  await using _again = await startRelay(options);
});

Deno.test("start: disposing of a relay ends a stop that waits", async () => {
  await using meeting = await Meeting.begin({ drain: "10m" });
  using visitor = await meeting.visitor();
  await visitor.request("/local/slow");
  const asked = await meeting.agent.next();
  asked.head("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", false);
  await asked.write("half", false);
  assert.equal((await visitor.head()).status, 200);
  const stopped = meeting.relay.stop();
  await within(Promise.resolve(meeting.relay[Symbol.asyncDispose]()), "disposing");
  await stopped;
});
