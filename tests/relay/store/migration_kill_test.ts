/** Claims about a migration that is killed: the next start completes it, and nothing is lost. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { sweepDrafts } from "../../../cli/mod.ts";
import { Database } from "../../../relay/store/database.ts";
import { migrate } from "../../../relay/store/migrate.ts";
import { STORE_SCHEMA } from "../../../relay/store/schema.ts";
import { openStore } from "../../../relay/store/mod.ts";
import { randomFrom } from "../../support/random.ts";
import { LATER } from "./migrating_process.ts";
import { TempDir } from "./temp_dir.ts";

const ACCOUNTS = 40;
/** The schema that is migrated. */
const OLD = STORE_SCHEMA.length;
/** More statements than the migration has. */
const ENOUGH = 100;

/** Makes a store of today's schema with something in it; gives its content. */
async function fill(dir: string): Promise<string> {
  {
    using store = openStore(dir);
    for (let i = 0; i < ACCOUNTS; i++) {
      await store.accounts.add({ name: `account${i}` });
      store.tokens.create(`account${i}`, { name: "laptop" });
    }
  }
  using db = new DatabaseSync(`${dir}/crunch.db`);
  return content(db, true);
}

/** Everything in a database of either schema, as one text. */
function content(db: DatabaseSync, old: boolean): string {
  const all = (sql: string): unknown[] => db.prepare(sql).all().map((row) => ({ ...row }));
  const audit = old ? "action || ' ' || object" : "text";
  return JSON.stringify([
    all("SELECT id, name, role, created FROM accounts ORDER BY id"),
    all("SELECT * FROM names ORDER BY name"),
    all("SELECT id, account, hex(stored_key) FROM tokens ORDER BY id"),
    all(`SELECT id, time, ${audit} AS text FROM audit ORDER BY id`),
  ]);
}

function whole(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  assert.equal(db.prepare("PRAGMA integrity_check").get()!.integrity_check, "ok", path);
  assert.deepEqual(db.prepare("PRAGMA foreign_key_check").all(), []);
  return db;
}

function version(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()!.user_version);
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function start(path: string, at: number): Deno.ChildProcess {
  const program = new URL("migrating_process.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, path, String(at)],
    stdin: "null",
    stdout: "piped",
  }).spawn();
}

/** After an end at any moment: old or new, never between; and the next start makes it new. */
function recover(dir: TempDir, before: string): "old" | "new" {
  const path = dir.at("crunch.db");
  const copy = dir.at(`crunch.db.schema-${OLD}`);
  let state: "old" | "new";
  {
    using db = whole(path);
    const found = version(db);
    assert(found === OLD || found === LATER.length, `schema ${found}`);
    state = found === OLD ? "old" : "new";
    assert.equal(content(db, state === "old"), before);
    // A copy that has the copy's name is a whole one, and a new schema has its copy.
    if (state === "new") assert(exists(copy));
    if (exists(copy)) {
      using kept = whole(copy);
      assert.deepEqual([version(kept), content(kept, true)], [OLD, before]);
    }
  }
  {
    using db = new Database(path, { durability: "full" });
    migrate(db, { path, steps: LATER, keepCopy: true });
  }
  using db = whole(path);
  assert.deepEqual([version(db), content(db, false)], [LATER.length, before]);
  assert.equal(Number(db.prepare("SELECT count(*) AS n FROM labels").get()!.n), ACCOUNTS);
  using kept = whole(copy);
  assert.deepEqual([version(kept), content(kept, true)], [OLD, before]);
  if (Deno.build.os !== "windows") assert.equal(dir.mode(`crunch.db.schema-${OLD}`), 0o600);
  // As whoever opens the directory next does.
  sweepDrafts(dir.path);
  assert.deepEqual([...Deno.readDirSync(dir.path)].filter(({ name }) => /^\./.test(name)), []);
  return state;
}

const ignore = Deno.build.os === "windows";

Deno.test(
  "migration: killed before and after each statement it is whole, and the next start completes it",
  {
    ignore,
  },
  async () => {
    using source = new TempDir();
    const before = await fill(source.path);
    const states: string[] = [];
    for (let at = 0; at < ENOUGH; at++) {
      using dir = new TempDir();
      Deno.copyFileSync(source.at("crunch.db"), dir.at("crunch.db"));
      const { signal, stdout } = await start(dir.at("crunch.db"), at).output();
      assert.match(new TextDecoder().decode(stdout), signal === null ? /done/ : /^opened\n$/);
      states.push(recover(dir, before));
      if (signal === null) break;
      assert.equal(signal, "SIGKILL");
    }
    const killed = states.length - 1;
    console.log(`      killed at ${killed} moments`);
    assert(killed > 15 && killed < ENOUGH);
    // Old up to the commit, new from there on.
    assert.equal(states[0], "old");
    assert.deepEqual([...states].sort().reverse(), states);
  },
);

Deno.test("migration: killed at any moment within its statements it is whole as well", {
  ignore,
}, async () => {
  const random = randomFrom(11);
  using source = new TempDir();
  await fill(source.path);
  let before: string;
  {
    // So much that copying and changing take their time.
    using db = new DatabaseSync(source.at("crunch.db"));
    db.exec(`INSERT INTO audit (time, who, address, action, account, object)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
      SELECT i, 'somebody', '', 'setting.set', '', hex(randomblob(100)) FROM n`);
    before = content(db, true);
  }
  let longest = 0;
  const states: string[] = [];
  for (let round = 0; round < 6; round++) {
    using dir = new TempDir();
    Deno.copyFileSync(source.at("crunch.db"), dir.at("crunch.db"));
    const child = start(dir.at("crunch.db"), ENOUGH);
    const reader = child.stdout.getReader();
    await reader.read();
    const began = performance.now();
    // The first one shows how long it takes.
    if (round > 0) {
      await new Promise((resolve) => setTimeout(resolve, random() * 0.8 * longest));
      try {
        child.kill("SIGKILL");
      } catch {
        // It was quicker.
      }
    }
    await child.status;
    await reader.cancel();
    if (round === 0) longest = performance.now() - began;
    states.push(recover(dir, before));
  }
  console.log(`      of ${Math.round(longest)} ms: ${states.join(" ")}`);
});
