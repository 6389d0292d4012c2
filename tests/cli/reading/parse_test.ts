/** Claims about flags, environment and defaults, and which of them wins. @module */

import assert from "node:assert/strict";
import type { Command } from "../../../cli/options/option.ts";
import { makeStyle } from "../../../cli/terminal/terminal.ts";
import { commandHelp } from "../../../cli/command_line/help.ts";
import { addressOrOff } from "../../../cli/kinds/addresses.ts";
import { commands } from "../../../cli/command_line/commands.ts";
import { duration, file, text, toggle } from "../../../cli/kinds/kinds.ts";
import { defineCommand } from "../../../cli/options/option.ts";
import { type Inputs, parseCommand } from "../../../cli/reading/parse.ts";
import { readOptions } from "../../../cli/reading/program_options.ts";
import { type Secret, secret } from "../../../cli/kinds/secret.ts";
import { UsageError } from "../../../cli/terminal/usage.ts";

const group = "Options";

const command = defineCommand({
  name: "try",
  summary: "tries",
  examples: [],
  positionals: [{ name: "THING", help: "a thing", optional: true }],
  configuration: {
    reads: ["try"],
    known: {
      try: {
        http: { kind: addressOrOff, repeatable: true, group, help: "" },
        drain: { kind: duration(), group, help: "" },
        verbose: { kind: toggle, group, help: "" },
        password: { kind: secret, group, help: "" },
      },
      other: { elsewhere: { kind: text(), group, help: "" } },
    },
  },
  options: {
    http: { kind: addressOrOff, repeatable: true, default: "8080", group, help: "" },
    drain: { kind: duration(), default: "30s", group, help: "" },
    verbose: { kind: toggle, group, help: "" },
    label: { kind: text(), group, help: "" },
    password: { kind: secret, group, help: "" },
    config: { kind: file, group, help: "" },
  },
});

/** A file system of texts. */
function files(texts: Record<string, string>): (path: string) => Uint8Array {
  return (path) => {
    const text = Object.hasOwn(texts, path) ? texts[path] : undefined;
    if (text === undefined) throw new Deno.errors.NotFound(path);
    return new TextEncoder().encode(text);
  };
}

const parse = (args: string[], inputs: Partial<Inputs> = {}) =>
  parseCommand(command, { env: {}, readFile: files({}), ...inputs, args });

async function refuses(args: string[], message: RegExp, inputs: Partial<Inputs> = {}) {
  await assert.rejects(parse(args, inputs), (error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("settings: defaults hold where nothing is given, typed", async () => {
  const { values, sources, positionals } = await parse([]);
  const drain: number = values.drain;
  const verbose: boolean = values.verbose;
  const label: string | undefined = values.label;
  assert.deepEqual([drain, verbose, label, values.password], [30_000, false, undefined, undefined]);
  assert.deepEqual(values.http, [{ transport: "tcp", hostname: "127.0.0.1", port: 8080 }]);
  assert.equal(sources.drain.from, "default");
  assert.deepEqual(positionals, []);
});

Deno.test("settings: flag beats environment beats file beats default, each with its source", async () => {
  const readFile = files({ "c.toml": '[try]\n\ndrain = "3s"\n' });
  const env = { CRUNCH_DRAIN: "2s" };
  const at = async (args: string[], inputs: Partial<Inputs>) => {
    const { values, sources } = await parse(args, { readFile, ...inputs });
    return [values.drain, sources.drain.from, sources.drain.name];
  };
  const config = ["--config", "c.toml"];
  assert.deepEqual(await at([...config, "--drain", "1s"], { env }), [1000, "flag", "--drain"]);
  assert.deepEqual(await at(config, { env }), [2000, "env", "CRUNCH_DRAIN"]);
  assert.deepEqual(await at(config, {}), [3000, "file", "c.toml, line 3"]);
  assert.deepEqual(await at([], { env: { CRUNCH_CONFIG: "c.toml" } }), [
    3000,
    "file",
    "c.toml, line 3",
  ]);
});

Deno.test("flags: --flag value, --flag=value, repeated, switches, -- and positionals", async () => {
  const { values, positionals } = await parse([
    "--http",
    ":80",
    "--http=unix:/a=b",
    "--verbose",
    "--label=-x",
    "--",
    "--http",
  ]);
  assert.deepEqual(values.http, [
    { transport: "tcp", hostname: "::", port: 80 },
    { transport: "unix", path: "/a=b" },
  ]);
  assert.equal(values.verbose, true);
  assert.equal(values.label, "-x");
  assert.deepEqual(positionals, ["--http"]);
  assert.equal(
    (await parse(["--no-verbose"], { env: { CRUNCH_VERBOSE: "1" } })).values.verbose,
    false,
  );
  assert.equal((await parse(["--verbose=off"])).values.verbose, false);
});

Deno.test("flags: off empties a list that has a default, and stands alone", async () => {
  assert.deepEqual((await parse(["--http", "off"])).values.http, []);
  await refuses(["--http", "off", "--http", "80"], /"off" among other/);
});

Deno.test("flags: each mistake says what it is", async () => {
  await refuses(["--drian", "1s"], /unknown option --drian; did you mean --drain\?/);
  await refuses(["--htt=1"], /unknown option --htt; did you mean --http\?/);
  await refuses(["-drain", "1s"], /unknown option -drain; did you mean --drain\?/);
  await refuses(["--elsewhere", "x"], /--elsewhere is an option of crunch other/);
  await refuses(["--drain"], /--drain needs a value$/);
  await refuses(["--drain", "--verbose"], /--drain needs a value; if it begins with dashes/);
  await refuses(["--drain="], /--drain needs a value that is not empty/);
  await refuses(["--drain", ""], /--drain needs a value that is not empty/);
  await refuses(["--drain", "1s", "--drain=2s"], /--drain is given twice/);
  await refuses(["--verbose", "--no-verbose"], /given twice/);
  await refuses(["--no-verbose=1"], /takes no value/);
  await refuses(["--no-drain"], /unknown option --no-drain/);
  await refuses(["--drain", "soon"], /--drain must be a time like .* not "soon"/);
  await refuses(["a", "b"], /does not know what to do with "b"/);
  await refuses(["a\0b"], /THING is empty or holds a control/);
  await refuses([""], /THING is empty/);
  await refuses(["--label", "a\0b"], /--label holds a NUL/);
});

Deno.test("flags: hostile words neither match, nor crash, nor reach the terminal", async () => {
  const words = [
    "--__proto__",
    "--constructor=x",
    "--toString",
    "--",
    "---",
    "-",
    "--=x",
    "--\x1b[2J",
  ];
  for (
    const word of [...words, `--${"a".repeat(1_000_000)}`, "--💥", "--\u202e", "-\n", "--DRAIN"]
  ) {
    try {
      const { positionals } = await parse([word]);
      assert.ok(word === "--" || (word === "-" && positionals[0] === "-"), word);
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
      assert.ok(error.message.length < 300);
      assert.doesNotMatch(error.message, /[\p{Cc}\p{Cf}]/u);
    }
  }
});

Deno.test("secrets: a flag is refused with the way that is right, and its value never repeated", async () => {
  const right = /--password would show the secret .* use CRUNCH_PASSWORD or --password-file FILE/;
  await refuses(["--password", "hunter2"], right);
  await refuses(["--password=hunter2"], right);
  for (const word of ["token", "secret", "api-token", "passwd", "admin-password", "pass"]) {
    await refuses([`--${word}=hunter2`], /secrets are taken from CRUNCH_… variables/);
  }
  for (const args of [["--pasword=hunter2"], ["--password=hunter2"], ["--label=", "hunter2"]]) {
    await assert.rejects(parse(args), (error: UsageError) => !error.text.includes("hunter2"));
  }
});

Deno.test("secrets: from the variable, or the file of flag, variable or configuration", async () => {
  const readFile = files({
    "flag.txt": "from flag\n",
    "env.txt": "from env file\r\n",
    "key.txt": "from key",
    "c.toml": '[try]\npassword-file = "key.txt"',
  });
  const reveal = async (args: string[], env: Record<string, string>) =>
    (await parse(args, { env, readFile })).values.password?.reveal();
  const env = { CRUNCH_PASSWORD: "from env" };
  assert.equal(await reveal(["--password-file", "flag.txt"], env), "from flag");
  assert.equal(await reveal([], { ...env, CRUNCH_PASSWORD_FILE: "env.txt" }), "from env");
  assert.equal(await reveal([], { CRUNCH_PASSWORD_FILE: "env.txt" }), "from env file");
  assert.equal(await reveal(["--config", "c.toml"], {}), "from key");
  assert.equal(await reveal([], { CRUNCH_PASSWORD: "" }), undefined);
});

Deno.test("secrets: one line break at the end is no part of them, whichever way they come", async () => {
  const ways: Array<(text: string) => Promise<{ values: { password: Secret | undefined } }>> = [
    (text) => parse([], { env: { CRUNCH_PASSWORD: text } }),
    (text) => parse(["--password-file", "f"], { readFile: files({ f: text }) }),
    (text) => parse(["--password-file", "-"], { readFile: files({ "-": text }) }),
    (text) => parse([], { env: { CRUNCH_PASSWORD_FILE: "f" }, readFile: files({ f: text }) }),
    async (text) => {
      const { options } = command;
      const given = { password: text };
      return await Promise.resolve(readOptions({ name: "try", options }, given));
    },
  ];
  for (const way of ways) {
    const read = async (text: string) => (await way(text)).values.password?.reveal();
    assert.equal(await read("hunter2"), "hunter2");
    assert.equal(await read("hunter2\n"), "hunter2");
    assert.equal(await read("hunter2\r\n"), "hunter2");
    assert.equal(await read(" hunter 2\t \n"), " hunter 2\t ");
    assert.equal(await read("\u00a0é\n"), "\u00a0é");
    for (const text of ["a\nb", "hunter2\n\n", "hunter2\r"]) {
      await assert.rejects(read(text), /holds more than one line$/, JSON.stringify(text));
    }
    await assert.rejects(read("\n"), /is empty$/);
    await assert.rejects(read("x".repeat(4097)), /holds more than 4096 bytes/);
  }
});

Deno.test("secrets: every way of printing them hides them", async () => {
  const parsed = await parse([], { env: { CRUNCH_PASSWORD: "hunter2" } });
  const printed = [
    Deno.inspect(parsed, { depth: 9, showHidden: true }),
    JSON.stringify(parsed),
    String(parsed.values.password),
    `${parsed.values.password}`,
    JSON.stringify(Object.entries(parsed.values.password!)),
  ];
  for (const text of printed) assert.doesNotMatch(text, /hunter2/);
});

Deno.test("secrets: unusable files are refused without being shown", async () => {
  const readFile = (path: string): Uint8Array => {
    if (path === "denied") throw new Deno.errors.PermissionDenied("x");
    const contents: Record<string, Uint8Array> = {
      empty: new Uint8Array(),
      line: new TextEncoder().encode("\n"),
      two: new TextEncoder().encode("hunter2\nhunter3\n"),
      binary: new Uint8Array([0xff, 0xfe, 0x80]),
      nul: new TextEncoder().encode("a\0b"),
      large: new Uint8Array(5000).fill(97),
    };
    const bytes = contents[path];
    if (bytes === undefined) throw new Deno.errors.NotFound(path);
    return bytes;
  };
  const wrong: [string, RegExp][] = [
    ["empty", /is empty/],
    ["line", /is empty/],
    ["two", /more than one line$/],
    ["binary", /not UTF-8/],
    ["nul", /more than one line$/],
    ["large", /more than 4096 bytes/],
    ["missing", /--password-file: cannot read "missing": there is no such file/],
    ["denied", /we may not read it/],
  ];
  for (const [path, message] of wrong) {
    await refuses(["--password-file", path], message, { readFile });
  }
});

Deno.test("environment: one a line for lists, empty means not set, mistakes name the variable", async () => {
  const { values } = await parse([], { env: { CRUNCH_HTTP: "\n :80 \r\n\n9090\n" } });
  assert.deepEqual(values.http.map((a) => a.transport === "tcp" ? a.port : 0), [80, 9090]);
  assert.equal((await parse([], { env: { CRUNCH_DRAIN: "" } })).values.drain, 30_000);
  await refuses([], /CRUNCH_DRAIN must be a time/, { env: { CRUNCH_DRAIN: "soon" } });
  await refuses([], /CRUNCH_VERBOSE must be true or false/, { env: { CRUNCH_VERBOSE: "perhaps" } });
});

Deno.test("files: a device without an end is refused, and a directory is called one", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const real = { env: {} };
  const read = (args: string[]) => parseCommand(command, { ...real, args });
  await assert.rejects(read(["--config", "/dev/zero"]), /is larger than 1048576 bytes/);
  await assert.rejects(read(["--password-file", "/dev/zero"]), /holds more than 4096 bytes/);
  await assert.rejects(read(["--config", "/"]), /cannot read "\/": it is a directory$/);
});

Deno.test("environment: a variable that looks misspelt gives a warning, others do not", async () => {
  const env = { CRUNCH_DRIAN: "1s", CRUNCH_SOMETHING: "x", CRUNCH_ELSEWHERE: "y", HOME: "/" };
  const { warnings, values } = await parse([], { env });
  assert.deepEqual(warnings, ["CRUNCH_DRIAN is not an option; did you mean CRUNCH_DRAIN?"]);
  assert.equal(values.drain, 30_000);
});

Deno.test("relay: its defaults are the contract's", async () => {
  const { values } = await parseCommand(commands.relay, {
    args: [],
    env: {},
    root: true,
    os: "linux",
  });
  assert.deepEqual(values.tunnel, [{ transport: "tcp", hostname: "127.0.0.1", port: 8021 }]);
  assert.equal(values.domain, "localhost");
  assert.equal(values.prefix, "/");
  assert.equal(values.data, "/var/lib/crunch");
  const limits = [
    [values.maxHead, 65_536],
    [values.maxTarget, 16_384],
    [values.maxFields, 128],
    [values.headTimeout, 10_000],
    [values.idleTimeout, 75_000],
    [values.bodyTimeout, 30_000],
    [values.writeTimeout, 60_000],
    [values.maxConnections, 10_000],
    [values.maxConnectionsPerAddress, 256],
    [values.maxPendingAgents, 1024],
    [values.signInTimeout, 10_000],
    [values.maxStreams, 256],
    [values.maxWaitingStreams, 4096],
    [values.streamWait, 5000],
    [values.connectTimeout, 5000],
    [values.firstByteTimeout, 60_000],
    [values.logQueue, 16_384],
    [values.logKeep, 604_800_000],
    [values.logSize, 1_000_000_000],
  ];
  for (const [value, expected] of limits) assert.equal(value, expected);
});

Deno.test("relay: the state directory follows XDG, then the home, then root", async () => {
  const data = async (env: Record<string, string>, root = false) =>
    (await parseCommand(commands.relay, { args: [], env, root, os: "linux" })).values.data;
  assert.equal(await data({ XDG_STATE_HOME: "/x", HOME: "/h" }), "/x/crunch");
  assert.equal(await data({ XDG_STATE_HOME: "relative", HOME: "/h" }), "/h/.local/state/crunch");
  assert.equal(await data({ HOME: "/h" }), "/h/.local/state/crunch");
  assert.equal(await data({ HOME: "/root" }, true), "/var/lib/crunch");
});

Deno.test("relay: what options demand of each other", async () => {
  const relay = (...args: string[]) => parseCommand(commands.relay, { args, env: {} });
  await assert.rejects(
    relay("--https", ":443"),
    /--https needs --tls-cert FILE and --tls-key FILE/,
  );
  await assert.rejects(relay("--tunnel-tls", ":443"), /--tunnel-tls needs/);
  await assert.rejects(relay("--tls-cert", "a"), /--tls-cert needs --tls-key FILE/);
  await assert.rejects(relay("--tls-key", "a"), /--tls-key needs --tls-cert FILE/);
  await assert.rejects(relay("--http", "off"), /no address for visitors/);
  await relay("--http", "off", "--https", ":443", "--tls-cert", "a", "--tls-key", "b");
});

Deno.test("agent: what options demand of each other", async () => {
  const agent = (args: string[], env: Record<string, string> = {}) =>
    parseCommand(commands.agent, { args, env });
  // A terminal is asked for the password afterwards.
  assert.equal((await agent(["--user", "a"])).values.password, undefined);
  await assert.rejects(
    agent(["--user", "a"], { CRUNCH_TOKEN: "t" }),
    /takes --user with a password, or a token/,
  );
  await assert.rejects(
    agent(["--relay", "x:1"], { CRUNCH_PASSWORD: "p" }),
    /has a password but no account/,
  );
  await assert.rejects(agent(["--dir", "a", "--dir", "b"]), /mounts two things at \/;/);
  await agent([], { CRUNCH_PASSWORD: "for account add" });
  await agent(["--user", "a"], { CRUNCH_PASSWORD: "p" });
  const both = parseCommand(commands.both, { args: ["--http", ":80", "--dir", "/x=./y"], env: {} });
  assert.deepEqual((await both).values.dir, [{ mount: "/x", value: "./y" }]);
});

Deno.test("settings: an option without effect yet is taken with a warning, and shown nowhere", async () => {
  const args = ["--connect-timeout", "1s"];
  const { values, warnings } = await parseCommand(commands.relay, { args, env: {} });
  assert.equal(values.connectTimeout, 1000);
  assert.deepEqual(warnings, [
    "--connect-timeout has no effect yet: it is an option of the agent; by a relay no origin is dialled",
  ]);
  assert.deepEqual((await parseCommand(commands.relay, { args: [], env: {} })).warnings, []);
  const page = { width: 80, style: makeStyle(false) };
  const relay = commands.relay as unknown as Command;
  assert.doesNotMatch(commandHelp(relay, page), /connect-timeout/i);
  assert.match(commandHelp(relay, page), /first-byte-timeout/);
});
