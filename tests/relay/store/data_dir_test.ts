/** Claims about the data directory. @module */

import assert from "node:assert/strict";
import { lockDataDir, MARKER, openStore } from "../../../relay/store/mod.ts";
import { TempDir } from "./temp_dir.ts";
import { leftOut } from "../../support/left_out.ts";

const unix = Deno.build.os !== "windows";

Deno.test("data directory: made 0700 with its marker, all files 0600", { ignore: !unix }, () => {
  using dir = new TempDir();
  const path = dir.at("a/b");
  using _store = openStore(path);
  using _lock = lockDataDir(path);
  assert.equal(dir.mode("a/b"), 0o700);
  const files = [...Deno.readDirSync(path)].map((entry) => entry.name).sort();
  assert.deepEqual(
    files,
    [MARKER, "crunch.db", "crunch.db-shm", "crunch.db-wal", "relay.lock"].sort(),
  );
  for (const name of files) assert.equal(dir.mode(`a/b/${name}`), 0o600, name);
});

Deno.test("data directory: an empty or marked one is made private", { ignore: !unix }, () => {
  using dir = new TempDir();
  Deno.chmodSync(dir.path, 0o755);
  openStore(dir.path)[Symbol.dispose]();
  assert.equal(dir.mode(), 0o700);
  Deno.chmodSync(dir.path, 0o777);
  openStore(dir.path)[Symbol.dispose]();
  assert.equal(dir.mode(), 0o700);
});

Deno.test(
  "data directory: one with other things in it keeps its mode, and is refused where others may write",
  {
    ignore: !unix,
  },
  () => {
    using dir = new TempDir();
    Deno.writeTextFileSync(dir.at("mine.txt"), "");
    Deno.chmodSync(dir.path, 0o777);
    assert.throws(() => openStore(dir.path), { code: "owner", message: /chmod go-w/ });
    Deno.chmodSync(dir.path, 0o755);
    openStore(dir.path)[Symbol.dispose]();
    assert.equal(dir.mode(), 0o755);
    assert.equal(dir.mode("crunch.db"), 0o600);
  },
);

Deno.test("data directory: another user's is refused", {
  ignore: leftOut(!unix || Deno.uid() !== 0, "only root can give a directory to somebody else"),
}, () => {
  using dir = new TempDir();
  Deno.chownSync(dir.path, 12345, null);
  assert.throws(() => openStore(dir.path), { code: "owner", message: /id 12345/ });
  assert.throws(() => lockDataDir(dir.path), { code: "owner" });
});

Deno.test("data directory: a path that cannot be one is a storage error that names it", () => {
  using dir = new TempDir();
  Deno.writeTextFileSync(dir.at("file"), "");
  assert.throws(() => openStore(dir.at("file/x")), { code: "storage", message: /file\/x/ });
});

Deno.test(
  "data directory: a database that others could read is made private",
  { ignore: !unix },
  () => {
    using dir = new TempDir();
    openStore(dir.path)[Symbol.dispose]();
    Deno.chmodSync(dir.at("crunch.db"), 0o644);
    openStore(dir.path)[Symbol.dispose]();
    assert.equal(dir.mode("crunch.db"), 0o600);
  },
);

Deno.test("data directory lock: a second one is refused with the pid of the first, until that is disposed of", () => {
  using dir = new TempDir();
  const first = lockDataDir(dir.path);
  assert.throws(() => lockDataDir(dir.path), {
    code: "locked",
    message: unix ? new RegExp(`pid ${Deno.pid} `) : /./,
  });
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  using _second = lockDataDir(dir.path, "account");
  assert.throws(() => lockDataDir(dir.path), {
    code: "locked",
    ...(unix
      ? { holder: "account", message: new RegExp(`crunch account \\(pid ${Deno.pid}\\) is using`) }
      : {}),
  });
});

Deno.test("data directory lock: a full disk is said, and nothing stays locked", () => {
  using dir = new TempDir();
  const { writeSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.writeSync = () => {
    throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  };
  try {
    assert.throws(() => lockDataDir(dir.path), {
      code: "storage",
      message: `Cannot use ${dir.path}: the disk is full`,
    });
  } finally {
    Deno.FsFile.prototype.writeSync = writeSync;
  }
  using _lock = lockDataDir(dir.path);
});

Deno.test("data directory: a file in its place is said to be one", () => {
  using dir = new TempDir();
  Deno.writeTextFileSync(dir.at("file"), "");
  assert.throws(() => openStore(dir.at("file")), {
    code: "storage",
    message: /file: it is a file; give a directory: --data DIR$/,
  });
});

Deno.test("data directory lock: a killed holder's is free at once", { ignore: !unix }, async () => {
  using dir = new TempDir();
  const module = new URL("../../../relay/store/data_dir.ts", import.meta.url).href;
  const code = `const { lockDataDir } = await import(${JSON.stringify(module)});
    lockDataDir(${JSON.stringify(dir.path)}); console.log("locked"); setInterval(() => {}, 1e6);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    stdout: "piped",
    stdin: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.match(new TextDecoder().decode(value), /locked/);
  assert.throws(() => lockDataDir(dir.path), {
    code: "locked",
    message: `Cannot use ${dir.path}: the relay with pid ${child.pid} is using it`,
  });
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  using _lock = lockDataDir(dir.path);
});
