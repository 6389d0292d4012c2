/** Claims about mounts: which origin a path belongs to, and what it gets to see. @module */

import assert from "node:assert/strict";
import { Mounts, type MountsOptions } from "../../agent/mounts.ts";
import type { Origin } from "../../agent/origin.ts";
import type { Exchange } from "../../http/mod.ts";
import { FakeExchange, type FakeRequest } from "../support/fake_exchange.ts";

/** An origin that answers with its name and what it was given. */
class Echo implements Origin {
  readonly #name: string;
  closed = false;

  constructor(name: string) {
    this.#name = name;
  }

  handle(exchange: Exchange, path: string, base: string): void {
    const text = JSON.stringify([this.#name, path, base]);
    exchange.respond(200, new Uint8Array(0), new TextEncoder().encode(text));
  }

  [Symbol.dispose](): void {
    this.closed = true;
  }
}

function mounted(paths: readonly string[], options?: MountsOptions): Mounts {
  return new Mounts(paths.map((path) => ({ mount: path, origin: new Echo(path) })), options);
}

async function ask(mounts: Mounts, target: string, request: Partial<FakeRequest> = {}) {
  const exchange = new FakeExchange({ target, ...request });
  mounts.handle(exchange);
  return await exchange.done;
}

Deno.test("mounts: the longest path wins, at whole names only", async () => {
  const mounts = mounted(["/", "/docs", "/docs/api/", "/doc"]);
  const rows: Record<string, readonly string[]> = {
    "/": ["/", "/", ""],
    "/x?y": ["/", "/x", ""],
    "/docs/": ["/docs", "/", "/docs"],
    "/docs/a/b?c=/docs/api/": ["/docs", "/a/b", "/docs"],
    "/docs/api/": ["/docs/api/", "/", "/docs/api"],
    "/docs/api/v1": ["/docs/api/", "/v1", "/docs/api"],
    "/docs/apis": ["/docs", "/apis", "/docs"],
    "/doc/s": ["/doc", "/s", "/doc"],
    "/docsx": ["/", "/docsx", ""],
    "/DOCS/": ["/", "/DOCS/", ""],
    "//docs/": ["/", "//docs/", ""],
    "/x/../docs/": ["/", "/x/../docs/", ""],
    "/docs/../x": ["/docs", "/../x", "/docs"],
    "/docs//": ["/docs", "//", "/docs"],
    "/docs%2fapi/": ["/", "/docs%2fapi/", ""],
  };
  for (const [target, expected] of Object.entries(rows)) {
    assert.deepEqual(JSON.parse((await ask(mounts, target)).text), expected, target);
  }
});

Deno.test("mounts: names are compared decoded, and the rest stays as it came", async () => {
  const mounts = mounted(["/", "/my docs", "/größe"]);
  const rows: Record<string, readonly string[]> = {
    "/my%20docs/a%20b": ["/my docs", "/a%20b", "/my%20docs"],
    "/%6dy%20d%6Fcs/%41": ["/my docs", "/%41", "/my%20docs"],
    "/gr%C3%B6%C3%9Fe/x": ["/größe", "/x", "/gr%C3%B6%C3%9Fe"],
    "/gr%c3%b6%c3%9fe/x": ["/größe", "/x", "/gr%C3%B6%C3%9Fe"],
    "/my%20docs%/x": ["/", "/my%20docs%/x", ""],
    "/%zz": ["/", "/%zz", ""],
  };
  for (const [target, expected] of Object.entries(rows)) {
    assert.deepEqual(JSON.parse((await ask(mounts, target)).text), expected, target);
  }
});

Deno.test("mounts: a mount's path without its slash is redirected, query kept", async () => {
  const mounts = mounted(["/my docs", "/a"], { forwardedPrefix: true });
  const fields = { "x-forwarded-prefix": "/alice" };
  for (
    const [target, location] of [
      ["/a", "/alice/a/"],
      ["/a?b=c?d", "/alice/a/?b=c?d"],
      ["/my%20docs?x", "/alice/my%20docs/?x"],
      ["/%6dy%20docs", "/alice/my%20docs/"],
    ] as const
  ) {
    const answer = await ask(mounts, target, { fields });
    assert.deepEqual([answer.status, answer.field("location")], [308, location]);
  }
  const evil = await ask(mounts, "/a", { fields: { "x-forwarded-prefix": "//evil.example" } });
  assert.equal(evil.field("location"), "/a/");
});

Deno.test("mounts: X-Forwarded-Prefix counts only where its sender is known", async () => {
  const fields = { "x-forwarded-prefix": "/alice" };
  for (const [forwardedPrefix, base] of [[true, "/alice"], [false, ""]] as const) {
    const single = await ask(mounted(["/"], { forwardedPrefix }), "/x", { fields });
    assert.deepEqual(JSON.parse(single.text), ["/", "/x", base]);
    const several = await ask(mounted(["/a", "/b"], { forwardedPrefix }), "/b/x", { fields });
    assert.deepEqual(JSON.parse(several.text), ["/b", "/x", `${base}/b`]);
  }
});

Deno.test("mounts: where nothing is mounted there is 404", async () => {
  for (const target of ["/", "/b", "/ab", "/%61b/"]) {
    assert.equal((await ask(mounted(["/a"]), target)).status, 404, target);
  }
  assert.equal((await ask(mounted([]), "/")).status, 404);
});

Deno.test("mounts: a URL as target counts by its path", async () => {
  assert.deepEqual(JSON.parse((await ask(mounted(["/"]), "http://test/x?y")).text), [
    "/",
    "/x",
    "",
  ]);
  assert.deepEqual(JSON.parse((await ask(mounted(["/"]), "http://test")).text), ["/", "/", ""]);
});

Deno.test("mounts: OPTIONS * is answered, and no origin sees it", async () => {
  const answer = await ask(mounted(["/"]), "*", { method: "OPTIONS" });
  assert.deepEqual([answer.status, answer.field("allow")], [204, "GET, HEAD, OPTIONS"]);
});

Deno.test("mounts: other targets without a path are refused", () => {
  const mounts = mounted(["/"]);
  // The parser refuses them already; what reaches an agent is another one's to check.
  for (const target of ["*", "example.com:443", "foo", ""]) {
    const exchange = new FakeExchange({ target: "/" });
    const head = new Proxy(exchange.head, {
      get: (object, name) => {
        if (name === "target") return target;
        const value = Reflect.get(object, name, object);
        return typeof value === "function" ? value.bind(object) : value;
      },
    });
    Object.defineProperty(exchange, "head", { value: head });
    mounts.handle(exchange);
    assert.equal(exchange.status, 400, target);
  }
});

Deno.test("mounts: paths that no request has, and doubled ones, are refused", () => {
  for (const path of ["//", "/a//b", "/./a", "/a/..", "..", "/a\\b", "/a\0", "/\ud800"]) {
    assert.throws(() => mounted([path]), TypeError, JSON.stringify(path));
  }
  for (const paths of [["/a", "/a/"], ["/", ""], ["/a b", "a b"]]) {
    assert.throws(() => mounted(paths), /Two mounts have the path/);
  }
});

Deno.test("mounts: their end is the end of the origins", () => {
  const origins = [new Echo("a"), new Echo("b")];
  {
    using _mounts = new Mounts(origins.map((origin, index) => ({ mount: `/${index}`, origin })));
  }
  assert.deepEqual(origins.map(({ closed }) => closed), [true, true]);
});
