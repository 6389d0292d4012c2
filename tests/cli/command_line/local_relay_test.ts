/** Claims about the file by which an agent finds the relay of its machine. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import { isAlive } from "../../../cli/files/alive.ts";
import {
  type LocalRelay,
  localRelayDirectory,
  readLocalRelays,
  removeLocalRelay,
  writeLocalRelay,
} from "../../../cli/command_line/local_relay.ts";
import { TempDir } from "../../relay/store/temp_dir.ts";

const isUnix = Deno.build.os !== "windows";
/** Above what Linux gives out (4,194,304), so that nobody has it. */
const NOBODY = 4_194_305;

function relay(pid = Deno.pid, credential = "crunch_x"): LocalRelay {
  return { tunnel: "127.0.0.1:8021", http: "127.0.0.1:8080", credential, pid };
}

Deno.test("local relay: is read back as it was left, for its owner alone", () => {
  using dir = new TempDir();
  const path = writeLocalRelay(dir.at("crunch"), relay());
  assert.equal(path, dir.at("crunch/local.json"));
  assert.deepEqual(readLocalRelays(dir.at("crunch")), [{ path, relay: relay() }]);
  assert.deepEqual([...Deno.readDirSync(dir.at("crunch"))].map(({ name }) => name), ["local.json"]);
  if (!isUnix) return;
  assert.equal(dir.mode("crunch"), 0o700);
  assert.equal(dir.mode("crunch/local.json"), 0o600);
});

Deno.test("local relay: a further one that lives stands beside it, one that died is replaced", () => {
  using dir = new TempDir();
  const dead = writeLocalRelay(dir.path, relay(NOBODY, "crunch_dead"));
  const first = writeLocalRelay(dir.path, relay(Deno.ppid, "crunch_first"));
  assert.equal(first, dead);
  const second = writeLocalRelay(dir.path, relay(Deno.pid, "crunch_second"));
  assert.equal(second, dir.at(`local-${Deno.pid}.json`));
  const found = readLocalRelays(dir.path).map(({ relay }) => relay.credential).sort();
  assert.deepEqual(found, ["crunch_first", "crunch_second"]);
});

Deno.test("local relay: a restart of the same process takes its own file", () => {
  using dir = new TempDir();
  const first = writeLocalRelay(dir.path, relay(Deno.pid, "crunch_a"));
  assert.equal(writeLocalRelay(dir.path, relay(Deno.pid, "crunch_b")), first);
});

Deno.test("local relay: only its own file is removed", () => {
  using dir = new TempDir();
  const path = writeLocalRelay(dir.path, relay(Deno.pid, "crunch_new"));
  removeLocalRelay(path, relay(NOBODY, "crunch_old"));
  assert.equal(readLocalRelays(dir.path).length, 1);
  removeLocalRelay(path, relay(Deno.pid, "crunch_new"));
  removeLocalRelay(path, relay(Deno.pid, "crunch_new"));
  assert.deepEqual(readLocalRelays(dir.path), []);
});

Deno.test("local relay: what is no such file is left out", () => {
  using dir = new TempDir();
  const files = {
    "local.json": "{",
    "local-1.json": "[]",
    "local-2.json": '{"tunnel":1,"credential":"x"}',
    "local-x.json": JSON.stringify(relay()),
    "local.json.9.tmp": JSON.stringify(relay()),
    "other.json": JSON.stringify(relay()),
  };
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(dir.at(name), text);
  Deno.mkdirSync(dir.at("local-3.json"));
  assert.deepEqual(readLocalRelays(dir.path), []);
  assert.deepEqual(readLocalRelays(dir.at("missing")), []);
  Deno.writeTextFileSync(dir.at("local-4.json"), '{"tunnel":"h:1","credential":"x"}');
  const [older] = readLocalRelays(dir.path);
  assert.deepEqual(older!.relay, { tunnel: "h:1", credential: "x", http: "", pid: 0 });
});

Deno.test("local relay: lies in the runtime directory, else beside the relay's state", () => {
  const around = (
    env: Record<string, string>,
    root = false,
  ) => ({ env, os: "linux", root } as const);
  const runtime = { XDG_RUNTIME_DIR: "/run/user/7", HOME: "/home/a" };
  assert.equal(localRelayDirectory(around(runtime)), join("/run/user/7", "crunch"));
  assert.equal(localRelayDirectory(around({ HOME: "/home/a" })), "/home/a/.local/state/crunch");
  assert.equal(localRelayDirectory(around({ XDG_RUNTIME_DIR: "run" }, true)), "/var/lib/crunch");
});

Deno.test("local relay: a process is alive or it is not", () => {
  assert.equal(isAlive(Deno.pid), true);
  for (const pid of [NOBODY, 0, -1, 1.5, NaN]) assert.equal(isAlive(pid), false, String(pid));
  // Not ours to signal where we are not root, but there.
  if (isUnix) assert.equal(isAlive(1), true);
});

Deno.test("local relay: a file that is there does not give its mode to the next", {
  ignore: !isUnix,
}, () => {
  using dir = new TempDir();
  Deno.writeTextFileSync(dir.at("local.json"), "", { mode: 0o644 });
  writeLocalRelay(dir.path, relay());
  assert.equal(dir.mode("local.json"), 0o600);
});

Deno.test("local relay: what killed relays left is cleared away by the next", () => {
  using dir = new TempDir();
  const line = JSON.stringify(relay(NOBODY));
  Deno.writeTextFileSync(dir.at(`local-${NOBODY}.json`), line);
  const path = writeLocalRelay(dir.path, relay());
  assert.deepEqual(readLocalRelays(dir.path).map((found) => found.path), [path]);
});
