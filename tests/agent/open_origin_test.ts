/** Claims about opening origins: each by its specification, and of several all or none. @module */

import assert from "node:assert/strict";
import { openOrigin, openOrigins } from "../../agent/open_origin.ts";
import type { OriginSpec } from "../../cli/mod.ts";
import { FakeExchange } from "../support/fake_exchange.ts";
import { TempDir } from "../relay/store/temp_dir.ts";
import { openFilesBelow } from "./files/site.ts";

const directory = (value: string, mount = "/"): OriginSpec => ({
  kind: "directory",
  option: "dir",
  mount,
  value,
});

Deno.test("open origin: a directory by its specification", async () => {
  using dir = new TempDir();
  Deno.writeTextFileSync(dir.at("a.txt"), "hello");
  using origin = await openOrigin(directory(dir.path));
  const exchange = new FakeExchange({ target: "/a.txt" });
  origin.handle(exchange, "/a.txt", "");
  assert.equal((await exchange.done).text, "hello");
});

Deno.test("open origins: each at its mount, in their order", async () => {
  using dir = new TempDir();
  const mounts = await openOrigins([directory(dir.path, "/b"), directory(dir.path, "/a")]);
  assert.deepEqual(mounts.map(({ mount }) => mount), ["/b", "/a"]);
  for (const { origin } of mounts) origin[Symbol.dispose]();
});

Deno.test("open origins: where one cannot be opened none stays open, and the first failure is told", async () => {
  using dir = new TempDir();
  await assert.rejects(
    () => openOrigins([directory(dir.path), directory(dir.at("one")), directory(dir.at("two"))]),
    /one/,
  );
  assert(openFilesBelow(dir.path) <= 0);
});
