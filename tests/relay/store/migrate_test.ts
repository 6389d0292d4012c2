/** Claims about databases and their migrations. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Database, isDuplicate } from "../../../relay/store/database.ts";
import { migrate } from "../../../relay/store/migrate.ts";
import { openStore } from "../../../relay/store/mod.ts";
import { TempDir } from "./temp_dir.ts";

const steps = ["CREATE TABLE a (x INTEGER UNIQUE) STRICT", "ALTER TABLE a ADD COLUMN y INTEGER"];

function open(dir: TempDir) {
  return new Database(dir.at("t.db"), { durability: "full", busyTimeoutMs: 50 });
}

Deno.test("migration: an empty database gets every step, and no copy", () => {
  using dir = new TempDir();
  using db = open(dir);
  migrate(db, { path: dir.at("t.db"), steps, keepCopy: true });
  db.exec("INSERT INTO a VALUES (1, 2)");
  assert.equal(db.value("PRAGMA user_version"), 2);
  assert(![...Deno.readDirSync(dir.path)].some((entry) => entry.name.includes("schema")));
});

Deno.test("migration: an older one gets the missing steps, keeps its rows, and leaves a private copy", () => {
  using dir = new TempDir();
  const path = dir.at("t.db");
  {
    using db = open(dir);
    migrate(db, { path, steps: steps.slice(0, 1), keepCopy: true });
    db.exec("INSERT INTO a VALUES (7)");
  }
  using db = open(dir);
  migrate(db, { path, steps, keepCopy: true });
  assert.deepEqual({ ...db.prepare("SELECT * FROM a").get() }, { x: 7, y: null });
  using copy = new DatabaseSync(dir.at("t.db.schema-1"));
  assert.deepEqual({ ...copy.prepare("SELECT * FROM a").get() }, { x: 7 });
  if (Deno.build.os !== "windows") assert.equal(dir.mode("t.db.schema-1"), 0o600);
});

Deno.test("migration: a step that fails changes nothing", () => {
  using dir = new TempDir();
  using db = open(dir);
  const path = dir.at("t.db");
  migrate(db, { path, steps: steps.slice(0, 1), keepCopy: false });
  const broken = [...steps, "CREATE TABLE b (z)", "nonsense"];
  assert.throws(() => migrate(db, { path, steps: broken, keepCopy: true }), /nonsense/);
  assert.equal(db.value("PRAGMA user_version"), 1);
  assert.throws(() => db.prepare("SELECT y FROM a"), /no such column/);
  migrate(db, { path, steps, keepCopy: true });
  assert.equal(db.value("PRAGMA user_version"), 2);
});

Deno.test("migration: a newer database is refused and left alone", () => {
  using dir = new TempDir();
  openStore(dir.path)[Symbol.dispose]();
  {
    using db = new DatabaseSync(dir.at("crunch.db"));
    db.exec("PRAGMA user_version = 99");
  }
  assert.throws(() => openStore(dir.path), { code: "newer-schema", message: /schema 99/ });
});

Deno.test("database: a transaction that throws leaves nothing", () => {
  using dir = new TempDir();
  using db = open(dir);
  db.exec(steps[0]!);
  const insert = db.prepare("INSERT INTO a VALUES (?)");
  assert.throws(() =>
    db.transaction(() => {
      insert.run(1);
      db.transaction(() => insert.run(2));
      throw new Error("no");
    }), /no/);
  assert.equal(db.value("SELECT count(*) FROM a"), 0);
  db.transaction(() => insert.run(1));
  assert.throws(() => insert.run(1), isDuplicate);
});

Deno.test("database: one held by somebody else, damaged or missing is a storage error", () => {
  using dir = new TempDir();
  using db = open(dir);
  {
    using other = new DatabaseSync(dir.at("t.db"));
    other.exec("BEGIN IMMEDIATE");
    assert.throws(() => db.transaction(() => {}), { code: "storage", message: /another process/ });
  }
  db.transaction(() => {});
  Deno.writeTextFileSync(
    dir.at("bad.db"),
    "no database, but long enough to be looked at".repeat(50),
  );
  assert.throws(() => new Database(dir.at("bad.db"), { durability: "full" }), { code: "storage" });
  const asking = { durability: "full", readOnly: true } as const;
  assert.throws(() => new Database(dir.at("none.db"), asking), { code: "storage" });
});
