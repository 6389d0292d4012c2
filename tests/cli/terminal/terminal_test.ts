/** Claims about colour, tables and text that is written. @module */

import assert from "node:assert/strict";
import {
  columns,
  failureText,
  formatTable,
  hasColour,
  makeStyle,
  writeText,
} from "../../../cli/terminal/terminal.ts";

const terminal = { isTerminal: () => true };
const pipe = { isTerminal: () => false };

Deno.test("colour: only on a terminal, without NO_COLOR, not on a dumb one", () => {
  assert.equal(hasColour(terminal, {}), true);
  assert.equal(hasColour(terminal, { NO_COLOR: "" }), true);
  assert.equal(hasColour(terminal, { NO_COLOR: "0" }), false);
  assert.equal(hasColour(terminal, { TERM: "dumb" }), false);
  assert.equal(hasColour(pipe, {}), false);
  assert.equal(makeStyle(false).red("x"), "x");
  assert.equal(makeStyle(true).red("x"), "\x1b[31mx\x1b[39m");
});

Deno.test("columns: 80 in a pipe", () => assert.equal(columns(pipe), 80));

Deno.test("table: aligned under headings on a terminal", async () => {
  const rows = [["alice", "1"], ["bob", "200"]];
  assert.equal(
    await formatTable(["NAME", "BYTES"], rows, { terminal: true }),
    "NAME   BYTES\nalice  1\nbob    200\n",
  );
});

Deno.test("table: wide characters take two columns, marks none", async () => {
  const rows = [["日本", "1"], ["e\u0301a", "2"], ["🦀b", "3"]];
  assert.equal(
    await formatTable(["NAME", "N"], rows, { terminal: true }),
    "NAME  N\n日本  1\ne\u0301a    2\n🦀b   3\n",
  );
});

Deno.test("table: tabs without headings in a pipe, and cells that cannot break out of theirs", async () => {
  assert.equal(
    await formatTable(["A", "B"], [["x\ty\n", "\x1b[31m"]], { terminal: false }),
    "x\ufffdy\ufffd\t\ufffd[31m\n",
  );
  assert.equal(await formatTable(["A"], [], { terminal: false }), "");
});

Deno.test("writeText: writes all of it in pieces, and stops when the reader went away", () => {
  const pieces: number[] = [];
  writeText({ writeSync: (bytes) => pieces.push(bytes.length) }, "abc");
  assert.deepEqual(pieces, [3, 2]);
  writeText({
    writeSync: () => {
      throw new Deno.errors.BrokenPipe("");
    },
  }, "abc");
});

Deno.test("failure: prose fits the screen, lines to type stay whole, an option keeps its value", () => {
  const text = "crunch agent: no such directory as this one here; name one: --dir DIR or\n" +
    "  crunch agent --dir ./some/where/far/away/that/is/long\n";
  assert.equal(
    failureText(text, { width: 40, style: makeStyle(true) }),
    "\x1b[31mcrunch agent:\x1b[39m no such directory as this\none here; name one: --dir DIR or\n" +
      "  crunch agent --dir ./some/where/far/away/that/is/long\n",
  );
  assert.equal(failureText(text, { width: Infinity, style: makeStyle(false) }), text);
  assert.equal(
    failureText("crunch: a\x1b[31m\u202eb", { width: 80, style: makeStyle(false) }),
    "crunch: a\ufffd[31m\ufffdb\n",
  );
});
