/** A token as text: 256 random bits with a checksum, in letters that survive being read out. @module */

// `crunch_` and 56 characters: 35 bytes in Crockford's base32 (lower case, most significant bit first), which are
// the 32 secret bytes and the first 3 bytes of SHA-256("crunch token" secret). Reading folds case and takes
// o for 0, i and l for 1. The id, by which a relay finds what it keeps, is public and made from the secret:
// the first 10 bytes of HMAC-SHA-256(secret, "Token Id"), 16 characters of the same base32.

import { createHash, createHmac, randomBytes } from "node:crypto";

/** What every token begins with, so that people and secret scanners know one. */
export const TOKEN_PREFIX = "crunch_";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const SECRET_BYTES = 32;
const CHECK_BYTES = 3;
const TOKEN_LENGTH = TOKEN_PREFIX.length + (SECRET_BYTES + CHECK_BYTES) * 8 / 5;

/** A new secret of 256 random bits. */
export function newTokenSecret(): Uint8Array {
  return new Uint8Array(randomBytes(SECRET_BYTES));
}

/** The text that the user keeps: `crunch_` and 56 characters. */
export function formatToken(secret: Uint8Array): string {
  const bytes = new Uint8Array(SECRET_BYTES + CHECK_BYTES);
  bytes.set(secret);
  bytes.set(checksum(secret), SECRET_BYTES);
  return TOKEN_PREFIX + encode(bytes);
}

/** The secret in `text`, or undefined where it is no token: cut, mistyped, or something else. */
export function parseToken(text: string): Uint8Array | undefined {
  const trimmed = text.trim();
  if (trimmed.length !== TOKEN_LENGTH) return undefined;
  if (trimmed.slice(0, TOKEN_PREFIX.length).toLowerCase() !== TOKEN_PREFIX) return undefined;
  const bytes = decode(trimmed.slice(TOKEN_PREFIX.length));
  if (!bytes) return undefined;
  const secret = bytes.slice(0, SECRET_BYTES);
  const check = checksum(secret);
  return check.every((byte, i) => byte === bytes[SECRET_BYTES + i]) ? secret : undefined;
}

/** The public id of a token: 16 characters. */
export function tokenId(secret: Uint8Array): string {
  return encode(createHmac("sha256", secret).update("Token Id").digest().subarray(0, 10));
}

function checksum(secret: Uint8Array): Uint8Array {
  return createHash("sha256").update("crunch token").update(secret).digest()
    .subarray(0, CHECK_BYTES);
}

function encode(bytes: Uint8Array): string {
  let text = "", bits = 0, held = 0;
  for (const byte of bytes) {
    held = (held << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[held >> (bits - 5) & 31];
  }
  return text;
}

function decode(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length * 5 / 8);
  let at = 0, bits = 0, held = 0;
  for (const letter of text.toLowerCase().replaceAll("o", "0").replace(/[il]/g, "1")) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) return undefined;
    held = (held << 5 | value) & 0xfff;
    bits += 5;
    if (bits >= 8) bytes[at++] = held >> (bits -= 8) & 0xff;
  }
  return bytes;
}
