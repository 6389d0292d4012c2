/** Claims about signing in and the first start. @module */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  checkCost,
  clientProof,
  deriveKeys,
  deriveTokenKeys,
  parseToken,
  passwordBytes,
  tokenId,
  verifyProof,
} from "../../../tunnel/mod.ts";
import { tempStore } from "./temp_dir.ts";

const message = new TextEncoder().encode("transcript");
const password = "correct horse";
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

Deno.test("sign-in: an agent's proof by password holds, another password's does not", async () => {
  using temp = tempStore();
  const { accounts, signIn } = temp.store;
  await accounts.add({ name: "alice", password });
  const verifier = signIn.forAccount("ALICE");
  checkCost(verifier.salt, verifier);
  const right = await deriveKeys(passwordBytes(password), verifier);
  assert(verifyProof(verifier.storedKey, message, clientProof(right, message)));
  assert.deepEqual(verifier.serverKey, right.serverKey);
  assert.equal(verifier.account?.name, "alice");
  assert.equal(verifier.refusal, undefined);
  const wrong = await deriveKeys(passwordBytes(password + "!"), verifier);
  assert(!verifyProof(verifier.storedKey, message, clientProof(wrong, message)));
});

Deno.test("sign-in: unknown names, and accounts without a password, look like any other", async () => {
  using temp = tempStore();
  const { accounts, signIn } = temp.store;
  await accounts.add({ name: "alice", password });
  await accounts.add({ name: "bare" });
  const real = signIn.forAccount("alice");
  for (const name of ["nobody", "bare", "not a name", "x".repeat(500), ""]) {
    const decoy = signIn.forAccount(name);
    assert.deepEqual([decoy.N, decoy.r, decoy.p], [real.N, real.r, real.p]);
    for (const field of ["salt", "storedKey", "serverKey"] as const) {
      assert.equal(decoy[field].length, real[field].length);
      assert.deepEqual(decoy[field], signIn.forAccount(name)[field]);
    }
    assert.equal(decoy.account, undefined);
  }
  assert.equal(hex(signIn.forAccount("NoBody").salt), hex(signIn.forAccount("nobody").salt));
  assert.notEqual(hex(signIn.forAccount("nobody").salt), hex(signIn.forAccount("nobodz").salt));
});

Deno.test("sign-in: an agent's proof by token holds; unknown ids get what nothing fits", async () => {
  let now = 1000;
  using temp = tempStore({ now: () => now });
  const { accounts, tokens, signIn } = temp.store;
  await accounts.add({ name: "alice" });
  const { text, token } = tokens.create("alice", { name: "t", expires: 2000 });
  const keys = deriveTokenKeys(parseToken(text)!);
  const verifier = signIn.forToken(token.id);
  assert(verifyProof(verifier.storedKey, message, clientProof(keys, message)));
  assert.deepEqual([verifier.account?.name, verifier.token?.id], ["alice", token.id]);
  const unknown = signIn.forToken("0".repeat(16));
  assert.equal(unknown.account, undefined);
  assert.equal(unknown.storedKey.length, 32);
  assert(!verifyProof(unknown.storedKey, message, clientProof(keys, message)));
  now = 2000;
  assert.equal(signIn.forToken(token.id).refusal, "expired");
  await accounts.update("alice", { disabled: true });
  assert.equal(signIn.forToken(token.id).refusal, "disabled");
  assert.equal(signIn.forAccount("alice").refusal, "disabled");
});

Deno.test("sign-in: a password in plain opens its account only, and not a disabled one", async () => {
  using temp = tempStore();
  const { accounts, signIn } = temp.store;
  await accounts.add({ name: "alice", password });
  assert.equal((await signIn.withPassword("Alice", password))?.name, "alice");
  assert.equal(await signIn.withPassword("alice", password + " "), undefined);
  assert.equal(await signIn.withPassword("nobody", password), undefined);
  assert.equal(await signIn.withPassword("alice", "x".repeat(1_000_000)), undefined);
  const disabling = signIn.withPassword("alice", password);
  await accounts.update("alice", { disabled: true });
  assert.equal(await disabling, undefined);
});

Deno.test("sign-in: two passwords are checked at once, 32 wait, the next hears busy, and all are answered", async () => {
  using temp = tempStore();
  const { signIn } = temp.store;
  const checks = Array.from({ length: 34 }, () => signIn.withPassword("nobody", password));
  await assert.rejects(signIn.withPassword("nobody", password), { code: "busy" });
  assert.deepEqual(new Set(await Promise.all(checks)), new Set([undefined]));
  assert.equal(await signIn.withPassword("nobody", password), undefined);
});

Deno.test("first start: makes the administrator once, with a password that is told once", async () => {
  using temp = tempStore();
  const { firstStart, accounts, names, signIn } = temp.store;
  const generated = await firstStart.ensureAdmin();
  assert.match(generated ?? "", /^([2-9a-hjkmnp-z]{5}-){3}[2-9a-hjkmnp-z]{5}$/);
  assert.equal(await firstStart.ensureAdmin(), null);
  const admin = await signIn.withPassword("admin", generated!);
  assert.deepEqual([admin?.name, admin?.role], ["admin", "admin"]);
  assert.equal(names.ownerOf("admin"), undefined);
  assert.deepEqual(accounts.list().map(({ name }) => name), ["admin"]);
});

Deno.test("first start: takes a password that is given, and refuses a bad one", async () => {
  using temp = tempStore();
  const { firstStart, signIn, accounts } = temp.store;
  await accounts.add({ name: "early" });
  await assert.rejects(firstStart.ensureAdmin("short"), { code: "invalid", field: "password" });
  assert.equal(await firstStart.ensureAdmin(password), null);
  assert.equal((await signIn.withPassword("admin", password))?.role, "admin");
});

Deno.test("first start: local's credential is new each time, opens local only, and lies nowhere", async () => {
  using temp = tempStore();
  const { firstStart, signIn, tokens, names, accounts } = temp.store;
  const first = firstStart.renewLocal();
  const second = firstStart.renewLocal();
  assert.notEqual(first, second);
  assert.equal(tokens.verify(first), undefined);
  assert.equal(tokens.verify(second)?.token.scope, "local");
  const verifier = signIn.forToken(tokenId(parseToken(second)!));
  assert.deepEqual([verifier.account?.name, verifier.token?.scope], ["local", "local"]);
  assert.equal(names.ownerOf("local")?.account, "local");
  assert.deepEqual(tokens.list(), []);
  assert.equal(signIn.forAccount("local").account, undefined);
  await assert.rejects(accounts.update("local", { password }), { code: "reserved" });
  assert.throws(() => accounts.remove("Local"), { code: "reserved", message: /disable it/ });
  await accounts.update("local", { disabled: true });
  assert.equal(tokens.verify(firstStart.renewLocal()), undefined);
});

Deno.test("sign-in: a burst of others makes neither who is known nor a change of an account wait", async () => {
  using temp = tempStore();
  const { store } = temp;
  await store.accounts.add({ name: "alice", password });
  const done: string[] = [];
  const burst = Array.from(
    { length: 24 },
    (_, i) =>
      store.signIn.withPassword(`name${i}`, password, { network: "192.0.2.1", isKnown: false })
        .then(() => done.push("other")),
  );
  const elsewhere = store.signIn.withPassword("nobody", password, {
    network: "198.51.100.1",
    isKnown: false,
  }).then(() => done.push("elsewhere"));
  const known = store.signIn.withPassword("alice", password, {
    network: "192.0.2.1",
    isKnown: true,
  }).then(() => done.push("known"));
  const change = store.accounts.add({ name: "bob", password }).then(() => done.push("change"));
  await Promise.all([...burst, elsewhere, known, change]);
  for (const [who, most] of [["known", 6], ["change", 6], ["elsewhere", 9]] as const) {
    assert.ok(done.indexOf(who) < most, `${who} came after ${done.indexOf(who)}: ${done}`);
  }
});
