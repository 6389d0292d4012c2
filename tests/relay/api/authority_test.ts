/** Claims about when rights are asked for: at the moment of a change, however long the call was under way. @module */

import assert from "node:assert/strict";
import { withWholeBody } from "../../../relay/api/whole_body.ts";
import { dearPasswords } from "../../support/cheap_passwords.ts";
import { House, PASSWORD } from "./house.ts";

/** A call whose body ends when the test says so. */
function slowCall(house: House, path: string, body: unknown) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const answer = house.fetch("admin", "POST", path, { body: readable });
  return {
    begin: () => writer.write(bytes.subarray(0, 5)),
    finish: async () => {
      await writer.write(bytes.subarray(5));
      await writer.close();
      return await answer;
    },
  };
}

for (const how of ["disabled", "removed", "made a member", "signed out"] as const) {
  Deno.test(`api: who was ${how} while the body came changes nothing`, async () => {
    await using house = await House.open();
    const { accounts, sessions } = house.store;
    await accounts.add({ name: "other", role: "admin" });
    const call = slowCall(house, "/names", { account: "olga", name: "photos" });
    await call.begin();
    if (how === "disabled") await accounts.update("boss", { disabled: true });
    else if (how === "removed") accounts.remove("boss");
    else if (how === "made a member") await accounts.update("boss", { role: "member" });
    else for (const { id } of sessions.list({ account: "boss" })) sessions.revoke(id);
    const answer = await call.finish();
    assert([401, 403, 422].includes(answer.status), String(answer.status));
    assert.equal(house.store.names.ownerOf("photos"), undefined);
    await answer.body?.cancel();
  });

  Deno.test(`api: who was ${how} while a password was hashed makes no account`, async () => {
    using _dear = dearPasswords();
    await using house = await House.open();
    const { accounts, sessions } = house.store;
    await accounts.add({ name: "other", role: "admin" });
    house.cookie("admin");
    const calls = Array.from({ length: 6 }, (_, i) =>
      house.call("admin", "POST", "/accounts", {
        body: { name: `made-${i}x`, password: PASSWORD, role: "admin" },
      }));
    // All six have been judged, and wait for their hash.
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (how === "disabled") await accounts.update("boss", { disabled: true });
    else if (how === "removed") accounts.remove("boss");
    else if (how === "made a member") await accounts.update("boss", { role: "member" });
    else for (const { id } of sessions.list({ account: "boss" })) sessions.revoke(id);
    const made = accounts.list().length;
    for (const { status } of await Promise.all(calls)) assert([401, 403].includes(status));
    assert.equal(accounts.list().length, made);
  });
}

Deno.test("api: a revoked token's calls change nothing, those of another one do", async () => {
  await using house = await House.open();
  const { tokens, names } = house.store;
  const by = (id: string) => ({
    who: "olga",
    address: "",
    grant: { account: house.account("olga").id, via: { kind: "token" as const, id } },
  });
  const [first, second] = [1, 2].map(() => tokens.create("olga", { name: "t" }).token.id);
  tokens.revoke(first!);
  assert.throws(() => names.add("olga", "one", { by: by(first!) }), { code: "lapsed" });
  assert.equal(names.add("olga", "two", { by: by(second!) }), "two");
});

Deno.test("api: a body has one deadline in all, whatever drips in", async () => {
  let drips: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      drips = setInterval(() => controller.enqueue(Uint8Array.of(32)), 20);
    },
    cancel: () => clearInterval(drips),
  });
  const request = new Request("http://relay.test/", { method: "POST", body });
  await assert.rejects(withWholeBody(request, { deadline: 200 }), { status: 408 });
});

Deno.test("api: a body that is too long is refused before its end", async () => {
  await using house = await House.open();
  const { status } = await house.call("admin", "POST", "/names", {
    body: JSON.stringify({ name: "x".repeat(70_000) }),
  });
  assert.equal(status, 413);
});
