/** `--ready-file` as users and supervisors give it: pipes and devices stay, links are not followed to files. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { within } from "../support/deadline.ts";
import { leftOut } from "../support/left_out.ts";
import { isInstalled } from "../support/proxy.ts";

const ignore = leftOut(
  Deno.build.os === "windows" || !isInstalled("mkfifo"),
  "ready files that are pipes: there is no mkfifo",
);

for (const command of ["relay", "both"] as const) {
  const args = (household: Household, file: string): string[] => [
    ...[command, "--data", household.data, "--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0"],
    ...["--ready-file", file, ...(command === "both" ? ["--dir", household.path("site")] : [])],
  ];

  Deno.test({
    name: `ready file: crunch ${command} writes into a pipe, and runs on`,
    ignore,
    fn: async () => {
      await using household = new Household();
      Deno.mkdirSync(household.path("site"));
      const pipe = household.path("pipe");
      assert.ok(new Deno.Command("mkfifo", { args: [pipe] }).outputSync().success);
      const process = household.crunch(args(household, pipe));
      const line = await within(Deno.readTextFile(pipe), "the line");
      assert.equal(typeof JSON.parse(line).http, "string");
      assert.ok(Deno.lstatSync(pipe).isFifo);
      process.kill("SIGTERM");
      assert.equal(await process.exit, 0, process.all);
    },
  });

  Deno.test({
    name: `ready file: crunch ${command} refuses a link or a directory before it starts`,
    ignore,
    fn: async () => {
      await using household = new Household();
      const victim = household.write("victim", "as it was");
      Deno.symlinkSync(victim, household.path("link"));
      Deno.mkdirSync(household.path("site"));
      for (const [name, what] of [["link", "a symbolic link"], ["site", "a directory"]]) {
        const process = household.crunch(args(household, household.path(name!)));
        assert.equal(await process.exit, 1, process.all);
        const said = `crunch ${command}: --ready-file: cannot write "${household.path(name!)}": ` +
          `it is ${what}`;
        assert.ok(process.stderr.startsWith(said), process.all);
        assert.throws(() => Deno.statSync(household.data), Deno.errors.NotFound);
      }
      assert.equal(Deno.readTextFileSync(victim), "as it was");
    },
  });
}

Deno.test({
  name: "ready file: a pipe that nobody reads keeps a relay from nothing",
  ignore,
  fn: async () => {
    await using household = new Household();
    const pipe = household.path("pipe");
    assert.ok(new Deno.Command("mkfifo", { args: [pipe] }).outputSync().success);
    const process = household.crunch([
      ...["relay", "--data", household.data, "--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0"],
      ...["--ready-file", pipe],
    ]);
    await process.said(/reachable only from this machine/, 20_000);
    process.kill("SIGTERM");
    assert.equal(await within(process.exit, "the end"), 0, process.all);
  },
});
