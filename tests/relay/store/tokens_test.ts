/** Claims about tokens and dashboard sessions. @module */

import assert from "node:assert/strict";
import { parseToken, tokenId } from "../../../tunnel/mod.ts";
import { openStore } from "../../../relay/store/mod.ts";
import { tempStore } from "./temp_dir.ts";

const from = { address: "192.0.2.1", browser: "Firefox" };

Deno.test("tokens: the text opens its account, is shown once, and lies nowhere", async () => {
  using temp = tempStore({ now: () => 1000 });
  const { accounts, tokens } = temp.store;
  const alice = await accounts.add({ name: "alice" });
  const { text, token } = tokens.create("Alice", { name: "laptop", scope: "agent" });
  assert.equal(token.id, tokenId(parseToken(text)!));
  const found = tokens.verify(text);
  assert.deepEqual(found?.account, alice);
  assert.deepEqual(found?.token, token);
  assert.deepEqual(tokens.list({ account: "alice" }), [{
    ...{ id: token.id, account: "alice", name: "laptop", scope: "agent" },
    ...{ created: 1000, expires: null, lastUsed: null, parent: null },
  }]);
  temp.store[Symbol.dispose]();
  const secret = String.fromCharCode(...parseToken(text)!);
  for (const entry of Deno.readDirSync(temp.dir.path)) {
    const bytes = String.fromCharCode(...Deno.readFileSync(temp.dir.at(entry.name)));
    assert(!bytes.includes(secret) && !bytes.includes(text.slice(7)), entry.name);
  }
  using again = openStore(temp.dir.path);
  assert.equal(again.tokens.verify(text)?.account.name, "alice");
});

Deno.test("tokens: mistyped, unknown, revoked, ended and disabled ones open nothing", async () => {
  let now = 1000;
  using temp = tempStore({ now: () => now });
  const { accounts, tokens } = temp.store;
  await accounts.add({ name: "alice" });
  const made = tokens.create("alice", { name: "a", expires: 2000 });
  assert(tokens.verify(made.text));
  assert.equal(
    tokens.verify(made.text.slice(0, -1) + (made.text.endsWith("a") ? "b" : "a")),
    undefined,
  );
  assert.equal(tokens.verify(""), undefined);
  now = 2000;
  assert.equal(tokens.verify(made.text), undefined);
  now = 1000;
  await accounts.update("alice", { disabled: true });
  assert.equal(tokens.verify(made.text), undefined);
  await accounts.update("alice", { disabled: false });
  assert(tokens.verify(made.text));
  assert.throws(() => tokens.revoke(made.token.id, { account: "bob" }), { code: "unknown" });
  tokens.revoke(made.token.id, { account: "alice" });
  assert.equal(tokens.verify(made.text), undefined);
  assert.throws(() => tokens.revoke(made.token.id), { code: "unknown" });
});

Deno.test("tokens: what is handed out for checking is a copy", async () => {
  using temp = tempStore();
  await temp.store.accounts.add({ name: "alice" });
  const { token, text } = temp.store.tokens.create("alice", { name: "a" });
  const kept = temp.store.tokens.get(token.id)!;
  kept.storedKey[0]! ^= 1;
  assert(temp.store.tokens.verify(text));
});

Deno.test("tokens: bad fields are named", async () => {
  using temp = tempStore({ now: () => 1000 });
  const { accounts, tokens } = temp.store;
  await accounts.add({ name: "alice" });
  const refused = (options: Record<string, unknown>, field: string) =>
    assert.throws(() => tokens.create("alice", options as { name: string }), {
      code: "invalid",
      field,
    });
  refused({ name: "" }, "name");
  refused({ name: "x".repeat(65) }, "name");
  refused({ name: "x", scope: "local" }, "scope");
  refused({ name: "x", expires: 1000 }, "expires");
  refused({ name: "x", expires: NaN }, "expires");
  assert.throws(() => tokens.create("bob", { name: "x" }), { code: "unknown", field: "account" });
});

Deno.test("tokens: the last use is noted to the minute", async () => {
  let now = 1_000_000;
  using temp = tempStore({ now: () => now });
  const { accounts, tokens } = temp.store;
  await accounts.add({ name: "alice" });
  const { text } = tokens.create("alice", { name: "a" });
  const lastUsed = () => tokens.list()[0]!.lastUsed;
  tokens.verify(text);
  assert.equal(lastUsed(), 1_000_000);
  now += 59_999;
  tokens.verify(text);
  assert.equal(lastUsed(), 1_000_000);
  now += 1;
  tokens.verify(text);
  assert.equal(lastUsed(), now);
});

Deno.test("sessions: the cookie's value finds account and session until it is over", async () => {
  let now = 1000;
  using temp = tempStore({ now: () => now });
  const { accounts, sessions } = temp.store;
  const alice = await accounts.add({ name: "alice" });
  const { secret, session } = sessions.create(alice, { ...from, lifetimeMs: 500 });
  assert.deepEqual(sessions.find(secret), { session, account: alice });
  assert.deepEqual(session, {
    ...{ id: session.id, account: "alice", created: 1000, expires: 1500, lastUsed: 1000 },
    ...from,
  });
  assert.deepEqual(sessions.list({ account: "alice" }), [session]);
  assert.equal(sessions.find(session.id), undefined);
  assert.equal(sessions.find(""), undefined);
  now = 1500;
  assert.equal(sessions.find(secret), undefined);
  assert.deepEqual(sessions.list(), []);
});

Deno.test("sessions: a disabled account's find nothing, revoked ones are gone", async () => {
  using temp = tempStore();
  const { accounts, sessions } = temp.store;
  const alice = await accounts.add({ name: "alice" });
  const bob = await accounts.add({ name: "bob" });
  const [a, b, c] = [alice, alice, bob].map((account) => sessions.create(account, from));
  await accounts.update("alice", { disabled: true });
  assert.equal(sessions.find(a!.secret), undefined);
  await accounts.update("alice", { disabled: false });
  assert(sessions.find(a!.secret));
  assert.throws(() => sessions.revoke(c!.session.id, { account: "alice" }), { code: "unknown" });
  sessions.revoke(b!.session.id);
  assert.equal(sessions.find(b!.secret), undefined);
  sessions.revoke(a!.session.id, { account: "alice" });
  assert.equal(sessions.find(a!.secret), undefined);
  assert(sessions.find(c!.secret));
});
