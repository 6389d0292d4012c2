/** Claims about finding and opening what a request names. @module */

import assert from "node:assert/strict";
import { createDirectoryOrigin } from "../../../agent/files/mod.ts";
import { Clock, pattern, Site } from "./site.ts";

Deno.test("files: GET sends the bytes with type, validators and nosniff", async () => {
  using site = new Site();
  site.write("page.html", "<p>hello");
  const answer = await site.get("/page.html?x=1");
  assert.equal(answer.status, 200);
  assert.equal(answer.text, "<p>hello");
  assert.equal(answer.length, 8);
  assert.equal(answer.field("content-type"), "text/html; charset=utf-8");
  assert.equal(answer.field("x-content-type-options"), "nosniff");
  assert.equal(answer.field("accept-ranges"), "bytes");
  assert.match(answer.field("etag")!, /^"[\w-]{22}"$/);
  assert.match(answer.field("last-modified")!, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
});

Deno.test("files: every size around the bounds of reading arrives whole", async () => {
  using site = new Site();
  const edges = [64 << 10, 256 << 10, 512 << 10, 1 << 20];
  for (
    const size of [0, 1, ...edges.flatMap((edge) => [edge - 1, edge, edge + 1]), (3 << 20) + 5]
  ) {
    const bytes = pattern(size);
    site.write(`${size}.bin`, bytes);
    const answer = await site.get(`/${size}.bin`);
    assert.equal(answer.status, 200);
    assert.equal(answer.length, size);
    assert.deepEqual(answer.body, bytes);
  }
});

Deno.test("files: a small file is one piece", async () => {
  using site = new Site();
  site.write("a", pattern(64 << 10));
  assert.ok((await site.get("/a")).whole);
});

Deno.test("files: HEAD has GET's fields and no body, for every size", async () => {
  using site = new Site();
  for (const size of [0, 10, 100_000, 400_000, 2_000_000]) {
    site.write("f.css", pattern(size), { mtime: new Date(1e12) });
    const get = await site.get("/f.css");
    const head = await site.head("/f.css");
    assert.equal(head.status, get.status);
    assert.equal(head.lines, get.lines);
    assert.equal(head.length, get.length);
    assert.equal(head.written, 0);
  }
});

Deno.test("files: the type goes by the extension of the name asked for", async () => {
  using site = new Site();
  const types: Record<string, string> = {
    "a.js": "text/javascript; charset=utf-8",
    "a.mjs": "text/javascript; charset=utf-8",
    "a.CSS": "text/css; charset=utf-8",
    "a.txt": "text/plain; charset=utf-8",
    "a.json": "application/json; charset=utf-8",
    "a.svg": "image/svg+xml",
    "a.jpg": "image/jpeg",
    "a.woff2": "font/woff2",
    "a.wasm": "application/wasm",
    "a.tar.gz": "application/gzip",
    "a.unheard-of": "application/octet-stream",
    "b": "application/octet-stream",
    "a.": "application/octet-stream",
    "a.__proto__": "application/octet-stream",
  };
  for (const [name, type] of Object.entries(types)) {
    site.write(name, "x");
    const answer = await site.get(`/${name}`);
    assert.equal(answer.field("content-type"), type, name);
    assert.equal(answer.field("content-encoding"), null);
    assert.equal(answer.field("x-content-type-options"), "nosniff");
  }
  Deno.symlinkSync("a.unheard-of", site.path("link.png"));
  assert.equal((await site.get("/link.png")).field("content-type"), "image/png");
});

Deno.test("files: other methods get 405 with Allow, unknown ones 501, OPTIONS 204", async () => {
  using site = new Site();
  site.write("a", "x");
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "TRACE"]) {
    const answer = await site.get("/a", { method, fields: { cookie: "secret=1" } });
    assert.equal(answer.status, 405);
    assert.equal(answer.field("allow"), "GET, HEAD, OPTIONS");
    assert.doesNotMatch(answer.text, /secret/);
  }
  for (const method of ["BREW", "get", "GETS"]) {
    assert.equal((await site.get("/a", { method })).status, 501);
  }
  const options = await site.get("/a", { method: "OPTIONS" });
  assert.deepEqual([options.status, options.length, options.written], [204, -1, 0]);
  assert.equal(options.field("allow"), "GET, HEAD, OPTIONS");
});

Deno.test("files: what is missing gets 404, whatever the request's conditions", async () => {
  using site = new Site();
  site.write("a", "x");
  for (
    const path of ["/b", "/a/", "/a/b", "/b/c/", `/${"x".repeat(300)}`, `/${"d/".repeat(3000)}x`]
  ) {
    const answer = await site.get(path, { fields: { "if-match": '"x"', "if-none-match": "*" } });
    assert.equal(answer.status, 404, path);
    assert.equal(answer.field("x-content-type-options"), "nosniff");
  }
});

Deno.test("files: odd dates break nothing, and none lies in the future", async () => {
  using site = new Site();
  using _clock = new Clock();
  const dates: Record<string, string | null> = {
    "1965-06-01T00:00:00Z": "Tue, 01 Jun 1965 00:00:00 GMT",
    "1970-01-01T00:00:00Z": "Thu, 01 Jan 1970 00:00:00 GMT",
    "2262-12-31T00:00:00Z": null,
    "2400-01-01T00:00:00Z": null,
  };
  for (const [date, expected] of Object.entries(dates)) {
    for (const size of [3, 2_000_000]) {
      site.write("f", pattern(size));
      // Not utimes: it does not know years before 1970.
      new Deno.Command("touch", { args: ["-d", date, site.path("f")] }).outputSync();
      const answer = await site.get("/f");
      assert.equal(answer.status, 200);
      assert.equal(answer.written, size);
      const modified = answer.field("last-modified")!;
      if (expected === null) assert.ok(Date.parse(modified) <= Date.now(), modified);
      else assert.equal(modified, expected);
      const fields = { "if-modified-since": modified };
      const again = await site.get("/f", { fields });
      if (expected !== null) assert.equal(again.status, 304);
      assert.equal(
        (await site.get("/f", { fields: { "if-none-match": answer.field("etag")! } })).status,
        304,
      );
    }
  }
});

Deno.test("files: a directory's index is its page, index.html before index.htm", async () => {
  using site = new Site();
  site.write("index.html", "root");
  site.write("d/index.htm", "htm");
  assert.equal((await site.get("/")).text, "root");
  assert.equal((await site.get("/")).field("content-type"), "text/html; charset=utf-8");
  assert.equal((await site.get("/d/")).text, "htm");
  site.write("d/index.html", "html");
  using _clock = new Clock(5000);
  assert.equal((await site.get("/d/")).text, "html");
});

Deno.test("files: an index that may not be served is none", async () => {
  using site = new Site();
  Deno.writeTextFileSync(`${site.outside}/secret.html`, "secret");
  site.write("a/x", "");
  Deno.symlinkSync(`${site.outside}/secret.html`, site.path("a/index.html"));
  site.write("b/index.html/x", "");
  for (const path of ["/a/", "/b/"]) {
    const answer = await site.get(path);
    assert.equal(answer.status, 200);
    assert.match(answer.text, /<table>/);
    assert.doesNotMatch(answer.text, /secret/);
  }
});

Deno.test("files: a directory without its slash is redirected, query kept", async () => {
  using site = new Site();
  site.write("a b/ü/x", "");
  for (const base of ["", "/alice", "/servers/alice"]) {
    const answer = await site.get("/a%20b/%C3%BC?q=1&r=%2F?", { base });
    assert.equal(answer.status, 308);
    assert.equal(answer.field("location"), `${base}/a%20b/%C3%BC/?q=1&r=%2F?`);
    assert.equal(answer.length, 0);
  }
  const head = await site.head("/a%20b", { base: "/alice", fields: { "if-none-match": "*" } });
  assert.deepEqual([head.status, head.field("location")], [308, "/alice/a%20b/"]);
});

Deno.test("files: a redirect never leads to another host", async () => {
  using site = new Site();
  for (const name of ["evil.example", "%5cevil", "@evil"]) Deno.mkdirSync(site.path(name));
  for (
    const path of [
      "//evil.example",
      "///evil.example",
      "/\\evil.example",
      "/%5cevil",
      "/%5C%5Cevil",
      "/@evil",
      "/%2fevil.example",
    ]
  ) {
    for (const base of ["", "//evil.example", "/\\evil", "https://evil.example", "/a\r\nX: y"]) {
      const location = (await site.get(path, { base })).field("location");
      if (location !== null) assert.match(location, /^\/[^/\\]/, path);
    }
  }
  assert.equal(
    (await site.get("/evil.example?%ff", { base: "//x" })).field("location"),
    "/evil.example/?%ff",
  );
});

Deno.test("files: no directory, no origin", () => {
  using site = new Site();
  site.write("f", "");
  assert.throws(() => createDirectoryOrigin({ root: site.path("missing") }), Deno.errors.NotFound);
  assert.throws(() => createDirectoryOrigin({ root: site.path("f") }), Deno.errors.NotADirectory);
});

Deno.test("files: after the end of the origin there is only 503", async () => {
  using site = new Site();
  site.write("a", "x");
  using _clock = new Clock(5000);
  await site.get("/a");
  site.origin[Symbol.dispose]();
  const answer = await site.get("/a");
  assert.equal(answer.status, 503);
  assert.equal(answer.field("retry-after"), "1");
});
