/** Claims about who answers a request, whatever its path is spelt like. @module */

import assert from "node:assert/strict";
import { posix } from "node:path";
import { OWN_SEGMENTS, type Route, Router } from "../../../relay/visitors/router.ts";
import { randomFrom } from "../../support/random.ts";

const plain = new Router({ domain: "localhost", prefix: "/" });
const below = new Router({ domain: "example.org", prefix: "/servers/" });

/** The route as one word a test can compare. */
function told(route: Route): string {
  switch (route.kind) {
    case "name":
      return `${route.name} ${route.mode} ${route.base} ${route.target}`;
    case "own":
      return `own ${route.segment}`;
    case "redirect":
      return `to ${route.location}`;
    default:
      return String(route.status);
  }
}

function routes(router: Router, table: Readonly<Record<string, string>>): void {
  for (const [target, expected] of Object.entries(table)) {
    assert.equal(told(router.route(null, target)), expected, target);
  }
}

Deno.test("router: the first segment is the name, the rest is the agent's, as it came", () => {
  routes(plain, {
    "/alice/": "alice path /alice /",
    "/alice/a/b?c=d&e": "alice path /alice /a/b?c=d&e",
    "/alice/a%20b/%2F?%2e%2e/": "alice path /alice /a%20b/%2F?%2e%2e/",
    "/alice//x": "alice path /alice //x",
    "/alice/x/../y": "alice path /alice /x/../y",
    "/Alice/x": "alice path /alice /x",
    "/a_b/": "a_b path /a_b /",
    "/alice?next=/../bob/": "to /alice/?next=/../bob/",
    "/alice": "to /alice/",
    "/ALICE": "to /alice/",
  });
});

Deno.test("router: a page's key is taken off, and no dot segment leaves what stands behind it", () => {
  routes(plain, {
    "/alice/!Xy3_9aQkLm0/": "alice path /alice /",
    "/alice/!Xy3_9aQkLm0/a/../b?c": "alice path /alice /a/../b?c",
    "/alice/!Xy3_9aQkLm0//evil.test/": "alice path /alice //evil.test/",
    "/alice/!Xy3_9aQkLm0": "alice path /alice /!Xy3_9aQkLm0",
    "/alice/!Xy3_9aQkLm0/!Xy3_9aQkLm0/": "alice path /alice /!Xy3_9aQkLm0/",
    "/alice/!Xy3_9aQkLm0/../x": "404",
    "/alice/!Xy3_9aQkLm0/%2e%2E/x": "404",
    "/alice/!Xy3_9aQkLm0/..%2fx": "404",
    "/alice/!Xy3_9aQkLm0/..%5cx": "404",
    "/alice/!Xy3_9aQkLm0/a/../../x": "404",
    "/alice/!Xy3_9aQkLm0/../../admin": "404",
  });
  routes(below, {
    "/servers/alice/!Xy3_9aQkLm0/a/../x": "alice path /servers/alice /a/../x",
    "/servers/alice/!Xy3_9aQkLm0/../x": "404",
  });
});

Deno.test("router: what is ours is ours where it is written plainly, and nobody's otherwise", () => {
  const own: Record<string, string> = { "/": "own ", "/?q": "own " };
  for (const segment of OWN_SEGMENTS) if (segment !== "") own[`/${segment}`] = `own ${segment}`;
  routes(plain, {
    ...own,
    "/admin/users?x": "own admin",
    "/admin?x": "own admin",
    "/api/v1/me": "own api",
    "/%61dmin": "404",
    "/ADMIN": "404",
    "/Admin/": "404",
    "//admin": "404",
    "/x/../admin": "404",
    "/./admin": "404",
    "/admin/../alice/": "404",
    "/%2561dmin": "404",
    "/alice/../": "404",
  });
});

Deno.test("router: what is no name is nobody's", () => {
  for (
    const target of [
      "/-a/",
      "/a-/",
      "/xn--bcher-kva/",
      "/b%C3%BCcher/",
      `/${"a".repeat(64)}/`,
      "/a.b/",
      "/a,b/",
      "/~alice/",
      "/%61lice/",
      "//alice/",
      "/./alice/",
      "/alice%2F..%2Fbob/",
      "/alice/../bob/",
      "/alice/..\\bob/",
      "/\u212aate/",
    ]
  ) assert.equal(told(plain.route(null, target)), "404", target);
});

Deno.test("router: below a prefix names begin after it, and our own stay at the root", () => {
  routes(below, {
    "/servers/alice/x": "alice path /servers/alice /x",
    "/servers/alice": "to /servers/alice/",
    "/servers/admin/": "404",
    "/servers": "to /servers/",
    "/servers/": "404",
    "/alice/": "404",
    "/admin": "own admin",
    "/": "own ",
    "/servers/../admin": "404",
    "/servers/../alice/": "404",
    "/servers/alice/../../admin": "404",
  });
});

Deno.test("router: a host below the domain is a name's, in any case, with port or last dot", () => {
  const sites: Array<[string, string | null]> = [
    ["alice.localhost", "alice"],
    ["ALICE.localhost:8080", "alice"],
    ["alice.localhost.:80", "alice"],
    ["localhost", null],
    ["localhost:8080", null],
    ["127.0.0.1:8080", null],
    ["[::1]:8080", null],
    ["example.org", null],
    ["evillocalhost", null],
    ["", null],
    // Nobody's, and not ours either.
    ["a_b.localhost", ""],
    ["a.alice.localhost", ""],
    [".localhost", ""],
    ["-a.localhost", ""],
  ];
  for (const [authority, name] of sites) {
    assert.equal(plain.site(authority)?.name ?? null, name, authority);
  }
});

Deno.test("router: on a name's host everything is its agent's, unchanged, but for certificates", () => {
  const site = plain.site("alice.localhost:8080");
  for (const target of ["/", "/admin", "/api/v1", "/..%2f", "//x/../y?z", "/.well-known/other"]) {
    assert.equal(told(plain.route(site, target)), `alice subdomain  ${target}`);
  }
  assert.equal(told(plain.route(site, "/.well-known/acme-challenge/t")), "own .well-known");
  assert.equal(told(plain.route(plain.site("a_b.localhost"), "/")), "404");
});

/** The paths that several readers, ours not among them, make of a target. */
function readings(target: string): string[] {
  const path = target.split("?", 1)[0]!;
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  const once = decode(path);
  const twice = decode(once);
  return [
    decode(new URL(`http://host${path}`).pathname),
    posix.normalize(path),
    ...[once, twice].flatMap((text) => [
      posix.normalize(text),
      posix.normalize(text.replaceAll("\\", "/")),
    ]),
  ].map((text) => text.toLowerCase());
}

Deno.test("router: no spelling leads an agent to what any reader takes for another's or ours", () => {
  const random = randomFrom(7);
  const pieces = ["alice", "bob", "admin", "api", "%61dmin", "ADMIN", "servers", "Alice", "a%20b"]
    .concat("/", "/", "/", "/", "//", "..", "..", ".", "%2e", "%2E%2e", ".%2e", "%252e%252e")
    .concat("%2f", "%2F", "%5c", "\\", "%255c", "?", "?a=/../", "%", "%00", ";x", "\u00e9");
  const count = { name: 0, own: 0, redirect: 0, refuse: 0 };
  for (let round = 0; round < 40_000; round++) {
    let target = random() < 0.5 ? "/" : random() < 0.5 ? "/alice/" : "/servers/alice/";
    for (let i = Math.floor(random() * 7); i > 0; i--) {
      target += pieces[Math.floor(random() * pieces.length)];
    }
    const router = random() < 0.5 ? plain : below;
    const route = router.route(null, target);
    count[route.kind]++;
    if (route.kind === "name") {
      assert.equal(route.target, target.slice(route.base.length));
      assert.ok(!OWN_SEGMENTS.has(route.name), target);
      for (const path of readings(target)) {
        assert.ok(`${path}/`.startsWith(`${route.base}/`), `${target} is ${path} to somebody`);
      }
    } else if (route.kind === "own" && route.segment !== "") {
      // The landing page tells nobody anything.
      for (const path of readings(target)) {
        assert.equal(
          path.split("/")[1],
          route.segment.toLowerCase(),
          `${target} is ${path} to somebody`,
        );
      }
    }
  }
  for (const [kind, times] of Object.entries(count)) assert.ok(times > 100, `${kind}: ${times}`);
});
