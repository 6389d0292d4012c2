/** Passwords and tokens with the line break that editors, `echo` and secret stores leave at the end. @module */

import assert from "node:assert/strict";
import { checkout, Household } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";

const PASSWORD = "correct horse ";

Deno.test("secrets: a line break at the end of a password is no part of it", async (t) => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const relay = await household.relay();
  const add = household.crunch(["account", "add", "alice", "--data", household.data], {
    env: { CRUNCH_PASSWORD: `${PASSWORD}\n` },
  });
  assert.equal(await add.exit, 0, add.all);
  const file = household.write("password", `${PASSWORD}\r\n`);
  const user = { CRUNCH_USER: "alice\n", CRUNCH_RELAY: `${relay.tunnel}\n` };
  const ways: Array<[string, string[], Record<string, string>]> = [
    ["the variable, without", [], { CRUNCH_PASSWORD: PASSWORD }],
    ["the variable, with one", [], { CRUNCH_PASSWORD: `${PASSWORD}\r\n` }],
    ["a file", ["--password-file", file], {}],
    ["a file that a variable names", [], { CRUNCH_PASSWORD_FILE: `${file}\n` }],
  ];
  for (const [name, args, env] of ways) {
    await t.step(name, async () => {
      const agent = await household.agent(["--dir", household.path("site"), ...args], {
        env: { ...user, ...env },
      });
      await using _ = agent.process;
      assert.equal((await ask(relay.http, "/alice/")).text, "here");
    });
  }

  await t.step("what else is there counts", async () => {
    const agent = household.crunch(["agent", "--dir", household.path("site")], {
      env: { ...user, CRUNCH_PASSWORD: PASSWORD.trimEnd() },
    });
    assert.equal(await agent.exit, 1);
    assert.match(agent.stderr, /wrong password/);
  });

  await t.step("standard input", async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-prompt", `${checkout}/main.ts`, "account", "passwd", "alice"],
        ...["--password-file", "-", "--data", household.data],
      ],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("another horse\n"));
    await writer.close();
    const { code, stderr } = await child.output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const agent = await household.agent(["--dir", household.path("site")], {
      env: { ...user, CRUNCH_PASSWORD: "another horse" },
    });
    assert.equal(agent.urls.length > 0, true);
  });
});

Deno.test("secrets: a line break at the end of a token, and of the first administrator's password", async () => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const token = await household.account("alice");
  const relay = await household.relay([], {
    data: household.path("other"),
    env: { CRUNCH_ADMIN_PASSWORD: `${PASSWORD}\n` },
  });
  const session = await fetch(`http://${relay.http}/api/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: `http://${relay.http}` },
    body: JSON.stringify({ name: "admin", password: PASSWORD }),
  });
  await session.body?.cancel();
  assert.equal(session.status, 204);
  const own = await household.relay();
  const args = ["--relay", own.tunnel, "--dir", household.path("site")];
  await household.agent(args, { env: { CRUNCH_TOKEN: `${token}\n` } });
  assert.equal((await ask(own.http, "/alice/")).text, "here");
});
