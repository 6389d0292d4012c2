/** Claims about who is sent from plain HTTP to TLS, and where. @module */

import assert from "node:assert/strict";
import type { Listening } from "../../../relay/visitors/reach/reach.ts";
import { Router } from "../../../relay/visitors/router.ts";
import { SecureRedirect } from "../../../relay/visitors/secure_redirect.ts";

type Args = Parameters<SecureRedirect["location"]>;

/** Where `target` on `authority` is sent. */
function location(
  change: Partial<Listening>,
  { authority = "relay.example:8080", target = "/a?b", port = 8080, scheme = "http" } = {},
): string | null {
  const listening: Listening = {
    http: ["[::]:8080"],
    https: ["[::]:8443"],
    tunnel: [],
    tunnelTls: [],
    publicUrl: undefined,
    ...change,
  };
  const router = new Router({ domain: "relay.example", prefix: "/" });
  const site = router.site(authority);
  const head = { method: "GET", target, has: () => false, get: () => undefined };
  const exchange = { head, connection: { local: { address: "127.0.0.1", port } } };
  const visitor = { scheme, site, authority };
  return new SecureRedirect(() => listening).location(
    exchange as unknown as Args[0],
    visitor as unknown as Args[1],
    router.route(site, target),
  );
}

Deno.test("secure redirect: to the same host on the port of --https, or to the public URL", () => {
  assert.equal(location({}), "https://relay.example:8443/a?b");
  assert.equal(location({ https: ["0.0.0.0:443"] }), "https://relay.example/a?b");
  assert.equal(
    location({}, { authority: "alice.relay.example" }),
    "https://alice.relay.example:8443/a?b",
  );
  assert.equal(location({}, { authority: "[2001:db8::1]:80" }), "https://[2001:db8::1]:8443/a?b");
  const publicUrl = new URL("https://pages.example:444/");
  assert.equal(location({ publicUrl }), "https://pages.example:444/a?b");
  assert.equal(
    location({ publicUrl }, { authority: "alice.relay.example:8080" }),
    "https://alice.relay.example:444/a?b",
  );
  assert.equal(
    location({ publicUrl: new URL("https://pages.example") }, {
      authority: "alice.relay.example:8080",
    }),
    "https://alice.relay.example/a?b",
  );
});

Deno.test("secure redirect: nowhere that nobody could get to", () => {
  assert.equal(location({ https: [] }), null);
  assert.equal(location({ https: ["unix:/run/a:443"] }), null);
  // From elsewhere, what is bound to this machine cannot be opened.
  assert.equal(location({ https: ["127.0.0.1:8443"] }), null);
  assert.equal(
    location({ https: ["127.0.0.1:8443"] }, { authority: "localhost:8080" }),
    "https://localhost:8443/a?b",
  );
  assert.equal(location({ publicUrl: new URL("http://pages.example") }), null);
  for (const authority of ["", "a b", "x/y", "u@h", 'a"b', "a\r\nb"]) {
    assert.equal(location({}, { authority }), null, authority);
  }
  assert.equal(location({}, { scheme: "https" }), null);
  assert.equal(location({}, { port: 0 }), null, "a Unix socket");
  assert.equal(location({}, { target: "/x/../admin" }), null);
});
