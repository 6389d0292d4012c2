/** Files that an agent's own options name, in the folder that it publishes. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";

Deno.test("own secrets: no file that an option names is published or listed, by whatever link", async () => {
  await using household = new Household();
  const token = await household.account("alice");
  const relay = await household.relay();
  const site = household.path("site");
  for (
    const [name, text] of Object.entries({
      "index.txt": "hello",
      "sub/secret.txt": token,
      "crunch.db": "accounts",
      "crunch.db-wal": "accounts",
      "sub/keep.txt": "kept",
    })
  ) household.write(`site/${name}`, text);
  household.write("site/agent.toml", `[agent]\ntoken-file = "sub/secret.txt"\n`);
  Deno.symlinkSync("sub/secret.txt", `${site}/link.txt`);
  Deno.linkSync(`${site}/sub/secret.txt`, `${site}/hard.txt`);
  Deno.symlinkSync(".", `${site}/round`);
  const agent = household.crunch([
    ...["agent", "--relay", relay.tunnel, "--config", `${site}/agent.toml`, "--dir", site],
    ...["--ready-file", `${site}/ready.json`],
  ]);
  await agent.ready(`${site}/ready.json`);
  const get = async (path: string): Promise<{ status: number; text: string }> =>
    await ask(relay.http, `/alice/${path}`);
  assert.equal((await get("index.txt")).text, "hello");
  assert.equal((await get("sub/keep.txt")).text, "kept");
  for (
    const path of [
      ...["sub/secret.txt", "link.txt", "hard.txt", "round/sub/secret.txt"],
      ...["agent.toml", "ready.json", "crunch.db", "crunch.db-wal", "sub/secret.tx%74"],
    ]
  ) assert.equal((await get(path)).status, 404, path);
  const listed = (await get("")).text + (await get("sub/")).text;
  assert.match(listed, /index\.txt[^]*keep\.txt/);
  assert.doesNotMatch(listed, /secret|link\.txt|hard|agent\.toml|ready|crunch\.db/);
  // A secret that is replaced while the agent runs is one still.
  household.write("site/sub/new.txt", "another");
  Deno.renameSync(`${site}/sub/new.txt`, `${site}/sub/secret.txt`);
  assert.equal((await get("sub/secret.txt")).status, 404);
  assert.equal((await get("round/sub/secret.txt")).status, 404);
  assert.equal(agent.code, null);
});

Deno.test("own secrets: the current directory is not published unasked with one in it", async () => {
  await using household = new Household();
  const file = household.write("here/deep/alice.txt", "correct horse");
  const here = household.path("here");
  const args = ["agent", "--relay", "127.0.0.1:1", "--user", "alice", "--password-file"];
  for (const name of ["deep/alice.txt", file]) {
    const process = household.crunch([...args, name], { cwd: here });
    assert.equal(await process.exit, 2, process.all);
    assert(process.stderr.includes(`which holds ${Deno.realPathSync(file)}`), process.stderr);
    assert.match(
      process.stderr,
      /\n {2}crunch agent --relay 127\.0\.0\.1:1 --user alice --dir \.\/site\n/,
    );
  }
});
