/** Claims about credentials: none makes itself last longer, or more than it is. @module */

import assert from "node:assert/strict";
import { type Answer, House, PASSWORD } from "./house.ts";

/** Calls by tokens and by a session of petra, who has a password. */
async function open() {
  const house = await House.open();
  await house.addWithPassword("petra", "admin");
  const { store } = house;
  const petra = store.accounts.get("petra")!;
  const { secret, session } = store.sessions.create(petra, { address: "", browser: "" });
  const token = (options: { scope?: string; expires?: number } = {}) =>
    store.tokens.create("petra", { name: "t", ...options });
  const by = (text: string, method: string, path: string, body?: unknown): Promise<Answer> =>
    house.call("nobody", method, path, {
      headers: { authorization: `Bearer ${text}` },
      ...(body === undefined ? {} : { body }),
    });
  const browser = (method: string, path: string, body: unknown): Promise<Answer> =>
    house.call("nobody", method, path, { headers: { cookie: `crunch=${secret}` }, body });
  return {
    house,
    store,
    token,
    by,
    browser,
    session,
    [Symbol.asyncDispose]: () => house[Symbol.asyncDispose](),
  };
}

const TOKENS = "/accounts/petra/tokens";

Deno.test("credentials: a token makes no tokens, administrators or passwords unless its scope says so", async () => {
  await using room = await open();
  for (const scope of ["full", "full agent", "full agent metrics"]) {
    const { text } = room.token({ scope });
    for (
      const [method, path, body] of [
        ["POST", TOKENS, { name: "child" }],
        ["PATCH", "/accounts/petra", { password: "another horse" }],
        ["PATCH", "/accounts/olga", { password: "another horse" }],
        ["PATCH", "/accounts/olga", { role: "admin" }],
        ["PATCH", "/accounts/olga", { role: "viewer" }],
        ["PATCH", "/accounts/olga", { trusted: true }],
        ["POST", "/accounts", { name: "mallory", password: PASSWORD, role: "admin" }],
        ["POST", "/accounts", { name: "mallory", password: PASSWORD, role: "viewer" }],
        ["POST", "/accounts", { name: "mallory", password: PASSWORD, trusted: true }],
      ] as const
    ) {
      const { status, body: said } = await room.by(text, method, path, body);
      assert.deepEqual([status, said.code], [403, "wrong-scope"], `${scope}: ${method} ${path}`);
    }
  }
  assert.equal(room.store.accounts.get("mallory"), undefined);
  // What takes rights away, or gives none, is what the scope full is for.
  const { text: full } = room.token({ scope: "full" });
  for (const patch of [{ trusted: false }, { role: "member" }, { disabled: true }]) {
    assert.equal((await room.by(full, "PATCH", "/accounts/olga", patch)).status, 200);
  }
  const { text } = room.token({ scope: "full credentials" });
  assert.equal((await room.by(text, "PATCH", "/accounts/olga", { trusted: true })).status, 200);
  const patched = await room.by(text, "PATCH", "/accounts/olga", { password: "another horse" });
  assert.equal(patched.status, 200);
});

Deno.test("credentials: what a token makes may no more, ends no later, and is revoked with it", async () => {
  await using room = await open();
  const end = Date.now() + 3_600_000;
  const parent = room.token({ scope: "full credentials", expires: end });
  const make = (text: string, body: Record<string, unknown>) => room.by(text, "POST", TOKENS, body);
  const child = await make(parent.text, { scope: "full credentials" });
  assert.equal(child.status, 201);
  assert.equal(Date.parse(child.body.expires), end);
  assert.equal(child.body.parent, parent.token.id);
  const late = await make(parent.text, { scope: "full", expires: "2100-01-01T00:00:00Z" });
  assert.deepEqual([late.status, late.body.errors[0].field], [422, "expires"]);
  const more = await make(parent.text, { scope: "full agent" });
  assert.deepEqual([more.status, more.body.errors[0].field], [422, "scope"]);
  const grandchild = await make(child.body.token, { scope: "read" });
  assert.equal(grandchild.status, 201);
  const beside = room.token();
  assert.equal((await room.by(beside.text, "DELETE", `/tokens/${parent.token.id}`)).status, 204);
  for (const text of [parent.text, child.body.token, grandchild.body.token]) {
    assert.equal((await room.by(text, "GET", "/me")).status, 401);
  }
  assert.equal((await room.by(beside.text, "GET", "/me")).status, 200);
  const revoked = room.store.changes.list({ limit: 3 }).map(({ action }) => action);
  assert.deepEqual(revoked, Array(3).fill("token.revoke"));
});

Deno.test("credentials: a session sets passwords by the present one only", async () => {
  await using room = await open();
  for (const path of ["/accounts/petra", "/accounts/olga"]) {
    const missing = await room.browser("PATCH", path, { password: "another horse" });
    assert.deepEqual([missing.status, missing.body.errors[0].field], [422, "current_password"]);
  }
  const wrong = await room.browser("PATCH", "/accounts/petra", {
    password: "another horse",
    current_password: "guessed it",
  });
  assert.deepEqual([wrong.status, wrong.body.errors[0].field], [403, "current_password"]);
  const keys = room.store.accounts.keys("petra");
  const right = await room.browser("PATCH", "/accounts/petra", {
    password: "another horse",
    current_password: PASSWORD,
  });
  assert.equal(right.status, 200);
  assert.notDeepEqual(room.store.accounts.keys("petra"), keys);
});

Deno.test("credentials: a session's token lives as long as it, or stands alone by the present password", async () => {
  await using room = await open();
  const bound = await room.browser("POST", TOKENS, { name: "bound" });
  assert.equal(bound.status, 201);
  assert.equal(Date.parse(bound.body.expires), room.session.expires);
  const late = await room.browser("POST", TOKENS, { expires: "2100-01-01T00:00:00Z" });
  assert.deepEqual([late.status, late.body.errors[0].field], [422, "expires"]);
  const alone = await room.browser("POST", TOKENS, { current_password: PASSWORD });
  assert.deepEqual([alone.status, alone.body.expires, alone.body.parent], [201, null, null]);
  room.store.sessions.revoke(room.session.id);
  assert.equal((await room.by(bound.body.token, "GET", "/me")).status, 401);
  assert.equal((await room.by(alone.body.token, "GET", "/me")).status, 200);
});

Deno.test("credentials: tokens go with the account whose token made them", async () => {
  await using room = await open();
  const { text } = room.token({ scope: "full credentials" });
  const child = await room.by(text, "POST", "/accounts/olga/tokens", { scope: "full" });
  assert.equal(child.body.account, "olga");
  room.store.accounts.remove("petra");
  assert.equal((await room.by(child.body.token, "GET", "/me")).status, 401);
});

Deno.test("names: who is no account in the audit log is nobody's name", async () => {
  await using room = await open();
  for (const name of ["shell", "system", "unix", "SheII", "unlx"]) {
    await assert.rejects(room.store.accounts.add({ name }), /reserved/, name);
    assert.throws(() => room.store.names.add("olga", name), /reserved/, name);
  }
});
