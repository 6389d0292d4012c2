/** Claims about files that are written whole: what they replace, whose they are, and what a killed writer leaves. @module */

import assert from "node:assert/strict";
import { FileDraft, sweepDrafts, writeWholeFile } from "../../../cli/files/whole_file.ts";
import { isInstalled } from "../../support/proxy.ts";
import { leftOut } from "../../support/left_out.ts";
import { TempDir } from "../../relay/store/temp_dir.ts";

const isUnix = Deno.build.os !== "windows";

function names(dir: TempDir): string[] {
  return [...Deno.readDirSync(dir.path)].map(({ name }) => name).sort();
}

Deno.test("whole file: texts and bytes, with nothing left beside them", () => {
  using dir = new TempDir();
  writeWholeFile(dir.at("text"), "é\n");
  writeWholeFile(dir.at("bytes"), Uint8Array.of(0, 255));
  assert.equal(Deno.readTextFileSync(dir.at("text")), "é\n");
  assert.deepEqual(Deno.readFileSync(dir.at("bytes")), Uint8Array.of(0, 255));
  assert.deepEqual(names(dir), ["bytes", "text"]);
});

Deno.test("whole file: has the mode that it was given, whatever was there before", {
  ignore: !isUnix,
}, () => {
  using dir = new TempDir();
  Deno.writeTextFileSync(dir.at("file"), "before", { mode: 0o644 });
  writeWholeFile(dir.at("file"), "after", { mode: 0o600 });
  assert.equal(dir.mode("file"), 0o600);
});

Deno.test("whole file: who has the older one open reads that to its end", () => {
  using dir = new TempDir();
  Deno.writeTextFileSync(dir.at("file"), "before");
  using reader = Deno.openSync(dir.at("file"));
  writeWholeFile(dir.at("file"), "after");
  const bytes = new Uint8Array(16);
  assert.equal(reader.readSync(bytes), 6);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 6)), "before");
});

Deno.test("whole file: a directory, a link and a pipe stay what they are", {
  ignore: leftOut(!isUnix || !isInstalled("mkfifo"), "whole files and pipes: there is no mkfifo"),
}, () => {
  using dir = new TempDir();
  Deno.mkdirSync(dir.at("directory"));
  Deno.writeTextFileSync(dir.at("victim"), "as it was");
  Deno.symlinkSync(dir.at("victim"), dir.at("link"));
  Deno.symlinkSync(dir.at("nowhere"), dir.at("dangling"));
  assert.ok(new Deno.Command("mkfifo", { args: [dir.at("pipe")] }).outputSync().success);
  const before = names(dir);
  for (
    const [name, what] of [
      ["directory", /it is a directory$/],
      ["link", /it is a symbolic link; name what it leads to$/],
      ["dangling", /it is a symbolic link/],
      ["pipe", /it is no regular file$/],
    ] as const
  ) {
    assert.throws(() => writeWholeFile(dir.at(name), "x"), (error: Error) => {
      assert.match(error.message, what);
      return error.message.startsWith(`Cannot write ${dir.at(name)}: `);
    });
  }
  assert.deepEqual(names(dir), before);
  assert.equal(Deno.readTextFileSync(dir.at("victim")), "as it was");
  assert.ok(Deno.lstatSync(dir.at("pipe")).isFifo);
});

Deno.test("whole file: no two drafts have a name that could be known before", () => {
  using dir = new TempDir();
  const drafts = Array.from({ length: 20 }, () => new FileDraft(dir.at("file")));
  assert.equal(new Set(drafts.map(({ path }) => path)).size, 20);
  for (const draft of drafts) {
    assert.match(draft.path, /\/\.crunch-\d+-[0-9a-f-]{36}$/);
    draft[Symbol.dispose]();
    draft[Symbol.dispose]();
  }
  assert.deepEqual(names(dir), []);
});

Deno.test("whole file: what could not be written leaves the older one, and no draft", () => {
  using dir = new TempDir();
  Deno.writeTextFileSync(dir.at("file"), "before");
  assert.throws(() => {
    using draft = new FileDraft(dir.at("file"));
    Deno.writeTextFileSync(draft.path, "half");
    throw new Error("the disk is full");
  });
  assert.deepEqual(names(dir), ["file"]);
  assert.equal(Deno.readTextFileSync(dir.at("file")), "before");
});

Deno.test("whole file: drafts of processes that are gone are swept, those of others stay", {
  ignore: !isUnix,
}, () => {
  using dir = new TempDir();
  const draft = (pid: number) => `.crunch-${pid}-${crypto.randomUUID()}`;
  const others = [draft(Deno.ppid), ".crunch-private", "file", `.crunch-${2 ** 30}-x`].sort();
  for (const name of [...others, draft(2 ** 30), draft(Deno.pid)]) {
    Deno.writeTextFileSync(dir.at(name), "");
  }
  sweepDrafts(dir.path);
  assert.deepEqual(names(dir), others);
});
