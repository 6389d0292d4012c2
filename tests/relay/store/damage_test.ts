/** Claims about a database that is damaged: it is said in one sentence, with what to do, and what is sound works. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { lockDataDir, openStore, StoreError } from "../../../relay/store/mod.ts";
import { leftOut } from "../../support/left_out.ts";
import { TempDir } from "./temp_dir.ts";

const REMEDY = /bring back a backup: crunch restore FILE --replace/;

/** A data directory with an account, a token and a session in it. */
async function filled(): Promise<TempDir> {
  const dir = new TempDir();
  using store = openStore(dir.path);
  await store.accounts.add({ name: "alice" });
  store.tokens.create("alice", { name: "a token" });
  return dir;
}

/** Writes over the first page of each table. */
function damage(path: string, ...tables: readonly string[]): void {
  const pages: number[] = [];
  let size: number;
  {
    using db = new DatabaseSync(path);
    size = Number(Object.values(db.prepare("PRAGMA page_size").get()!)[0]);
    const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?");
    for (const table of tables) pages.push(Number(root.get(table)!.rootpage));
  }
  using file = Deno.openSync(path, { write: true });
  for (const page of pages) {
    file.seekSync((page - 1) * size, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(size).fill(0xa5));
  }
}

Deno.test("store: what is damaged beside the accounts is warned of, and the rest works", async () => {
  using dir = await filled();
  damage(dir.at("crunch.db"), "tokens", "audit");
  const warnings: string[] = [];
  using store = openStore(dir.path, { onWarning: (text) => warnings.push(text) });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /crunch\.db is damaged \(.+\); the relay goes on/);
  assert.match(warnings[0]!, REMEDY);
  assert.doesNotMatch(warnings[0]!, /\n/);
  assert.deepEqual(store.accounts.list().map(({ name }) => name), ["alice"]);
  for (
    const attempt of [
      () => store.tokens.list({ account: "alice" }),
      () => store.tokens.create("alice", { name: "another" }),
    ]
  ) {
    assert.throws(attempt, (error) => {
      assert(error instanceof StoreError && error.code === "storage", String(error));
      assert.match(error.message, /the file is damaged/);
      assert.match(error.message, REMEDY);
      return true;
    });
  }
});

Deno.test({
  name: "store: one that is removed or replaced while it is open is changed no more",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    for (const how of ["removed", "replaced"]) {
      using dir = await filled();
      using store = openStore(dir.path);
      assert.equal(store.isAttached, true);
      const path = dir.at("crunch.db");
      if (how === "removed") Deno.removeSync(path);
      else {
        Deno.copyFileSync(path, `${path}.copy`);
        Deno.renameSync(`${path}.copy`, path);
      }
      assert.equal(store.isAttached, false);
      assert.throws(() => store.tokens.create("alice", { name: "lost" }), {
        code: "storage",
        message: /crunch\.db was removed or replaced while it was in use.*; restart the relay/,
      });
      // What is there can still be read.
      assert.equal(store.accounts.get("alice")?.name, "alice");
    }
  },
});

Deno.test("store: one that this user may not write says so, and what to do", {
  ignore: Deno.build.os === "windows" || leftOut(Deno.uid() === 0, "root may write everything"),
}, async () => {
  using dir = await filled();
  {
    using _lock = lockDataDir(dir.path);
  }
  Deno.chmodSync(dir.at("relay.lock"), 0o400);
  assert.throws(() => lockDataDir(dir.path), {
    code: "storage",
    message: /^Cannot use .*: this user may not write all of it; .*chown -R/,
  });
  Deno.chmodSync(dir.at("crunch.db"), 0o400);
  assert.throws(() => openStore(dir.path), {
    code: "storage",
    message: /^Cannot open .*crunch\.db: this user may not write it; .*chown/,
  });
});

Deno.test("store: one that cannot be opened says what to do", async () => {
  const ruins: Array<(path: string) => void> = [
    (path) => damage(path, "accounts"),
    (path) => damage(path, "settings"),
    (path) => Deno.writeFileSync(path, new Uint8Array(Deno.statSync(path).size)),
    (path) => Deno.writeFileSync(path, crypto.getRandomValues(new Uint8Array(8192))),
    (path) => Deno.truncateSync(path, Deno.statSync(path).size / 2),
    (path) => Deno.writeTextFileSync(path, "<<<<<<< somebody's notes\n".repeat(200)),
  ];
  for (const ruin of ruins) {
    using dir = await filled();
    ruin(dir.at("crunch.db"));
    const start = () => {
      using store = openStore(dir.path);
      // As a relay does of its own account, before it says that it listens.
      return store.accounts.get("alice");
    };
    assert.throws(start, (error) => {
      assert(error instanceof StoreError && error.code === "storage", `${ruin}: ${error}`);
      assert.match(error.message, REMEDY, `${ruin}: ${error.message}`);
      return true;
    });
  }
});
