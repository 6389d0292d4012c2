/** Claims about the values of options: text to value, and what is refused. @module */

import assert from "node:assert/strict";
import {
  choice,
  duration,
  formatDuration,
  integer,
  type Kind,
  LONGEST_TIMER,
  size,
  text,
  toggle,
} from "../../../cli/kinds/kinds.ts";
import { BadValue } from "../../../cli/terminal/usage.ts";

function refuses(kind: Kind<unknown>, texts: readonly string[], message?: RegExp): void {
  for (const text of texts) {
    assert.throws(
      () => kind.parse(text),
      (error) => error instanceof BadValue && (message?.test(error.message) ?? true),
      `took ${JSON.stringify(text)}`,
    );
  }
}

/** What nothing but free text may take. */
const GARBAGE = [
  " ",
  "\t",
  "\n",
  "-",
  "💥",
  "١٢",
  "1\n2",
  "0x10",
  "1_000",
  "NaN",
  "Infinity",
  "9".repeat(400),
  "a".repeat(100_000),
  "__proto__",
  "constructor",
];

Deno.test("duration: takes every unit, fractions and a bare zero", () => {
  const kind = duration();
  assert.equal(kind.parse("500ms"), 500);
  assert.equal(kind.parse("30s"), 30_000);
  assert.equal(kind.parse("5m"), 300_000);
  assert.equal(kind.parse("2h"), 7_200_000);
  assert.equal(kind.parse("7d"), 604_800_000);
  assert.equal(kind.parse("1.5s"), 1500);
  assert.equal(kind.parse("0"), 0);
  assert.equal(kind.parse("0.5ms"), 1);
});

Deno.test("duration: refuses garbage, a number without unit, and what no timer can wait", () => {
  refuses(duration(), [...GARBAGE, "-1s", "s", "1 s", "1S", "1w", "1h30m", ".5s", "1.s", "+1s"]);
  refuses(duration(), ["30", "1"], /needs a unit: \d+s/);
  refuses(duration(), ["25d", "999999999999999d"], /at most/);
  assert.equal(duration().parse(`${LONGEST_TIMER}ms`), LONGEST_TIMER);
  refuses(duration({ min: 100 }), ["0", "99ms"], /at least 100ms/);
});

Deno.test("duration: what is printed is read back", () => {
  for (const ms of [0, 1, 999, 1000, 1500, 60_000, 90_000, 3_600_000, 86_400_000]) {
    assert.equal(duration().parse(formatDuration(ms)), ms);
  }
  assert.equal(formatDuration(7_200_000), "2h");
});

Deno.test("size: KB counts 1000 and KiB 1024, in any case", () => {
  const kind = size();
  assert.equal(kind.parse("512"), 512);
  assert.equal(kind.parse("512B"), 512);
  assert.equal(kind.parse("1KB"), 1000);
  assert.equal(kind.parse("64KiB"), 65_536);
  assert.equal(kind.parse("1.5mb"), 1_500_000);
  assert.equal(kind.parse("2MiB"), 2_097_152);
  assert.equal(kind.parse("1GB"), 1_000_000_000);
  assert.equal(kind.parse("1GiB"), 1_073_741_824);
});

Deno.test("size: refuses garbage, unknown units and more bytes than a number holds", () => {
  refuses(size(), [...GARBAGE, "-1KB", "KB", "1 KB", "1K", "1PB", "1iB", "1e3"]);
  refuses(size(), ["999999999999999TiB"], /at most/);
  refuses(size({ max: 1000 }), ["1KiB"], /at most 1000 bytes/);
});

Deno.test("integer: takes whole numbers within its bounds", () => {
  assert.equal(integer().parse("0"), 0);
  assert.equal(integer().parse("0010"), 10);
  assert.equal(integer({ min: -5 }).parse("-5"), -5);
  refuses(integer(), [...GARBAGE, "1.5", "1e3", "1,000", "--1"]);
  refuses(integer(), ["-1"], /at least 0/);
  refuses(integer({ max: 10 }), ["11"], /at most 10/);
  refuses(integer(), ["9007199254740992"], /at most 9007199254740991/);
});

Deno.test("toggle: takes the usual words and nothing else", () => {
  for (const word of ["true", "1", "yes", "on", "TRUE"]) assert.equal(toggle.parse(word), true);
  for (const word of ["false", "0", "no", "off"]) assert.equal(toggle.parse(word), false);
  refuses(toggle, [...GARBAGE, "2", "maybe", "y"]);
});

Deno.test("choice: folds case, and names the words when it refuses", () => {
  assert.equal(choice("text", "json").parse("JSON"), "json");
  refuses(choice("text", "json"), GARBAGE, /must be one of text, json/);
});

Deno.test("text: refuses control characters", () => {
  assert.equal(text().parse("prêt à 💥"), "prêt à 💥");
  refuses(text(), ["a\nb", "\x1b[31m", "a\x7f", "\0"]);
});

Deno.test("messages: a refused value cannot drive the terminal or fill the screen", () => {
  for (const value of ["\x1b[2J\x07", "\u202eevil", "x".repeat(100_000), "\u009b31m", "\ud800"]) {
    try {
      duration().parse(value);
      assert.fail("was taken");
    } catch (error) {
      const { message } = error as Error;
      assert.ok(message.length < 200, message.slice(0, 300));
      assert.doesNotMatch(message, /[\p{Cc}\p{Cf}\p{Cs}]/u);
    }
  }
});
