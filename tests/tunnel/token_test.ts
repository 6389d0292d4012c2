/** Claims about tokens as text. @module */

import assert from "node:assert/strict";
import { formatToken, newTokenSecret, parseToken, tokenId } from "../../tunnel/token.ts";

const secret = new Uint8Array(32).map((_, i) => i * 7);
const text = "crunch_003gw58w4cn32e1z8s6n8pv2d5r7ezm5hj9sn8d8nyvbvh6btbcq0ctr";

Deno.test("token: text and id are these for this secret", () => {
  // Made with Python's base64.b32encode, hashlib and hmac.
  assert.equal(formatToken(secret), text);
  assert.equal(tokenId(secret), "c5knpv1qf17fa44h");
  assert.deepEqual(parseToken(text), secret);
});

Deno.test("token: every random secret comes back", () => {
  for (let i = 0; i < 200; i++) {
    const fresh = newTokenSecret();
    assert.match(formatToken(fresh), /^crunch_[0-9a-hjkmnp-tv-z]{56}$/);
    assert.deepEqual(parseToken(formatToken(fresh)), fresh);
  }
});

Deno.test("token: capitals, o for 0, i and l for 1, and blanks around are forgiven", () => {
  const body = text.slice(7);
  assert(body.includes("0") && body.includes("1"));
  assert.deepEqual(parseToken(text.toUpperCase()), secret);
  assert.deepEqual(
    parseToken(` crunch_${body.replaceAll("0", "o").replaceAll("1", "I")}\n`),
    secret,
  );
  assert.deepEqual(parseToken(`crunch_${body.replaceAll("0", "O").replaceAll("1", "l")}`), secret);
});

Deno.test("token: one wrong letter anywhere, two swapped, cut or lengthened is seen", () => {
  for (let at = 7; at < text.length; at++) {
    const wrong = text[at] === "z" ? "y" : "z";
    assert.equal(parseToken(text.slice(0, at) + wrong + text.slice(at + 1)), undefined);
    assert.equal(parseToken(text.slice(0, at) + "u" + text.slice(at + 1)), undefined);
    const [a, b] = [text[at], text[at + 1]];
    if (b !== undefined && a !== b) {
      assert.equal(parseToken(text.slice(0, at) + b + a + text.slice(at + 2)), undefined);
    }
  }
  for (const wrong of ["", "crunch_", text.slice(0, -1), text + "0", text.slice(7), "x" + text]) {
    assert.equal(parseToken(wrong), undefined);
  }
});
