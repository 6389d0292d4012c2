/** Claims about accounts. @module */

import assert from "node:assert/strict";
import { type Change, openStore, SYSTEM } from "../../../relay/store/mod.ts";
import { tempStore } from "./temp_dir.ts";

Deno.test("accounts: a new one is a member, enabled, and lasts", async () => {
  using temp = tempStore({ now: () => 1_700_000_000_000 });
  const { accounts } = temp.store;
  const made = await accounts.add({ name: "Alice", password: "correct horse" });
  const { id, ...rest } = made;
  assert(id > 0);
  assert.deepEqual(rest, {
    name: "alice",
    role: "member",
    disabled: false,
    trusted: false,
    created: 1_700_000_000_000,
    version: 1,
    hasPassword: true,
  });
  temp.store[Symbol.dispose]();
  using again = openStore(temp.dir.path);
  assert.deepEqual(again.accounts.get("ALICE"), made);
  assert.deepEqual(again.accounts.byId(id), made);
});

Deno.test("accounts: the password itself is nowhere in the directory", async () => {
  using temp = tempStore();
  await temp.store.accounts.add({ name: "alice", password: "correct horse" });
  temp.store[Symbol.dispose]();
  for (const entry of Deno.readDirSync(temp.dir.path)) {
    const bytes = Deno.readFileSync(temp.dir.at(entry.name));
    assert(!new TextDecoder("latin1").decode(bytes).includes("correct horse"), entry.name);
  }
});

Deno.test("accounts: bad fields are named", async () => {
  using temp = tempStore();
  const { accounts } = temp.store;
  await accounts.add({ name: "alice" });
  const refused = (fields: Record<string, string>, code: string, field: string) =>
    assert.rejects(accounts.add(fields as { name: string }), { code, field });
  await refused({ name: "a b" }, "invalid", "name");
  await refused({ name: "admin" }, "reserved", "name");
  await refused({ name: "local" }, "reserved", "name");
  await refused({ name: "ALICE" }, "duplicate", "name");
  await refused({ name: "a1ice" }, "looks-like", "name");
  await refused({ name: "bob", role: "king" }, "invalid", "role");
  await refused({ name: "bob", password: "7 bytes" }, "invalid", "password");
  await refused({ name: "bob", password: "é".repeat(513) }, "invalid", "password");
  assert.deepEqual(accounts.list().map((account) => account.name), ["alice"]);
  await assert.rejects(accounts.update("alice", { password: "short" }), { code: "invalid" });
  await assert.rejects(accounts.update("nobody", { disabled: true }), { code: "unknown" });
});

Deno.test("accounts: two of the same name at once make one", async () => {
  using temp = tempStore();
  const password = "correct horse";
  const both = await Promise.allSettled(
    [1, 2].map(() => temp.store.accounts.add({ name: "alice", password })),
  );
  assert.deepEqual(both.map((one) => one.status).sort(), ["fulfilled", "rejected"]);
  assert.equal(both.find((one) => one.status === "rejected")?.reason.code, "duplicate");
  assert.equal(temp.store.accounts.list().length, 1);
  assert.equal(temp.store.names.list().length, 1);
});

Deno.test("accounts: an extra name of somebody else's cannot become an account", async () => {
  using temp = tempStore();
  await temp.store.accounts.add({ name: "alice" });
  temp.store.names.add("alice", "blog");
  await assert.rejects(temp.store.accounts.add({ name: "blog" }), { code: "duplicate" });
});

Deno.test("accounts: an update changes what it names, and nothing on the wrong version", async () => {
  using temp = tempStore();
  const { accounts } = temp.store;
  await accounts.add({ name: "alice" });
  const second = await accounts.update("alice", { trusted: true, role: "viewer" });
  assert.equal(second.version, 2);
  assert.deepEqual([second.trusted, second.role, second.disabled], [true, "viewer", false]);
  await assert.rejects(accounts.update("alice", { trusted: false }, { version: 1 }), {
    code: "conflict",
  });
  assert.throws(() => accounts.remove("alice", { version: 1 }), { code: "conflict" });
  assert.equal((await accounts.update("alice", { trusted: true })).version, 2);
  assert.equal((await accounts.update("alice", { trusted: false }, { version: 2 })).version, 3);
});

Deno.test("accounts: the last administrator who can sign in stays one", async () => {
  using temp = tempStore();
  const { accounts } = temp.store;
  await accounts.add({ name: "anna", role: "admin" });
  await accounts.add({ name: "otto", role: "admin" });
  await accounts.update("otto", { disabled: true });
  await assert.rejects(accounts.update("anna", { disabled: true }), { code: "last-admin" });
  await assert.rejects(accounts.update("anna", { role: "member" }), { code: "last-admin" });
  assert.throws(() => accounts.remove("anna"), { code: "last-admin" });
  await accounts.update("otto", { disabled: false });
  await accounts.update("anna", { role: "member" });
  accounts.remove("anna");
  assert.throws(() => accounts.remove("otto"), { code: "last-admin" });
});

Deno.test("accounts: a removed one takes its names, tokens and sessions along, and its id is not used again", async () => {
  using temp = tempStore();
  const { accounts, names, tokens, sessions } = temp.store;
  const alice = await accounts.add({ name: "alice" });
  names.add("alice", "blog");
  const token = tokens.create("alice", { name: "t" });
  const session = sessions.create(alice, { address: "::1", browser: "b" });
  accounts.remove("Alice");
  assert.equal(accounts.get("alice"), undefined);
  assert.equal(names.ownerOf("alice"), undefined);
  assert.equal(names.ownerOf("blog"), undefined);
  assert.equal(tokens.verify(token.text), undefined);
  assert.equal(sessions.find(session.secret), undefined);
  assert.throws(() => accounts.remove("alice"), { code: "unknown" });
  const next = await accounts.add({ name: "alice" });
  assert.notEqual(next.id, alice.id);
  assert.equal(tokens.verify(token.text), undefined);
});

Deno.test("accounts: a new password ends all sessions but the one that changed it", async () => {
  using temp = tempStore();
  const { accounts, sessions } = temp.store;
  const alice = await accounts.add({ name: "alice" });
  const from = { address: "::1", browser: "b" };
  const [here, there] = [sessions.create(alice, from), sessions.create(alice, from)];
  await accounts.update("alice", { password: "correct horse" }, { keepSession: here.session.id });
  assert(sessions.find(here.secret));
  assert.equal(sessions.find(there.secret), undefined);
  assert.equal(accounts.get("alice")?.hasPassword, true);
});

Deno.test("accounts: lists go on after a name", async () => {
  using temp = tempStore();
  for (const name of ["c", "a", "b"]) await temp.store.accounts.add({ name });
  const list = (after: string) =>
    temp.store.accounts.list({ after, limit: 2 }).map(({ name }) => name);
  assert.deepEqual(list(""), ["a", "b"]);
  assert.deepEqual(list("b"), ["c"]);
});

Deno.test("changes: each is told once it is kept, and stands in the audit log with who and from where", async () => {
  using temp = tempStore({ now: () => 5 });
  const { accounts, names, changes, settings, tokens } = temp.store;
  const told: Change[] = [];
  const stop = changes.subscribe((change) => {
    told.push(change);
    if (change.action === "account.remove") assert.equal(accounts.get("alice"), undefined);
  });
  const by = { who: "root", address: "10.0.0.1" };
  await accounts.add({ name: "alice", role: "viewer" }, { by });
  await accounts.update("alice", { disabled: true, password: "correct horse" }, { by });
  await assert.rejects(accounts.update("alice", { role: "king" as "admin" }, { by }));
  names.add("alice", "blog", { by });
  names.add("alice", "blog", { by });
  const { token } = tokens.create("alice", { name: "t", by });
  tokens.revoke(token.id, { by });
  settings.set("title", "Hello", { by });
  accounts.remove("alice", { by });
  stop();
  await accounts.add({ name: "bob" });
  assert.deepEqual(told.map((change) => change.action), [
    ...["account.add", "account.password", "account.update", "name.add", "token.create"],
    ...["token.revoke", "setting.set", "account.remove"],
  ]);
  const audit = changes.list({ limit: 9 });
  assert.deepEqual(audit[0], {
    ...{ id: 9, time: 5, who: "system", address: "" },
    ...{ action: "account.add", account: "bob", object: "bob", after: { role: "member" } },
  });
  assert.deepEqual(audit[1]!.before, {
    ...{ role: "viewer", disabled: true, trusted: false, names: ["alice", "blog"] },
  });
  const update = audit.find((entry) => entry.action === "account.update");
  assert.deepEqual([update?.who, update?.address], ["root", "10.0.0.1"]);
  assert.deepEqual([update?.before, update?.after], [{ disabled: false }, { disabled: true }]);
  assert.deepEqual(
    changes.list({ before: 3, account: "alice", former: true }).map(({ id }) => id),
    [2, 1],
  );
  assert(!JSON.stringify(audit).includes("correct horse"));
  assert.equal(settings.get("title"), "Hello");
});

Deno.test("settings: the relay's secret lasts, and is nobody's to read or set", () => {
  using temp = tempStore();
  const { serverSecret } = temp.store.settings;
  assert.equal(serverSecret.length, 32);
  assert.equal(temp.store.settings.get("secret.server"), undefined);
  assert.throws(() => temp.store.settings.set("secret.server", "x"), RangeError);
  temp.store[Symbol.dispose]();
  using again = openStore(temp.dir.path);
  assert.deepEqual(again.settings.serverSecret, serverSecret);
});

Deno.test("store: closes with its signal, and twice does no harm", () => {
  const controller = new AbortController();
  using temp = tempStore({ signal: controller.signal });
  controller.abort();
  assert.throws(() => temp.store.accounts.list());
  assert.throws(() => openStore(temp.dir.path, { signal: controller.signal }), {
    name: "AbortError",
  });
});

Deno.test("accounts: the next one of a removed one's name finds nothing of it in the audit log", async () => {
  using temp = tempStore();
  const { accounts, changes } = temp.store;
  await accounts.add({ name: "alice" });
  accounts.remove("alice");
  await accounts.add({ name: "alice" });
  const own = changes.list({ account: "alice" }).map(({ action }) => action);
  assert.deepEqual(own, ["account.add"]);
  const all = changes.list({ account: "alice", former: true }).map(({ action }) => action);
  assert.deepEqual(all, ["account.add", "account.remove", "account.add"]);
});

Deno.test("accounts: one has 100 tokens, 50 sessions and 2,000 entries in the audit log at the most", async () => {
  using temp = tempStore();
  const { accounts, tokens, sessions, changes } = temp.store;
  const alice = await accounts.add({ name: "alice" });
  await accounts.add({ name: "bob" });
  const from = { address: "", browser: "" };
  const first = sessions.create(alice, from);
  // In one transaction: it is much for a disk.
  changes.run(SYSTEM, (note) => {
    for (let i = 0; i < 100; i++) tokens.create("alice", { name: `t${i}` });
    for (let i = 0; i < 50; i++) sessions.create(alice, from);
    for (let i = 0; i < 2_100; i++) {
      note({ action: "session.end", account: "alice", object: String(i) });
    }
  });
  assert.throws(() => tokens.create("alice", { name: "more" }), { code: "too-many" });
  assert(tokens.create("bob", { name: "t" }));
  assert.equal(sessions.list({ account: "alice" }).length, 50);
  assert.equal(sessions.find(first.secret), undefined);
  assert.equal(changes.list({ account: "alice", limit: 10_000 }).length, 2_000);
  assert.equal(changes.list({ account: "bob" }).length, 2);
});
