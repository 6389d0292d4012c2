/** Settings that change while relay and agent run: by SIGHUP, or because their file changed. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { openStore } from "../../relay/store/mod.ts";
import { eventually } from "../support/deadline.ts";
import { ask } from "../support/visitor.ts";

const isUnix = Deno.build.os !== "windows";

async function status(address: string, path: string, fields: string[] = []): Promise<number> {
  return (await ask(address, path, { fields })).status;
}

Deno.test("reload: a relay takes over what can change, and says what cannot", async (t) => {
  await using household = new Household();
  const file = household.write("crunch.toml", "[relay]\nmax-target = '1KiB'\n");
  const relay = await household.relay(["--config", file]);
  const { process } = relay;
  const long = `/${"a".repeat(2000)}`;
  assert.equal(await status(relay.http, long), 414);

  await t.step("when the file changes", async () => {
    household.write("crunch.toml", "[relay]\nmax-target = '4KiB'\nlog-level = 'debug'\n");
    await process.said(/configuration read again; changed: --max-target, --log-level/);
    assert.equal(await status(relay.http, long), 404);
  });

  await t.step("when the file is replaced by another", async () => {
    const next = household.write("next.toml", "[relay]\nmax-target = '1KiB'\n");
    Deno.renameSync(next, file);
    await eventually(async () => await status(relay.http, long) === 414);
  });

  await t.step("a bad file changes nothing and says file and line", async () => {
    household.write("crunch.toml", "[relay]\nmax-target = '8KiB'\ndrian = '1s'\n");
    await process.said(
      /configuration is left as it was: .*crunch\.toml, line 3: unknown key drian .*drain/,
    );
    assert.equal(await status(relay.http, long), 414);
  });

  await t.step("what cannot change is said with its option and line, once", async () => {
    household.write(
      "crunch.toml",
      "[relay]\n\ndomain = 'relay.example'\nmax-target = '4KiB'\ndata = '/elsewhere'\n",
    );
    // --data is a flag of this relay, which wins over the file: nothing differs.
    await process.said(/crunch\.toml, line 3: --domain cannot change while it runs/);
    assert.doesNotMatch(process.stderr, /--data cannot/);
    assert.equal(await status(relay.http, long), 404);
  });

  await t.step({
    name: "by SIGHUP, even where nothing changed",
    ignore: !isUnix,
    fn: async () => {
      process.kill("SIGHUP");
      await process.said(/configuration read again; nothing changed/);
      assert.equal(process.stderr.match(/--domain cannot change/g)?.length, 1);
    },
  });

  await t.step("a file that is empty for a while is read once it has content", async () => {
    const max = "max-target = '1KiB'";
    const domain = "domain = 'relay.example'";
    household.write("crunch.toml", "");
    await process.said(/configuration is left as it was: .*crunch\.toml is empty/);
    assert.equal(await status(relay.http, long), 404);
    household.write("crunch.toml", `[relay]\n${max}\n${domain}\n`);
    await eventually(async () => await status(relay.http, long) === 414);
    household.write("crunch.toml", `[relay]\nmax-target = '4KiB'\n${domain}\n`);
    await eventually(async () => await status(relay.http, long) === 404);
  });

  await t.step("trusted proxies, names and the log's retention", async () => {
    household.write(
      "crunch.toml",
      "[relay]\ntrusted-proxy = ['127.0.0.1']\nnames-per-account = 2\nlog-keep = '1d'\n" +
        "public-url = 'https://relay.example'\nmax-connections-per-address = 7\n",
    );
    await process.said(/changed: .*--public-url.*--names-per-account.*--trusted-proxy.*--log-keep/);
    household.write("site/index.html", "here");
    const { urls } = await household.agent(["--dir", "site"]);
    assert.equal(urls[0], "https://relay.example/local/");
    assert.equal(
      await status(relay.http, "/", [
        "X-Forwarded-For: 192.0.2.7",
        "X-Forwarded-Host: local.localhost",
      ]),
      200,
    );
    assert.equal(process.code, null);
  });
});

Deno.test("reload: what a file says comes before the dashboard, be it the default itself", async () => {
  await using household = new Household();
  {
    using store = openStore(household.data);
    store.settings.set("max-target", "1KiB");
  }
  const file = household.write("crunch.toml", "[relay]\n");
  const relay = await household.relay(["--config", file]);
  const long = `/${"a".repeat(2000)}`;
  assert.equal(await status(relay.http, long), 414);
  household.write("crunch.toml", "[relay]\nmax-target = '16KiB'\n");
  await eventually(async () => await status(relay.http, long) === 404);
  household.write("crunch.toml", "[relay]\n");
  await eventually(async () => await status(relay.http, long) === 414);
});

Deno.test({
  name: "reload: SIGHUP ends nothing where there is no terminal and no configuration",
  ignore: !isUnix,
  fn: async () => {
    await using household = new Household();
    const { process, http } = await household.relay();
    process.kill("SIGHUP");
    await process.said(/configuration read again; nothing changed/);
    assert.equal(await status(http, "/healthz"), 200);
  },
});

Deno.test("reload: an agent publishes what its file says now, without a gap", async (t) => {
  await using household = new Household();
  const token = await household.account("bob", { names: ["letters", "notes"] });
  for (const name of ["one", "two", "three"]) household.write(`${name}/index.html`, name);
  const relay = await household.relay();
  const publish = (name: string, dir: string): string =>
    `[[agent.publish]]\nname = '${name}'\ndir = '${dir}'\n`;
  const file = household.write(
    "agent.toml",
    publish("letters", household.path("one")) + publish("notes", household.path("two")),
  );
  const { process } = await household.agent(["--relay", relay.tunnel, "--config", file], {
    env: { CRUNCH_TOKEN: token },
  });
  const read = async (name: string): Promise<string> => {
    const answer = await ask(relay.http, `/${name}/`);
    return answer.status === 200 ? answer.text : String(answer.status);
  };
  assert.deepEqual([await read("letters"), await read("notes"), await read("bob")], [
    "one",
    "two",
    "503",
  ]);

  await t.step("names come and go, directories change", async () => {
    household.write(
      "agent.toml",
      "# a line more\n" + publish("letters", household.path("three")) +
        publish("bob", household.path("one")),
    );
    await process.said(/changed: --publish/);
    assert.equal(await read("letters"), "three", "at once");
    await process.said(/\/bob\/\n/);
    assert.equal(await read("bob"), "one");
    await eventually(async () => await read("notes") === "503");
    assert.doesNotMatch(process.stderr, /lost the relay/);
  });

  await t.step("a directory that is not there changes nothing", async () => {
    household.write("agent.toml", publish("letters", household.path("four")));
    await process.said(/left as it was: Cannot publish .*four: there is no such directory/);
    assert.deepEqual([await read("letters"), await read("bob")], ["three", "one"]);
  });

  await t.step("SIGTERM still ends it", async () => {
    process.kill("SIGTERM");
    assert.equal(await process.exit, 0);
  });
});

Deno.test("reload: an agent reads its token's file again when it dials again", async () => {
  await using household = new Household();
  const [alice, bob] = [await household.account("alice"), await household.account("bob")];
  household.write("site/index.html", "here");
  const file = household.write("token", alice);
  const relay = await household.relay();
  await household.agent(["--relay", relay.tunnel, "--token-file", file, "--dir", "site"]);
  assert.equal(await status(relay.http, "/alice/"), 200);
  household.write("token", bob);
  relay.process.kill("SIGKILL");
  await relay.process.exit;
  const again = await household.again(relay);
  await eventually(async () => await status(again.http, "/bob/") === 200);
  assert.equal(await status(again.http, "/alice/"), 503);
});
