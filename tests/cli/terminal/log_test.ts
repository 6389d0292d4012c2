/** Claims about the program's log. @module */

import assert from "node:assert/strict";
import { createLog, type LogOptions } from "../../../cli/terminal/log.ts";
import { Secret } from "../../../cli/kinds/secret.ts";

function logTo(options: LogOptions = {}) {
  const lines: string[] = [];
  const now = () => new Date(0);
  return { lines, log: createLog({ now, write: (line) => lines.push(line), ...options }) };
}

const TIME = "1970-01-01T00:00:00.000Z";

Deno.test("log: text is time, level, message and fields on one line", () => {
  const { log, lines } = logTo();
  log.info("agent signed in", { name: "alice", ms: 12, gone: undefined, why: "a b" });
  assert.deepEqual(lines, [`${TIME} info  agent signed in name=alice ms=12 why="a b"\n`]);
});

Deno.test("log: JSON is one object a line, whose first three keys no field can replace", () => {
  const { log, lines } = logTo({ format: "json" });
  log.with({ part: "relay" }).warn("x\ny", { level: "fake", time: 1, n: 10n, big: Infinity });
  assert.deepEqual(lines.map((line) => JSON.parse(line)), [
    { time: TIME, level: "warn", message: "x\ny", part: "relay", n: "10", big: null },
  ]);
  assert.equal(lines[0]!.trimEnd().includes("\n"), false);
});

Deno.test("log: lines below the level are not written", () => {
  const { log, lines } = logTo({ level: "warn" });
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assert.equal(lines.length, 2);
});

Deno.test("log: errors show their causes", () => {
  const { log, lines } = logTo();
  const error = new Error("cannot listen", { cause: new Error("address in use") });
  log.error("stopped", { error });
  assert.match(lines[0]!, /error="cannot listen: address in use"/);
});

Deno.test("log: secrets, control characters and endless values stay out", () => {
  for (const format of ["text", "json"] as const) {
    const { log, lines } = logTo({ format });
    log.info("a\nb\x1b[2J\u202e", {
      secret: new Secret("hunter2"),
      nested: { token: new Secret("hunter2") },
      evil: "\x1b[31m\u202e\n",
      long: "x".repeat(100_000),
    });
    const [line] = lines;
    assert.doesNotMatch(line!, /hunter2/);
    assert.doesNotMatch(line!.trimEnd(), format === "text" ? /[\p{Cc}\p{Cf}]/u : /\p{Cc}/u);
    assert.ok(line!.length < 3000);
  }
});

Deno.test("log: what cannot be printed does not throw", () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const throwing = {
    toJSON: () => {
      throw new Error("no");
    },
  };
  for (const format of ["text", "json"] as const) {
    const { log, lines } = logTo({ format });
    log.info("x", { circular });
    log.info("x", { throwing });
    log.info("x", {
      f: () => 1,
      s: Symbol("s"),
      n: null,
      d: new Date(0),
      bare: Object.create(null),
    });
    assert.equal(lines.length, 3);
  }
});

Deno.test("log: advice is behind the message in a pipe, below it on a terminal, a key in JSON", () => {
  const advice = "start one there:\n  crunch relay --tunnel 127.0.0.1:8021";
  const piped = logTo();
  piped.log.warn("no relay yet", { advice, name: "site" });
  assert.deepEqual(piped.lines, [
    `${TIME} warn  no relay yet; start one there: crunch relay --tunnel 127.0.0.1:8021 name=site\n`,
  ]);
  const shown = logTo({ width: () => 40, colour: true });
  shown.log.warn("no relay yet, and this is long", { advice });
  assert.deepEqual(shown.lines, [
    `\x1b[2m${TIME}\x1b[22m \x1b[33mwarn \x1b[39m no\n  relay yet, and this is long\n` +
    "  start one there:\n    crunch relay --tunnel 127.0.0.1:8021\n",
  ]);
  const json = logTo({ format: "json" });
  json.log.warn("no relay yet", { advice });
  assert.equal(
    JSON.parse(json.lines[0]!).advice,
    "start one there: crunch relay --tunnel 127.0.0.1:8021",
  );
});
