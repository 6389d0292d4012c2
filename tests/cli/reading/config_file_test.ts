/** Claims about the TOML configuration: what it sets, and how its mistakes are told. @module */

import assert from "node:assert/strict";
import { type Publication, publications } from "../../../cli/options/agent_options.ts";
import { commands } from "../../../cli/command_line/commands.ts";
import { parseCommand } from "../../../cli/reading/parse.ts";
import { readToml } from "../../../cli/reading/toml.ts";
import { UsageError } from "../../../cli/terminal/usage.ts";

const bytes = (toml: string) => new TextEncoder().encode(toml);

const relay = (toml: string | Uint8Array, args: string[] = []) =>
  parseCommand(commands.relay, {
    args: ["--config", "c.toml", ...args],
    env: {},
    readFile: () => typeof toml === "string" ? bytes(toml) : toml,
  });

const agent = (toml: string, args: string[] = [], env: Record<string, string> = {}) =>
  parseCommand(commands.agent, {
    args: ["--config", "c.toml", ...args],
    env,
    readFile: () => bytes(toml),
  });

async function refuses(toml: string | Uint8Array, message: RegExp): Promise<void> {
  await assert.rejects(relay(toml), (error) => {
    assert.ok(error instanceof UsageError, `${error}`);
    assert.match(error.message, message);
    assert.ok(error.message.length < 300);
    assert.doesNotMatch(error.message, /[\p{Cc}\p{Cf}]/u);
    return true;
  });
}

Deno.test("configuration: texts, numbers, switches and arrays become values", async () => {
  const { values } = await relay(`
[relay]
http = [":80", "unix:/run/x"]  # two
tunnel = 8021
names-per-account = 3
drain = "2h"
max-head = "96KiB"
log-level = "debug"
trusted-proxy = []
`);
  assert.equal(values.http.length, 2);
  assert.deepEqual(values.tunnel, [{ transport: "tcp", hostname: "127.0.0.1", port: 8021 }]);
  assert.equal(values.namesPerAccount, 3);
  assert.equal(values.drain, 7_200_000);
  assert.equal(values.maxHead, 98_304);
  assert.equal(values.logLevel, "debug");
});

Deno.test("configuration: a flag replaces a list, it does not add to it", async () => {
  const { values } = await relay('[relay]\nhttp = [":80", ":81"]', ["--http", ":82"]);
  assert.deepEqual(values.http, [{ transport: "tcp", hostname: "::", port: 82 }]);
});

Deno.test("configuration: unknown keys and tables name file, line and the nearest", async () => {
  await refuses(
    '[relay]\n\nhtpp = ":80"',
    /^c\.toml, line 3: unknown key htpp in \[relay\]; did you mean http\?/,
  );
  await refuses("[relay]\nmax_head = 1", /line 2: unknown key max_head.*did you mean max-head\?/);
  await refuses("[rely]\nx = 1", /line 1: unknown table \[rely\]; did you mean relay\?/);
  await refuses('http = ":80"', /line 1: http stands outside a table; put it into \[relay\]/);
  await refuses("[agent]\nfoo = 1", /line 2: unknown key foo in \[agent\]/);
  await refuses("[relay.http]\nx = 1", /http must be a text/);
  await refuses('[relay]\n"a.b" = 1', /line 2: unknown key "a\.b"/);
  await refuses('[relay]\n"\\u001b[2J" = 1', /unknown key "\\u001b/);
});

Deno.test("configuration: wrong values name file, line and key", async () => {
  await refuses('[relay]\ndrain = "soon"', /^c\.toml, line 2: relay\.drain must be a time/);
  await refuses("[relay]\ndrain = 30", /line 2: relay\.drain needs a unit/);
  await refuses('[relay]\ndrain = ["1s"]', /line 2: relay\.drain takes one value/);
  await refuses('[relay]\nhttp = ""', /line 2: relay\.http is empty/);
  await refuses("[relay]\nhttp = [true]", /relay\.http must be a text/);
  await refuses("[relay]\nhttp = [[80]]", /relay\.http must be a text/);
  await refuses("[relay]\nnames-per-account = 1.5", /whole number/);
  await refuses("[relay]\nnames-per-account = 99999999999999999999", /at most/);
  await refuses('relay = "x"', /line 1: relay must be a table/);
  await refuses("[[relay]]\n", /relay must be a table/);
});

Deno.test("configuration: secrets have no place in it and are not repeated", async () => {
  for (const toml of ['[agent]\npassword = "hunter2"', "[agent]\npassword = hunter2"]) {
    await assert.rejects(agent(toml), (error: UsageError) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /line 2/);
      assert.doesNotMatch(error.text, /hunter2/);
      return true;
    });
  }
  await assert.rejects(
    agent('[agent]\ntoken = "x"'),
    /token is a secret and has no place here; write token-file = "FILE"/,
  );
});

Deno.test("configuration: hostile bytes are refused quickly and cleanly", async () => {
  await refuses(new Uint8Array([0xff, 0xfe, 0x00]), /not UTF-8/);
  await refuses('[relay]\n\ndrain = "a\0b"', /line 3: holds a NUL/);
  await refuses(new Uint8Array(2 << 20).fill(35), /larger than/);
  await refuses("__proto__ = { drain = 1 }", /__proto__ is not allowed/);
  await refuses("[relay.__proto__]\ndrain = 1", /__proto__ is not allowed/);
  await refuses('[relay]\n"__proto__" = 1', /__proto__ is not allowed/);
  await refuses("[constructor.prototype]\nx = 1", /unknown table \[constructor\]/);
  await refuses(`[relay]\nhttp = ${"[".repeat(200_000)}`, /nested too deeply/);
  await refuses(`[relay]\n${"x".repeat(500_000)} = 1`, /unknown key/);
  await refuses(`${"a.".repeat(100_000)}b`, /a key without = and a value/);
  await refuses("]".repeat(100_000), /a key was expected/);
  await refuses("\x1b[2J = 1", /not the character U\+001B/);
  await refuses('[relay]\nx = "\u202e"\n', /unknown key x/);
  assert.equal(({} as Record<string, unknown>).drain, undefined);
});

Deno.test("configuration: random cuts and changes of a good file never crash", async () => {
  const good =
    '[relay]\nhttp = [":80", "unix:/x"] # c\ndrain = "1s"\n[agent]\nname = \'a\'\n[[agent.publish]]\nname = "b"\ndir = """x"""\n';
  let seed = 7;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below;
  for (let round = 0; round < 1000; round++) {
    const at = random(good.length);
    const junk = "[]{}\"'=.#\n\\\0\u{1f4a5}".at(random(14)) ?? "";
    const toml = good.slice(0, at) + junk + good.slice(at + random(6));
    try {
      await relay(toml);
    } catch (error) {
      assert.ok(error instanceof UsageError, `${JSON.stringify(toml)}: ${error}`);
    }
  }
});

Deno.test("lines: found in every form that TOML has", async () => {
  const { lines } = await readToml(
    [
      "# head",
      '"quoted key" = 1',
      "a.b.c = '''",
      "[not.a.table]",
      "''''",
      "[relay]\r",
      "http = [ # ]",
      '  "[x]", ',
      "]",
      's = "\\"]#"',
      '"a.b" = """\\',
      '  x"""""',
      "t = { x = 1, y = [2] }",
      "[[agent.publish]]",
      "name = 1",
      "[[agent.publish]]",
      "name = 2",
      "[agent.publish.sub]",
      "k = 3",
    ].join("\n"),
  );
  assert.deepEqual(Object.fromEntries(lines), {
    "quoted key": 2,
    "a.b.c": 3,
    "relay": 6,
    "relay.http": 7,
    "relay.s": 10,
    "relay.a\\.b": 11,
    "relay.t": 13,
    "agent.publish": 14,
    "agent.publish.0": 14,
    "agent.publish.0.name": 15,
    "agent.publish.1": 16,
    "agent.publish.1.name": 17,
    "agent.publish.1.sub": 18,
    "agent.publish.1.sub.k": 19,
  });
});

const PUBLISH = `
[agent]
relay = "tls://relay.example:443"
[[agent.publish]]
name = "Alice"
dir = ["./site", "/docs=./manual"]
[[agent.publish]]
dir = "./more"
`;

const names = (list: readonly Publication[]) =>
  list.map(({ name, origins }) => [
    name,
    origins.map(({ mount, value }) => `${mount}=${value}`).join(),
  ]);

Deno.test("publish: several names, each with its directories", async () => {
  assert.deepEqual(names(publications(await agent(PUBLISH))), [
    ["alice", "/=./site,/docs=./manual"],
    [undefined, "/=./more"],
  ]);
});

Deno.test("publish: flags and variables stand for themselves", async () => {
  assert.deepEqual(names(publications(await agent(PUBLISH, ["--dir", "./x"]))), [[
    undefined,
    "/=./x",
  ]]);
  assert.deepEqual(names(publications(await agent(PUBLISH, [], { CRUNCH_NAME: "bob" }))), [[
    "bob",
    "/=.",
  ]]);
  assert.deepEqual(names(publications(await agent("[agent]"))), [[undefined, "/=."]]);
  assert.deepEqual(
    names(publications(await agent(`[agent]\ndir = "a"\n[[agent.publish]]\nname="b"\ndir="c"`))),
    [[undefined, "/=a"], ["b", "/=c"]],
  );
});

Deno.test("publish: what an entry lacks or has twice names the line where it begins", async () => {
  const entry = (...lines: string[]): string => ["", "[[agent.publish]]", ...lines].join("\n");
  const one = entry('name = "a"', 'dir = "x"');
  const says = (toml: string, message: RegExp) => assert.rejects(agent("[agent]" + toml), message);
  await says(
    one + entry(),
    /^UsageError: c\.toml, line 5: \[\[agent\.publish\]\] publishes nothing/,
  );
  await says(one + one, /c\.toml, line 5: \[\[agent\.publish\]\] publishes a twice/);
  await says(entry('dir = ["x", "y"]'), /line 2: \[\[agent\.publish\]\] mounts two things at \//);
});

Deno.test("publish: mistakes are told by line", async () => {
  const wrong: [string, RegExp][] = [
    [
      '[[agent.publish]]\nnam = "x"',
      /line 2: unknown key nam in \[agent\.publish\]; did you mean name\?/,
    ],
    [
      '[[agent.publish]]\ndir="a"\n[[agent.publish]]\nname = "-x"',
      /line 4: agent\.publish\.name must/,
    ],
    ['[agent]\npublish = "x"', /line 2: agent\.publish is written \[\[agent\.publish\]\]/],
    ["[agent]\npublish = [1]", /line 2/],
    ['[[agent.publish]]\nname = "x"', /publishes nothing/],
    [
      '[[agent.publish]]\nname="x"\ndir="a"\n[[agent.publish]]\nname="X"\ndir="b"',
      /publishes x twice/,
    ],
    ['[[agent.publish]]\ndir = ["a", "b"]', /mounts two things at \//],
  ];
  for (const [toml, message] of wrong) await assert.rejects(agent(toml), message);
});

Deno.test("configuration: both reads its two tables, account the relay's", async () => {
  const toml = '[relay]\ndata = "/d"\nprefix = "/p/"\n[agent]\nname = "n"\ndrain = "9s"';
  const inputs = { args: ["--config", "c.toml"], env: {}, readFile: () => bytes(toml) };
  const { values } = await parseCommand(commands.both, inputs);
  assert.deepEqual([values.prefix, values.name, values.drain], ["/p/", "n", 9000]);
  const account = await parseCommand(commands["account list"], inputs);
  assert.equal(account.values.data, "/d");
});
