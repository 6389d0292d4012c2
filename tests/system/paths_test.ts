/** The right folder: run as a task, by a configuration elsewhere, with `~`; and it is said aloud. @module */

import assert from "node:assert/strict";
import { checkout, type CrunchProcess, Household } from "../support/crunch.ts";
import { leftOut } from "../support/left_out.ts";
import { ask } from "../support/visitor.ts";

const checkoutTask = (words: readonly string[]): string[] => [
  "task",
  "-q",
  "--config",
  `${checkout}/deno.json`,
  "crunch",
  ...words,
];

/** `deno task crunch`, typed in `cwd`. */
async function task(
  household: Household,
  words: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: checkoutTask(words),
    cwd,
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME") ?? ""}/.cache/deno`,
      HOME: household.path("home"),
      XDG_RUNTIME_DIR: household.path("run"),
      ...env,
    },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** The lines that say what is published. */
function published({ stderr }: CrunchProcess): string[] {
  return [...stderr.matchAll(/ publishing (.*)\n/g)].map(([, text]) => text!);
}

Deno.test("paths: run as a task, relative ones begin where the command was typed", async (t) => {
  await using household = new Household();
  household.write("here/site/index.html", "mine");
  Deno.symlinkSync(household.path("here"), household.path("link"));
  const cwd = household.path("here");
  const dirs = (text: string) => [...text.matchAll(/^dir = (.*?) +#/gm)].map(([, dir]) => dir);

  await t.step("flags, variables and the file, each with its folder", async () => {
    const flag = await task(household, ["agent", "--check", "--dir", "./site"], { cwd });
    assert.deepEqual(dirs(flag.stdout), [`["${cwd}/site"]`], flag.stderr);
    assert.equal(flag.code, 0);
    const env = { CRUNCH_DIR: "site\n/up=.." };
    const variable = await task(household, ["agent", "--check"], { cwd, env });
    assert.deepEqual(dirs(variable.stdout), [`["${cwd}/site", "/up=${household.root}"]`]);
    household.write("conf/c.toml", '[agent]\ndir = "../here/site"\n');
    const config = ["agent", "--check", "--config", "../conf/c.toml"];
    const file = await task(household, config, { cwd });
    assert.deepEqual(dirs(file.stdout), [`["${household.path("here/site")}"]`], file.stderr);
  });

  await t.step("by a symlink", async () => {
    const env = { INIT_CWD: household.path("link") };
    const { stdout } = await task(household, ["agent", "--check", "--dir", "."], { cwd, env });
    assert.deepEqual(dirs(stdout), [`["${cwd}"]`]);
  });

  await t.step("a directory that is gone is said, and absolute paths go on", async () => {
    const env = { INIT_CWD: household.path("gone") };
    const gone = await task(household, ["agent", "--check", "--dir", "."], { cwd, env });
    assert.equal(gone.code, 2);
    assert.match(
      gone.stderr,
      /--dir is relative to "\/.*\/gone", the directory where it was typed/,
    );
    const dir = household.path("here/site");
    const whole = await task(household, ["agent", "--check", "--dir", dir], { cwd, env });
    assert.equal(whole.code, 0, whole.stderr);
    const unnamed = await task(household, ["agent"], { cwd, env });
    assert.equal(unnamed.code, 2);
    assert.match(unnamed.stderr, /gone".*\n {2}crunch agent --dir/);
  });

  await t.step("errors say the absolute path that was tried", async () => {
    const none = await task(household, ["agent", "--check", "--dir", "./none"], { cwd });
    assert.ok(none.stderr.includes(`Cannot publish ${cwd}/none: there is no such`), none.stderr);
    const file = await task(household, ["agent", "--config", "none.toml"], { cwd });
    assert.ok(file.stderr.includes(`cannot read "${cwd}/none.toml"`), file.stderr);
  });

  await t.step("without --dir it is that directory, and not where a mistake would be", async () => {
    const home = await task(household, ["agent"], { cwd: household.path("home") });
    assert.equal(home.code, 2);
    assert.match(home.stderr, /would publish the home directory/);
  });

  await t.step("elsewhere INIT_CWD is somebody else's", async () => {
    const process = household.crunch(["agent", "--check", "--dir", "site"], {
      cwd,
      env: { INIT_CWD: household.path("home") },
    });
    assert.equal(await process.exit, 0, process.all);
    assert.deepEqual(dirs(process.stdout), [`["${cwd}/site"]`]);
  });
});

Deno.test("paths: the agent says what it publishes, above addresses that stand alone on stdout", async () => {
  await using household = new Household();
  household.write("home/site/index.html", "mine");
  household.write("manual/index.html", "manual");
  const relay = await household.relay();
  const { process, urls } = await household.agent(["--dir", "~/site", "--dir", "docs=manual"]);
  assert.deepEqual(published(process), [
    household.path("home/site"),
    `${household.path("manual")} at /docs/`,
  ]);
  assert.deepEqual(process.stdout.trimEnd().split("\n"), urls);
  assert.ok(urls[0]!.endsWith("/local/"), urls[0]);
  assert.equal((await ask(relay.http, "/local/docs/")).text, "manual");
});

Deno.test("paths: several names, and what comes and goes while it runs, are said", async () => {
  await using household = new Household();
  for (const name of ["one", "two", "three"]) household.write(`${name}/index.html`, name);
  const token = await household.account("alice", { names: ["second"] });
  const relay = await household.relay();
  const toml = (dir: string) =>
    `[agent]\ndir = "${dir}"\n[[agent.publish]]\nname = "second"\ndir = "two"\n`;
  const config = household.write("c.toml", toml("one"));
  const env = { CRUNCH_TOKEN: token };
  const args = ["--relay", relay.tunnel, "--config", config];
  const { process } = await household.agent(args, { env, cwd: "/" });
  const two = `${household.path("two")} as second`;
  assert.deepEqual(published(process), [household.path("one"), two]);
  household.write("c.toml", toml("three"));
  await process.said(/publishing .*three\n/, 20_000);
  assert.deepEqual(published(process), [household.path("one"), two, household.path("three")]);
});

Deno.test("paths: a directory with an = in its name is itself, and one that is not there names the way out", async () => {
  await using household = new Household();
  household.write("year=2026/index.html", "that year");
  const relay = await household.relay();
  const dir = household.path("year=2026");
  const { process } = await household.agent(["--dir", dir]);
  assert.deepEqual(published(process), [dir]);
  assert.equal((await ask(relay.http, "/local/")).text, "that year");
  const wrong = household.crunch(["agent", "--dir", household.path("year=2027")]);
  assert.equal(await wrong.exit, 1);
  const said = `Cannot publish ${household.path("2027")}: there is no such directory`;
  assert.ok(wrong.stderr.includes(said), wrong.stderr);
  assert.match(wrong.stderr, /published at \/.*\/year\/ stands after the =, .* --dir \/=DIR\n/);
});

Deno.test("paths: a crunch.toml beside the site is read, said, and not published", {
  ignore: leftOut(Deno.build.os === "windows", "Windows does not tell whose a file is"),
}, async () => {
  await using household = new Household();
  const config = household.write("site/crunch.toml", '[agent]\nlog-level = "info"\n');
  household.write("site/index.html", "here");
  const relay = await household.relay();
  const { process } = await household.agent([], { cwd: household.path("site") });
  assert.ok(process.stderr.includes(`settings from ${config}\n`), process.stderr);
  assert.deepEqual(published(process), [household.path("site")]);
  assert.equal((await ask(relay.http, "/local/")).text, "here");
  assert.equal((await ask(relay.http, "/local/crunch.toml")).head.status, 404);
  const named = household.crunch(["agent", "--config", "crunch.toml"], {
    cwd: household.path("site"),
  });
  assert.equal(await named.exit, 2);
  assert.match(named.stderr, /which holds .*crunch\.toml: an option names that file/);
});
