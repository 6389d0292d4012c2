/** Claims about `crunch demo`, as a whole process. @module */

import assert from "node:assert/strict";
import { checkout, type CrunchProcess, Household } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";
import { freePort } from "../support/free_port.ts";

/** A folder that holds the program as a checkout does, without leaving anything in the real one. */
function programFolder(home: Household, name = "program"): string {
  const folder = home.path(name);
  Deno.mkdirSync(folder);
  for (const entry of Deno.readDirSync(checkout)) {
    if (!entry.name.startsWith(".")) {
      Deno.symlinkSync(`${checkout}/${entry.name}`, `${folder}/${entry.name}`);
    }
  }
  return folder;
}

interface Demo {
  readonly process: CrunchProcess;
  readonly http: string;
  readonly tunnel: string;
  readonly urls: readonly string[];
}

/** A built program keeps its data elsewhere than a checkout. */
const isBuilt = Deno.env.get("CRUNCH_PROGRAM") !== undefined;

/** The folder with the demo's data, without what a further demo has behind it. */
function dataOf(home: Household, folder: string): string {
  return isBuilt ? home.path("state/crunch-demo") : `${folder}/.demo`;
}

let count = 0;

async function demo(home: Household, folder: string, address = "127.0.0.1:0"): Promise<Demo> {
  const file = home.path(`demo-${++count}.json`);
  const listen = ["--http", address, "--tunnel", address];
  const env = { XDG_STATE_HOME: home.path("state") };
  const process = home.crunch(["demo", ...listen, "--ready-file", file], { folder, env });
  const ready = await process.ready(file) as unknown as Omit<Demo, "process">;
  return { ...ready, process };
}

/** The example site's front page is there, by both of its URLs. */
async function shows({ http, urls }: Demo): Promise<void> {
  assert.deepEqual(urls, [
    `http://${http}/demo/`,
    `http://demo.localhost:${http.split(":")[1]}/`,
  ]);
  for (const [host, path] of [[http, "/demo/"], [`demo.localhost:${http.split(":")[1]}`, "/"]]) {
    const answer = await ask(http, path!, { host: host! });
    assert.equal(answer.status, 200);
    assert.match(answer.text, /The Quillet/);
  }
}

Deno.test("demo: shows the example site, says where, and ends with Ctrl-C", async () => {
  await using home = new Household();
  const folder = programFolder(home);
  const first = await demo(home, folder);
  await shows(first);
  for (const url of first.urls) assert.ok(first.process.stdout.includes(`\n${url}\n`), url);
  const picture = await ask(first.http, "/demo/images/quillet-at-night.jpg");
  assert.ok(picture.body.length > 200_000);
  first.process.kill("SIGINT");
  assert.equal(await first.process.exit, 0);
  Deno.statSync(`${dataOf(home, folder)}/crunch.db`);
});

Deno.test("demo: runs again where the last one left its data, even after kill -9", async () => {
  await using home = new Household();
  const folder = programFolder(home);
  for (const signal of ["SIGTERM", "SIGKILL", "SIGTERM"] as const) {
    const run = await demo(home, folder);
    await shows(run);
    run.process.kill(signal);
    assert.equal(await run.process.exit, signal === "SIGKILL" ? 137 : 0);
  }
  Deno.statSync(`${dataOf(home, folder)}/crunch.db`);
  assert.throws(() => Deno.statSync(`${dataOf(home, folder)}-2`), Deno.errors.NotFound);
});

Deno.test("demo: two at once, started on the same ports, move apart and both work", async () => {
  await using home = new Household();
  const folder = programFolder(home);
  // Free a moment ago; where somebody took it since, both move.
  const address = `127.0.0.1:${freePort()}`;
  const runs = await Promise.all([demo(home, folder, address), demo(home, folder, address)]);
  const addresses = new Set(runs.flatMap(({ http, tunnel }) => [http, tunnel]));
  assert.equal(addresses.size, 4);
  for (const run of runs) await shows(run);
  Deno.statSync(`${dataOf(home, folder)}-2/crunch.db`);
});

Deno.test("demo: a signal that comes twice at once, by the group and by `deno task`, is one", async () => {
  await using home = new Household();
  const run = await demo(home, programFolder(home));
  run.process.kill("SIGTERM");
  run.process.kill("SIGTERM");
  assert.equal(await run.process.exit, 0);
  assert.match(run.process.stderr, /stopping/);
});

Deno.test("demo: who publishes a folder as it says does not take the demo's name", async () => {
  await using home = new Household();
  const run = await demo(home, programFolder(home));
  const [, hint] = await run.process.said(/publish +crunch (agent .*)/);
  home.write("site/index.html", "my own");
  const agent = home.crunch(hint!.split(" "));
  await agent.said(new RegExp(`http://${run.http}/local/`), 20_000);
  assert.equal((await ask(run.http, "/local/")).text, "my own");
  await shows(run);
  assert.doesNotMatch(run.process.stderr, /replaced/);
});
