/** Claims about the public URLs that a relay tells its agents. @module */

import assert from "node:assert/strict";
import {
  type PublicAddressOptions,
  publicUrls,
} from "../../../../relay/visitors/reach/public_urls.ts";

const usual: PublicAddressOptions = {
  publicUrl: undefined,
  domain: "localhost",
  prefix: "/",
  port: 8080,
  secure: false,
};
const here = { dialled: "127.0.0.1", address: "127.0.0.1" };
const away = { dialled: "relay.example", address: "192.0.2.7" };

function urls(options: Partial<PublicAddressOptions>, from = away, name = "alice"): string[] {
  return publicUrls({ ...usual, ...options }, name, from);
}

Deno.test("addresses: the path URL comes first, on the host that the agent dialled", () => {
  assert.deepEqual(urls({}), ["http://relay.example:8080/alice/"]);
  assert.deepEqual(urls({ prefix: "/servers/" }), ["http://relay.example:8080/servers/alice/"]);
  assert.deepEqual(urls({}, { ...away, dialled: "" }), ["http://localhost:8080/alice/"]);
  assert.deepEqual(urls({}, { ...away, dialled: "2001:db8::1" }), [
    "http://[2001:db8::1]:8080/alice/",
  ]);
});

Deno.test("addresses: a dialled host that is none is not repeated", () => {
  for (const dialled of ["evil/x", "a b", "x\r\ny", 'a"b', "[::1]/x", "a:b@c", "a".repeat(300)]) {
    assert.deepEqual(urls({}, { ...away, dialled }), ["http://localhost:8080/alice/"], dialled);
  }
});

Deno.test("addresses: usual ports are left out", () => {
  assert.deepEqual(urls({ port: 80 }), ["http://relay.example/alice/"]);
  assert.deepEqual(urls({ port: 443, secure: true }), ["https://relay.example/alice/"]);
  assert.deepEqual(urls({ port: 443 }), ["http://relay.example:443/alice/"]);
  assert.deepEqual(urls({ port: 80, secure: true }), ["https://relay.example:80/alice/"]);
});

Deno.test("addresses: what the operator says is the public URL is not guessed at", () => {
  const publicUrl = new URL("https://pages.example/");
  assert.deepEqual(urls({ publicUrl }), ["https://pages.example/alice/"]);
  assert.deepEqual(urls({ publicUrl: new URL("http://pages.example:81/"), prefix: "/s/" }), [
    "http://pages.example:81/s/alice/",
  ]);
  assert.deepEqual(urls({ publicUrl: new URL("http://[::1]:81/") }), ["http://[::1]:81/alice/"]);
});

Deno.test("addresses: the subdomain's URL is told where it works", () => {
  assert.deepEqual(urls({}, here), [
    "http://127.0.0.1:8080/alice/",
    "http://alice.localhost:8080/",
  ]);
  assert.deepEqual(urls({ domain: "example.org" }), [
    "http://relay.example:8080/alice/",
    "http://alice.example.org:8080/",
  ]);
  // A host name has no underscore.
  assert.deepEqual(urls({ domain: "example.org" }, here, "a_b"), ["http://127.0.0.1:8080/a_b/"]);
});
