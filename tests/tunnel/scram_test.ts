/** Claims about sign-in proofs. @module */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  checkCost,
  clientProof,
  decoyKeys,
  DEFAULT_COST,
  deriveKeys,
  deriveTokenKeys,
  passwordBytes,
  serverSignature,
  verifyProof,
  verifyServerSignature,
} from "../../tunnel/scram.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const salt = new Uint8Array(16).map((_, i) => i);
const secret = new Uint8Array(32).map((_, i) => i);
const message = new TextEncoder().encode("name=alice,nonces=…");

Deno.test("scram: a password's keys are those of RFC 7914 and RFC 5802", async () => {
  // Made with Python's hashlib.scrypt and hmac.
  const keys = await deriveKeys(passwordBytes("correct horse"), { salt, ...DEFAULT_COST });
  assert.equal(
    hex(keys.clientKey),
    "e173ab49ff375d11b7b51db11409677833357b771505623ffb40ba1936559954",
  );
  assert.equal(
    hex(keys.storedKey),
    "685a9064e98a9a8565cdd5f60cc94b04f6ea7a52889402a52e93f4912b63c6a8",
  );
  assert.equal(
    hex(keys.serverKey),
    "68e79d75002cf50dcd663f6c5cbe8fb789b91dce09a38f32bae3f37b973e9f4b",
  );
});

Deno.test("scram: a token's keys, proof and signature are these bytes", () => {
  // Made with Python's hmac; PROTOCOL.md shows the same.
  const keys = deriveTokenKeys(secret);
  assert.equal(
    hex(keys.clientKey),
    "2a75f4c60c0bc0ea1143a1b95f32f9c571be775a402f41f14146298c3170d02f",
  );
  assert.equal(
    hex(keys.storedKey),
    "e9cb7d524d0a37b9f58df5da526819cc1df9c66a3cffee4f4cf2502654f2a6c0",
  );
  assert.equal(
    hex(keys.serverKey),
    "d1905aa193a45c4f683bbbfa07d3bd2dcb180db624f2b2db739df1b3cd72e01a",
  );
  const transcript = new TextEncoder().encode("transcript");
  assert.equal(
    hex(clientProof(keys, transcript)),
    "5eba8b45621b209133f27142ef5965d5ef5f4f746a92b5cdf15bff9ac41b4206",
  );
  assert.equal(
    hex(serverSignature(keys.serverKey, transcript)),
    "de6b0f79ada4e7970bb3705fc1d60bed3383157d349f26f4b7eaf079796a182d",
  );
});

Deno.test("scram: a proof and a signature hold for their secret and transcript only", () => {
  const keys = deriveTokenKeys(secret);
  const other = deriveTokenKeys(secret.map((byte) => byte ^ 1));
  const proof = clientProof(keys, message);
  const signature = serverSignature(keys.serverKey, message);
  assert(verifyProof(keys.storedKey, message, proof));
  assert(verifyServerSignature(keys.serverKey, message, signature));
  assert(!verifyProof(other.storedKey, message, proof));
  assert(!verifyServerSignature(other.serverKey, message, signature));
  for (let at = 0; at < 32; at++) {
    const changed = (bytes: Uint8Array) => bytes.map((byte, i) => i === at ? byte ^ 0x80 : byte);
    assert(!verifyProof(keys.storedKey, message, changed(proof)));
    assert(!verifyServerSignature(keys.serverKey, message, changed(signature)));
  }
  const later = message.slice();
  later[later.length - 1]! ^= 1;
  assert(!verifyProof(keys.storedKey, later, proof));
  assert(!verifyServerSignature(keys.serverKey, later, signature));
});

Deno.test("scram: a proof of any other length is refused without throwing", () => {
  const keys = deriveTokenKeys(secret);
  const proof = clientProof(keys, message);
  for (const wrong of [new Uint8Array(), proof.slice(1), new Uint8Array([...proof, 0])]) {
    assert(!verifyProof(keys.storedKey, message, wrong));
    assert(!verifyServerSignature(keys.serverKey, message, wrong));
  }
});

Deno.test("scram: the relay's own keys make no proof", () => {
  const keys = deriveTokenKeys(secret);
  for (const guess of [keys.storedKey, keys.serverKey]) {
    assert(
      !verifyProof(keys.storedKey, message, clientProof({ ...keys, clientKey: guess }, message)),
    );
  }
});

Deno.test("scram: a decoy is the same each time, differs by name, and has a salt of the usual length", () => {
  const a = decoyKeys(secret, "alice");
  assert.deepEqual(a, decoyKeys(secret, "alice"));
  assert.equal(a.salt.length, 16);
  assert.notEqual(hex(a.salt), hex(decoyKeys(secret, "bob").salt));
  assert.notEqual(hex(a.salt), hex(decoyKeys(secret.map((b) => b ^ 1), "alice").salt));
  assert(!verifyProof(a.storedKey, message, clientProof(deriveTokenKeys(secret), message)));
});

Deno.test("scram: parameters too cheap, too dear or senseless are refused", async () => {
  checkCost(salt, DEFAULT_COST);
  checkCost(salt, { N: 2 ** 17, r: 8, p: 1 });
  for (
    const [cost, reason] of [
      [{ N: 2, r: 1, p: 1 }, /too cheap/],
      [{ N: 2 ** 15, r: 8, p: 1 }, /too cheap/],
      [{ N: 2 ** 20, r: 8, p: 1 }, /too costly/],
      [{ N: 2 ** 15, r: 8, p: 64 }, /too costly/],
      [{ N: 2 ** 15 + 1, r: 8, p: 3 }, /power of two/],
      [{ N: 2 ** 31, r: 8, p: 1 }, /out of range/],
      [{ N: NaN, r: 8, p: 1 }, /out of range/],
      [{ N: 2 ** 15, r: 8.5, p: 3 }, /out of range/],
      [{ N: 2 ** 15, r: -8, p: -3 }, /out of range/],
    ] as const
  ) {
    assert.throws(() => checkCost(salt, cost), { name: "RangeError", message: reason });
    await assert.rejects(deriveKeys(secret, { salt, ...cost }), RangeError);
  }
  assert.throws(() => checkCost(salt.slice(1), DEFAULT_COST), /15 bytes/);
  assert.throws(() => deriveTokenKeys(secret.slice(1)), RangeError);
});

Deno.test("scram: a password is the same in composed and decomposed letters", () => {
  assert.equal(hex(passwordBytes("caf\u00e9")), hex(passwordBytes("cafe\u0301")));
});
