/** What `crunch account` does, as users type it: with a relay, without one, and from elsewhere. @module */

import assert from "node:assert/strict";
import { openStore } from "../../relay/store/mod.ts";
import { Credential, SignInError } from "../../agent/sign_in.ts";
import { AgentDouble } from "../support/agent_double.ts";
import { type CrunchProcess, Household } from "../support/crunch.ts";
import { Terminal } from "../support/terminal.ts";
import { ask } from "../support/visitor.ts";
import { bySocket, type Change } from "./account_changes.ts";

const PASSWORD = "correct horse";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs `crunch account …` to its end. */
async function account(
  household: Household,
  words: string,
  { env = {}, local = true }: { env?: Record<string, string>; local?: boolean } = {},
): Promise<Ended> {
  const data = local ? ["--data", household.data] : [];
  const process = household.crunch(["account", ...words.split(" "), ...data], { env });
  return { code: await process.exit, out: process.stdout, error: process.stderr };
}

/** The same, which has to succeed; gives what it printed. */
async function done(
  household: Household,
  words: string,
  options: { env?: Record<string, string>; local?: boolean } = {},
): Promise<string> {
  const { code, out, error } = await account(household, words, options);
  assert.equal(code, 0, `${words}: ${error}`);
  return out;
}

const withPassword = { env: { CRUNCH_PASSWORD: PASSWORD } };

/** The agent was told to go, or is so within a second of the change; it lives on, and asks again seldom. */
async function cutOff(agent: CrunchProcess): Promise<void> {
  await agent.said(/the relay sends us away/);
  await agent.said(/trying again in 30 s/);
  assert.equal(agent.code, null);
}

Deno.test("account: all of it, without a relay", async (t) => {
  await using household = new Household();

  await t.step("the first account makes the data directory", async () => {
    assert.equal(await done(household, "list"), "");
    assert.equal(Deno.statSync(household.data).mode! & 0o777, 0o700);
    const file = household.write("secret.txt", `${PASSWORD}\n`);
    const out = await done(household, `add Alice --role viewer --password-file ${file}`);
    assert.equal(out, "added alice as viewer\n");
  });

  await t.step("lists are columns for pipes and JSON for programs", async () => {
    const [line] = (await done(household, "list")).split("\n");
    assert.match(line!, /^alice\tviewer\tenabled\t20\S+Z\t0\t0$/);
    const [alice] = JSON.parse(await done(household, "list --json"));
    assert.deepEqual([alice.name, alice.role, alice.disabled], ["alice", "viewer", false]);
  });

  await t.step("names and tokens come and go", async () => {
    await done(household, "name add alice photos");
    assert.equal((await account(household, "name remove bob photos")).code, 1);
    await done(household, "name remove alice photos");
    const text = (await done(household, "token create alice --label laptop --expires 1d")).trim();
    assert.match(text, /^crunch_[a-z0-9]{56}$/);
    const tokens = JSON.parse(await done(household, "token list alice --json"));
    assert.deepEqual(tokens.map(({ name, scope }: Record<string, string>) => [name, scope]), [
      ["laptop", "full agent"],
    ]);
    assert(!JSON.stringify(tokens).includes(text));
    await done(household, `token revoke ${tokens[0].id}`);
    assert.equal(await done(household, "token list"), "");
  });

  await t.step("refusals say why, and end with 1", async () => {
    const refused = async (words: string, reason: RegExp, env = {}) => {
      const { code, out, error } = await account(household, words, { env });
      assert.deepEqual([code, out], [1, ""], words);
      assert.match(error, reason);
    };
    await refused("add alice", /is taken/, withPassword.env);
    await refused("add a1ice", /looks too much like/, withPassword.env);
    await refused("add relay", /reserved/, withPassword.env);
    for (const CRUNCH_PASSWORD of ["7 bytes", "x".repeat(1025)]) {
      await refused("add bob", /8 to 1024 bytes/, { CRUNCH_PASSWORD });
    }
    await refused("name add alice a1ice", /looks too much like/);
    await refused("name add alice local", /reserved/);
    await refused("name add nobody-here photos", /There is no account nobody-here/);
    await refused("disable nobody-here", /There is no account nobody-here/);
    await refused("token revoke 123", /There is no token 123/);
  });

  await t.step(
    "without a password and a terminal it says what to do, and ends with 2",
    async () => {
      const { code, error } = await account(household, "add bob");
      assert.equal(code, 2);
      assert.match(error, /CRUNCH_PASSWORD/);
    },
  );

  await t.step("two at once both succeed", async () => {
    const [one, two] = await Promise.all([
      account(household, "add carol", { env: { CRUNCH_PASSWORD: "x".repeat(1024) } }),
      account(household, "add dave", { env: { CRUNCH_PASSWORD: "8 bytes." } }),
    ]);
    assert.deepEqual([one.code, two.code], [0, 0], one.error + two.error);
  });
});

Deno.test("account: while the relay runs", async (t) => {
  await using household = new Household();
  const relay = await household.relay();
  const site = household.write("site/index.html", "<p>hello</p>");
  const dir = site.slice(0, site.lastIndexOf("/"));
  const here = ["--relay", relay.tunnel, "--dir", dir];
  const status = async (name: string): Promise<number> =>
    (await ask(relay.http, `/${name}/`)).status;

  await t.step("what is added works at once", async () => {
    assert.equal(await status("alice"), 404);
    await done(household, "add alice", withPassword);
    assert.equal(await status("alice"), 503);
    await using _agent = (await household.agent([...here, "--user", "alice"], withPassword))
      .process;
    assert.equal(await status("alice"), 200);
  });

  await t.step("the account of this machine's agents stays", async () => {
    const { code, error } = await account(household, "remove local");
    assert.equal(code, 1);
    assert.match(error, /needs the account local.* disable it/);
  });

  await t.step("a wrong password ends the agent with 1 and the reason", async () => {
    const agent = household.crunch(["agent", ...here, "--user", "alice"], {
      env: { CRUNCH_PASSWORD: "wrong horse" },
    });
    assert.equal(await agent.exit, 1);
    assert.match(agent.stderr, /wrong password/);
  });

  await t.step("an agent signs in with a token; revoking it cuts the agent off", async () => {
    const made = JSON.parse(await done(household, "token create alice --scope agent --json"));
    const env = { CRUNCH_TOKEN: made.token };
    await using agent = (await household.agent([...here], { env })).process;
    assert.equal(await status("alice"), 200);
    await done(household, `token revoke ${made.id}`);
    await cutOff(agent);
    assert.equal(await status("alice"), 503);
  });

  await t.step("disabling cuts the agent off, enabling lets it in again", async () => {
    await using agent = (await household.agent([...here, "--user", "alice"], withPassword)).process;
    await done(household, "disable alice");
    await cutOff(agent);
    assert.equal(await status("alice"), 404);
    assert.match(agent.stderr, /the account alice was disabled/);
    await done(household, "enable alice");
    assert.equal(await status("alice"), 503);
    await using _again = (await household.agent([...here, "--user", "alice"], withPassword))
      .process;
    assert.equal(await status("alice"), 200);
  });

  await t.step("a new password cuts off who used the old one", async () => {
    await using agent = (await household.agent([...here, "--user", "alice"], withPassword)).process;
    await done(household, "passwd alice", { env: { CRUNCH_PASSWORD: "another horse" } });
    await cutOff(agent);
    assert.match(agent.stderr, /password/);
  });

  await t.step("a name comes and goes, with the agent that publishes it and no other", async () => {
    const env = { CRUNCH_TOKEN: (await done(household, "token create alice")).trim() };
    await done(household, "name add alice photos");
    await using agent = (await household.agent([...here], { env })).process;
    await using photos = (await household.agent([...here, "--name", "photos"], { env })).process;
    assert.equal(await status("photos"), 200);
    await done(household, "name remove alice photos");
    await cutOff(photos);
    assert.match(photos.stderr, /the name photos was taken away/);
    assert.deepEqual([await status("photos"), await status("alice")], [404, 200]);
    assert.equal(agent.stderr.includes("sends us away"), false);
  });

  await t.step("removing takes the name away", async () => {
    const made = await done(household, "token create alice");
    await using agent = (await household.agent([...here], { env: { CRUNCH_TOKEN: made.trim() } }))
      .process;
    await done(household, "remove alice");
    await cutOff(agent);
    assert.equal(await status("alice"), 404);
  });

  await t.step("from elsewhere with a token, as its account may", async () => {
    await done(household, "add bob", withPassword);
    const remote = (token: string, words: string) =>
      account(household, `${words} --relay http://${relay.http}`, {
        env: { CRUNCH_TOKEN: token },
        local: false,
      });
    const admin = (await done(household, "token create admin")).trim();
    const member = (await done(household, "token create bob")).trim();
    const names = JSON.parse((await remote(admin, "list --json")).out);
    assert.deepEqual(names.map(({ name }: { name: string }) => name), ["admin", "bob", "local"]);
    const own = JSON.parse((await remote(member, "list --json")).out);
    assert.deepEqual(own.map(({ name }: { name: string }) => name), ["bob"]);
    assert.equal((await remote(admin, "disable bob")).code, 0);
    const shut = await remote(member, "list");
    assert.deepEqual([shut.code, shut.out], [1, ""]);
    assert.match(shut.error, /token/);
    const without = await account(household, `list --relay http://${relay.http}`);
    assert.equal(without.code, 2);
    assert.match(without.error, /CRUNCH_TOKEN/);
  });

  await t.step("a relay that was killed is no obstacle", async () => {
    relay.process.kill("SIGKILL");
    await relay.process.exit;
    await done(household, "enable bob");
    await using again = (await household.again(relay)).process;
    const [bob] = JSON.parse(await done(household, "list --json"))
      .filter(({ name }: { name: string }) => name === "bob");
    assert.equal(bob.disabled, false);
    assert.equal(again.code, null);
  });
});

Deno.test("account: who is amid a sign-in when it changes does not slip in", async (t) => {
  await using household = new Household();
  const relay = await household.relay([], { env: { CRUNCH_ADMIN_PASSWORD: PASSWORD } });
  using socket = bySocket(household.data);
  const account = "alice";
  /** Signs in by password; what changes does so after the relay's challenge, before the proof. */
  const slip = async (change: Change): Promise<string> => {
    const credential = Credential.password(account, PASSWORD);
    const keys = credential.keys.bind(credential);
    credential.keys = async (challenge) => {
      const found = await keys(challenge);
      await socket.door(change);
      return found;
    };
    try {
      await using _agent = await AgentDouble.connect({ tunnel: relay.tunnel, credential });
      return "in";
    } catch (error) {
      if (!(error instanceof SignInError)) throw error;
      return error.end.code;
    }
  };
  await socket.door({ kind: "add", account, password: PASSWORD });

  await t.step("where that does not concern it, it is let in", async () => {
    assert.equal(await slip({ kind: "role", account, role: "viewer" }), "in");
  });

  await t.step("disabled", async () => {
    assert.equal(await slip({ kind: "disable", account }), "disabled");
    await socket.door({ kind: "enable", account });
  });

  await t.step("given another password", async () => {
    assert.equal(
      await slip({ kind: "passwd", account, password: "another horse" }),
      "bad-credentials",
    );
    await socket.door({ kind: "passwd", account, password: PASSWORD });
  });

  await t.step("removed", async () => {
    assert.equal(await slip({ kind: "remove", account }), "bad-credentials");
  });
});

Deno.test("account: changes while a relay starts and stops are all kept", async () => {
  await using household = new Household();
  const relay = household.relay();
  const names = ["ann", "ben", "cleo"];
  const made = Promise.all(names.map((name) => account(household, `add ${name}`, withPassword)));
  const { process } = await relay;
  for (const { code, error } of await made) assert.equal(code, 0, error);
  process.kill("SIGTERM");
  const last = await account(household, "add dora", withPassword);
  assert.equal(last.code, 0, last.error);
  assert.equal(await process.exit, 0);
  const found = JSON.parse(await done(household, "list --json"));
  const all = found.map(({ name }: { name: string }) => name);
  for (const name of [...names, "dora"]) assert(all.includes(name), name);
});

Deno.test("account: another user than the directory's owner is refused", {
  // Only root can give a directory away.
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
}, async () => {
  await using household = new Household();
  await done(household, "list");
  Deno.chownSync(household.data, 12_345, 12_345);
  const { code, error } = await account(household, "list");
  assert.equal(code, 1);
  assert.match(error, /belongs to the user with id 12345/);
  Deno.chownSync(household.data, 0, 0);
});

Deno.test("account: a password is asked for twice and not shown", {
  ignore: !Terminal.isThere,
}, async () => {
  await using household = new Household();
  const ask = async (first: string, second: string): Promise<Terminal> => {
    const terminal = new Terminal(household, ["account", "add", "alice", "--data", household.data]);
    await terminal.said(/Password for alice.*: /);
    await terminal.type(`${first}\r`);
    await terminal.said(/The same again: /);
    await terminal.type(`${second}\r`);
    return terminal;
  };
  await using differing = await ask("typed in the dark", "typed in the park");
  await differing.said(/the two passwords differ; nothing was changed/);
  assert.equal(await differing.exit, 1);
  await using right = await ask("typed in the dark", "typed in the dark");
  await right.said(/added alice as member/);
  assert.equal(await right.exit, 0);
  assert.doesNotMatch(differing.shown + right.shown, /typed/);
  using store = openStore(household.data);
  assert.equal((await store.signIn.withPassword("alice", "typed in the dark"))?.name, "alice");
});

for (const way of ["SIGTERM", "SIGINT", "Ctrl-C"] as const) {
  Deno.test(
    `account: ${way} ends the question for a password with 130, and leaves the terminal as it was`,
    {
      ignore: !Terminal.isThere,
    },
    async () => {
      await using household = new Household();
      const args = ["account", "add", "alice", "--data", household.data];
      await using terminal = new Terminal(household, args, "stty -a");
      await terminal.said(/Password for alice.*: /);
      await terminal.interrupt(way);
      await terminal.said(/crunch account add: nothing was changed/);
      await terminal.said(/code=130/);
      await terminal.said(/[^-]icanon[^]*[^-]echo /);
      await terminal.exit;
    },
  );
}
