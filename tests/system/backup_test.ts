/** What `crunch backup` saves and `crunch restore` brings back, as users type it. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Household } from "../support/crunch.ts";
import { eventually } from "../support/deadline.ts";
import { leftOut } from "../support/left_out.ts";
import { ask } from "../support/visitor.ts";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function crunch(household: Household, words: string): Promise<Ended> {
  const process = household.crunch(words.split(" "), { env: { CRUNCH_PASSWORD: "correct horse" } });
  return { code: await process.exit, out: process.stdout, error: process.stderr };
}

async function done(household: Household, words: string): Promise<string> {
  const { code, out, error } = await crunch(household, words);
  assert.equal(code, 0, `${words}: ${error}`);
  return out;
}

function rows(path: string, sql: string): unknown[] {
  using db = new DatabaseSync(path, { readOnly: true });
  return db.prepare(sql).all().map((row) => ({ ...row }));
}

/** Everything in a directory: names, modes and contents of its files. */
function pictureOf(dir: string): Record<string, string> {
  return Object.fromEntries(
    [...Deno.readDirSync(dir)].filter(({ isFile }) => isFile).map(({ name }) => [
      name,
      `${Deno.statSync(`${dir}/${name}`).mode} ${Deno.readFileSync(`${dir}/${name}`).toHex()}`,
    ]),
  );
}

Deno.test("backup: of a running relay, restored elsewhere, is that relay", async (t) => {
  await using household = new Household();
  const relay = await household.relay();
  const { data } = household;
  const path = household.path("saved.tar");
  await done(household, `account add alice --data ${data}`);
  const token = (await done(household, `account token create alice --data ${data}`)).trim();
  await ask(relay.http, "/alice/nothing");
  const stored = (): unknown[] => rows(`${data}/log.db`, "SELECT 1 FROM requests");
  await eventually(() => stored().length > 0, { what: "a logged request" });

  await t.step("is one file for its owner alone, of whole files that tar unpacks", async () => {
    const out = await done(household, `backup saved.tar --data ${data}`);
    assert.equal(out, `saved 3 accounts, 2 names in ${path}\n`);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
    const list = await new Deno.Command("tar", { args: ["-tf", path] }).output();
    assert.deepEqual(new TextDecoder().decode(list.stdout).trimEnd().split("\n"), [
      ...["crunch-backup.json", "admin-password", "crunch.db", "log.db", "SHA256SUMS"],
    ]);
    const left = [...Deno.readDirSync(household.root), ...Deno.readDirSync(data)];
    assert.deepEqual(left.filter(({ name }) => name.includes(".part")), []);
  });

  await t.step("has the request log only when asked for", async () => {
    for (const [words, count] of [["", 0], [" --log", 1]] as const) {
      await done(household, `backup saved.tar --data ${data}${words}`);
      const dir = household.path(`copy${count}`);
      await done(household, `restore saved.tar --data ${dir}`);
      assert.equal(rows(`${dir}/log.db`, "SELECT 1 FROM requests").length, count);
    }
  });

  await t.step("a restored relay knows accounts, tokens and itself", async () => {
    const copy = household.path("copy1");
    assert.equal(Deno.statSync(copy).mode! & 0o777, 0o700);
    const again = await household.relay([], { data: copy });
    await again.process.said(/data {2,}.*copy1 \(3 accounts\)/);
    const me = await ask(again.http, "/api/v1/me", { fields: [`Authorization: Bearer ${token}`] });
    assert.equal(me.status, 200, me.text);
    assert.equal(me.json().name, "alice");
    const secret = "SELECT value FROM settings WHERE key = 'secret.server'";
    assert.deepEqual(rows(`${copy}/crunch.db`, secret), rows(`${data}/crunch.db`, secret));
    assert.doesNotMatch(again.process.stderr, /copied|marker|lost/);
  });

  await t.step("nothing is restored below a running relay", async () => {
    const { code, error } = await crunch(household, `restore saved.tar --data ${data} --replace`);
    assert.equal(code, 1);
    assert.match(error, new RegExp(`the relay with pid ${relay.process.pid} is using it`));
  });
});

Deno.test("backup: never takes the place of what is no backup, nor lies among the data", async () => {
  await using household = new Household();
  const { data } = household;
  await household.account("alice");
  household.write("mine.txt", "mine");
  household.write("dir/x", "");
  Deno.symlinkSync(household.path("mine.txt"), household.path("link"));
  for (
    const [file, reason] of [
      ["mine.txt", /is no backup/],
      ["dir", /is a directory/],
      ["link", /is no plain file/],
      [`${data}/b.tar`, /in the data directory itself/],
      ["nowhere/b.tar", /there is no such directory/],
    ] as const
  ) {
    const { code, error } = await crunch(household, `backup ${file} --data ${data}`);
    assert.equal(code, 1, file);
    assert.match(error, reason);
  }
  assert.equal(Deno.readTextFileSync(household.path("mine.txt")), "mine");
  const { code, error } = await crunch(household, `backup b.tar --data ${household.path("none")}`);
  assert.equal(code, 1);
  assert.match(error, /nothing to back up/);
  assert.throws(() => Deno.statSync(household.path("none")), Deno.errors.NotFound);
});

Deno.test("backup: what it takes it gives back, whatever a file is called", async () => {
  await using household = new Household();
  const { data } = household;
  await done(household, `account add alice --data ${data}`);
  const names = ["notes (1).txt", "zähler~ ", "a&b", "restored 2"];
  for (const name of names) Deno.writeTextFileSync(`${data}/${name}`, name);
  await done(household, `backup saved.tar --data ${data}`);
  const again = household.path("again");
  await done(household, `restore saved.tar --data ${again}`);
  for (const name of names) assert.equal(Deno.readTextFileSync(`${again}/${name}`), name);
  const long = "x".repeat(120);
  Deno.writeTextFileSync(`${data}/${long}`, "");
  const { code, error } = await crunch(household, `backup more.tar --data ${data}`);
  assert.equal(code, 1);
  assert.match(error, /^crunch backup: cannot back up .*x: a backup cannot hold the name x+: /);
});

Deno.test("restore: what cannot be restored changes nothing", async (t) => {
  await using household = new Household();
  const { data } = household;
  await household.account("alice");
  await done(household, `backup good.tar --data ${data}`);
  const good = Deno.readFileSync(household.path("good.tar"));
  await done(household, `account add bob --data ${data}`);
  const before = pictureOf(data);

  const changed = good.slice();
  changed[20_000]! ^= 1;
  const bad: Record<string, Uint8Array> = {
    "changed.tar": changed,
    "cut.tar": good.subarray(0, good.length / 2),
    "without-end.tar": good.subarray(0, -1024),
    "empty.tar": new Uint8Array(),
    "text.tar": new TextEncoder().encode("no archive ".repeat(100)),
    "database.tar": Deno.readFileSync(`${data}/crunch.db`),
  };
  for (const [name, bytes] of Object.entries(bad)) {
    await t.step(name, async () => {
      household.write(name, bytes);
      const { code, error } = await crunch(household, `restore ${name} --data ${data} --replace`);
      assert.equal(code, 1, error);
      assert.match(error, /cannot restore .*; nothing was changed\n$/);
      assert.deepEqual(pictureOf(data), before);
      const fresh = household.path("fresh");
      assert.equal((await crunch(household, `restore ${name} --data ${fresh}`)).code, 1);
      assert.throws(() => Deno.statSync(fresh), Deno.errors.NotFound);
    });
  }

  await t.step({
    name: "a directory that cannot be made is said in a sentence",
    ignore: leftOut(Deno.build.os !== "linux", "there is no /proc, where nobody makes one"),
    fn: async () => {
      const { code, error } = await crunch(household, "restore good.tar --data /proc/none/data");
      assert.equal(code, 1);
      assert.match(error, /^crunch restore: Cannot use \/proc\/none\/data: .*\n$/);
    },
  });

  await t.step("a directory that is not empty asks for --replace", async () => {
    const { code, error } = await crunch(household, `restore good.tar --data ${data}`);
    assert.equal(code, 1);
    assert.match(error, /is not empty; type --replace/);
    assert.deepEqual(pictureOf(data), before);
    await done(household, `restore good.tar --data ${data} --replace`);
    assert.match(await done(household, `account list --data ${data}`), /^alice\t.*\n$/);
  });
});

Deno.test("start: a directory that was copied in part is warned of", async (t) => {
  const starts = async (name: string, spoil: (data: string) => void, warning: RegExp) =>
    await t.step(name, async () => {
      await using household = new Household();
      const first = await household.relay();
      await first.process.said(/\(no accounts yet\)/);
      first.process.kill("SIGKILL");
      await first.process.exit;
      spoil(household.data);
      const relay = await household.relay();
      await relay.process.said(warning);
    });
  const remove = (...names: string[]) => (data: string) => {
    for (const name of names) Deno.removeSync(`${data}/${name}`);
  };
  await starts(
    "without its database",
    remove("crunch.db", "crunch.db-wal"),
    /crunch\.db is missing .*, though \S+ is there/,
  );
  await starts(
    "without its marker",
    remove(".crunch-private"),
    /marker \.crunch-private was missing/,
  );
  await starts(
    "with the last changes only",
    (data) => {
      Deno.removeSync(`${data}/crunch.db`);
      Deno.writeTextFileSync(`${data}/crunch.db-wal`, "changes");
    },
    /only its last changes \(crunch\.db-wal\) are there/,
  );
});
