/** The house stays as it was drawn: arrows between folders, no rings, and a sentence at every door. @module */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cycles, hasSentence, wrongArrows, wrongName } from "./support/layout_rules.ts";
import { type Import, importsOf, modulesOf } from "./support/module_graph.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Vendored modules keep their names; the example site is somebody's site. */
const FOREIGN = /^(static\/vendor|examples\/site)\//;
const modules = modulesOf(root);
const own = modules.filter((path) => !FOREIGN.test(path));

Deno.test("layout: every arrow between folders is one that was drawn, and goes through a door", async () => {
  const imports = await importsOf(root, modules);
  assert.ok(imports.length > 100, "the graph is there");
  assert.deepEqual(wrongArrows(imports), []);
  assert.deepEqual(cycles(imports), []);
});

Deno.test("layout: every module says in its first line what it is for", () => {
  const silent = own.filter((path) => !hasSentence(Deno.readTextFileSync(`${root}/${path}`)));
  assert.deepEqual(silent, []);
});

Deno.test("layout: modules are named after their jobs, in snake_case", () => {
  assert.deepEqual(own.filter((path) => wrongName(path) !== undefined), []);
});

function arrow(from: string, to: string, how: Partial<Import> = {}): Import {
  return { from, to, line: 1, dynamic: false, typeOnly: false, ...how };
}

Deno.test("layout: the relay and the command line are a few rooms, each behind its door", () => {
  for (const part of ["relay/", "cli/"]) {
    const inside = own.filter((path) => path.startsWith(part));
    const entries = new Set(inside.map((path) => path.slice(part.length).split("/")[0]));
    assert.ok(entries.size <= 10, [...entries].join(" "));
  }
});

Deno.test("layout: every path that the documentation names is there", () => {
  const parts = [...Deno.readDirSync(root)].filter((entry) => entry.isDirectory)
    .map(({ name }) => name);
  for (const page of ["README.md", "ARCHITECTURE.md", "docs/README.md", "docs/development.md"]) {
    const text = Deno.readTextFileSync(`${root}/${page}`);
    const named = text.match(/(?<![\w/.:-])[a-z]+\/(?:[a-z_]+\/)*(?:\w+\.(?:ts|js|md|toml))?/g) ??
      [];
    const ours = named.filter((path) => parts.includes(path.split("/")[0]!));
    const missing = ours.filter((path) => !existsSync(`${root}/${path}`));
    assert.deepEqual(missing, [], page);
    assert.ok(page === "docs/README.md" || ours.length > 5, page);
  }
});

Deno.test("layout rules: a wrong arrow is found, whether of values or of types", () => {
  const wrong = [
    arrow("relay/mod.ts", "agent/mod.ts"),
    arrow("agent/files/mod.ts", "relay/mod.ts", { typeOnly: true }),
    arrow("cli/command_line/help.ts", "http/mod.ts"),
    arrow("cli/kinds/secret.ts", "cli/options/mod.ts", { typeOnly: true }),
    arrow("http/server.ts", "tunnel/mod.ts"),
    arrow("tunnel/session.ts", "relay/mod.ts", { dynamic: true }),
    arrow("relay/pages/own_pages.ts", "dashboard/app.js"),
    arrow("dashboard/session.js", "relay/api/mod.ts"),
    arrow("dashboard/session.js", "relay/store/mod.ts", { typeOnly: true }),
    arrow("dashboard/pages/log.js", "dashboard/pages/usage.js"),
    arrow("relay/mod.ts", "tests/support/pipe.ts"),
    arrow("relay/mod.ts", "main.ts"),
    arrow("relay/mod.ts", "benchmarks/main.ts"),
    arrow("relay/store/names.ts", "http/mod.ts"),
    arrow("relay/agents/registry.ts", "relay/visitors/mod.ts"),
    arrow("relay/visitors/visitor_handler.ts", "relay/pages/mod.ts", { typeOnly: true }),
    arrow("relay/store/names.ts", "relay/visitors/router.ts"),
    arrow("new_folder/mod.ts", "http/mod.ts"),
  ];
  for (const found of wrong) assert.equal(wrongArrows([found]).length, 1, JSON.stringify(found));
});

Deno.test("layout rules: a door is not gone around", () => {
  const wrong = [
    arrow("relay/mod.ts", "http/head.ts"),
    arrow("relay/visitors/visitor_handler.ts", "relay/store/names.ts"),
    arrow("relay/api/mod.ts", "relay/store/names.ts"),
    arrow("main.ts", "relay/mod_of_something.ts"),
    arrow("main.ts", "relay/commands/relay_command.ts"),
    arrow("relay/mod.ts", "agent/command.ts", { dynamic: true }),
  ];
  for (const found of wrong) assert.equal(wrongArrows([found]).length, 1, JSON.stringify(found));
});

Deno.test("layout rules: the arrows of the house are let through", () => {
  const right = [
    arrow("main.ts", "relay/commands/relay_command.ts", { dynamic: true }),
    arrow("main.ts", "relay/commands/account_command.ts", { dynamic: true }),
    arrow("main.ts", "cli/mod.ts"),
    arrow("main.ts", "deno.json"),
    arrow("relay/mod.ts", "tunnel/mod.ts"),
    arrow("agent/mod.ts", "http/mod.ts"),
    arrow("tunnel/session.ts", "http/mod.ts"),
    arrow("relay/visitors/visitor_handler.ts", "relay/visitors/router.ts"),
    arrow("relay/visitors/visitor_handler.ts", "relay/store/mod.ts"),
    arrow("relay/api/mod.ts", "relay/agents/mod.ts"),
    arrow("relay/store/password.ts", "tunnel/mod.ts"),
    arrow("tests/relay/router_test.ts", "relay/visitors/router.ts"),
    arrow("dashboard/session.js", "relay/api/mod.ts", { typeOnly: true }),
    arrow("dashboard/pages/log.js", "dashboard/parts/table.js"),
    arrow("dashboard/app.js", "dashboard/pages/log.js", { dynamic: true }),
  ];
  assert.deepEqual(wrongArrows(right), []);
});

Deno.test("layout rules: a ring is found, one that types alone close as well", () => {
  const ring = [arrow("a.ts", "b.ts"), arrow("b.ts", "c.ts"), arrow("c.ts", "a.ts")];
  assert.deepEqual(cycles(ring), ["a.ts → b.ts → c.ts → a.ts"]);
  assert.deepEqual(cycles([arrow("x.ts", "a.ts"), ...ring]).length, 1);
  assert.deepEqual(
    cycles([ring[0]!, ring[1]!, arrow("c.ts", "a.ts", { dynamic: true })]).length,
    1,
  );
  assert.equal(cycles([ring[0]!, ring[1]!, arrow("c.ts", "a.ts", { typeOnly: true })]).length, 1);
  assert.deepEqual(
    cycles([arrow("a.ts", "b.ts"), arrow("a.ts", "c.ts"), arrow("b.ts", "c.ts")]),
    [],
  );
});

Deno.test("layout rules: drawers and other styles of names are refused", () => {
  const wrong = [
    "http/utils.ts",
    "shared/frame.ts",
    "relay/api/helpers/mod.ts",
    "cli/common_options.ts",
    "http/index.ts",
    "http/serverExchange.ts",
    "http/server-exchange.ts",
  ];
  for (const path of wrong) assert.ok(wrongName(path), path);
  for (const path of ["http/mod.ts", "main.ts", "cli/std.d.ts", "relay/community.ts"]) {
    assert.equal(wrongName(path), undefined, path);
  }
});

Deno.test("layout rules: the first line is one sentence, with its tag", () => {
  assert.ok(hasSentence("/** Reads heads. @module */\nimport …\n"));
  assert.ok(
    hasSentence("/** `crunch relay`: starts a relay (RFC 9112, e.g. a proxy). @module */\n"),
  );
  const wrong = [
    'import x from "y";\n',
    "/** Reads heads @module */\n",
    "/** Reads heads. */\n",
    "/** Reads heads. Writes them, too. @module */\n",
    "\n/** Reads heads. @module */\n",
  ];
  for (const text of wrong) assert.ok(!hasSentence(text), text);
});
