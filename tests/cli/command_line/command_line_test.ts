/** Claims about picking the command, help, version and printed settings. @module */

import assert from "node:assert/strict";
import { readCommandLine } from "../../../cli/command_line/command_line.ts";
import { anyCommands, commandGroups, commands } from "../../../cli/command_line/commands.ts";
import { wrap } from "../../../cli/terminal/terminal.ts";
import { dashed, type Options, variable } from "../../../cli/options/option.ts";
import { parseCommand, type Parsed } from "../../../cli/reading/parse.ts";
import { settingsText } from "../../../cli/command_line/settings.ts";
import { makeStyle } from "../../../cli/terminal/terminal.ts";
import { editDistance, nearest, UsageError } from "../../../cli/terminal/usage.ts";

const about = { version: "1.2.3", protocol: 4 };

const read = (line: string, env: Record<string, string> = {}) =>
  readCommandLine(line.split(" ").filter((word) => word !== ""), { env, about });

async function printed(line: string): Promise<string> {
  const invocation = await read(line);
  if (invocation.command !== "print") assert.fail(`${line} printed nothing`);
  return invocation.text;
}

async function refused(line: string): Promise<UsageError> {
  try {
    await read(line);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  assert.fail(`${line} was taken`);
}

Deno.test("command line: the command decides the type of its values", async () => {
  const invocation = await read("relay --http :80 --drain 1s");
  if (invocation.command !== "relay") assert.fail(invocation.command);
  const drain: number = invocation.values.drain;
  const port = invocation.values.http[0];
  assert.equal(drain, 1000);
  assert.deepEqual(port, { transport: "tcp", hostname: "::", port: 80 });
});

Deno.test("command line: commands of several words", async () => {
  const invocation = await read(
    "account token create Alice --scope read --expires 90d",
  );
  if (invocation.command !== "account token create") assert.fail(invocation.command);
  assert.deepEqual(invocation.positionals, ["alice"]);
  assert.equal(invocation.values.scope, "read");
  assert.equal(invocation.values.expires, 90 * 86_400_000);
});

Deno.test("command line: wrong commands name the nearest", async () => {
  assert.equal(
    (await refused("relai")).text,
    'crunch: unknown command "relai"; did you mean relay?\nSee crunch --help\n',
  );
  assert.match((await refused("account lst")).text, /^crunch account: .*did you mean list\?/);
  assert.match((await refused("account token mk")).message, /unknown command "mk"; the nearest is/);
  assert.match((await refused("account")).message, /needs a command: add, list, passwd/);
  assert.match((await refused("--http :80 relay")).message, /the command comes first/);
  assert.match((await refused("account add")).message, /needs NAME/);
  assert.match((await refused("account remove Ünal")).message, /NAME must be 1 to 63/);
  assert.match((await refused("completions tcsh")).message, /SHELL must be bash, zsh or fish/);
  for (const word of ["__proto__", "constructor", "toString", "\x1b[2J"]) {
    assert.doesNotMatch((await refused(word)).message, /\p{Cc}/u);
  }
});

Deno.test("command line: every message ends with a pointer to help", async () => {
  const error = await refused("account add --nmae x");
  assert.match(
    error.text,
    /^crunch account add: unknown option .*\nSee crunch account add --help\n$/,
  );
});

Deno.test("crunch alone: three lines to start with", async () => {
  const text = await printed("");
  assert.equal(text.trimEnd().split("\n").length, 3);
  assert.match(text, /^crunch relay .*\ncrunch agent --dir/);
});

Deno.test("version: program, Deno, protocol and form", async () => {
  for (const line of ["--version", "-V", "relay --version"]) {
    assert.match(
      await printed(line),
      /^crunch 1\.2\.3\ndeno \d+\.\d+\.\d+ \(\w+ \w+\)\nprotocol 4\nrun from a checkout\n$/,
    );
  }
});

Deno.test("help: every command has it, within 80 columns, with all options, variables and an example", async () => {
  for (const [name, command] of Object.entries(anyCommands)) {
    const text = await printed(`${name} --help`);
    for (const line of text.split("\n")) assert.ok(line.length <= 80, `${name}: ${line}`);
    assert.match(text, new RegExp(`^  crunch ${name}`, "m"), name);
    for (const [key, option] of Object.entries(command.options)) {
      if (option.fileOnly === true || option.dormant !== undefined) continue;
      const secret = option.kind.form === "secret" ? "-file" : "";
      const isOn = option.kind.form === "switch" && option.default === "true";
      const flag = `--${isOn ? "no-" : ""}${dashed(key)}${secret}`;
      assert.match(text, new RegExp(`${flag}\\b`), `${name} ${key}`);
      assert.match(text, new RegExp(`\\b${variable(key)}\\b`), `${name} ${key}`);
      if (typeof option.default === "string" && !isOn) {
        const shown = text.replace(/\s+/g, " ");
        assert.ok(shown.includes(`default ${option.default}`), `${name} ${key}`);
      }
    }
  }
});

Deno.test("help: groups list what is below them; -h and help ask for the same", async () => {
  const account = await printed("account --help");
  for (const word of ["add", "list", "token", "name"]) {
    assert.match(account, new RegExp(`^  ${word} `, "m"));
  }
  assert.match(await printed("--help"), /^ {2}relay .*\n[^]*^ {2}completions /m);
  assert.equal(await printed("relay -h"), await printed("help relay"));
  assert.equal(await printed("help"), await printed("--help"));
  assert.match((await refused("help relai")).message, /did you mean relay/);
  for (const group of Object.keys(commandGroups)) {
    assert.match(await printed(`${group} -h`), /COMMAND/);
  }
});

Deno.test("help: narrow and wide terminals get lines of their width", async () => {
  for (const width of [40, 60, 100]) {
    const page = { width, style: makeStyle(false) };
    const invocation = await readCommandLine(["--help"], { env: {}, about, page });
    if (invocation.command !== "print") assert.fail();
    const lines = invocation.text.split("\n").filter((line) => !line.startsWith("  crunch "));
    for (const line of lines) assert.ok(line.length <= Math.max(width, 47), line);
  }
  assert.deepEqual(wrap("aa bb cccccc d", 5), ["aa bb", "cccccc", "d"]);
});

Deno.test("names: every option is plain words, and no flag hides another", () => {
  for (const [name, command] of Object.entries(anyCommands)) {
    const words = Object.keys(command.options).map(dashed);
    for (const word of words) assert.match(word, /^[a-z]+(-[a-z]+)*$/, name);
    // help, and what a secret and a switch add: password-file, no-json.
    const derived = Object.entries(command.options).flatMap(([key, { kind }]) =>
      kind.form === "secret"
        ? [`${dashed(key)}-file`]
        : kind.form === "switch"
        ? [`no-${dashed(key)}`]
        : []
    );
    for (const word of [...derived, "help", "version"]) assert.ok(!words.includes(word), word);
  }
});

Deno.test("check: the printed settings are a configuration that reads the same", async () => {
  const toml = `[relay]
http = [":80", "unix:/a\\"b"]
drain = "1s"
tls-cert = "c.pem"
tls-key = "k\\\\.pem"
[agent]
user = "bob"
password-file = "pw"
[[agent.publish]]
name = "x"
dir = ["/d=./d", "./e"]
`;
  const check = async (toml: string, env: Record<string, string> = {}) => {
    const parsed = await parseCommand(commands.both, {
      args: ["--config", "c.toml", "--log-level", "warn"],
      env,
      readFile: (path) => new TextEncoder().encode(path === "pw" ? "hunter2" : toml),
    });
    const text = settingsText(anyCommands.both!, parsed as unknown as Parsed<Options>);
    return { parsed, text };
  };
  const first = await check(toml, { CRUNCH_ADMIN_PASSWORD: "hunter2", CRUNCH_DOMIAN: "x" });
  assert.doesNotMatch(first.text, /hunter2/);
  assert.match(first.text, /^# CRUNCH_DOMIAN is not an option; did you mean CRUNCH_DOMAIN\?$/m);
  assert.match(first.text, /^drain = "1s" +# c\.toml, line 3$/m);
  assert.match(first.text, /^# admin-password: a secret +# CRUNCH_ADMIN_PASSWORD$/m);
  assert.match(first.text, /^password-file = "pw" +# c\.toml, line 8$/m);
  assert.match(first.text, /^log-level = "warn" +# --log-level$/m);
  assert.match(first.text, /^prefix = "\/" +# default$/m);
  const second = await check(first.text);
  const { adminPassword: _, ...values } = first.parsed.values;
  const { adminPassword: __, ...again } = second.parsed.values;
  assert.deepEqual(again, values);
});

Deno.test("check: --check prints instead of starting", async () => {
  const invocation = await read("relay --check --http :80");
  assert.ok(invocation.command === "check" && invocation.of === "relay");
  assert.match(invocation.text, /^\[relay\]\nhttp = \[":80"\] +# --http\n/);
  assert.match((await refused("relay --check --drain x")).message, /--drain must be/);
});

Deno.test("nearest: counts slips, and prefers a word cut short", () => {
  assert.equal(editDistance("drian", "drain"), 1);
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("kitten", "sitting"), 3);
  assert.equal(nearest("log-for", ["log-keep", "log-format"])?.word, "log-format");
  assert.equal(nearest("x", []), undefined);
});
