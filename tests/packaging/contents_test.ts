/** Everything that the program needs is in the one file, and nothing of its developers. @module */

import assert from "node:assert/strict";
import {
  assets,
  checkout,
  configuration,
  DEVELOPMENT,
  packedFiles,
  PROGRAM,
  programFiles,
  runFlags,
  workerModules,
} from "../../packaging/contents.ts";

const decoder = new TextDecoder();

Deno.test("contents: every folder of the house is in or out on purpose", () => {
  const known = new Set([...PROGRAM, ...DEVELOPMENT].map((part) => part.split("/")[0]));
  const folders = [...Deno.readDirSync(checkout)]
    .filter(({ name, isDirectory }) => isDirectory && !/^(\.|node_modules$|dist$)/.test(name))
    .map(({ name }) => name);
  assert.deepEqual(folders.filter((name) => !known.has(name)), []);
});

Deno.test("contents: of a folder that is in by parts, every part is in or out on purpose", () => {
  const known = new Set([...PROGRAM, ...DEVELOPMENT]);
  const divided = [...known].filter((part) => part.includes("/")).map((part) =>
    part.split("/")[0]!
  );
  const parts = [...new Set(divided)].flatMap((folder) =>
    [...Deno.readDirSync(`${checkout}/${folder}`)].map(({ name }) => `${folder}/${name}`)
  );
  assert.ok(parts.includes("examples/embed.ts"));
  assert.deepEqual(parts.filter((part) => !known.has(part)), []);
  assert.ok(!programFiles().includes("examples/embed.ts"));
});

Deno.test("contents: every file that a module names beside itself is in", () => {
  const program = new Set(programFiles());
  const missing: string[] = [];
  let named = 0;
  for (const path of program) {
    if (!path.endsWith(".ts")) continue;
    const text = Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
    for (const [, file] of text.matchAll(/new URL\(\s*"([^"$]+)",\s*import\.meta\.url/g)) {
      named++;
      const wanted = new URL(file!, `file:///${path}`).pathname.slice(1);
      const there = wanted === "" || wanted.endsWith("/")
        ? programFiles().some((path) => path.startsWith(wanted))
        : program.has(wanted);
      if (!there) missing.push(`${path} → ${wanted}`);
    }
  }
  assert.ok(named >= 4, "some do");
  assert.deepEqual(missing, []);
});

Deno.test("contents: the dashboard is in, as soon as there is one; docs and tests are not", () => {
  assert.ok(PROGRAM.includes("dashboard"));
  for (const folder of ["docs", "tests", "packaging", "benchmarks"]) {
    assert.ok(DEVELOPMENT.includes(folder), folder);
    assert.deepEqual(programFiles().filter((path) => path.startsWith(`${folder}/`)), []);
  }
});

Deno.test("contents: workers and what modules read are named for deno compile", () => {
  assert.ok(workerModules().includes("relay/store/log_worker.ts"));
  const read = assets();
  for (
    const path of ["static/error.html", "agent/files/listing.html", "examples/site/index.html"]
  ) {
    assert.ok(read.includes(path), path);
  }
  assert.deepEqual(read.filter((path) => /^(agent|relay|http|cli|tunnel)\/.*\.ts$/.test(path)), []);
});

Deno.test("contents: a packed program has the packages that it imports, and no others", async () => {
  const files = await packedFiles();
  const packages = new Set(
    files.map(({ path }) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
      .filter((name) => name !== undefined),
  );
  assert.ok(packages.has("hono"));
  assert.ok(packages.has("zod"));
  assert.ok(!packages.has("playwright-core"), "that is for tests");
  assert.ok(!files.some(({ path }) => /^(tests|packaging|benchmarks)\//.test(path)));
  assert.ok(files.some(({ path }) => /^node_modules\/hono\/LICENSE/i.test(path)));
});

Deno.test("contents: a packed program's configuration says that it is one, and looks for nothing elsewhere", async () => {
  const files = await packedFiles();
  const { content } = files.find(({ path }) => path === "deno.json")!;
  const packed = JSON.parse(decoder.decode(content));
  assert.equal(packed.form, "packed");
  assert.equal(packed.version, configuration().version);
  assert.equal(packed.nodeModulesDir, "manual");
  assert.equal(packed.lock, false);
  assert.equal(packed.tasks, undefined);
});

Deno.test("contents: the program runs with the flags of deno task crunch", () => {
  assert.ok(runFlags().includes("-A"));
  assert.ok(runFlags().some((flag) => flag.startsWith("--v8-flags=")));
});

Deno.test("contents: workers start from modules that are kept, as their files may go", () => {
  const starts = programFiles().filter((path) => path.endsWith(".ts"))
    .filter((path) =>
      Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url)).includes("new Worker(")
    );
  assert.deepEqual(starts, ["relay/store/held_worker.ts"]);
});
