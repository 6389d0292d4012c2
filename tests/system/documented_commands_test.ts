/** Every command that the README and the pages of docs print is tried here, or names the test that tries it. @module */

import assert from "node:assert/strict";
import { certify } from "../support/certificates.ts";
import { checkout, Household } from "../support/crunch.ts";
import { ask } from "../support/visitor.ts";

/** The commands of all `sh` blocks in a page: lines that go on are joined, remarks left out. */
function commandsOf(page: string): string[] {
  const blocks = [...page.matchAll(/^```sh\n([^]*?)\n```$/gm)].map(([, block]) => block!);
  return blocks.flatMap((block) => block.replace(/\\\n\s*/g, "").split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim()).filter((line) => line !== "");
}

function documented(): string[] {
  const pages = [...Deno.readDirSync(`${checkout}/docs`)].filter(({ name }) => name.endsWith(".md"))
    .map(({ name }) => `docs/${name}`).sort();
  return ["README.md", ...pages].flatMap((path) =>
    commandsOf(Deno.readTextFileSync(`${checkout}/${path}`))
  );
}

/** What is tried by another test, which has to mention it. */
const ELSEWHERE: Readonly<Record<string, readonly [test: string, mention: string]>> = {
  "npx -y deno@2.9.6 task demo": ["tests/system/demo_test.ts", '"demo"'],
  "npx -y deno@2.9.6 task test": [".ci/run", "deno@2.9.6 task test"],
  "npx -y deno@2.9.6 task compile": ["packaging/test_compiled.ts", "compile"],
  "npx -y deno@2.9.6 task release": ["deno.json", '"release"'],
  "curl -fsS https://relay.example/install.sh | sh": ["tests/system/install_test.ts", "install.sh"],
  "irm https://relay.example/install.ps1 | iex": ["tests/system/install_test.ts", "install.ps1"],
};

/** What needs programs or files that a test has not: Podman, a release, an OpenTelemetry collector. */
const NOT_HERE: readonly RegExp[] = [
  /^podman /,
  /^sha256sum --check --ignore-missing SHA256SUMS$/,
  /^tar -xzf crunch-[\d.]+-linux-x64\.tar\.gz$/,
  /^mkdir -p ~\/\.local\/bin && mv crunch-[\d.]+-linux-x64\/crunch ~\/\.local\/bin\/$/,
  /^export OTEL_/,
  // The signature of a release; install_test checks one as install.sh does.
  /^printf -- '-----BEGIN PUBLIC KEY-----/,
  /^openssl (base64|pkeyutl) /,
];

const PASSWORD = "correct horse";

/** A desk with all the files that the commands name. */
function desk(): Household {
  const household = new Household();
  const pair = certify({ names: ["localhost"] });
  household.write("fullchain.pem", pair.certificate);
  household.write("privkey.pem", pair.key);
  household.write("alice.txt", `${PASSWORD}\n`);
  household.write("site/index.html", "from the site");
  household.write("examples/site/index.html", "from the example");
  household.write("dist/crunch", "");
  return household;
}

/** Stands for what somebody types at the question for the password. */
const TYPED = { env: { CRUNCH_PASSWORD: PASSWORD } };

const words = (command: string): string[] => command.split(" ");

/** Whether a line has its agent ask for a password. */
const asks = (line: string): boolean => line.includes("--user ") && !line.includes("--password");

/** Without an option and its value. */
function without(command: string, ...options: readonly string[]): string[] {
  const left = words(command).slice(2);
  for (const option of options) {
    for (let at; (at = left.indexOf(option)) >= 0;) left.splice(at, 2);
  }
  return left;
}

Deno.test("documentation: there is no command that nobody tries", () => {
  const strange = documented().filter((command) =>
    !/^(\.\/)?crunch (relay|agent|both|account|backup|restore)( |$)/.test(command) &&
    !/^alias crunch=/.test(command) && !command.startsWith("curl -H ") &&
    !Object.hasOwn(ELSEWHERE, command) && !NOT_HERE.some((pattern) => pattern.test(command))
  );
  assert.deepEqual(strange, [], "try them here, or name the test that does");
  for (const [command, [test, mention]] of Object.entries(ELSEWHERE)) {
    assert.ok(documented().includes(command), `no page has it any more: ${command}`);
    const text = Deno.readTextFileSync(`${checkout}/${test}`);
    assert.ok(text.includes(mention), `${test} does not try: ${command}`);
  }
});

Deno.test("documentation: relay and agent take every line as it is printed", async (t) => {
  await using household = desk();
  const lines = new Set(documented().map((line) => line.replace(/^\.\//, "")));
  for (const line of lines) {
    if (!/^crunch (relay|agent|both)( |$)/.test(line)) continue;
    await t.step(line, async () => {
      const process = household.crunch(
        [...words(line).slice(1), "--check"],
        asks(line) ? TYPED : {},
      );
      assert.equal(await process.exit, 0, process.all);
      assert.equal(process.stderr, "");
    });
  }
});

Deno.test("documentation: the alias works from anywhere", async () => {
  await using household = desk();
  const alias = documented().find((line) => line.startsWith("alias "))!;
  const script = [
    "shopt -s expand_aliases",
    `cd '${checkout}'`,
    alias.replace("npx -y deno@2.9.6", Deno.execPath()),
    `cd '${household.root}'`,
    "crunch agent --check --dir ./site",
  ].join("\n");
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", script],
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME") ?? ""}/.cache/deno`,
      HOME: household.path("home"),
    },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.ok(new TextDecoder().decode(stdout).includes(`dir = ["${household.path("site")}"]`));
});

Deno.test("documentation: the ways to begin lead to the folder", async (t) => {
  const lines = ["README.md", "docs/https.md"].flatMap((page) =>
    commandsOf(Deno.readTextFileSync(`${checkout}/${page}`))
  );
  const find = (pattern: RegExp): string => {
    const line = lines.find((line) => pattern.test(line));
    assert.ok(line !== undefined, `no page has a line like ${pattern}`);
    return line;
  };

  await t.step("on one machine", async () => {
    await using household = desk();
    const relay = await household.relay(without(find(/^crunch relay$/)));
    await household.agent(without(find(/^crunch agent --dir/)));
    assert.equal((await ask(relay.http, "/local/")).text, "from the example");
  });

  await t.step("between two machines", async () => {
    await using household = desk();
    const add = household.crunch(
      [...words(find(/^crunch account add/)).slice(1), "--data", household.data],
      TYPED,
    );
    assert.equal(await add.exit, 0, add.all);
    const relay = await household.relay(
      without(find(/^crunch relay --http/), "--http", "--tunnel"),
    );
    const agent = without(find(/^crunch agent --relay relay\.example/), "--relay");
    const { urls } = await household.agent(["--relay", relay.tunnel, ...agent], TYPED);
    assert.equal(urls[0], "http://relay.example:8080/alice/");
    assert.equal((await ask(relay.http, "/alice/")).text, "from the site");
  });

  await t.step("with TLS", async () => {
    await using household = desk();
    await household.account("bob");
    const add = household.crunch(["account", "add", "alice", "--data", household.data], {
      env: { CRUNCH_PASSWORD: PASSWORD },
    });
    assert.equal(await add.exit, 0, add.all);
    const file = household.path("ready.json");
    const relay = household.crunch([
      "relay",
      ...without(find(/^crunch relay --https/), "--https", "--tunnel-tls"),
      ...["--https", "127.0.0.1:0", "--tunnel-tls", "127.0.0.1:0"],
      ...["--data", household.data, "--ready-file", file],
    ]);
    const ready = await relay.ready(file);
    const port = String(ready.tunnel_tls).split(":").at(-1);
    const agent = without(find(/^crunch agent --relay tls:/), "--relay");
    const { urls } = await household.agent([
      ...["--relay", `tls://localhost:${port}`, "--relay-ca", "fullchain.pem"],
      ...agent,
    ]);
    assert.match(urls[0]!, /^https:\/\/localhost:\d+\/alice\/$/);
  });
});

Deno.test("documentation: accounts, tokens, copies and the API by the printed lines", async (t) => {
  await using household = desk();
  const relay = await household.relay();
  const env = { CRUNCH_DATA: household.data, CRUNCH_PASSWORD: PASSWORD };
  const lines = [...new Set(documented())].filter((line) => /^crunch (account|backup)/.test(line));
  for (const line of lines) {
    await t.step(line, async () => {
      const process = household.crunch(words(line).slice(1), { env });
      assert.equal(await process.exit, 0, process.all);
    });
  }
  await t.step("the API by curl", async () => {
    const line = documented().find((line) => line.startsWith("curl -H "))!;
    const create = household.crunch(["account", "token", "create", "admin"], { env });
    assert.equal(await create.exit, 0, create.all);
    const { success, stdout } = await new Deno.Command("sh", {
      args: ["-c", line.replace("relay.example:8080", relay.http).replace("curl", "curl -fsS")],
      env: { CRUNCH_TOKEN: create.stdout.trim() },
    }).output();
    assert.ok(success);
    assert.ok(Array.isArray(JSON.parse(new TextDecoder().decode(stdout)).items));
  });
  await t.step("restoring, while the relay does not run", async () => {
    await relay.process[Symbol.asyncDispose]();
    const line = documented().find((line) => line.startsWith("crunch restore "))!;
    const restored = household.crunch(words(line).slice(1), {
      env: { CRUNCH_DATA: household.path("restored") },
    });
    assert.equal(await restored.exit, 0, restored.all);
  });
});
