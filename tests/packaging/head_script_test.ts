/** The script in front of a packed program unpacks it once, privately and whole, and then is gone. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import { checkout } from "../../packaging/contents.ts";
import { type HeadValues, selfUnpacking } from "../../packaging/packed.ts";
import { eventually } from "../support/deadline.ts";
import { leftOut } from "../support/left_out.ts";

/** Does what the script asks of deno. */
const DENO = `#!/bin/sh
case $* in
  *publish.ts*) exec '${Deno.execPath()}' "$@" ;;
esac
case $1 in
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
      { path: "publish.ts", content: Deno.readFileSync(join(checkout, "packaging/publish.ts")) },
      { path: "app/main.ts", content: crypto.getRandomValues(new Uint8Array(5000)) },
      { path: "app/with space/é.txt", content: encoder.encode("text") },
      { path: "app/empty", content: new Uint8Array() },
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

  /** What is in a cache, beside its lock. */
  entries(cache: string): string[] {
    return [...Deno.readDirSync(cache)].map(({ name }) => name).filter((name) => name !== ".lock");
  }

  /** Runs it for the first time, and returns where it is now. */
  async unpacked(): Promise<string> {
    const { denoDir, stderr } = await this.run();
    assert.ok(denoDir?.endsWith("/cache"), stderr);
    return denoDir!.slice(0, -"/cache".length);
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
    const place = await packed.unpacked();
    const { ino } = Deno.statSync(place);
    Deno.writeTextFileSync(`${place}/cache/x`, "Deno's own");
    assert.equal((await packed.run()).code, 0);
    assert.equal(Deno.statSync(place).ino, ino);
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
    const place = await packed.unpacked();
    const around = packed.path("home/.cache");
    for (const path of [around, `${around}/crunch`]) {
      Deno.chownSync(path, 65534, 65534);
      const { code, stderr, args } = await packed.run();
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`${path} belongs to the user with id 65534; give a`));
      assert.deepEqual(args, []);
      Deno.chownSync(path, 0, 0);
    }
    // One that another user has made is put away, and not run.
    Deno.writeTextFileSync(`${place}/app/main.ts`, "stolen");
    Deno.chownSync(place, 65534, 65534);
    assert.equal((await packed.run()).code, 0);
    assert.equal(Deno.statSync(place).uid, 0);
    assert.notEqual(Deno.statSync(`${place}/app/main.ts`).size, "stolen".length);
  },
});

for (const mode of [0o777, 0o775, 0o757]) {
  Deno.test({
    name: `head script: what lies where others may write (${mode.toString(8)}) is not run`,
    ignore,
    fn: async () => {
      await using packed = await Packed.make();
      const place = await packed.unpacked();
      const cache = packed.path("home/.cache");
      for (const path of [packed.home, cache, `${cache}/crunch`]) {
        const before = Deno.statSync(path).mode! & 0o777;
        Deno.chmodSync(path, mode);
        const { code, stderr, args } = await packed.run();
        assert.equal(code, 1);
        assert.deepEqual(args, []);
        assert.ok(
          stderr.includes(`others may write to ${path}; type: chmod go-w '${path}'`),
          stderr,
        );
        assert.ok(
          new Deno.Command("sh", {
            args: ["-c", /chmod .*'/.exec(stderr)![0]],
          }).outputSync().success,
        );
        assert.equal((await packed.run()).code, 0, "what it says mends it");
        Deno.chmodSync(path, before);
      }
      // Others could have put anything into it.
      const { ino } = Deno.statSync(place);
      Deno.chmodSync(place, mode);
      assert.equal((await packed.run()).code, 0);
      assert.notEqual(Deno.statSync(place).ino, ino);
      assert.equal(Deno.statSync(place).mode! & 0o777, 0o700);
    },
  });
}

Deno.test({
  name: "head script: nothing is unpacked where others may write, as they could put a link there",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    Deno.mkdirSync(packed.path("shared"));
    Deno.chmodSync(packed.path("shared"), 0o777);
    const { code, stderr } = await packed.run([], { XDG_CACHE_HOME: packed.path("shared/mine") });
    assert.equal(code, 1);
    assert.match(stderr, /others may write to .*\/shared; type: chmod go-w/);
    assert.deepEqual(packed.entries(packed.path("shared")), []);
    // As /tmp is: others can add something, but take nothing away.
    Deno.chmodSync(packed.path("shared"), 0o1777);
    const own = await packed.run([], { XDG_CACHE_HOME: packed.path("shared/mine") });
    assert.equal(own.code, 0, own.stderr);
  },
});

for (
  const [what, damage] of [
    ["a file is gone", (place) => Deno.removeSync(`${place}/app/with space/é.txt`)],
    ["a file is empty", (place) => Deno.truncateSync(`${place}/app/main.ts`)],
    ["a file is changed", (place) => Deno.writeTextFileSync(`${place}/app/main.ts`, "other")],
    ["its sources are gone", (place) => Deno.removeSync(`${place}/app`, { recursive: true })],
    ["deno is empty", (place) => Deno.truncateSync(`${place}/deno`)],
    ["deno is gone", (place) => Deno.removeSync(`${place}/deno`)],
    ["deno may not be run", (place) => Deno.chmodSync(`${place}/deno`, 0o600)],
    ["it was cut off before the end", (place) => Deno.removeSync(`${place}/complete`)],
    ["a dying process has made it anew", (place) => {
      Deno.removeSync(place, { recursive: true });
      Deno.mkdirSync(`${place}/cache`, { recursive: true });
    }],
  ] as ReadonlyArray<readonly [string, (place: string) => void]>
) {
  Deno.test({
    name: `head script: where ${what}, it is unpacked again, and runs`,
    ignore,
    fn: async () => {
      await using packed = await Packed.make();
      const place = await packed.unpacked();
      damage(place);
      const { code, stderr, args } = await packed.run(["x"]);
      assert.equal(code, 0, stderr);
      assert.equal(args.at(-1), "x");
      assert.equal(Deno.statSync(`${place}/app/main.ts`).size, 5000);
      assert.deepEqual(packed.entries(packed.path("home/.cache/crunch")).length, 1);
    },
  });
}

Deno.test({
  name: "head script: many starts at once on a damaged one all run, and leave one directory",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    const place = await packed.unpacked();
    Deno.truncateSync(`${place}/deno`);
    const ends = await Promise.all(Array.from({ length: 6 }, () => packed.run()));
    for (const { code, stderr } of ends) assert.equal(code, 0, stderr);
    assert.equal(packed.entries(packed.path("home/.cache/crunch")).length, 1);
  },
});

Deno.test({
  name: "head script: a start that is killed while it unpacks leaves nothing that is run",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    const cache = packed.path("home/.cache/crunch");
    const child = packed.start();
    await eventually(() => {
      try {
        return packed.entries(cache).some((name) => name.startsWith(".new-"));
      } catch {
        return false;
      }
    });
    child.kill("SIGKILL");
    await child.output();
    const { code, stderr } = await packed.run();
    assert.equal(code, 0, stderr);
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

Deno.test({
  name: "head script: in a directory that is gone it says so, and what to do",
  ignore,
  fn: async () => {
    await using packed = await Packed.make();
    const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-c", 'rmdir "$PWD" && exec "$0" --version', packed.program],
      cwd: Deno.makeTempDirSync({ prefix: "crunch-gone-" }),
      env: { HOME: packed.home },
    }).output();
    assert.equal(code, 1);
    assert.equal(new TextDecoder().decode(stdout), "");
    // Some shells have a word to say before.
    assert.match(
      new TextDecoder().decode(stderr),
      /^crunch: the current directory is gone; go to one that is there:\n {2}cd\n$/m,
    );
  },
});
