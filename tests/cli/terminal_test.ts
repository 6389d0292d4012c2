/** Claims about colour, tables and the prompt. @module */

import assert from "node:assert/strict";
import {
  askSecret,
  columns,
  failureText,
  formatTable,
  hasColour,
  makeStyle,
  writeText,
} from "../../cli/terminal.ts";
import { UsageError } from "../../cli/usage.ts";

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

Deno.test("table: aligned under headings on a terminal", () => {
  const rows = [["alice", "1"], ["bob", "200"]];
  assert.equal(
    formatTable(["NAME", "BYTES"], rows, { terminal: true }),
    "NAME   BYTES\nalice  1\nbob    200\n",
  );
});

Deno.test("table: tabs without headings in a pipe, and cells that cannot break out of theirs", () => {
  assert.equal(
    formatTable(["A", "B"], [["x\ty\n", "\x1b[31m"]], { terminal: false }),
    "x\ufffdy\ufffd\t\ufffd[31m\n",
  );
  assert.equal(formatTable(["A"], [], { terminal: false }), "");
});

/** A terminal on which these bytes are typed, one at a time. */
function typing(text: string) {
  const bytes = [...new TextEncoder().encode(text)];
  const raw: boolean[] = [];
  let shown = "";
  return {
    raw,
    shown: () => shown,
    keyboard: {
      isTerminal: () => true,
      setRaw: (on: boolean) => void raw.push(on),
      readSync(target: Uint8Array) {
        const byte = bytes.shift();
        if (byte === undefined) return null;
        target[0] = byte;
        return 1;
      },
    },
    screen: {
      writeSync(bytes: Uint8Array) {
        shown += new TextDecoder().decode(bytes);
        return bytes.length;
      },
    },
  };
}

Deno.test("prompt: reads a line without showing it, and leaves raw mode", () => {
  const { keyboard, screen, raw, shown } = typing("hunter2\rmore");
  assert.equal(askSecret("Password: ", { instead: "", keyboard, screen }), "hunter2");
  assert.deepEqual(raw, [true, false]);
  assert.equal(shown(), "Password: \n");
});

Deno.test("prompt: asks only once what is typed is not shown", () => {
  const { keyboard, raw } = typing("hunter2\r");
  const rawAtWrites: (boolean | undefined)[] = [];
  const screen = { writeSync: (bytes: Uint8Array) => (rawAtWrites.push(raw.at(-1)), bytes.length) };
  askSecret("Password: ", { instead: "", keyboard, screen });
  assert.equal(rawAtWrites[0], true);
});

Deno.test("prompt: backspace takes a whole character, Ctrl-U all", () => {
  const ask = (text: string) => askSecret("", { instead: "", ...typing(text) });
  assert.equal(ask("aé\x7f\x7f\x7fb\n"), "b");
  assert.equal(ask("a💥\x7f\n"), "a");
  assert.equal(ask("wrong\x15right\n"), "right");
});

Deno.test("prompt: Ctrl-C, Ctrl-D and the end of input cancel, and leave raw mode", () => {
  for (const text of ["abc\x03", "\x04", "abc"]) {
    const { keyboard, screen, raw } = typing(text);
    assert.equal(askSecret("", { instead: "", keyboard, screen }), null);
    assert.deepEqual(raw, [true, false]);
  }
});

Deno.test("prompt: a failing terminal still leaves raw mode", () => {
  const { keyboard, screen, raw } = typing("");
  const broken = {
    ...keyboard,
    readSync: () => {
      throw new Deno.errors.BadResource("gone");
    },
  };
  assert.throws(() => askSecret("", { instead: "", keyboard: broken, screen }), /gone/);
  assert.deepEqual(raw, [true, false]);
});

Deno.test("prompt: without a terminal it says what to do instead", () => {
  const { keyboard, screen } = typing("");
  const ask = () =>
    askSecret("", {
      instead: "give --password-file FILE",
      command: "account add",
      keyboard: { ...keyboard, isTerminal: () => false },
      screen,
    });
  assert.throws(
    ask,
    (error: UsageError) =>
      error instanceof UsageError && error.text.includes("give --password-file FILE"),
  );
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
