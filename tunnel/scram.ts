/** The mathematics of signing in without sending the secret: SCRAM (RFC 5802) with scrypt instead of PBKDF2, for agent and relay alike. @module */

// Everything here is bytes. HMAC is HMAC-SHA-256, H is SHA-256, so every key, proof and signature is
// 32 bytes; labels are ASCII without a terminator; `^` is XOR byte by byte.
//
//   SaltedPassword  = scrypt(password, salt, N, r, p, 32 bytes)     RFC 7914; a token: its 32 secret bytes
//   ClientKey       = HMAC(SaltedPassword, "Client Key")
//   StoredKey       = H(ClientKey)
//   ServerKey       = HMAC(SaltedPassword, "Server Key")
//   ClientProof     = ClientKey ^ HMAC(StoredKey, AuthMessage)      agent → relay
//   ServerSignature = HMAC(ServerKey, AuthMessage)                  relay → agent, after the proof held
//
// `password` is the UTF-8 of its NFC form, 8 to 1024 bytes. The relay keeps salt, N, r, p, StoredKey and
// ServerKey. Who reads them can neither sign in nor learn the password without guessing it, but can play the relay.
// AuthMessage is the transcript both sides saw, with a fresh random number of at least 16 bytes from each;
// whatever the transcript covers cannot be changed on the way unnoticed.
// An account that does not exist gets Salt = HMAC(ServerSecret, "salt:" name), cut to 16 bytes.

import type { Buffer } from "node:buffer";
import { createHash, createHmac, scrypt, timingSafeEqual } from "node:crypto";

/** What a password costs to try: scrypt's parameters (RFC 7914, section 2). */
export interface Cost {
  /** CPU and memory: a power of two. */
  readonly N: number;
  /** Block size; memory is 128 · N · r bytes. */
  readonly r: number;
  /** How often it is done, one after the other. */
  readonly p: number;
}

/** What the relay keeps of a secret: enough to check a proof, not enough to make one. */
export interface StoredKeys {
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** What the owner of the secret has. Good for every sign-in until the salt changes, so it may be kept in memory. */
export interface Keys extends StoredKeys {
  readonly clientKey: Uint8Array;
}

/** Bytes of every key, proof and signature. */
export const KEY_BYTES = 32;
/** Bytes of the salts made here; up to 64 are taken from others. */
export const SALT_BYTES = 16;

/**
 * Cost of new passwords. OWASP counts N=2^17 r=8 p=1, N=2^16 p=2 and this one as equally good; this one takes 32 MiB
 * and 0.23 s where the first takes 128 MiB and 0.40 s, which an agent on a small machine and its start-up feel.
 */
export const DEFAULT_COST: Cost = { N: 2 ** 15, r: 8, p: 3 };

/** The cheapest that is taken from a relay: the cheapest row that OWASP lists, 0.18 s. */
export const LEAST_COST: Cost = { N: 2 ** 14, r: 8, p: 5 };

const MOST_MEMORY = 256 * 2 ** 20;
const MOST_WORK = 2 ** 22; // about 1.6 s

/** A password as the bytes that are hashed: UTF-8 of its NFC form, so that é is é from any keyboard. */
export function passwordBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text.normalize("NFC"));
}

/**
 * Refuses parameters that are too cheap (a false relay would have the password guessed quickly) or too dear
 * (it would stall the agent).
 * @throws {RangeError} saying which.
 */
export function checkCost(salt: Uint8Array, { N, r, p }: Cost): void {
  if (salt.length < SALT_BYTES || salt.length > 64) {
    throw new RangeError(`Cannot use a salt of ${salt.length} bytes: 16 to 64 are allowed`);
  }
  const whole = Number.isInteger(N) && Number.isInteger(r) && Number.isInteger(p);
  // The upper bounds come first: beyond them the products are no longer exact.
  if (!whole || r < 1 || p < 1 || N < 2 || N > 2 ** 24 || r > 2 ** 10 || p > 2 ** 10) {
    throw new RangeError(`Cannot use scrypt with N=${N} r=${r} p=${p}: out of range`);
  }
  if ((N & (N - 1)) !== 0) {
    throw new RangeError(`Cannot use scrypt with N=${N}: not a power of two`);
  }
  if (N * r * p < LEAST_COST.N * LEAST_COST.r * LEAST_COST.p) {
    throw new RangeError(`Cannot use scrypt with N=${N} r=${r} p=${p}: too cheap to be safe`);
  }
  if (128 * N * r > MOST_MEMORY || N * r * p > MOST_WORK) {
    throw new RangeError(`Cannot use scrypt with N=${N} r=${r} p=${p}: too costly`);
  }
}

/**
 * The keys of a password. Runs on another thread, about 0.2 s and 128 · N · r bytes: bound how many run at once.
 * @throws {RangeError} as {@linkcode checkCost}.
 */
export function deriveKeys(
  password: Uint8Array,
  salted: Cost & { readonly salt: Uint8Array },
): Promise<Keys> {
  const { salt, N, r, p } = salted;
  return new Promise((resolve, reject) => {
    checkCost(salt, salted);
    // OpenSSL counts a little beside the 128 · N · r bytes.
    const maxmem = 128 * N * r + 128 * r * p + 2 ** 20;
    scrypt(password, salt, KEY_BYTES, { N, r, p, maxmem }, (error, key) => {
      if (error) reject(error);
      else resolve(keysOf(key));
    });
  });
}

/** The keys of a secret of 256 random bits (a token): nothing to guess, so no scrypt. */
export function deriveTokenKeys(secret: Uint8Array): Keys {
  if (secret.length !== KEY_BYTES) {
    throw new RangeError(`Cannot use a secret of ${secret.length} bytes: 32 are needed`);
  }
  return keysOf(secret);
}

/** The 32 bytes with which the owner of `keys` proves to know the secret. */
export function clientProof(keys: Keys, authMessage: Uint8Array): Uint8Array {
  return xor(keys.clientKey, hmac(keys.storedKey, authMessage));
}

/** Whether `proof` was made with the secret behind `storedKey`. Its time tells nothing. */
export function verifyProof(
  storedKey: Uint8Array,
  authMessage: Uint8Array,
  proof: Uint8Array,
): boolean {
  if (proof.length !== KEY_BYTES) return false;
  return timingSafeEqual(sha256(xor(proof, hmac(storedKey, authMessage))), storedKey);
}

/** The 32 bytes with which the relay shows that it knew the account before. */
export function serverSignature(serverKey: Uint8Array, authMessage: Uint8Array): Uint8Array {
  return hmac(serverKey, authMessage);
}

/** Whether `signature` was made by a relay that keeps the account's keys. */
export function verifyServerSignature(
  serverKey: Uint8Array,
  authMessage: Uint8Array,
  signature: Uint8Array,
): boolean {
  return signature.length === KEY_BYTES && timingSafeEqual(hmac(serverKey, authMessage), signature);
}

/**
 * What an unknown `name` (folded) is answered and checked with: the same each time, like an account's own, and
 * no proof fits. `serverSecret` is 32 random bytes that the relay keeps for good.
 */
export function decoyKeys(
  serverSecret: Uint8Array,
  name: string,
): StoredKeys & { readonly salt: Uint8Array } {
  return {
    salt: hmac(serverSecret, `salt:${name}`).subarray(0, SALT_BYTES),
    storedKey: hmac(serverSecret, `stored key:${name}`),
    serverKey: hmac(serverSecret, `server key:${name}`),
  };
}

function keysOf(saltedPassword: Uint8Array): Keys {
  const clientKey = hmac(saltedPassword, "Client Key");
  return {
    clientKey,
    storedKey: sha256(clientKey),
    serverKey: hmac(saltedPassword, "Server Key"),
  };
}

function hmac(key: Uint8Array, message: Uint8Array | string): Uint8Array {
  return bytes(createHmac("sha256", key).update(message).digest());
}

function sha256(message: Uint8Array): Uint8Array {
  return bytes(createHash("sha256").update(message).digest());
}

/** A plain array: a Buffer's `slice` would share memory where everybody expects a copy. */
function bytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i]! ^ b[i]!;
  return out;
}
