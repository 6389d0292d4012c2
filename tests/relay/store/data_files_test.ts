/** Claims about restoring a set of files: whole, whenever the process ends. @module */

import assert from "node:assert/strict";
import {
  beginRestore,
  commitRestore,
  filesToKeep,
  isEmptyDataDir,
  openStore,
} from "../../../relay/store/mod.ts";
import { TempDir } from "./temp_dir.ts";

const text = (path: string): string => Deno.readTextFileSync(path);
const write = (path: string, content: string): void => Deno.writeTextFileSync(path, content);

/** A directory with an old relay's files. */
function oldDir(): TempDir {
  const dir = new TempDir();
  for (const name of ["crunch.db", "crunch.db-wal", "log.db", "log.db-wal", "admin-password"]) {
    write(dir.at(name), "old");
  }
  write(dir.at("notes.txt"), "mine");
  return dir;
}

Deno.test("restore: files take the place of all that belongs to the old ones", () => {
  using dir = oldDir();
  const part = beginRestore(dir.path);
  Deno.mkdirSync(`${part}/keys`);
  for (const name of ["crunch.db", "keys/a.pem"]) write(`${part}/${name}`, "new");
  commitRestore(dir.path, ["crunch.db", "keys/a.pem"]);
  assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name).sort(), [
    ...["crunch.db", "keys", "notes.txt"],
  ]);
  assert.equal(text(dir.at("crunch.db")), "new");
  assert.equal(text(dir.at("keys/a.pem")), "new");
});

Deno.test("restore: what a process had begun to move is moved at the next start, wherever it ended", () => {
  const files = ["admin-password", "crunch.db", "log.db"];
  const { renameSync } = Deno;
  for (let moves = 1; moves <= files.length; moves++) {
    using dir = oldDir();
    {
      using store = openStore(dir.at("source"));
      assert(store);
    }
    const part = beginRestore(dir.path);
    Deno.copyFileSync(dir.at("source/crunch.db"), `${part}/crunch.db`);
    for (const name of ["admin-password", "log.db"]) write(`${part}/${name}`, "new");
    let count = 0;
    Deno.renameSync = (from, to) => {
      if (++count > moves) throw new Error("killed");
      renameSync(from, to);
    };
    try {
      assert.throws(() => commitRestore(dir.path, files), /killed/);
    } finally {
      Deno.renameSync = renameSync;
    }
    using store = openStore(dir.path);
    assert.deepEqual(store.accounts.list(), []);
    for (const name of ["admin-password", "log.db"]) assert.equal(text(dir.at(name)), "new", name);
    assert.throws(() => Deno.statSync(dir.at("restored")), Deno.errors.NotFound);
    assert.throws(() => Deno.statSync(dir.at("log.db-wal")), Deno.errors.NotFound);
  }
});

Deno.test("restore: what was begun and not finished is no part of anything", () => {
  using dir = new TempDir();
  write(`${beginRestore(dir.path)}/crunch.db`, "half");
  assert(isEmptyDataDir(dir.path));
  assert.deepEqual(filesToKeep(dir.path), []);
  using store = openStore(dir.path);
  assert.deepEqual(store.accounts.list(), []);
  assert(!isEmptyDataDir(dir.path));
  beginRestore(dir.path);
});
