/** `deno compile` makes the one file of the right runtime, or says why not; a stand-in is the runtime here. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import { checkout, configuration } from "../../packaging/contents.ts";
import { thisTarget } from "../../packaging/targets.ts";

const hasCompiler = Deno.build.os === "linux" && works("cc");
if (!hasCompiler) console.log("compiled: left out without a C compiler on Linux, for stand-ins");

function works(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}

/** A folder with a base runtime that says it is of `version` and does nothing else. */
class Standin implements Disposable {
  readonly #root = Deno.makeTempDirSync({ prefix: "crunch-denort-" });
  readonly runtime: string = join(this.#root, "denort");
  readonly output: string = join(this.#root, "crunch");

  constructor(version: string) {
    const says = `crunch 1.2.3\\ndeno ${version} (here)`;
    Deno.writeTextFileSync(
      `${this.runtime}.c`,
      `int puts(const char *);\nint main(void) { puts("${says}"); return 0; }\n`,
    );
    const { success, stderr } = new Deno.Command("cc", {
      args: ["-o", this.runtime, `${this.runtime}.c`],
    }).outputSync();
    assert.ok(success, new TextDecoder().decode(stderr));
  }

  get made(): boolean {
    return [...Deno.readDirSync(this.#root)].some(({ name }) => name.includes("crunch"));
  }

  /** Runs `deno task compile --form compiled` with DENORT_BIN. */
  async compile(runtime: string, ...args: string[]) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "packaging/compile.ts", "--form", "compiled"],
        ...["--output", this.output, ...args],
      ],
      cwd: checkout,
      // Nothing is to be fetched from anywhere.
      env: { DENORT_BIN: runtime, HTTPS_PROXY: "http://127.0.0.1:1", NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#root, { recursive: true });
  }
}

const ignore = !hasCompiler;

Deno.test(
  { name: "compiled: modules, workers and pages are behind the runtime", ignore },
  async () => {
    using standin = new Standin(Deno.version.deno);
    const { code, stdout, stderr } = await standin.compile(standin.runtime);
    assert.equal(code, 0, stderr);
    const { size } = Deno.statSync(standin.output);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      `${standin.output}: crunch ${configuration().version} for ${
        thisTarget()!.name
      }, compiled into one file`,
      `${size} bytes (${(size / 1e6).toFixed(1)} MB)`,
    ]);
    const bytes = new TextDecoder("latin1").decode(Deno.readFileSync(standin.output));
    assert.ok(bytes.includes("log_worker.ts"), "a worker, which nobody imports");
    for (const page of ["static/download.html", "examples/site/index.html"]) {
      const title = /<title>.*<\/title>/.exec(Deno.readTextFileSync(join(checkout, page)))![0];
      assert.ok(bytes.includes(title), page);
    }
    assert.ok(!bytes.includes("class BrowserContext"), "that is of playwright-core, for tests");
  },
);

Deno.test({ name: "compiled: a runtime of another Deno is refused", ignore }, async () => {
  using standin = new Standin("2.0.0");
  const { code, stdout, stderr } = await standin.compile(standin.runtime);
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    "compile: not compiled: the base runtime in DENORT_BIN is not that of Deno " +
      `${Deno.version.deno}: what it makes says “crunch 1.2.3, deno 2.0.0 (here)”\n`,
  );
  assert.ok(!standin.made);
});

Deno.test({ name: "compiled: what is no program, or nowhere, is no runtime", ignore }, async () => {
  using standin = new Standin(Deno.version.deno);
  for (const runtime of [`${standin.runtime}.c`, "/nowhere"]) {
    const { code, stderr } = await standin.compile(runtime);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `compile: not compiled: DENORT_BIN, ${runtime}, is no base runtime\n`,
    );
    assert.ok(!standin.made);
  }
});

Deno.test({ name: "compiled: other machines do not get this one's runtime", ignore }, async () => {
  using standin = new Standin(Deno.version.deno);
  const [target, machine] = Deno.build.arch === "x86_64" ? ["linux-arm64", 183] : ["linux-x64", 62];
  const { code, stderr } = await standin.compile(standin.runtime, "--target", `${target}`);
  if (code === 0) {
    // It was fetched some other day. e_machine of its ELF header says whose it is.
    const bytes = Deno.readFileSync(standin.output);
    assert.equal(bytes[18]! + bytes[19]! * 256, machine);
    return;
  }
  assert.match(stderr, /^compile: not compiled: Deno's base runtime cannot be fetched \(.+\)\n$/);
  assert.ok(!standin.made);
});
