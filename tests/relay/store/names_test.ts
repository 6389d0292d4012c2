/** Claims about public names. @module */

import assert from "node:assert/strict";
import { foldName, parseName, SYSTEM } from "../../../relay/store/mod.ts";
import { tempStore } from "./temp_dir.ts";

const owner = { disabled: false, trusted: false };

Deno.test("name: the grammar, folded to lower case", () => {
  for (const good of ["a", "7", "alice", "a-b", "a_b", "a--b", "a".repeat(63), "9-_-z"]) {
    assert.equal(parseName(good), good);
    assert.equal(parseName(good.toUpperCase()), good);
  }
  const bad = [
    "",
    "-a",
    "a-",
    "_a",
    "a_",
    "a.b",
    "a b",
    "a/b",
    "ä",
    "a".repeat(64),
    "xn--a",
    "XN--a",
  ];
  for (const text of [...bad, "\u212Aelvin", "a\n", "a\0", "аlice", "constructor()"]) {
    assert.throws(() => parseName(text), { code: "invalid", field: "name" }, JSON.stringify(text));
    assert.equal(foldName(text), undefined);
  }
});

Deno.test("name: reserved ones and what looks like them are refused", () => {
  const reserved =
    "admin api metrics healthz readyz download static www mail login signin auth account " +
    "support localhost relay agent both serve tunnel local";
  for (const name of reserved.split(" ")) {
    assert.throws(() => parseName(name), { code: "reserved" }, name);
    assert.throws(() => parseName(name.toUpperCase()), { code: "reserved" }, name);
  }
  for (const name of ["adm1n", "l0gin", "1ocal", "loca1", "ap1", "suppOrt".replace("O", "0")]) {
    assert.throws(() => parseName(name), { code: "looks-like" }, name);
  }
  // Segments with a dot are none of the grammar anyway.
  for (const name of ["install.sh", ".well-known"]) {
    assert.throws(() => parseName(name), { code: "invalid" });
  }
});

Deno.test("names: an account gets its own name, which is known in any case of letters", async () => {
  using temp = tempStore();
  const { accounts, names } = temp.store;
  assert.equal(names.ownerOf("alice"), undefined);
  await accounts.add({ name: "Alice" });
  assert.deepEqual(names.ownerOf("alice"), { account: "alice", ...owner });
  assert.deepEqual(names.ownerOf("ALICE"), { account: "alice", ...owner });
  assert.equal(names.ownerOf("bob"), undefined);
  assert.equal(names.ownerOf("../etc"), undefined);
  assert.equal(names.ownerOf("__proto__"), undefined);
});

Deno.test("names: taken ones, and those that look like them, are refused for everybody", async () => {
  using temp = tempStore();
  const { accounts, names } = temp.store;
  await accounts.add({ name: "bill-o" });
  await accounts.add({ name: "carol" });
  assert.throws(() => names.add("carol", "Bill-O"), { code: "duplicate" });
  for (const alike of ["bi11-o", "blll-0", "bill_o", "b1ll_0"]) {
    assert.throws(() => names.add("carol", alike), { code: "looks-like" }, alike);
    assert.throws(() => names.add("bill-o", alike), { code: "looks-like" }, alike);
    await assert.rejects(accounts.add({ name: alike }), { code: "looks-like" }, alike);
  }
  assert.equal(names.add("carol", "billo"), "billo");
  assert.throws(() => names.add("nobody", "x"), { code: "unknown", field: "account" });
});

Deno.test("names: an account claims as many as it may, an administrator gives more", async () => {
  using temp = tempStore();
  const { accounts, names } = temp.store;
  await accounts.add({ name: "alice" });
  assert.throws(() => names.add("alice", "one", { most: 0 }), { code: "limit" });
  assert.equal(names.add("alice", "alice", { most: 0 }), "alice");
  assert.equal(names.add("alice", "ONE", { most: 1 }), "one");
  assert.equal(names.add("alice", "one", { most: 1 }), "one");
  assert.throws(() => names.add("alice", "two", { most: 1 }), { code: "limit" });
  assert.equal(names.add("alice", "two"), "two");
  assert.deepEqual(
    names.list({ account: "alice" }).map(({ name, own }) => [name, own]),
    [["alice", true], ["one", false], ["two", false]],
  );
});

Deno.test("names: a removed one is free, the own one stays, another account's cannot be removed", async () => {
  using temp = tempStore();
  const { accounts, names } = temp.store;
  await accounts.add({ name: "alice" });
  await accounts.add({ name: "bob" });
  names.add("alice", "blog");
  assert.throws(() => names.remove("blog", { account: "bob" }), { code: "unknown" });
  assert.throws(() => names.remove("alice"), { code: "own-name" });
  assert.throws(() => names.remove("nothing"), { code: "unknown" });
  assert.throws(() => names.remove("a b"), { code: "unknown" });
  names.remove("Blog", { account: "alice" });
  assert.equal(names.ownerOf("blog"), undefined);
  assert.equal(names.add("bob", "b1og"), "b1og");
});

Deno.test("names: what is known follows every change of the account", async () => {
  using temp = tempStore();
  const { accounts, names } = temp.store;
  await accounts.add({ name: "alice" });
  names.add("alice", "blog");
  const known = () => names.ownerOf("blog");
  assert.deepEqual(known(), { account: "alice", ...owner });
  await accounts.update("alice", { disabled: true });
  assert.deepEqual(known(), { account: "alice", disabled: true, trusted: false });
  await accounts.update("alice", { disabled: false, trusted: true });
  assert.deepEqual(known(), { account: "alice", disabled: false, trusted: true });
  accounts.remove("alice");
  assert.equal(known(), undefined);
});

Deno.test("names: made-up names by the thousand cost no memory, and the known stay known", async () => {
  using temp = tempStore();
  await temp.store.accounts.add({ name: "alice" });
  for (let i = 0; i < 10_000; i++) assert.equal(temp.store.names.ownerOf(`x${i}`), undefined);
  assert.equal(temp.store.names.ownerOf("alice")?.account, "alice");
});

Deno.test("names: lists go on after a name", async () => {
  using temp = tempStore();
  for (const name of ["c", "a", "b"]) await temp.store.accounts.add({ name });
  const list = (after: string) => temp.store.names.list({ after, limit: 2 }).map((row) => row.name);
  assert.deepEqual(list(""), ["a", "b"]);
  assert.deepEqual(list("b"), ["c"]);
});

Deno.test("names: claiming one costs the same however many there are", async () => {
  using temp = tempStore();
  await temp.store.accounts.add({ name: "alice" });
  const { names } = temp.store;
  let next = 0;
  const claim = (count: number): number => {
    const began = performance.now();
    for (let i = 0; i < count; i++) names.add("alice", `n-${next++}x`, { most: 100_000 });
    return performance.now() - began;
  };
  const best = (): number => Math.min(...Array.from({ length: 5 }, () => claim(20)));
  // Warm, that is.
  claim(100);
  const few = best();
  temp.store.changes.run(SYSTEM, () => claim(30_000)); // one transaction
  const many = best();
  assert(many < 5 * few + 20, `${few.toFixed(1)} ms with few, ${many.toFixed(1)} ms with many`);
});

Deno.test("names: an account's allowance counts what it has now, however it came to it", async () => {
  using temp = tempStore();
  const { accounts, names } = temp.store;
  for (const name of ["alice", "bob"]) await accounts.add({ name });
  const add = (name: string) => names.add("alice", name, { most: 2 });
  add("one");
  add("two");
  assert.throws(() => add("three"), { code: "limit" });
  names.transfer("one", "bob");
  add("three");
  assert.throws(() => add("four"), { code: "limit" });
  names.remove("two");
  names.transfer("one", "alice");
  assert.throws(() => add("four"), { code: "limit" });
  accounts.remove("bob");
  assert.throws(() => add("four"), { code: "limit" });
});
