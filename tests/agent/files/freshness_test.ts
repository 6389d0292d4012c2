/** Claims about copies: browsers and proxies ask about each before they use it, so an edited file is seen. @module */

import assert from "node:assert/strict";
import { pattern, Site } from "./site.ts";

Deno.test("freshness: a file in whole, in part or unchanged is asked about each time", async () => {
  using site = new Site();
  for (const size of [0, 10, 100_000, 2_000_000]) {
    site.write("f.css", pattern(size), { mtime: new Date(1e12) });
    const whole = await site.get("/f.css");
    assert.equal(whole.field("cache-control"), "no-cache");
    assert.notEqual(whole.field("etag"), null);
    assert.notEqual(whole.field("last-modified"), null);
    assert.equal((await site.head("/f.css")).field("cache-control"), "no-cache");
    const tag = whole.field("etag")!;
    const since = whole.field("last-modified")!;
    for (const fields of [{ "if-none-match": tag }, { "if-modified-since": since }]) {
      for (const method of ["GET", "HEAD"]) {
        const same = await site.get("/f.css", { method, fields });
        assert.equal(same.status, 304);
        assert.equal(same.field("cache-control"), "no-cache");
      }
    }
    if (size === 0) continue;
    const part = await site.get("/f.css", { fields: { range: "bytes=1-5" } });
    assert.deepEqual([part.status, part.field("cache-control")], [206, "no-cache"]);
  }
});

Deno.test("freshness: so are indexes, listings and redirects, and errors are kept nowhere", async () => {
  using site = new Site();
  site.write("page/index.html", "x");
  site.write("list/a", "x");
  for (const path of ["/page/", "/list/", "/list"]) {
    assert.equal((await site.get(path)).field("cache-control"), "no-cache", path);
  }
  const errors = [
    site.get("/missing"),
    site.get("/%zz"),
    site.get("/list/a", { method: "POST" }),
    site.get("/list/a", { method: "BREW" }),
    site.get("/list/a", { fields: { "if-match": '"other"' } }),
    site.get("/list/a", { fields: { range: "bytes=9-" } }),
  ];
  for (const error of await Promise.all(errors)) {
    assert(error.status >= 400);
    assert.equal(error.field("cache-control"), "no-store", String(error.status));
  }
});
