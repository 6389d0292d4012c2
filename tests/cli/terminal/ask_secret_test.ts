/** Claims about asking for a secret at a terminal. @module */

import assert from "node:assert/strict";
import { askSecret, Interrupted, isAsking } from "../../../cli/terminal/ask_secret.ts";
import { UsageError } from "../../../cli/terminal/usage.ts";

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
      read(target: Uint8Array) {
        const byte = bytes.shift();
        if (byte === undefined) return Promise.resolve(null);
        target[0] = byte;
        return Promise.resolve(1);
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

function ask(text: string): Promise<string | null> {
  return askSecret("", { instead: "", ...typing(text) });
}

Deno.test("prompt: reads a line without showing it, and leaves raw mode", async () => {
  const { keyboard, screen, raw, shown } = typing("hunter2\rmore");
  assert.equal(await askSecret("Password: ", { instead: "", keyboard, screen }), "hunter2");
  assert.deepEqual(raw, [true, false]);
  assert.equal(shown(), "Password: \n");
});

Deno.test("prompt: what was typed ahead is for the next question", async () => {
  const both = typing("first\rsecond\r");
  assert.equal(await askSecret("", { instead: "", ...both }), "first");
  assert.equal(await askSecret("", { instead: "", ...both }), "second");
});

Deno.test("prompt: asks only once what is typed is not shown", async () => {
  const { keyboard, raw } = typing("hunter2\r");
  const rawAtWrites: (boolean | undefined)[] = [];
  const screen = { writeSync: (bytes: Uint8Array) => (rawAtWrites.push(raw.at(-1)), bytes.length) };
  await askSecret("Password: ", { instead: "", keyboard, screen });
  assert.equal(rawAtWrites[0], true);
});

Deno.test("prompt: backspace takes a whole character, Ctrl-W a word, Ctrl-U all", async () => {
  assert.equal(await ask("aé\x7f\x7f\x7fb\n"), "b");
  assert.equal(await ask("a💥\x7f\n"), "a");
  assert.equal(await ask("two words \x17\x17more\n"), "more");
  assert.equal(await ask("two words\x17more\n"), "two more");
  assert.equal(await ask("wrong\x15right\n"), "right");
});

Deno.test("prompt: control keys are no part of what is typed", async () => {
  for (let code = 0; code < 0x20; code++) {
    if ([0x03, 0x04, 0x08, 0x0a, 0x0d, 0x15, 0x17, 0x1b, 0x1c].includes(code)) continue;
    assert.equal(await ask(`a${String.fromCharCode(code)}b\r`), "ab", `code ${code}`);
  }
  // Arrows, Home, Delete, F1, F5, Ctrl-Right, the marks of a paste, a lone escape, and one cut off.
  for (
    const keys
      of "\x1b[A \x1b[D \x1bOH \x1b[3~ \x1bOP \x1b[15~ \x1b[1;5C \x1b[200~ \x1b[201~ \x1b \x1b\x1b[B"
        .split(" ")
  ) {
    assert.equal(await ask(`a${keys}b\r`), "ab", JSON.stringify(keys));
  }
  assert.equal(await ask("ab\x1b[\r"), "ab");
  assert.equal(await ask("a\x9b\x85b\r"), "ab");
  assert.equal(await ask("a b é 💥\r"), "a b é 💥");
});

Deno.test("prompt: Ctrl-D and the end of input give nothing, and leave raw mode", async () => {
  for (const text of ["\x04", "abc\x04", "abc"]) {
    const { keyboard, screen, raw } = typing(text);
    assert.equal(await askSecret("", { instead: "", keyboard, screen }), null);
    assert.deepEqual(raw, [true, false]);
  }
});

Deno.test("prompt: Ctrl-C and Ctrl-\\ interrupt, and leave raw mode", async () => {
  for (const text of ["abc\x03", "abc\x1c", "abc\x1b[\x03"]) {
    const { keyboard, screen, raw } = typing(text);
    const asked = askSecret("", { instead: "", keyboard, screen });
    assert.equal(isAsking(), true);
    await assert.rejects(asked, Interrupted);
    assert.deepEqual(raw, [true, false]);
    assert.equal(isAsking(), false);
  }
});

Deno.test("prompt: a failing terminal still leaves raw mode", async () => {
  const { keyboard, screen, raw } = typing("");
  const broken = {
    ...keyboard,
    read: () => Promise.reject(new Deno.errors.BadResource("gone")),
  };
  await assert.rejects(askSecret("", { instead: "", keyboard: broken, screen }), /gone/);
  assert.deepEqual(raw, [true, false]);
});

Deno.test("prompt: without a terminal it says what to do instead", async () => {
  const { keyboard, screen } = typing("");
  await assert.rejects(
    askSecret("", {
      instead: "give --password-file FILE",
      command: "account add",
      keyboard: { ...keyboard, isTerminal: () => false },
      screen,
    }),
    (error: UsageError) =>
      error instanceof UsageError && error.text.includes("give --password-file FILE"),
  );
});
