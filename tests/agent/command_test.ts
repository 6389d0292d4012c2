/** Claims about what `crunch agent` refuses to publish, and how it says so. @module */

import assert from "node:assert/strict";
import { type CrunchProcess, Household } from "../support/crunch.ts";

const isUnix = Deno.build.os !== "windows";

/** Ends with `code`, and says `pattern` on stderr, and nothing on stdout. */
async function refuses(process: CrunchProcess, code: number, pattern: RegExp): Promise<void> {
  assert.equal(await process.exit, code, process.all);
  assert.match(process.stderr, pattern);
  assert.equal(process.stdout, "");
}

Deno.test("agent command: publishes no current directory that must be a mistake", {
  ignore: !isUnix,
}, async (t) => {
  await using home = new Household();
  const agent = (cwd: string, args: readonly string[] = []): CrunchProcess =>
    home.crunch(["agent", ...args], { cwd });
  const line = /crunch agent --dir \.\/site/;
  await t.step("the root directory", async () => {
    const process = agent("/");
    await refuses(process, 2, line);
    assert.match(process.stderr, /the root directory, \//);
  });
  await t.step("the home directory, by a symlink as well", async () => {
    await refuses(agent(home.path("home")), 2, /the home directory/);
    Deno.symlinkSync(home.path("home"), home.path("link"));
    await refuses(agent(home.path("link")), 2, /the home directory/);
  });
  await t.step("the relay's data", async () => {
    home.write("data/.crunch-private", "");
    await refuses(agent(home.path("data")), 2, /the relay's own data/);
  });
  await t.step("the same for both", async () => {
    const listen = ["--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0"];
    const process = home.crunch(["both", ...listen, "--data", home.path("d")], { cwd: "/" });
    assert.equal(await process.exit, 2, process.all);
    assert.match(process.stderr, line);
  });
  await t.step("any other directory is published, and so is one that is named", async () => {
    await using relay = (await home.relay()).process;
    home.write("site/index.html", "hello");
    assert.equal((await home.agent([], { cwd: home.path("site") })).urls.length, 2);
    home.write("home/index.html", "hello");
    assert.equal((await home.agent(["--dir", "."], { cwd: home.path("home") })).urls.length, 2);
    assert.equal(relay.code, null);
  });
});

Deno.test("agent command: a directory that cannot be published ends it with the reason", async () => {
  await using home = new Household();
  await home.relay();
  await refuses(home.crunch(["agent", "--dir", home.path("none")]), 1, /Cannot publish .*none/);
  home.write("file", "");
  await refuses(home.crunch(["agent", "--dir", home.path("file")]), 1, /Cannot publish .*file/);
});

Deno.test("agent command: without a relay to find it ends with the line that starts one", async () => {
  await using home = new Household();
  home.write("site/index.html", "hello");
  const dir = ["--dir", home.path("site")];
  await refuses(home.crunch(["agent", ...dir]), 1, /crunch relay/);
  const relay = await home.relay();
  relay.process.kill("SIGKILL");
  await relay.process.exit;
  await refuses(home.crunch(["agent", ...dir]), 1, /is gone; start it with:\n {2}crunch relay\n/);
});

Deno.test("agent command: of several relays it lists which there are; a named one needs no credential", async () => {
  await using home = new Household();
  home.write("site/index.html", "hello");
  const first = await home.relay();
  await using neighbours = new Household();
  const second = await neighbours.relay([], { env: { XDG_RUNTIME_DIR: home.path("run") } });
  const process = home.crunch(["agent", "--dir", home.path("site")]);
  await refuses(process, 2, /2 relays run on this machine/);
  for (const { tunnel } of [first, second]) {
    assert.ok(process.stderr.includes(`--relay ${tunnel}`), process.stderr);
  }
  const { urls } = await home.agent(["--relay", second.tunnel, "--dir", home.path("site")]);
  assert.equal(urls[0], `http://${second.http}/local/`);
});

Deno.test("agent command: credentials that are none are refused before anything is dialled", async () => {
  await using home = new Household();
  home.write("site/index.html", "hello");
  const rest = ["--relay", "127.0.0.1:9", "--dir", home.path("site")];
  await refuses(
    home.crunch(["agent", ...rest]),
    2,
    /no credentials for 127\.0\.0\.1:9: give --user/,
  );
  const env = { CRUNCH_TOKEN: "crunch_mistyped" };
  await refuses(home.crunch(["agent", ...rest], { env }), 2, /token is mistyped/);
  await refuses(
    home.crunch(["agent", ...rest, "--relay-ca", home.path("no.pem")], {
      env: { CRUNCH_TOKEN: "" },
    }),
    2,
    /credentials|token/,
  );
});
