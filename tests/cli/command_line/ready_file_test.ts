/** Claims about the file that says that everything works. @module */

import assert from "node:assert/strict";
import { unreadyFile, writeReadyFile } from "../../../cli/command_line/ready_file.ts";
import { within } from "../../support/deadline.ts";
import { leftOut } from "../../support/left_out.ts";
import { isInstalled } from "../../support/proxy.ts";
import { TempDir } from "../../relay/store/temp_dir.ts";

const ignore = leftOut(
  Deno.build.os === "windows" || !isInstalled("mkfifo"),
  "ready files that are pipes: there is no mkfifo",
);

Deno.test("ready file: one line of JSON, and nothing beside it", async () => {
  using dir = new TempDir();
  for (const http of ["127.0.0.1:100000", "127.0.0.1:1"]) {
    await writeReadyFile(dir.at("ready"), { http, https: null });
    assert.equal(Deno.readTextFileSync(dir.at("ready")), `{"http":"${http}","https":null}\n`);
    assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["ready"]);
  }
});

Deno.test("ready file: a folder that is missing is an error, also before anything starts", () => {
  using dir = new TempDir();
  const path = dir.at("no/ready");
  assert.throws(() => writeReadyFile(path, {}), Deno.errors.NotFound);
  assert.equal(unreadyFile(path), `cannot write "${path}": there is no such directory`);
  assert.equal(unreadyFile(dir.at("ready")), undefined);
});

Deno.test("ready file: a pipe gets the line once somebody reads, and stays a pipe", {
  ignore,
}, async () => {
  using dir = new TempDir();
  const path = dir.at("pipe");
  assert.ok(new Deno.Command("mkfifo", { args: [path] }).outputSync().success);
  assert.equal(unreadyFile(path), undefined);
  const written = writeReadyFile(path, { urls: ["http://here/"] });
  const line = await within(Deno.readTextFile(path), "the line");
  assert.equal(line, '{"urls":["http://here/"]}\n');
  await written;
  assert.ok(Deno.lstatSync(path).isFifo);
});

Deno.test("ready file: a link is followed to a pipe or a device, and to nothing else", {
  ignore,
}, async () => {
  using dir = new TempDir();
  assert.ok(new Deno.Command("mkfifo", { args: [dir.at("pipe")] }).outputSync().success);
  Deno.symlinkSync(dir.at("pipe"), dir.at("to-pipe"));
  Deno.symlinkSync("/dev/null", dir.at("to-null"));
  Deno.writeTextFileSync(dir.at("victim"), "as it was");
  Deno.symlinkSync(dir.at("victim"), dir.at("to-file"));
  for (const name of ["to-pipe", "to-null"]) assert.equal(unreadyFile(dir.at(name)), undefined);
  const written = writeReadyFile(dir.at("to-pipe"), {});
  assert.equal(await within(Deno.readTextFile(dir.at("pipe")), "the line"), "{}\n");
  await written;
  assert.match(unreadyFile(dir.at("to-file"))!, /: it is a symbolic link; name what it leads to$/);
  assert.throws(() => writeReadyFile(dir.at("to-file"), {}), /it is a symbolic link/);
  assert.equal(Deno.readTextFileSync(dir.at("victim")), "as it was");
  assert.ok(Deno.lstatSync(dir.at("to-file")).isSymlink);
});
