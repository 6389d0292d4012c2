/** Started in a directory whose name is not UTF-8, every command works or says why not in a sentence. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { leftOut } from "../support/left_out.ts";
import { ask } from "../support/visitor.ts";

// Others refuse such a name.
const ignore = leftOut(Deno.build.os !== "linux", "directories that are not UTF-8 need Linux");

/** Words of a shell in front of which a command runs in such a directory. */
const THERE = 'cd "$(printf \'nameless-\\377\')" && exec "$@"';

/** A household with such a directory, and a script that runs its arguments there. */
function nameless(household: Household): string {
  const made = new Deno.Command("sh", {
    args: ["-c", "mkdir \"$(printf 'nameless-\\377')\""],
    cwd: household.root,
  }).outputSync();
  assert.ok(made.success);
  return household.write("there", `#!/bin/sh\n${THERE}\n`);
}

Deno.test({
  name: "nameless directory: a relay and an agent with absolute paths work as anywhere",
  ignore,
  fn: async () => {
    await using household = new Household();
    const there = nameless(household);
    household.write("site/a.txt", "a file");
    const relay = await household.relay(["--dir", household.path("site")], {
      command: "both",
      through: ["sh", there],
    });
    assert.equal((await ask(relay.http, "/local/a.txt", { host: relay.http })).text, "a file");
    relay.process.kill("SIGTERM");
    assert.equal(await relay.process.exit, 0, relay.process.all);
    assert.doesNotMatch(relay.process.stderr, /error/);
  },
});

Deno.test({
  name: "nameless directory: what is relative to it is refused in a sentence",
  ignore,
  fn: async () => {
    await using household = new Household();
    const there = nameless(household);
    for (
      const [args, option] of [
        [["agent"], "what to publish"],
        [["both", "--data", household.data], "what to publish"],
        [["relay", "--data", "data"], "--data"],
        [["relay", "--config", "crunch.toml"], "--config"],
        [["account", "list", "--data", "data"], "--data"],
      ] as const
    ) {
      const process = household.crunch(args, { through: ["sh", there] });
      assert.equal(await process.exit, 2, process.all);
      assert.match(process.stderr, new RegExp(`^crunch [^:]*: .*${option}.* is relative to the `));
      assert.match(process.stderr, /has a name that is not UTF-8 text: write an absolute path/);
      assert.doesNotMatch(process.stderr, / {4}at /);
    }
    const version = household.crunch(["--version"], { through: ["sh", there] });
    assert.equal(await version.exit, 0, version.all);
  },
});
