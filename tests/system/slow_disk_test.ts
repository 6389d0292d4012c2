/** What a slow disk does to visitors, to changes, and to what a copy of the database holds. @module */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "../../relay/store/mod.ts";
import { Household } from "../support/crunch.ts";
import { eventually, pause, quantile } from "../support/deadline.ts";
import { slowDisk } from "../support/slow_disk.ts";
import { ask } from "../support/visitor.ts";

/** What each fsync takes, ms. */
const FSYNC = 300;

function openToken({ data }: Household): string {
  using store = openStore(data);
  return store.tokens.create("maker", { name: "t" }).text;
}

Deno.test("slow disk: visitors do not notice changes that wait for it", async (t) => {
  await using household = new Household();
  const env = Deno.build.os === "linux" ? await slowDisk(household.root, FSYNC) : null;
  if (env === null) return console.log("left out: no C compiler, or no Linux");
  {
    using store = openStore(household.data);
    await store.accounts.add({ name: "maker", role: "admin" });
  }
  const token = openToken(household);
  const relay = await household.relay([], { env });

  const visits = async (ms: number): Promise<number[]> => {
    const times: number[] = [];
    const until = performance.now() + ms;
    while (performance.now() < until) {
      const began = performance.now();
      assert.equal((await ask(relay.http, "/healthz")).status, 200);
      times.push(performance.now() - began);
      await pause(5);
    }
    return times;
  };

  await t.step("four that change things one after the other move no visitor's p99", async () => {
    const quiet = quantile(await visits(2_000), 0.99);
    let isOver = false;
    let count = 0;
    const waits: number[] = [];
    const makers = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const began = performance.now();
        const made = await ask(relay.http, "/api/v1/names", {
          method: "POST",
          fields: [`Authorization: Bearer ${token}`, "Content-Type: application/json"],
          body: JSON.stringify({ account: "maker", name: `n-${++count}x` }),
        });
        assert.equal(made.status, 201, made.text);
        waits.push(performance.now() - began);
      }
    });
    const times = await visits(4_000);
    isOver = true;
    await Promise.all(makers);
    const p99 = quantile(times, 0.99);
    assert(quantile(waits, 0.5) >= FSYNC, "what is answered is on the disk");
    assert(quantile(waits, 0.99) < 1_500, `a change takes ${quantile(waits, 0.99)} ms`);
    assert(p99 < 3 * quiet + 50, `p99 ${p99.toFixed(1)} ms, quiet ${quiet.toFixed(1)} ms`);
  });
});

Deno.test("database: a copy of the file alone has every account that was made", async () => {
  await using household = new Household();
  await household.relay();
  const add = household.crunch(["account", "add", "alice", "--data", household.data], {
    env: { CRUNCH_PASSWORD: "correct horse" },
  });
  assert.equal(await add.exit, 0, add.all);
  const names = (): string[] => {
    Deno.copyFileSync(`${household.data}/crunch.db`, household.path("copy.db"));
    using db = new DatabaseSync(household.path("copy.db"), { readOnly: true });
    return db.prepare("SELECT name FROM accounts ORDER BY name").all().map((row) =>
      String(row.name)
    );
  };
  const seen = await eventually(() => {
    const found = names();
    return found.includes("alice") && found;
  }, { what: "alice in the copy" });
  assert.deepEqual(seen, ["admin", "alice", "local"]);
  // An old -wal would undo a copy that is laid over it.
  const wal = (): number => Deno.statSync(`${household.data}/crunch.db-wal`).size;
  await eventually(() => wal() === 0, { what: "an empty -wal" });
});
