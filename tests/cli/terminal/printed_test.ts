/** Claims about text of others that is printed: it is seen, and does nothing. @module */

import assert from "node:assert/strict";
import { createLog } from "../../../cli/terminal/log.ts";
import { printable, printableJson, printableLines } from "../../../cli/terminal/printed.ts";

/** Clears the screen, sets the title, a C1 control, reorders, hides, breaks the line, and a tag of two units. */
const HOSTILE = [
  "\x1b[2J",
  "\x1b]0;title\x07",
  "\x9b31m",
  "\u202egnp.exe",
  "\u200b",
  "\u2028",
  "\x7f",
  "\u{e0041}",
  "\r",
  "\n",
];
const SAFE = "naïve “quoted” 💥 العربية";

Deno.test("printed: what cannot be seen is replaced, the rest is as it was", () => {
  for (const text of HOSTILE) {
    const shown = printable(`a${text}b`);
    assert.match(shown, /^a.*\ufffd.*b$/);
    assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, JSON.stringify(text));
  }
  assert.equal(printable(SAFE), SAFE);
  assert.equal(printableLines("a\r\n  b\x1b[m"), "a\ufffd\n  b\ufffd[m");
});

Deno.test("printed: JSON says the same without it", () => {
  for (const space of [undefined, 2]) {
    const value = { [`k${HOSTILE.join("")}`]: HOSTILE, safe: SAFE };
    const text = printableJson(value, space);
    assert.deepEqual(JSON.parse(text), value);
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    assert.ok(text.includes(SAFE));
  }
});

for (const format of ["text", "json"] as const) {
  Deno.test(`printed: a log line as ${format} is one line that does nothing`, () => {
    const lines: string[] = [];
    const log = createLog({ format, write: (line) => lines.push(line) });
    for (const text of HOSTILE) {
      log.error(`the relay refuses: ${text}`, {
        name: text,
        error: new Error(text),
        deep: { text },
      });
    }
    assert.equal(lines.length, HOSTILE.length);
    for (const line of lines) {
      assert.ok(line.endsWith("\n"));
      assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });
}
