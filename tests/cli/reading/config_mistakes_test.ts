/** Claims about the mistakes that people make in TOML: each is told with its file and line, and what to write. @module */

import assert from "node:assert/strict";
import { commands } from "../../../cli/command_line/commands.ts";
import { parseCommand } from "../../../cli/reading/parse.ts";
import { UsageError } from "../../../cli/terminal/usage.ts";

/** What is said of a file, without the name of the file. */
async function said(toml: string): Promise<string> {
  try {
    await parseCommand(commands.both, {
      args: ["--config", "c.toml"],
      env: { HOME: "/home/me" },
      readFile: () => new TextEncoder().encode(toml),
    });
  } catch (error) {
    assert.ok(error instanceof UsageError, `${error}`);
    assert.ok(error.message.length < 300, error.message);
    assert.doesNotMatch(error.message, /[\p{Cc}\p{Cf}]/u);
    const [, rest] = /^c\.toml, (line \d+: .*)$/.exec(error.message) ?? [];
    assert.ok(rest !== undefined, `no line in: ${error.message}`);
    return rest;
  }
  throw new Error(`nothing wrong: ${JSON.stringify(toml)}`);
}

/** One line in `[relay]`, and what is said of it; `2` is its line. */
async function tells(cases: Readonly<Record<string, string>>, table = "relay"): Promise<void> {
  for (const [line, message] of Object.entries(cases)) {
    assert.equal(await said(`[${table}]\n${line}\n`), message, JSON.stringify(line));
  }
}

Deno.test("mistakes in TOML: texts without quotes", async () => {
  await tells({
    "drain = 10s": 'line 2: texts stand in quotes: "10s"',
    "drain=10s # long enough": 'line 2: texts stand in quotes: "10s"',
    "max-head = 64KiB": 'line 2: texts stand in quotes: "64KiB"',
    "http = :8080": 'line 2: texts stand in quotes: ":8080"',
    "http = 127.0.0.1:8080": 'line 2: texts stand in quotes: "127.0.0.1:8080"',
    "http = [:8080, :8081]": 'line 2: texts stand in quotes: ":8080"',
    'http = [":8080", :8081]': 'line 2: texts stand in quotes: ":8081"',
    "data = /srv/crunch": 'line 2: texts stand in quotes: "/srv/crunch"',
    "data = ~/crunch": 'line 2: texts stand in quotes: "~/crunch"',
    "data = C:\\crunch": 'line 2: texts stand in quotes: "C:\\crunch"',
    "public-url = https://relay.example": 'line 2: texts stand in quotes: "https://relay.example"',
    "public-url = https://relay.example/?a=b":
      'line 2: texts stand in quotes: "https://relay.example/?a=b"',
    "log-level = debug": 'line 2: texts stand in quotes: "debug"',
    "https = off": 'line 2: texts stand in quotes: "off"',
    "drain = 2026-01-01": 'line 2: texts stand in quotes: "2026-01-01"',
    "names-per-account = many": 'line 2: texts stand in quotes: "many"',
    "drain = nan": 'line 2: texts stand in quotes: "nan"',
    "drain = 010": 'line 2: texts stand in quotes: "010"',
  });
  assert.equal(await said("[agent]\nname = alice\n"), 'line 2: texts stand in quotes: "alice"');
  assert.equal(
    await said("[[agent.publish]]\nname = my site\n"),
    'line 2: texts stand in quotes: "my site"',
  );
  assert.equal(
    await said("[agent]\npublish = [{ name = a }]\n"),
    'line 2: texts stand in quotes: "a"',
  );
});

Deno.test("mistakes in TOML: true and false in other spellings", async () => {
  for (const word of ["True", "FALSE", "yes", "no", "on", "Off"]) {
    await tells({
      [`metrics-names = ${word}`]:
        "line 2: this is true or false, in small letters: metrics-names = true",
    });
  }
  await tells({
    'metrics-names = "true"': "line 2: relay.metrics-names must be true or false, without quotes",
    "metrics-names = 1": "line 2: relay.metrics-names must be true or false, without quotes",
    "https = false": 'line 2: relay.https must be a text: "off"',
    "drain = true": 'line 2: relay.drain must be a text: "…"',
  });
});

Deno.test("mistakes in TOML: commas that are missing or too many", async () => {
  const missing = (line: number) => `line ${line}: a comma is missing before ":81"`;
  assert.equal(await said('[relay]\nhttp = [":80" ":81"]'), missing(2));
  assert.equal(await said('[relay]\nhttp = [\n  ":80"\n  ":81"\n]'), missing(4));
  assert.equal(await said('[relay]\nhttp = [\n  ":80" # first\n  ":81",\n]'), missing(4));
  await tells({
    'drain = "10s",': "line 2: no comma stands at the end of a setting",
    'drain = "10s";': "line 2: no semicolon stands at the end of a setting",
    "names-per-account = 3,": "line 2: no comma stands at the end of a setting",
    "names-per-account = 10,000": "line 2: numbers have no commas",
    'http = ["a",, "b"]': "line 2: a value is missing",
  });
});

Deno.test("mistakes in TOML: more than one thing on a line", async () => {
  const one = "line 2: each setting stands on a line of its own";
  const nothing = "line 2: nothing but a comment, #, may follow on the line";
  const comment = "line 2: comments begin with #";
  await tells({
    'drain = "10s" prefix = "/x/"': one,
    "names-per-account = 3 drain = 10s": one,
    'drain = "10s" seconds': nothing,
    'drain = "10s" // ten': comment,
    'drain = "10s" ; ten': comment,
    'drain = "10s" -- ten': comment,
    "// all of it": comment,
    "; all of it": comment,
    'downloads = "the "new" ones"':
      'line 2: a text ends at its next quote: a " within "…" is written \\"',
    'downloads = ""x""': 'line 2: a text ends at its next quote: a " within "…" is written \\"',
    "downloads = 'it's'": 'line 2: a text ends at its next quote: a " within "…" is written \\"',
  });
  assert.equal(
    await said('[relay] drain = "10s"'),
    "line 1: each setting stands on a line of its own",
  );
  assert.equal(await said("[relay]]\n"), "line 1: there is a ] too many");
});

Deno.test("mistakes in TOML: as in YAML, JSON and INI files", async () => {
  const colon = "line 2: = stands between key and value, not :";
  await tells({
    'drain: "10s"': colon,
    "drain: 10s": colon,
    "- :8080": 'line 2: a list is written in brackets: ["…", "…"]',
    '  - ":8080"': 'line 2: a list is written in brackets: ["…", "…"]',
    '"drain": "10s",': colon,
    'http = { ":80": 1 }': colon,
    "drain": "line 2: a key without = and a value",
    'drain "10s"': "line 2: = is missing between key and value",
    "drain =": "line 2: a key without a value",
    "drain = # ten": "line 2: a key without a value",
    'drain = \n"10s"': "line 2: a key without a value",
    "drain = \nprefix = 1": "line 2: a key without a value",
    'public url = "x"':
      "line 2: a key has no spaces: its words are joined by dashes, as in public-url",
  });
  assert.equal(
    await said("relay:\n  drain: 10s\n"),
    "line 1: a table is written in brackets: [relay]",
  );
  assert.equal(
    await said('{\n  "relay": {}\n}\n'),
    "line 1: this looks like JSON: tables are written [relay], settings key = value",
  );
  assert.equal(
    await said('relay = {\n  "drain": "10s"\n}\n'),
    "line 2: = stands between key and value, not :",
  );
});

Deno.test("mistakes in TOML: quotes and brackets without an end", async () => {
  await tells({
    'drain = "10s': 'line 2: a text that begins with " has no " at its end',
    "drain = '10s": "line 2: a text that begins with ' has no ' at its end",
    "drain = \"10s'": 'line 2: a text that begins with " has no " at its end',
    'drain = """10s': 'line 2: a text that begins with """ has no """ at its end',
    'http = [":80"': "line 2: the [ has no ] at its end",
    "http = [": "line 2: the [ has no ] at its end",
    "http = { x = 1": "line 2: the { has no } at its end",
  });
  assert.equal(
    await said('[relay]\nhttp = [":80",\ndrain = "10s"\n'),
    "line 2: the [ has no ] at its end",
  );
  assert.equal(
    await said('[relay]\nhttp = [":80"\n\n[agent]\nname = "a"\n'),
    "line 2: the [ has no ] at its end",
  );
  assert.equal(
    await said('[relay]\nhttp = [":80"\ndrain = "1s"\n'),
    "line 2: the [ has no ] at its end",
  );
  assert.equal(await said("[relay\ndrain = 1"), "line 1: the [ has no ] at its end");
  assert.equal(await said("[[agent.publish]\nname = 1"), "line 1: the [[ has no ]] at its end");
});

Deno.test("mistakes in TOML: quotes and spaces of word processors", async () => {
  const straight = "line 2: quotes are straight, \" or '";
  await tells({
    "drain = “10s”": straight,
    "drain = ‘10s’": straight,
    "drain = „10s“": straight,
    "drain = «10s»": straight,
    "drain = `10s`": straight,
    "http = [“:80”]": straight,
    "“drain” = 1": straight,
    "\u00a0drain = 1": "line 2: a key was expected, not the character U+00A0",
    "\u200bdrain = 1": "line 2: a key was expected, not the character U+200B",
    "\uff44rain = 1": "line 2: a key was expected, not the character U+FF44",
  });
});

Deno.test("mistakes in TOML: control characters", async () => {
  const message = (code: string) => `line 2: the control character U+${code} has no place here`;
  await tells({
    'data = "a\u0001b"': message("0001"),
    "data = 'a\u001bb'": message("001B"),
    'data = "/a" # \u0007': message("0007"),
  });
});

Deno.test("mistakes in TOML: backslashes of Windows", async () => {
  await tells({
    'data = "C:\\Users\\me"':
      "line 2: a backslash in \"…\" is written twice, in '…' once: data = 'C:\\Users\\me'",
    'data = "\\srv"': "line 2: a backslash in \"…\" is written twice, in '…' once: data = '\\srv'",
    'data = "C:\\new\\table"':
      "line 2: relay.data holds a control character: a backslash in \"…\" is written twice, in '…' once",
  });
  assert.equal(
    await said('[agent]\ndir = ["/docs=C:\\manual"]'),
    "line 2: a backslash in \"…\" is written twice, in '…' once: dir = '/docs=C:\\manual'",
  );
});

Deno.test("mistakes in TOML: what stands twice", async () => {
  assert.equal(
    await said('[relay]\nhttp = ":80"\nhttp = ":81"'),
    'line 3: relay.http stands on line 2 already; several values make a list: http = ["…", "…"]',
  );
  assert.equal(
    await said('[relay]\ndrain = "1s"\ndrain = "2s"'),
    "line 3: relay.drain stands on line 2 already",
  );
  assert.equal(
    await said("[relay]\n[agent]\n[relay]"),
    "line 3: relay stands on line 1 already; all its keys stand below the first",
  );
  assert.equal(
    await said('[agent.publish]\nname = "a"\n[agent.publish]\nname = "b"'),
    "line 3: agent.publish stands on line 1 already; each is written [[agent.publish]]",
  );
});

Deno.test("mistakes in TOML: tables and lists where they do not belong", async () => {
  assert.equal(
    await said('[agent.publish]\nname = "a"'),
    "line 1: agent.publish is written [[agent.publish]], once for each",
  );
  assert.equal(
    await said('[[relay]]\ndrain = "1s"'),
    "line 1: relay must be a table, which stands once: [relay]",
  );
  assert.equal(
    await said('[[agent]]\nname = "a"'),
    "line 1: agent must be a table, which stands once: [agent]; several names stand in [[agent.publish]]",
  );
  assert.equal(await said('relay = "x"'), "line 1: relay must be a table: [relay]");
  assert.equal(
    await said('[[publish]]\nname = "a"'),
    "line 1: unknown table [publish]; did you mean [[agent.publish]]?",
  );
  assert.equal(
    await said("[http]\nx = 1"),
    "line 1: unknown table [http]; http is a key of [relay]",
  );
  assert.equal(await said("[Relay]\n"), "line 1: unknown table [Relay]; did you mean relay?");
  assert.equal(
    await said('user = "alice"\n'),
    "line 1: user stands outside a table; put it into [agent]",
  );
  await tells({
    'drain = ["1s"]': "line 2: relay.drain takes one value, not an array",
    'user = "alice"': "line 2: unknown key user in [relay]; user stands in [agent]",
    'max_head = "1KiB"': "line 2: unknown key max_head in [relay]; did you mean max-head?",
    'CRUNCH_DRAIN = "1s"': "line 2: unknown key CRUNCH_DRAIN in [relay]; did you mean drain?",
    '--drain = "1s"': "line 2: unknown key --drain in [relay]; did you mean drain?",
    "drain = 30": 'line 2: relay.drain needs a unit, in quotes: "30s", "30m" or "30h"',
    "drain = 1.5": 'line 2: relay.drain needs a unit, in quotes: "1.5s", "1.5m" or "1.5h"',
  });
});

Deno.test("mistakes in TOML: no message repeats what may be a secret", async () => {
  const files = [
    "[agent]\npassword = hunter2",
    "[agent]\npassword = “hunter2”",
    '[agent]\npassword = "hunter2',
    '[agent]\npassword = "hunter2" x',
    '[agent]\npassword = "\\hunter2"',
    "[agent]\npasswort = hunter2",
    '[agent]\ntoken = ["a" "hunter2"]',
    "[agent]\ntoken: hunter2",
    "[agent]\ntoken hunter2",
    "[agent]\nhunter2",
    "hunter2",
    "hunter2 hunter2",
    "[agent]\nuser = alice password = hunter2",
    '[agent]\nuser = "x"\npassword = [\n  "a"\n  "hunter2"\n]',
    "[agent]\npublish = [{ password = hunter2 }]",
    '[agent]\nuser = token = "hunter2"',
    "[agent]\nuser = password = hunter2",
    "[agent]\npassword = 2001-01-01 hunter2",
    '[agent]\npassword = """hunter2\\q"""',
  ];
  for (const toml of files) assert.doesNotMatch(await said(toml), /hunter2/, toml);
});

Deno.test("mistakes in TOML: what is right stays so", async () => {
  const { values } = await parseCommand(commands.both, {
    args: ["--config", "c.toml"],
    env: {},
    readFile: () =>
      new TextEncoder().encode([
        "\ufeff# with a byte order mark, tabs, and line breaks of Windows\r",
        "\t[ relay ]\t# spaces\r",
        "\thttp\t=\t[ ':80' , \":81\" , ]\t# a comma at the end\r",
        '"drain" = """1s"""',
        "names-per-account = 1_000",
        "max-fields = 0x80",
        "https = [\n  # nothing\n]",
        'downloads = "C:\\\\x\\u0041"',
        "log-level = 'de\u0062ug'",
        "[agent]",
        'publish = [{ name = "a", dir = ["x", "/y=z"] }]',
      ].join("\n")),
  });
  assert.deepEqual(values.http.map((address) => "port" in address && address.port), [80, 81]);
  assert.deepEqual(
    [values.drain, values.namesPerAccount, values.maxFields, values.downloads],
    [1000, 1000, 128, "C:\\xA"],
  );
  assert.equal(values.publish[0]?.dir.length, 2);
});

Deno.test("mistakes in TOML: hostile files are judged quickly", async () => {
  const started = performance.now();
  for (
    const part of [
      '"a" ',
      "x,",
      '["',
      "[[",
      "{a=",
      "a=1 ",
      "\\",
      "-",
      "a.",
      "1,000",
      '"\\',
      "#",
      "“",
    ]
  ) {
    for (const before of ["", "[relay]\nhttp = [", '[relay]\nhttp = "', "[relay]\nhttp = "]) {
      await said(`${before}${part.repeat(50_000)}`).catch((error) => {
        assert.match(error.message, /^nothing wrong|^no line in/, `${before}${part}: ${error}`);
      });
    }
  }
  assert.ok(performance.now() - started < 20_000, `${performance.now() - started} ms`);
});
