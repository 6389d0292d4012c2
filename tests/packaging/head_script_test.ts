/** The script in front of a packed program unpacks it once, privately and whole, and then is gone. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type HeadValues, selfUnpacking } from "../../packaging/packed.ts";
import { leftOut } from "../support/left_out.ts";

/** Does what the script asks of deno: publishing, and running. */
const DENO = `#!/bin/sh
case $1 in
  eval) [ ! -e "$5" ] && mv "$4" "$5" ;;
  --version) [ ! -e "$HOME/alien" ] || { echo not for here >&2; exit 1; } ;;
  run) printf '%s\\n' "$$" "$DENO_DIR" "$@" ;;
esac
`;
const VALUES: HeadValues = {
  VERSION: "1.2.3",
  TARGET: "linux-x64",
  FLAGS: "-A --no-prompt",
  CACHE: ".cache",
  NEEDS: "",
};
/** Not even root makes directories in a file. */
const UNWRITABLE = "/dev/null";
const encoder = new TextEncoder();
const ignore = Deno.build.os !== "linux";

/** A small packed program in an empty directory, beside an empty home. */
class Packed implements AsyncDisposable {
  readonly root: string = Deno.makeTempDirSync({ prefix: "crunch-packed-" });
  readonly program: string = this.path("with space", "crunch");
  readonly home: string = this.path("home");

  static async make(): Promise<Packed> {
    const packed = new Packed();
    Deno.mkdirSync(packed.path("with space"));
    Deno.mkdirSync(packed.home);
    const pieces = await selfUnpacking([
      { path: "deno", content: encoder.encode(DENO), executable: true },
      { path: "app/main.ts", content: crypto.getRandomValues(new Uint8Array(5000)) },
    ], VALUES);
    const bytes = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
    Deno.writeFileSync(packed.program, bytes, { mode: 0o755 });
    return packed;
  }

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  start(args: string[] = [], env: Record<string, string> = {}): Deno.ChildProcess {
    return new Deno.Command(this.program, {
      args,
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin", HOME: this.home, TMPDIR: this.root, ...env },
      cwd: this.home,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async run(args: string[] = [], env: Record<string, string> = {}) {
    const child = this.start(args, env);
    const { code, stdout, stderr } = await child.output();
    const [pid, denoDir, ...rest] = new TextDecoder().decode(stdout).trimEnd().split("\n");
    return {
      code,
      stderr: new TextDecoder().decode(stderr),
      /** It became the program itself. */
      same: Number(pid) === child.pid,
      denoDir,
      args: rest,
    };
  }

  /** What is in a cache. */
  entries(cache: string): string[] {
    return [...Deno.readDirSync(cache)].map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

Deno.test({
  name: "head script: the first start unpacks it into the cache, for this user alone",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    const { code, stderr } = await packed.run();
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    const cache = packed.path("home/.cache/crunch");
    const [name, ...others] = packed.entries(cache);
    assert.match(name!, /^[0-9a-f]{64}$/);
    assert.deepEqual(others, []);
    for (const path of [cache, join(cache, name!)]) {
      assert.equal(Deno.statSync(path).mode! & 0o777, 0o700, path);
    }
  },
});

Deno.test({
  name: "head script: it becomes the program, with the arguments as they came",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    const given = ["relay", "", "a b", "$HOME", "'\"", "--", "*"];
    const { same, args, denoDir } = await packed.run(given);
    assert.ok(same);
    assert.match(denoDir!, /^\/.*\/home\/\.cache\/crunch\/[0-9a-f]{64}\/cache$/);
    const app = denoDir!.replace(/cache$/, "app");
    assert.deepEqual(args, [
      ...["run", "-A", "--no-prompt", "--cached-only", "--node-modules-dir=manual"],
      ...["--config", `${app}/deno.json`, `${app}/main.ts`],
      ...given,
    ]);
  },
});

Deno.test({
  name: "head script: later starts unpack nothing",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    const { denoDir } = await packed.run();
    const main = denoDir!.replace(/cache$/, "app/main.ts");
    Deno.writeTextFileSync(main, "changed");
    assert.equal((await packed.run()).code, 0);
    assert.equal(Deno.readTextFileSync(main), "changed");
  },
});

Deno.test({
  name: "head script: many first starts at once all run, and leave one directory",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    const ends = await Promise.all(Array.from({ length: 8 }, () => packed.run()));
    for (const { code, stderr } of ends) assert.equal(code, 0, stderr);
    assert.equal(packed.entries(packed.path("home/.cache/crunch")).length, 1);
  },
});

Deno.test({
  name: "head script: a damaged file is not unpacked, and says what to do",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    const bytes = Deno.readFileSync(packed.program);
    bytes[bytes.length - 100]! ^= 1;
    Deno.writeFileSync(packed.program, bytes);
    const { code, stderr } = await packed.run();
    assert.equal(code, 1);
    assert.match(stderr, /is damaged: fetch it again/);
    assert.doesNotMatch(stderr, /XDG_CACHE_HOME/, "another place would be no better");
    assert.deepEqual(packed.entries(packed.path("home/.cache/crunch")), []);
  },
});

Deno.test({
  name: "head script: on another kind of machine it names the one that it is for",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    Deno.writeTextFileSync(packed.path("home/alien"), "");
    const { code, stderr } = await packed.run();
    assert.equal(code, 1);
    assert.match(stderr, /^crunch: cannot .*: not for here \(this program is for linux-x64\)\s*$/);
    assert.deepEqual(packed.entries(packed.path("home/.cache/crunch")), []);
  },
});

Deno.test({
  name: "head script: where the cache cannot be written to, the user's runtime directory is used",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    const run = packed.path("run");
    Deno.mkdirSync(run, { mode: 0o700 });
    const env = { XDG_CACHE_HOME: UNWRITABLE, XDG_RUNTIME_DIR: run };
    const { code, stderr, denoDir } = await packed.run([], env);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^crunch: cannot be unpacked into \/dev\/null\/crunch: .*Not a directory/);
    assert.match(stderr, new RegExp(`uses ${run}/crunch-program instead`));
    assert.ok(denoDir!.startsWith(`${run}/crunch-program/`));
    assert.equal(Deno.statSync(`${run}/crunch-program`).mode! & 0o777, 0o700);
  },
});

Deno.test({
  name: "head script: with neither it refuses, leaves nothing below /tmp, and says what to set",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    const before = [...Deno.readDirSync(packed.root)].length;
    for (
      const env of [
        { XDG_CACHE_HOME: UNWRITABLE },
        { HOME: "" },
        { HOME: UNWRITABLE },
        { HOME: "", XDG_RUNTIME_DIR: UNWRITABLE },
      ]
    ) {
      const { code, stderr, args } = await packed.run(["--version"], env);
      assert.equal(code, 1, stderr);
      assert.deepEqual(args, [], "nothing has run");
      const [line, fix] = stderr.trimEnd().split("\n").slice(-2);
      assert.match(line!, /^crunch: needs a directory of this user to be unpacked into/);
      assert.equal(fix, "  export XDG_CACHE_HOME=/path/to/directory");
    }
    assert.equal([...Deno.readDirSync(packed.root)].length, before);
    const { code, stderr } = await packed.run([], { HOME: "", XDG_CACHE_HOME: packed.path("own") });
    assert.equal(code, 0, stderr);
  },
});

Deno.test({
  name: "head script: another user's cache is not run from, whatever lies there",
  ignore: leftOut(ignore || Deno.uid() !== 0, "only root can give a cache to somebody else"),
  fn: async () => {
    await using packed = await Packed.make();
    const { denoDir } = await packed.run();
    Deno.chownSync(denoDir!.replace(/\/cache$/, ""), 65534, 65534);
    Deno.chownSync(packed.path("home/.cache/crunch"), 65534, 65534);
    const { code, stderr, args } = await packed.run();
    assert.equal(code, 1);
    assert.match(stderr, /belongs to somebody else/);
    assert.deepEqual(args, []);
  },
});

Deno.test({
  name: "head script: a link in the cache's place is not followed",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    Deno.mkdirSync(packed.path("elsewhere"));
    Deno.mkdirSync(packed.path("home/.cache"));
    Deno.symlinkSync(packed.path("elsewhere"), packed.path("home/.cache/crunch"));
    assert.equal((await packed.run()).code, 1);
    assert.deepEqual(packed.entries(packed.path("elsewhere")), []);
  },
});

Deno.test({
  name: "head script: what an earlier start left half done is swept out",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    const cache = packed.path("home/.cache/crunch");
    for (const [name, age] of [[".new-old", 3], [".new-young", 0]] as const) {
      Deno.mkdirSync(join(cache, name, "app"), { recursive: true, mode: 0o700 });
      const time = new Date(Date.now() - age * 86_400_000);
      Deno.utimeSync(join(cache, name), time, time);
    }
    assert.equal((await packed.run()).code, 0);
    const left = packed.entries(cache).filter((name) => name.startsWith("."));
    // Another start may be at work there.
    assert.deepEqual(left, [".new-young"]);
  },
});
