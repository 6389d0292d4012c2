/** Claims about paths: what `~`, relative ones and mounts with an `=` mean, wherever they are written. @module */

import assert from "node:assert/strict";
import { commands } from "../../../cli/command_line/commands.ts";
import { type Inputs, parseCommand } from "../../../cli/reading/parse.ts";
import { locatePath, typedDirectory } from "../../../cli/files/paths.ts";
import { BadValue, UsageError } from "../../../cli/terminal/usage.ts";

const HOME = "/home/me";
const place = { folder: () => "/work", home: () => HOME };
const homeless = { folder: () => "/work", home: () => undefined };

function inputs(args: readonly string[], more: Partial<Inputs> = {}): Inputs {
  return { args, env: { HOME }, directory: () => "/work", ...more };
}

/** A folder that is gone with the block, without symlinks in its path. */
function folder(): { readonly path: string } & Disposable {
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "crunch-" }));
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

Deno.test("paths: a leading ~ is the home directory, any other one a name", () => {
  const read = (text: string) => locatePath(text, place);
  assert.equal(read("~"), "/home/me");
  assert.equal(read("~/"), "/home/me/");
  assert.equal(read("~/a b/~/c"), "/home/me/a b/~/c");
  assert.equal(read("./~/x"), "/work/~/x");
  assert.equal(read("a~"), "/work/a~");
  assert.equal(read("/x/~"), "/x/~");
  assert.equal(locatePath("~/x", { ...place, home: () => "/" }), "/x");
  assert.equal(locatePath("~", { ...place, home: () => "/" }), "/");
});

Deno.test("paths: ~ without a home directory is refused with the way out, absolute ones go on", () => {
  for (const home of [undefined, "", "relative"]) {
    for (const text of ["~", "~/x"]) {
      assert.throws(
        () => locatePath(text, { ...place, home: () => home }),
        (error) => error instanceof BadValue && /HOME .*write the whole path/.test(error.message),
      );
    }
  }
  assert.equal(locatePath("/x", homeless), "/x");
  assert.equal(locatePath("x", homeless), "/work/x");
});

Deno.test("paths: ~bob and $HOME are a shell's to expand, but may be names that are there", () => {
  using dir = folder();
  const here = { ...place, folder: () => dir.path };
  for (const text of ["~bob", "~bob/site", "~+", "$HOME", "$HOME/site", "${HOME}/site"]) {
    assert.throws(() => locatePath(text, here), /which only a shell expands: .*~\/… .*\.\/[~$]/);
  }
  Deno.mkdirSync(`${dir.path}/~bob`);
  assert.equal(locatePath("~bob", here), `${dir.path}/~bob`);
});

Deno.test("paths: relative ones begin in their folder, as the system would follow them", () => {
  const read = (text: string) => locatePath(text, { ...place, folder: () => "/work/sub" });
  assert.equal(read("."), "/work/sub");
  assert.equal(read("./"), "/work/sub");
  assert.equal(read("./a//b/./c/"), "/work/sub/a/b/c");
  assert.equal(read(".."), "/work");
  assert.equal(read("../../../../x"), "/x");
  assert.equal(read("../.."), "/");
  assert.equal(read("..."), "/work/sub/...");
  assert.equal(locatePath("a", { ...place, folder: () => "/" }), "/a");
  // A directory behind a symlink has another parent: what stands in the middle is the system's to follow.
  assert.equal(read("link/../x"), "/work/sub/link/../x");
  assert.equal(locatePath("a", { ...place, folder: () => undefined }), "a");
});

Deno.test("paths: above a symlink is above the directory that it leads to", () => {
  using dir = folder();
  Deno.mkdirSync(`${dir.path}/real/sub`, { recursive: true });
  Deno.symlinkSync(`${dir.path}/real/sub`, `${dir.path}/link`);
  const here = { ...place, folder: () => `${dir.path}/link` };
  assert.equal(locatePath("../x", here), `${dir.path}/real/x`);
  assert.equal(locatePath("x", here), `${dir.path}/link/x`);
});

Deno.test("paths: of every option that takes one, in flags, variables and the file alike", async () => {
  using dir = folder();
  for (const name of ["cert", "key", "secret"]) Deno.writeTextFileSync(`${dir.path}/${name}`, "x");
  const env = { HOME: dir.path };
  const expected = {
    data: `${dir.path}/data`,
    downloads: `${dir.path}/d`,
    tlsCert: `${dir.path}/cert`,
    tlsKey: `${dir.path}/key`,
    readyFile: `${dir.path}/ready`,
    http: [{ transport: "unix", path: `${dir.path}/socket` }],
    adminPassword: "x",
  };
  const settings = {
    "data": "data",
    "downloads": "d",
    "tls-cert": "cert",
    "tls-key": "key",
    "ready-file": "ready",
    "http": "unix:socket",
    "admin-password-file": "secret",
  };
  const read = async (given: Inputs) => {
    const { values } = await parseCommand(commands.relay, given);
    const { data, downloads, tlsCert, tlsKey, readyFile, http, adminPassword } = values;
    const secret = adminPassword?.reveal();
    return { data, downloads, tlsCert, tlsKey, readyFile, http, adminPassword: secret };
  };
  for (const before of ["~/", "", "./"]) {
    const pairs = Object.entries(settings).map(([word, text]) =>
      [word, text.replace(/^(unix:)?/, `$&${before}`)] as const
    );
    const flags = pairs.map(([word, text]) => `--${word}=${text}`);
    assert.deepEqual(await read({ args: flags, env, directory: () => dir.path }), expected);
    const variables = pairs.map(([word, text]) =>
      [`CRUNCH_${word.replaceAll("-", "_").toUpperCase()}`, text] as const
    );
    assert.deepEqual(
      await read({
        args: [],
        env: { ...env, ...Object.fromEntries(variables) },
        directory: () => dir.path,
      }),
      expected,
    );
    const toml = pairs.map(([word, text]) => `${word} = "${text}"\n`).join("");
    const config = `${dir.path}/crunch.toml`;
    Deno.writeTextFileSync(config, `[relay]\n${toml}`);
    for (const args of [["--config", "~/crunch.toml"], ["--config", config]]) {
      assert.deepEqual(await read({ args, env, directory: () => "/elsewhere" }), expected);
    }
  }
});

Deno.test("paths: those of [[agent.publish]] and of mounts begin in the file's folder, too", async () => {
  using dir = folder();
  const toml = '[agent]\ndir = [".", "/docs=~/manual", "api=../x"]\n' +
    '[[agent.publish]]\nname = "two"\ndir = ["site", "/d=./e"]\n';
  Deno.mkdirSync(`${dir.path}/sub`);
  Deno.writeTextFileSync(`${dir.path}/sub/c.toml`, toml);
  const { values, written } = await parseCommand(commands.agent, {
    args: ["--config", "sub/c.toml"],
    env: { HOME },
    directory: () => dir.path,
  });
  assert.deepEqual(values.dir, [
    { mount: "/", value: `${dir.path}/sub` },
    { mount: "/docs", value: "/home/me/manual" },
    { mount: "/api", value: `${dir.path}/x` },
  ]);
  assert.deepEqual(values.publish.map(({ name, dir }) => ({ name, dir })), [{
    name: "two",
    dir: [
      { mount: "/", value: `${dir.path}/sub/site` },
      { mount: "/d", value: `${dir.path}/sub/e` },
    ],
  }]);
  assert.deepEqual(written.dir.texts, [
    `${dir.path}/sub`,
    "/docs=/home/me/manual",
    `/api=${dir.path}/x`,
  ]);
});

Deno.test("paths: a whole text that is there is meant, whatever its = looks like", async () => {
  using dir = folder();
  const read = async (text: string) => {
    const { values } = await parseCommand(
      commands.agent,
      inputs(["--dir", text], { directory: () => dir.path, env: { HOME: dir.path } }),
    );
    return [values.dir[0]!.mount, values.dir[0]!.value];
  };
  assert.deepEqual(await read(`${dir.path}/year=2026`), [
    `${dir.path}/year`,
    `${dir.path}/2026`,
  ]);
  assert.deepEqual(await read("year=2026"), ["/year", `${dir.path}/2026`]);
  Deno.mkdirSync(`${dir.path}/year=2026/month=1`, { recursive: true });
  const whole = `${dir.path}/year=2026`;
  assert.deepEqual(await read(whole), ["/", whole]);
  assert.deepEqual(await read(`${whole}/month=1`), ["/", `${whole}/month=1`]);
  assert.deepEqual(await read("year=2026"), ["/", whole]);
  assert.deepEqual(await read("~/year=2026"), ["/", whole]);
  assert.deepEqual(await read("./year=2026"), ["/", whole]);
  assert.deepEqual(await read("/x=year=2026"), ["/x", whole]);
  assert.deepEqual(await read(`/=${whole}`), ["/", whole]);
  assert.deepEqual(await read("year=2027"), ["/year", `${dir.path}/2027`]);
});

Deno.test("paths: a mistake is told by the option, not as a fault", async () => {
  const cases: Array<[string[], Record<string, string>, RegExp]> = [
    [["--data=~/x"], {}, /^--data begins with ~, and the variable HOME names no home directory/],
    [[], { CRUNCH_TLS_CERT: "~/x" }, /^CRUNCH_TLS_CERT begins with ~/],
    [["--http=unix:~/x"], {}, /^--http begins with ~/],
    [["--config=~/x"], {}, /^--config begins with ~/],
    [["--data=~\0"], {}, /^--data holds a NUL/],
  ];
  for (const [args, env, message] of cases) {
    await assert.rejects(
      parseCommand(commands.relay, inputs(args, { env })),
      (error) => error instanceof UsageError && message.test(error.message),
      String(message),
    );
  }
  const gone = (): string => {
    throw new BadValue("is relative to a directory that is gone");
  };
  const relay = (...args: string[]) =>
    parseCommand(commands.relay, inputs(args, { directory: gone }));
  await assert.rejects(relay("--data", "x"), /^UsageError: --data is relative to a directory/);
  assert.equal((await relay("--data", "/x")).values.data, "/x");
});

Deno.test("typed directory: INIT_CWD counts in a task of the checkout, and nowhere else", () => {
  using dir = folder();
  Deno.mkdirSync(`${dir.path}/typed`);
  Deno.symlinkSync(`${dir.path}/typed`, `${dir.path}/link`);
  const here = Deno.cwd();
  const at = (checkout: string | undefined, INIT_CWD?: string) =>
    typedDirectory({ checkout, env: INIT_CWD === undefined ? {} : { INIT_CWD } });
  assert.equal(at(here, `${dir.path}/typed`), `${dir.path}/typed`);
  assert.equal(at(here, `${dir.path}/link`), `${dir.path}/typed`);
  assert.equal(at(here), here);
  assert.equal(at(here, ""), here);
  assert.equal(at(here, "relative"), here);
  assert.equal(at(undefined, `${dir.path}/typed`), here, "a built program is no task");
  assert.equal(at(dir.path, `${dir.path}/typed`), here, "a task runs in the checkout");
  assert.throws(() => at(here, `${dir.path}/none`), /none", the directory .*is gone: write an abs/);
});
