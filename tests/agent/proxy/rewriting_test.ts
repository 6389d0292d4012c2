/** Claims about redirects and cookies of applications that live below a public prefix. @module */

import assert from "node:assert/strict";
import { rewriting } from "../../../agent/proxy/rewriting.ts";

const path = rewriting({
  base: "/alice",
  authority: "localhost:3000",
  publicAuthority: "relay.example:8443",
});
const subdomain = rewriting({
  base: "",
  authority: "localhost:3000",
  publicAuthority: "alice.relay.example",
});

for (
  const [value, onPath, onHost] of [
    ["/login", "/alice/login", "/login"],
    ["/", "/alice/", "/"],
    ["/alice/login?a=/b", "/alice/login?a=/b", "/alice/login?a=/b"],
    ["/alice", "/alice", "/alice"],
    ["/alice2", "/alice/alice2", "/alice2"],
    ["login", "login", "login"],
    ["?page=2", "?page=2", "?page=2"],
    ["", "", ""],
    ["//evil.example/x", "//evil.example/x", "//evil.example/x"],
    ["/\\evil.example", "/\\evil.example", "/\\evil.example"],
    ["http://localhost:3000/a?b#c", "/alice/a?b#c", "/a?b#c"],
    ["http://LOCALHOST:3000", "/alice/", "/"],
    [
      "https://relay.example:8443/a",
      "https://relay.example:8443/alice/a",
      "https://relay.example:8443/a",
    ],
    [
      "https://relay.example:8443/alice/a",
      "https://relay.example:8443/alice/a",
      "https://relay.example:8443/alice/a",
    ],
    ["https://elsewhere.example/a", "https://elsewhere.example/a", "https://elsewhere.example/a"],
    [
      "http://localhost:3000@evil.example/",
      "http://localhost:3000@evil.example/",
      "http://localhost:3000@evil.example/",
    ],
    ["mailto:a@b", "mailto:a@b", "mailto:a@b"],
  ] as const
) {
  Deno.test(`rewriting: Location ${value || "(empty)"}`, () => {
    assert.equal(path.location(value), onPath);
    assert.equal(subdomain.location(value), onHost);
  });
}

Deno.test("rewriting: Refresh", () => {
  assert.equal(path.refresh("5"), "5");
  assert.equal(path.refresh("5; url=/next"), "5; url=/alice/next");
  assert.equal(path.refresh("0;URL='/next'"), "0;URL='/alice/next'");
  assert.equal(
    path.refresh("0, url=https://elsewhere.example/"),
    "0, url=https://elsewhere.example/",
  );
});

Deno.test("rewriting: cookies keep to the prefix, and lose the application's own domain", () => {
  assert.equal(path.cookie("a=/x; Path=/; HttpOnly"), "a=/x; Path=/alice/; HttpOnly");
  assert.equal(path.cookie("a=1; path=/app"), "a=1; Path=/alice/app");
  assert.equal(path.cookie("a=1; Path=/alice/"), "a=1; Path=/alice/");
  assert.equal(path.cookie("a=1; Domain=relay.example"), "a=1");
  assert.equal(path.cookie("a=1"), "a=1");
  assert.equal(subdomain.cookie("a=1; Domain=.localhost; Path=/x; Secure"), "a=1; Path=/x; Secure");
  assert.equal(
    subdomain.cookie("a=1; Domain=relay.example; Path=/"),
    "a=1; Domain=relay.example; Path=/",
  );
});
