/** Claims about variables that are not UTF-8. @module */

import assert from "node:assert/strict";
import { unreadableVariable } from "../../../cli/reading/environment.ts";
import { checkout } from "../../support/crunch.ts";

/** One character a byte. */
const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

Deno.test("environment: a variable of ours that is not UTF-8 is refused by its name", () => {
  const message = (text: string) => unreadableVariable(bytes(text))?.message;
  assert.equal(message("A=1\0CRUNCH_HTTP=\xff1\0B=2\0"), "CRUNCH_HTTP is not UTF-8 text");
  assert.equal(message("CRUNCH_HTTP=\xff1"), "CRUNCH_HTTP is not UTF-8 text");
  assert.equal(message("A=\xff\0CRUNCH_HTTP=1\0"), undefined);
  assert.equal(message("A=1\0CRUNCH_HTTP=\xc3\xa9\0"), undefined);
  assert.equal(message(""), undefined);
});

Deno.test({
  name: "environment: a relay whose variable is not UTF-8 ends with 2 and its name",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const program = [Deno.execPath(), "run", "-A", "--no-prompt", `${checkout}/main.ts`, "relay"];
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", `CRUNCH_HTTP=$(printf '\\377') exec "$@"`, "sh", ...program],
      stdout: "null",
    }).output();
    assert.equal(code, 2);
    assert.match(new TextDecoder().decode(stderr), /CRUNCH_HTTP is not UTF-8 text/);
  },
});
