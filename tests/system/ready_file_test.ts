/** Claims about a ready file that cannot be written: nobody would ever learn that everything works. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";

Deno.test("ready file: relay and agent end with the reason where it cannot be written", async () => {
  await using home = new Household();
  const impossible = ["--ready-file", home.path("none/ready")];
  const listen = ["--http", "127.0.0.1:0", "--tunnel", "127.0.0.1:0"];
  const alone = home.crunch(["relay", ...listen, "--data", home.path("other"), ...impossible]);
  assert.equal(await alone.exit, 1, alone.all);
  assert.match(alone.stderr, /cannot say where the relay is: .*none\/ready/);
  assert.deepEqual([...Deno.readDirSync(home.path("run", "crunch"))], [], "no local credential");
  await home.relay();
  const agent = home.crunch(["agent", "--dir", home.path("home"), ...impossible]);
  assert.equal(await agent.exit, 1, agent.all);
  assert.match(agent.stderr, /cannot say that everything works.*none\/ready/);
});

Deno.test("agent: one that is refused at once does not promise to try again", async () => {
  await using home = new Household();
  const relay = await home.relay();
  const password = home.write("password", "wrong password");
  const agent = home.crunch([
    ...["agent", "--relay", relay.tunnel, "--dir", home.path("home")],
    ...["--user", "nobody", "--password-file", password],
  ]);
  assert.equal(await agent.exit, 1, agent.all);
  assert.match(agent.stderr, /the relay refuses/);
  assert.doesNotMatch(agent.stderr, /trying again/);
});
