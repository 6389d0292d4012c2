/** Claims about the file that says that everything works. @module */

import assert from "node:assert/strict";
import { writeReadyFile } from "../../cli/ready_file.ts";
import { TempDir } from "../relay/store/temp_dir.ts";

Deno.test("ready file: one line of JSON, and nothing beside it", () => {
  using dir = new TempDir();
  writeReadyFile(dir.at("ready"), { http: "127.0.0.1:1", https: null });
  assert.equal(Deno.readTextFileSync(dir.at("ready")), '{"http":"127.0.0.1:1","https":null}\n');
  assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["ready"]);
});

Deno.test("ready file: replaces an older one whole, so that nobody reads a half", () => {
  using dir = new TempDir();
  const path = dir.at("ready");
  Deno.writeTextFileSync(path, "older and longer than what comes\n");
  using reader = Deno.openSync(path);
  writeReadyFile(path, { urls: [] });
  assert.equal(Deno.readTextFileSync(path), '{"urls":[]}\n');
  // Another file under the same name: who has the older one open reads that to its end.
  const bytes = new Uint8Array(64);
  assert.equal(
    new TextDecoder().decode(bytes.subarray(0, reader.readSync(bytes)!)),
    "older and longer than what comes\n",
  );
});

Deno.test("ready file: a folder that is missing is an error", () => {
  using dir = new TempDir();
  assert.throws(() => writeReadyFile(dir.at("no/ready"), {}), Deno.errors.NotFound);
});
