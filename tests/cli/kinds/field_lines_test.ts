/** Claims about fields that options give: which are taken, and how others are refused. @module */

import assert from "node:assert/strict";
import { fieldLine, fieldName } from "../../../cli/kinds/mod.ts";
import { BadValue } from "../../../cli/terminal/mod.ts";

Deno.test("field lines: a name, a colon and a value without the white space around it", () => {
  for (
    const [text, name, value] of [
      ["X-From: crunch", "X-From", "crunch"],
      ["x:y:z", "x", "y:z"],
      ["Empty:", "Empty", ""],
      ["!#$%&'*+-.^_`|~09az:  \xe4 b  ", "!#$%&'*+-.^_`|~09az", "\xe4 b"],
    ] as const
  ) assert.deepEqual(fieldLine.parse(text), { name, value });
  assert.equal(fieldName.parse("X-From"), "X-From");
});

Deno.test("field lines: what is none, framing, routing and control characters are refused, without the value", () => {
  for (
    const [text, says] of [
      ["X-From", /^must be a field and its value like/],
      [": secret", /^must have a field name/],
      ["a b: secret", /^must have a field name/],
      ["a : secret", /^must have a field name/],
      ["a\r\nb: secret", /^must have a field name .*"a\\u000d\\u000ab"/],
      ["\xe4: secret", /^must have a field name/],
      ["A: secret\r\nB: c", /^holds a control character in the value of A$/],
      ["A: secret\r\n", /^holds a control character/],
      ["A: secret\nB", /^holds a control character/],
      ["A: secret\0", /^holds a control character/],
      ["host: secret", /^cannot change Host, .*--host-header$/],
      [`A: secret${"x".repeat(9000)}`, /^has a value of more than 8192 characters for A$/],
      ...[
        "Connection",
        "content-LENGTH",
        "Expect",
        "Keep-Alive",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
      ].map((name) => [`${name}: secret`, new RegExp(`^cannot change ${name}, `)] as const),
    ] as const
  ) {
    assert.throws(() => fieldLine.parse(text), (error: unknown) => {
      assert.ok(error instanceof BadValue);
      assert.match(error.message, says);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
  for (const name of ["Host", "TE", "", "a:", "a\n"]) {
    assert.throws(() => fieldName.parse(name), BadValue, name);
  }
});
