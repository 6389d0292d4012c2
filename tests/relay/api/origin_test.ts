/** Claims about pages of others: what they may not change with a browser of ours. @module */

import assert from "node:assert/strict";
import { type CallOptions, House } from "./house.ts";

const body = { trusted: true };

async function patch(house: House, headers: Record<string, string>, more: CallOptions = {}) {
  return (await house.call("admin", "PATCH", "/accounts/olga", { body, headers, ...more })).status;
}

Deno.test("origin: a changing call has to come from a page of our own", async () => {
  await using house = await House.open();
  assert.equal(await patch(house, { origin: "http://relay.test" }), 200);
  const foreign = [
    "https://relay.test",
    "http://relay.test:8080",
    "http://alice.relay.test",
    "http://relay.test.evil.test",
    "http://relay.test/",
    "HTTP://RELAY.TEST",
    "null",
    "",
  ];
  for (const origin of foreign) {
    assert.equal(await patch(house, { origin }), 403, origin);
    assert.equal(await patch(house, { origin, "sec-fetch-site": "same-site" }), 403, origin);
  }
  assert.equal(await patch(house, { origin: "null", "sec-fetch-site": "cross-site" }), 403);
  assert.equal(await patch(house, { origin: "null", "sec-fetch-site": "none" }), 403);
});

Deno.test("origin: the browser's own word for it is enough where a proxy hides ours", async () => {
  await using house = await House.open();
  const headers = { origin: "https://public.test", "sec-fetch-site": "same-origin" };
  assert.equal(await patch(house, headers), 200);
  const caller = { origins: ["http://relay.test", "https://public.test"] };
  assert.equal(await patch(house, { origin: "https://public.test" }, { caller }), 200);
});

Deno.test("origin: every method that changes is checked, reading is not", async () => {
  await using house = await House.open();
  const headers = { origin: "https://evil.test" };
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"]) {
    const { status, body } = await house.call("admin", method, "/accounts/otto", { headers });
    assert.equal(status, 403, method);
    assert.equal(body.code, "other-origin");
  }
  assert.notEqual(house.store.accounts.get("otto"), undefined);
  assert.equal((await house.call("admin", "GET", "/accounts", { headers })).status, 200);
});

Deno.test("origin: a password that the browser sends by itself is a proxy's, and frees nobody from anything", async () => {
  await using house = await House.open();
  for (const authorization of ["Basic YTpi", "basic YTpi", "Basic"]) {
    const { status } = await house.call("admin", "GET", "/me", { headers: { authorization } });
    assert.equal(status, 200, authorization);
    const nobody = await house.call("nobody", "GET", "/me", { headers: { authorization } });
    assert.equal(nobody.status, 401);
    const foreign = { authorization, origin: "https://evil.test" };
    assert.equal(await patch(house, foreign), 403);
    assert.equal(await patch(house, { authorization }), 200);
  }
});

Deno.test("origin: nobody is signed in from a foreign page", async () => {
  await using house = await House.open();
  const { status } = await house.call("nobody", "POST", "/sessions", {
    body: { name: "olga", password: "whatever it is" },
    headers: { origin: "https://evil.test" },
  });
  assert.equal(status, 403);
});

Deno.test("origin: what no browser sends needs none, a token neither", async () => {
  await using house = await House.open();
  // The house always says an origin; a request without one is made by hand.
  const bare = (headers: Record<string, string>) =>
    house.api.fetch(
      new Request("http://relay.test/api/v1/accounts/olga", {
        method: "PATCH",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
      {
        address: "",
        host: "",
        requestId: "",
        secure: false,
        origins: ["http://relay.test"],
        isShell: false,
      },
    );
  assert.equal((await bare({ cookie: house.cookie("admin") })).status, 200);
  const authorization = `Bearer ${house.token("admin", "full credentials")}`;
  assert.equal((await bare({ authorization, origin: "https://evil.test" })).status, 200);
  assert.equal(
    (await bare({ cookie: house.cookie("admin"), "sec-fetch-site": "cross-site" })).status,
    403,
  );
});

Deno.test("origin: what forms can send is refused, whatever it says", async () => {
  await using house = await House.open();
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
    const headers = { "content-type": type };
    assert.equal(await patch(house, headers), 415, type);
  }
  assert.equal(await patch(house, { "content-type": "application/json; charset=utf-8" }), 200);
});
