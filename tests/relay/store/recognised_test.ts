/** Claims about databases that have lost what SQLite keeps beside the tables, or are another program's. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { migrate } from "../../../relay/store/migrate.ts";
import { Database } from "../../../relay/store/database.ts";
import { openStore } from "../../../relay/store/mod.ts";
import { TempDir } from "./temp_dir.ts";

/** What `sqlite3 old .dump | sqlite3 new` makes: tables and rows, and nothing of the header. */
function restoreDump(from: string, to: string): void {
  using source = new DatabaseSync(from, { readOnly: true });
  using target = new DatabaseSync(to);
  target.exec("PRAGMA foreign_keys = OFF");
  const parts = source.prepare(
    `SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
     ORDER BY type = 'table' DESC`,
  ).all();
  for (const { type, name, sql } of parts) {
    target.exec(String(sql));
    if (type !== "table") continue;
    for (const row of source.prepare(`SELECT * FROM ${name}`).all()) {
      const places = Object.keys(row).map(() => "?").join(", ");
      target.prepare(`INSERT INTO ${name} VALUES (${places})`).run(...Object.values(row));
    }
  }
}

Deno.test("store: a dump that sqlite3 has restored is known by its tables, and said to be one", async () => {
  using dir = new TempDir();
  using other = new TempDir();
  {
    using store = openStore(dir.path);
    await store.accounts.add({ name: "alice" });
  }
  restoreDump(dir.at("crunch.db"), other.at("crunch.db"));
  const warnings: string[] = [];
  const onWarning = (text: string) => warnings.push(text);
  {
    using store = openStore(other.path, { onWarning });
    assert.deepEqual(store.accounts.list().map(({ name }) => name), ["alice"]);
    assert.deepEqual(store.settings.serverSecret.length, 32);
  }
  assert.match(warnings.join("\n"), /had lost its version, as a \.dump has/);
  warnings.length = 0;
  using again = openStore(other.path, { onWarning });
  assert.equal(again.accounts.count, 1);
  assert.deepEqual(warnings, []);
});

Deno.test("migration: a dump of an older schema gets the missing steps", () => {
  using dir = new TempDir();
  const steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y", "CREATE INDEX b ON a (y)"];
  {
    using bare = new DatabaseSync(dir.at("t.db"));
    bare.exec(`${steps[0]}; ${steps[1]}; INSERT INTO a VALUES (1, 2)`);
  }
  using db = new Database(dir.at("t.db"), { durability: "normal" });
  assert.equal(migrate(db, { path: "t.db", steps, keepCopy: false }), true);
  assert.equal(db.value("PRAGMA user_version"), 3);
  assert.equal(db.value("SELECT name FROM sqlite_schema WHERE type = 'index'"), "b");
  assert.equal(migrate(db, { path: "t.db", steps, keepCopy: false }), false);
});

for (
  const [what, sql] of Object.entries({
    "another program's": "CREATE TABLE notes (text)",
    "another program's with a version": "CREATE TABLE notes (text); PRAGMA user_version = 1",
    "another program's with a high one": "CREATE TABLE notes (text); PRAGMA user_version = 77",
    "another program's that says so": "CREATE TABLE accounts (x); PRAGMA application_id = 7",
    "a part of ours": "CREATE TABLE settings (key TEXT, value TEXT)",
  })
) {
  Deno.test(`store: ${what} database is refused in one sentence, and left alone`, () => {
    using dir = new TempDir();
    {
      using db = new DatabaseSync(dir.at("crunch.db"));
      db.exec(sql);
    }
    const before = Deno.readFileSync(dir.at("crunch.db")).length;
    assert.throws(() => openStore(dir.path), {
      code: "foreign",
      message: /^Cannot use .*crunch\.db: its tables are not those of any version of crunch; .*$/,
    });
    assert.equal(Deno.readFileSync(dir.at("crunch.db")).length, before);
  });
}

Deno.test("store: a copy without the relay's own key gets a new one, and that is said", async () => {
  using dir = new TempDir();
  {
    using store = openStore(dir.path);
    await store.accounts.add({ name: "alice" });
  }
  {
    using db = new DatabaseSync(dir.at("crunch.db"));
    db.exec("DELETE FROM settings");
  }
  const warnings: string[] = [];
  using _store = openStore(dir.path, { onWarning: (text) => warnings.push(text) });
  assert.match(warnings.join("\n"), /had lost the relay's own key/);
});
