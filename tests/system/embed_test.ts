/** Relay and agent as parts of another program. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { TempDir } from "../relay/store/temp_dir.ts";
import { checkout } from "../support/crunch.ts";

/** What a program that embeds the checkout says. It has as long as a start takes on a busy machine. */
async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const decoder = new TextDecoder();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    signal: AbortSignal.timeout(30_000),
  }).output();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("embedding: the example publishes a folder, fetches a file of it and ends", async () => {
  using dir = new TempDir();
  Deno.writeTextFileSync(dir.at("hello.txt"), "Hello through both!");
  const example = join(checkout, "examples/embed.ts");
  // What would be options of the command must not matter.
  const env = { TMPDIR: dir.path, CRUNCH_HTTP: "nowhere", CRUNCH_RELAY: "127.0.0.1:9" };
  const { code, stdout, stderr } = await run(["-A", example, dir.path, "hello.txt"], env);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  const [visitors, published, ...answer] = stdout.trimEnd().split("\n");
  const http = /^visitors {2}(http:\/\/127\.0\.0\.1:\d+\/)$/.exec(visitors!)?.[1];
  const port = new URL(http!).port;
  assert.equal(published, `published ${http}local/  http://local.localhost:${port}/`);
  assert.deepEqual(answer, ["", "200 text/plain; charset=utf-8", "", "Hello through both!"]);
  const left = [...Deno.readDirSync(dir.path)].map(({ name }) => name);
  assert.deepEqual(left, ["hello.txt"], "it leaves nothing");
});

Deno.test("embedding: a program elsewhere brings the packages of crunch, and may see no environment", async () => {
  using dir = new TempDir();
  const { imports } = JSON.parse(Deno.readTextFileSync(join(checkout, "deno.json")));
  Deno.writeTextFileSync(dir.at("deno.json"), JSON.stringify({ imports, lock: false }));
  const module = (path: string): string => JSON.stringify(pathToFileURL(join(checkout, path)).href);
  Deno.writeTextFileSync(
    dir.at("program.ts"),
    `import { startRelay } from ${module("relay/mod.ts")};
import { startAgent } from ${module("agent/mod.ts")};
const [data, dir] = Deno.args;
await using relay = await startRelay({ http: 0, tunnel: 0, data });
await using agent = await startAgent({ relay: relay.local, dir });
const [url] = await agent.urls;
console.log(await (await fetch(url + "page.txt")).text());
`,
  );
  Deno.mkdirSync(dir.at("site"));
  Deno.writeTextFileSync(dir.at("site/page.txt"), "elsewhere");
  const allowed = ["--allow-net", "--allow-read", `--allow-write=${dir.path}`, "--allow-sys"];
  const program = [dir.at("program.ts"), dir.at("data"), dir.at("site")];
  const { code, stdout, stderr } = await run([...allowed, ...program]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "elsewhere\n");
});
