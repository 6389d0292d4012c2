/** Claims about `crunch.toml` where the command was typed: read, and named, when it is the user's own. @module */

import assert from "node:assert/strict";
import { commands } from "../../../cli/command_line/commands.ts";
import { parseCommand } from "../../../cli/reading/parse.ts";
import { leftOut } from "../../support/left_out.ts";

function folder(): { readonly path: string } & Disposable {
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "crunch-" }));
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

const read = (directory: string, args: readonly string[] = [], env = {}) =>
  parseCommand(commands.agent, { args, env, directory: () => directory });

const isUnix = Deno.build.os !== "windows";

Deno.test("own configuration: is read, named, and its paths begin beside it", {
  ignore: leftOut(!isUnix, "Windows does not tell whose a file is"),
}, async () => {
  using dir = folder();
  Deno.writeTextFileSync(`${dir.path}/crunch.toml`, '[agent]\nname = "mine"\ndir = "site"\n');
  const { values, sources, notes, warnings, config } = await read(dir.path);
  assert.equal(values.name, "mine");
  assert.equal(values.dir[0]?.value, `${dir.path}/site`);
  assert.equal(sources.name.name, "crunch.toml, line 2");
  assert.deepEqual(notes, [`settings from ${dir.path}/crunch.toml`]);
  assert.deepEqual(warnings, []);
  assert.equal(config, `${dir.path}/crunch.toml`);
  Deno.writeTextFileSync(`${dir.path}/crunch.toml`, "[agent]\nname = mine\n");
  await assert.rejects(read(dir.path), /crunch\.toml, line 2: texts stand in quotes: "mine"/);
});

Deno.test("own configuration: gives way to one that is named, and to flags", async () => {
  using dir = folder();
  Deno.writeTextFileSync(`${dir.path}/crunch.toml`, '[agent]\nname = "mine"\n');
  Deno.writeTextFileSync(`${dir.path}/other.toml`, '[agent]\nname = "other"\n');
  for (
    const [args, env] of [[["--config", "other.toml"], {}], [[], {
      CRUNCH_CONFIG: "other.toml",
    }]] as const
  ) {
    const { values, notes } = await read(dir.path, args, env);
    assert.equal(values.name, "other");
    assert.deepEqual(notes, []);
  }
  assert.equal((await read(dir.path, ["--name", "flag"])).values.name, "flag");
});

Deno.test("own configuration: another user's, or a link of one, is left alone with a warning", {
  ignore: leftOut(!isUnix || Deno.uid() !== 0, "only root can give files away"),
}, async () => {
  using dir = folder();
  const path = `${dir.path}/crunch.toml`;
  Deno.writeTextFileSync(path, '[agent]\nname = "theirs"\n');
  Deno.chownSync(path, 65534, 65534);
  const refused = async (): Promise<void> => {
    const { values, warnings, notes } = await read(dir.path);
    assert.equal(values.name, undefined);
    assert.deepEqual(notes, []);
    assert.match(
      warnings[0] ?? "",
      /crunch\.toml is left alone, as it belongs to another user; .*--config/,
    );
  };
  await refused();
  assert.equal((await read(dir.path, ["--config", "crunch.toml"])).values.name, "theirs");
  Deno.renameSync(path, `${dir.path}/theirs`);
  Deno.symlinkSync(`${dir.path}/theirs`, path);
  await refused();
});

Deno.test("own configuration: where there is none, or no directory, nothing is said", async () => {
  using dir = folder();
  Deno.mkdirSync(`${dir.path}/crunch.toml`);
  for (const where of [dir.path, `${dir.path}/gone`]) {
    const { notes, warnings } = await read(where);
    assert.deepEqual([notes, warnings], [[], []]);
  }
});

Deno.test("agent: what stands behind its options is as good as --dir", async () => {
  const dirs = async (...args: string[]) => (await read("/work", args)).values.dir;
  assert.deepEqual(await dirs("site"), [{ mount: "/", value: "/work/site" }]);
  assert.deepEqual(await dirs("--name", "a", "docs=x", "--dir", "y"), [
    { mount: "/", value: "/work/y" },
    { mount: "/docs", value: "/work/x" },
  ]);
  assert.deepEqual(await dirs("--", "--odd"), [{ mount: "/", value: "/work/--odd" }]);
  await assert.rejects(dirs("a", "b"), /mounts two things at \//);
  await assert.rejects(dirs(""), /DIR is empty/);
});
