/** Claims about starts of a relay that fail, and what they leave. @module */

import assert from "node:assert/strict";
import { startRelay } from "../../relay/mod.ts";
import { ListenError } from "../../http/mod.ts";
import { createLog, Secret } from "../../cli/mod.ts";
import { TempDir } from "./store/temp_dir.ts";

const anywhere = { transport: "tcp", hostname: "127.0.0.1", port: 0 } as const;

Deno.test("start: an administrator's password is not lost when an address is taken", async () => {
  using dir = new TempDir();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const options = { tunnel: [anywhere], data: dir.path };
  await assert.rejects(startRelay({ ...options, http: [{ ...anywhere, port }] }), ListenError);
  await using relay = await startRelay({ ...options, http: [anywhere] });
  assert.match(relay.adminPassword ?? "", /^\w{5}(-\w{5}){3}$/);
});

Deno.test("start: what was opened before a failure is closed again", async () => {
  using dir = new TempDir();
  const options = { http: [anywhere], tunnel: [anywhere], data: dir.path };
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
    http: [anywhere],
    tunnel: [anywhere],
    data: dir.at("data"),
    localDirectory: dir.at("file/crunch"),
    log: createLog({ write: (line) => lines.push(line) }),
  });
  assert.notEqual(relay.local, null);
  assert.match(lines.join(""), /warn .*by themselves/);
});

Deno.test("start: its signal stops it, and a start that it ends leaves nothing", async () => {
  using dir = new TempDir();
  const options = { http: [anywhere], tunnel: [anywhere], data: dir.path, drain: 0 };
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
