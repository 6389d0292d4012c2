/** What pages import from others is what their packages contain, in the versions that are pinned. @module */

import assert from "node:assert/strict";
import { importMap, VENDOR, vendored } from "../../packaging/vendor.ts";

Deno.test("vendor: static/vendor is what deno task vendor makes of the pinned packages", () => {
  const there = [...Deno.readDirSync(VENDOR)].map(({ name }) => name).sort();
  const wanted = vendored();
  assert.deepEqual(there, [...wanted.keys()].sort());
  for (const [file, text] of wanted) {
    assert.equal(Deno.readTextFileSync(`${VENDOR}${file}`), text, `${file}: run deno task vendor`);
  }
});

Deno.test("vendor: the page's import map names every vendored module, and nothing else", () => {
  const page = Deno.readTextFileSync(new URL("../../dashboard/index.html", import.meta.url));
  const text = /<script type="importmap">([^<]*)<\/script>/.exec(page)?.[1] ?? "";
  assert.deepEqual(JSON.parse(text), { imports: importMap() });
});

Deno.test("vendor: what a vendored module imports is in the import map", () => {
  const known = new Set(Object.keys(importMap()));
  let found = 0;
  for (const [file, text] of vendored()) {
    if (!file.endsWith(".js")) continue;
    for (const [, specifier] of text.matchAll(/\bfrom"([^"]+)"/g)) {
      found++;
      assert.ok(known.has(specifier!), `${file} imports ${specifier}`);
    }
  }
  assert.ok(found >= 5, "some do");
});
