/** Claims about `crunch agent --user NAME` on a terminal, where the password is asked for. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { Terminal } from "../support/terminal.ts";
import { ask } from "../support/visitor.ts";

const PASSWORD = "correct horse";

Deno.test({
  name: "typed password: an agent asks for it, shows nothing of it, and publishes",
  ignore: !Terminal.isThere,
  fn: async () => {
    await using household = new Household();
    household.write("site/index.html", "here");
    let relay = await household.relay([], { env: { CRUNCH_ADMIN_PASSWORD: PASSWORD } });
    await using terminal = new Terminal(household, [
      ...["agent", "--relay", relay.tunnel, "--user", "admin", "--name", "pages", "--dir", "site"],
    ]);
    await terminal.said(/Password for admin: /);
    await terminal.type(`${PASSWORD}\n`);
    await terminal.said(/http:\/\/\S+\/pages\//);
    assert.doesNotMatch(terminal.shown, /correct|horse/);
    assert.equal((await ask(relay.http, "/pages/")).text, "here");
    // It is asked for once: the agent comes back by itself.
    relay.process.kill("SIGKILL");
    await relay.process.exit;
    relay = await household.again(relay);
    await terminal.said(/connected to the relay again/);
    assert.equal((await ask(relay.http, "/pages/")).text, "here");
    assert.equal(terminal.shown.match(/Password for/g)?.length, 1);
    await terminal.type("\x03");
    assert.equal(await terminal.exit, 0);
  },
});

Deno.test({
  name: "typed password: `both` asks before its relay serves",
  ignore: !Terminal.isThere,
  fn: async () => {
    await using household = new Household();
    household.write("site/index.html", "here");
    const relay = await household.relay([], { env: { CRUNCH_ADMIN_PASSWORD: PASSWORD } });
    await using terminal = new Terminal(household, [
      ...["both", "--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0", "--data"],
      ...[household.path("other"), "--relay", relay.tunnel],
      ...["--user", "admin", "--name", "pages", "--dir", "site"],
    ]);
    await terminal.said(/Password for admin: /);
    assert.doesNotMatch(terminal.shown, /dashboard/);
    await terminal.type(`${PASSWORD}\n`);
    await terminal.said(/http:\/\/\S+\/pages\//);
  },
});

for (const command of ["agent", "both"]) {
  Deno.test({
    name:
      `typed password: a key or signal that ends the question ends \`${command}\` as at any time`,
    ignore: !Terminal.isThere,
    fn: async (t) => {
      await using household = new Household();
      household.write("site/index.html", "here");
      const args = [command, "--relay", "127.0.0.1:1", "--user", "alice", "--dir", "site"];
      for (const way of ["Ctrl-C", "SIGINT", "SIGTERM"] as const) {
        await t.step(way, async () => {
          await using terminal = new Terminal(household, args, "stty -a");
          await terminal.said(/Password for alice: /);
          await terminal.type("half of it");
          await terminal.interrupt(way);
          await terminal.said(/code=0/);
          await terminal.said(/[^-]icanon[^]*[^-]echo /);
          await terminal.exit;
          // On a line of its own, without a word of what was not started, or of the password.
          // Unlike a key, a signal may overtake what was typed: the terminal shows that when the program has ended.
          const late = way === "Ctrl-C" ? "" : "(?:half of it)?";
          assert.match(terminal.shown, new RegExp(`Password for alice: \\r*\\n${late}code=0`));
        });
      }
      await t.step("Ctrl-D is no password", async () => {
        await using terminal = new Terminal(household, args, "stty -a");
        await terminal.said(/Password for alice: /);
        await terminal.type("\x04");
        await terminal.said(/no password was given/);
        await terminal.said(/code=1/);
        await terminal.exit;
      });
    },
  });
}

Deno.test("typed password: where nobody can be asked, it says how to give it", async () => {
  await using household = new Household();
  household.write("site/index.html", "here");
  for (const command of ["agent", "both"]) {
    const process = household.crunch(
      [command, "--relay", "127.0.0.1:1", "--user", "alice", "--dir", "site"],
    );
    assert.equal(await process.exit, 2, process.all);
    assert.match(
      process.stderr,
      /--user needs the password: set CRUNCH_PASSWORD or give --password-file FILE/,
    );
  }
  const checked = household.crunch(["agent", "--user", "alice", "--dir", "site", "--check"]);
  assert.equal(await checked.exit, 1, checked.all);
  assert.match(checked.stderr, /--user: needs the password: set CRUNCH_PASSWORD/);
});
