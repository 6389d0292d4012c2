/** Claims about signing in and out with a browser. @module */

import assert from "node:assert/strict";
import { isPlantable } from "../../../relay/visitors/credential.ts";
import type { Caller } from "../../../relay/api/mod.ts";
import { ADMIN_ACCOUNT } from "../../../relay/store/mod.ts";
import { House, PASSWORD } from "./house.ts";

function signIn(house: House, name: string, password: string, caller: Partial<Caller> = {}) {
  return house.call("nobody", "POST", "/sessions", { body: { name, password }, caller });
}

/** The pair of a Set-Cookie field. */
function pairOf(headers: Headers): string {
  return headers.get("set-cookie")!.split(";", 1)[0]!;
}

Deno.test("sessions: a sign-in gives a cookie that opens the API until the sign-out", async () => {
  await using house = await House.open();
  await house.addWithPassword("nadia");
  const { status, headers, body } = await signIn(house, "Nadia", PASSWORD);
  assert.deepEqual([status, body], [204, null]);
  assert.match(
    headers.get("set-cookie")!,
    /^crunch=[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict; Priority=High$/,
  );
  const cookie = pairOf(headers);
  const me = await house.call("nobody", "GET", "/me", { headers: { cookie } });
  assert.deepEqual([me.body.name, me.body.role, me.body.via], ["nadia", "member", "session"]);
  const sessions = await house.call("nobody", "GET", "/sessions", { headers: { cookie } });
  assert.deepEqual(sessions.body.items.map((one: { current: boolean }) => one.current), [true]);
  const out = await house.call("nobody", "DELETE", "/sessions/current", { headers: { cookie } });
  assert.equal(out.status, 204);
  assert.match(out.headers.get("set-cookie")!, /^crunch=; Path=\/; Max-Age=0;/);
  assert.equal((await house.call("nobody", "GET", "/me", { headers: { cookie } })).status, 401);
});

Deno.test("sessions: over TLS the cookie is one that no other page can set", async () => {
  await using house = await House.open();
  await house.addWithPassword("nadia");
  const { headers } = await signIn(house, "nadia", PASSWORD, { secure: true });
  assert.match(headers.get("set-cookie")!, /^__Host-crunch=[\w-]{43};.*; Secure$/);
  const cookie = pairOf(headers);
  const status = async (cookie: string, secure: boolean) =>
    (await house.call("nobody", "GET", "/me", { headers: { cookie }, caller: { secure } })).status;
  assert.equal(await status(cookie, true), 200);
  assert.equal(await status(cookie.replace("__Host-", ""), true), 401);
  assert.equal(await status(cookie, false), 401);
});

Deno.test("sessions: a request with two cookies of ours is refused, as one of them was planted", async () => {
  await using house = await House.open();
  for (const other of [`crunch=${"x".repeat(43)}`, house.cookie("admin")]) {
    for (
      const cookie of [`${other}; ${house.cookie("olga")}`, `${house.cookie("olga")};${other}`]
    ) {
      const { status, body } = await house.call("nobody", "GET", "/me", { headers: { cookie } });
      assert.equal(status, 401);
      assert.match(body.detail, /delete the cookies of this site/);
    }
  }
  const cookie = `other=1; ${house.cookie("olga")}; crunchy=2`;
  assert.equal((await house.call("nobody", "GET", "/me", { headers: { cookie } })).status, 200);
});

Deno.test("sessions: where cookies can be planted, one is worth nothing without its second token", async () => {
  await using house = await House.open();
  await house.addWithPassword("nadia");
  const { headers } = await signIn(house, "nadia", PASSWORD);
  const cookie = pairOf(headers);
  const second = headers.get("x-crunch-session")!;
  assert.match(second, /^[\w-]{43}$/);
  assert(!cookie.includes(second));
  const me = async (second: string | null | undefined): Promise<number> =>
    (await house.call("nobody", "GET", "/me", { headers: { cookie }, caller: { second } })).status;
  assert.equal(await me(second), 200);
  assert.equal(await me(null), 401);
  assert.equal(await me(""), 401);
  assert.equal(await me(second.toLowerCase()), 401);
  assert.equal(await me(undefined), 200, "no page can plant one here");
});

Deno.test("sessions: cookies can be planted over plain HTTP below a real domain only", () => {
  const plain = { secure: false, domain: "relay.test" };
  for (const host of ["relay.test", "test", "admin.relay.test", "other.test"]) {
    assert(isPlantable(host, plain), host);
  }
  for (const host of ["localhost", "a.localhost", "127.0.0.1", "192.0.2.1", "[2001:db8::1]", ""]) {
    assert(!isPlantable(host, plain), host);
  }
  assert(!isPlantable("relay.test", { secure: true, domain: "relay.test" }));
  assert(!isPlantable("relay.test", { secure: false, domain: "localhost" }));
});

Deno.test("sessions: unknown names and wrong passwords look alike", async () => {
  await using house = await House.open();
  await house.addWithPassword("nadia");
  await house.addWithPassword("dora");
  await house.store.accounts.update("dora", { disabled: true });
  const answers = await Promise.all([
    signIn(house, "nadia", "wrong horse", { address: "192.0.2.11" }),
    signIn(house, "nobody", PASSWORD, { address: "192.0.2.12" }),
    signIn(house, "no such name!", PASSWORD, { address: "192.0.2.13" }),
    signIn(house, "dora", PASSWORD, { address: "192.0.2.14" }),
  ]);
  for (const { status, body, headers } of answers) {
    assert.equal(status, 401);
    assert.deepEqual(body, answers[0]!.body);
    assert.equal(headers.get("set-cookie"), null);
  }
});

Deno.test("sessions: after failures the next try waits, and later is sent away", async () => {
  await using house = await House.open();
  const { address, throttle } = { address: "192.0.2.1", throttle: house.throttle };
  await house.addWithPassword("nadia");
  assert.equal((await signIn(house, "nadia", "wrong horse")).status, 401);
  const began = performance.now();
  assert.equal((await signIn(house, "nadia", "wrong horse")).status, 401);
  assert(performance.now() - began > 200);
  for (let i = 0; i < 8; i++) throttle.failed("nadia", address);
  const { status, headers, body } = await signIn(house, "nadia", "wrong horse");
  assert.deepEqual([status, body.code], [429, "slow-down"]);
  assert(Number(headers.get("retry-after")) >= 8, headers.get("retry-after")!);
  // Not everybody has to wait for that.
  assert.equal(throttle.delayFor("olga", "192.0.2.2"), 0);
});

Deno.test("sessions: the first password's file goes at the administrator's first sign-in", async () => {
  await using house = await House.open();
  await house.addWithPassword(ADMIN_ACCOUNT, "admin");
  const path = house.dir.at("admin-password");
  Deno.writeTextFileSync(path, PASSWORD);
  assert.equal((await signIn(house, ADMIN_ACCOUNT, "wrong horse")).status, 401);
  assert(Deno.statSync(path).isFile);
  assert.equal((await signIn(house, ADMIN_ACCOUNT, PASSWORD)).status, 204);
  assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
});

Deno.test("sessions: a new password ends the others, and the own one goes on", async () => {
  await using house = await House.open();
  await house.addWithPassword("petra");
  const begin = () => {
    const petra = house.store.accounts.get("petra")!;
    const { secret } = house.store.sessions.create(petra, { address: "", browser: "" });
    return { cookie: `crunch=${secret}` };
  };
  const [own, other] = [begin(), begin()];
  const me = async (headers: { cookie: string }) =>
    (await house.call("nobody", "GET", "/me", { headers })).status;
  assert.equal(await me(other), 200);
  const changed = await house.call("nobody", "PATCH", "/accounts/petra", {
    headers: own,
    body: { password: "another horse", current_password: PASSWORD },
  });
  assert.equal(changed.status, 200);
  assert.equal(await me(own), 200);
  assert.equal(await me(other), 401);
});
