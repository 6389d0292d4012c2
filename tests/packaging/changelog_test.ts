/** A release says of itself what the changelog says of its version. @module */

import assert from "node:assert/strict";
import { notesOf } from "../../packaging/changelog.ts";
import { configuration } from "../../packaging/contents.ts";

const text =
  "# Changelog\n\n## 1.1.0 (2027-01-02)\n\n- New.\n\n### Fixed\n\n- Old.\n\n## 1.1.0-rc1\n\n- Try.\n";

Deno.test("changelog: a version's notes end where the next version begins", () => {
  assert.equal(notesOf(text, "1.1.0"), "- New.\n\n### Fixed\n\n- Old.\n");
  assert.equal(notesOf(text, "1.1.0-rc1"), "- Try.\n");
});

Deno.test("changelog: a version that it does not know is an error", () => {
  assert.throws(() => notesOf(text, "1.1"), /says nothing of 1\.1/);
  assert.throws(() => notesOf("## 2.0.0\n\n", "2.0.0"), /says nothing of 2\.0\.0/);
});

Deno.test("changelog: it knows the version of this checkout", async () => {
  const changelog = await Deno.readTextFile(new URL("../../CHANGELOG.md", import.meta.url));
  assert.ok(notesOf(changelog, configuration().version).length > 0);
});
