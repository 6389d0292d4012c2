/** The one file alone, as somebody has it who has just downloaded it; runs where CRUNCH_PROGRAM names one. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import { configuration } from "../../packaging/contents.ts";
import { type CrunchProcess, Household, type ProcessOptions } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";

const built = Deno.env.get("CRUNCH_PROGRAM");
const ignore = built === undefined;
if (ignore) {
  console.log(
    "one file: left out, for CRUNCH_PROGRAM names none; deno task test:compiled makes and tests it",
  );
}
/** Packed files are scripts. */
const packed = built !== undefined && beginning(built) === "#!";

function beginning(path: string): string {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(2);
  file.readSync(bytes);
  return new TextDecoder().decode(bytes);
}

/** A home in which crunch never ran, and nothing in PATH but what every system has. */
function fresh(home: Household): ProcessOptions {
  const env: Record<string, string> = {
    ...{ XDG_CACHE_HOME: "", DENO_DIR: "" },
    // Root's would be /var/lib. The second one is what Windows has.
    ...{ XDG_STATE_HOME: home.path("state"), LOCALAPPDATA: home.path("state") },
  };
  if (Deno.build.os !== "windows") env.PATH = "/usr/bin:/bin";
  Deno.mkdirSync(home.path("empty"));
  return { env, cwd: home.path("empty") };
}

Deno.test({ name: "one file: says its version and how it was built", ignore }, async () => {
  await using home = new Household();
  const process = home.crunch(["--version"], fresh(home));
  assert.equal(await process.exit, 0, process.all);
  assert.deepEqual(process.stdout.trimEnd().split("\n"), [
    `crunch ${configuration().version}`,
    `deno ${Deno.version.deno} (${Deno.build.os} ${Deno.build.arch})`,
    "protocol 1",
    packed ? "packed into one file" : "compiled to one file",
  ]);
  assert.equal(process.stderr, "");
});

Deno.test({ name: "one file: relay and agent start with nothing else given", ignore }, async () => {
  await using home = new Household();
  const options = fresh(home);
  home.write("site/index.html", "hello");
  home.write("site/folder/leeks.txt", "leeks");
  const relay = await home.relay([], options);
  await home.agent(["--dir", home.path("site")], options);
  assert.equal((await ask(relay.http, "/local/")).text, "hello");
  // Pages, listings and errors are made of files that lie in the one file.
  assert.match((await ask(relay.http, "/local/folder/")).text, /leeks\.txt/);
  assert.match((await ask(relay.http, "/")).text, /<h1>This is a relay/);
  assert.match((await ask(relay.http, "/admin")).text, /<!doctype html>/i);
  const fields = ["Accept: text/html"];
  assert.match((await ask(relay.http, "/nobody/", { fields })).text, /<!doctype html>/i);
  assert.equal((await ask(relay.http, "/api/v1/openapi.json")).status, 200);
  assert.equal((await ask(relay.http, "/install.sh")).status, 200);
});

Deno.test(
  { name: "one file: both publishes a directory, and a signal ends it with 0", ignore },
  async () => {
    await using home = new Household();
    home.write("site/index.html", "hello");
    const options = fresh(home);
    const { http, process } = await home.relay(["--dir", home.path("site")], {
      ...options,
      command: "both",
    });
    assert.equal((await ask(http, "/local/")).text, "hello");
    if (Deno.build.os === "windows") return;
    process.kill("SIGTERM");
    assert.equal(await process.exit, 0, process.all);
  },
);

Deno.test({ name: "one file: demo shows the example site", ignore }, async () => {
  await using home = new Household();
  const file = home.path("ready.json");
  const listen = ["--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0"];
  const demo = home.crunch(["demo", ...listen, "--ready-file", file], fresh(home));
  const { http } = await demo.ready(file) as { http: string };
  assert.ok(demo.stdout.includes(join(home.path("state"), "crunch-demo")), demo.all);
  assert.match((await ask(http, "/demo/")).text, /The Quillet/);
  assert.equal((await ask(http, "/demo/images/mark.svg")).status, 200);
  assert.match((await ask(http, "/demo/archive/")).text, /leeks by the moon 🌙\.csv/);
});

Deno.test({
  name: "one file: several first starts at once all work",
  ignore: ignore || !packed,
}, async () => {
  await using home = new Household();
  const options = fresh(home);
  const starts: CrunchProcess[] = [1, 2, 3].map(() => home.crunch(["--version"], options));
  for (const process of starts) assert.equal(await process.exit, 0, process.all);
  const unpacked = [...Deno.readDirSync(home.path("home/.cache/crunch"))]
    .filter((entry) => entry.name !== ".lock");
  assert.equal(unpacked.length, 1);
});
