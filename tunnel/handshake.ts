/** The messages of a sign-in, checked field by field, as both sides read and write them. @module */

import { decodeBase64, encodeBase64 } from "./base64.ts";
import { isToldMount, type ToldMount } from "./mounts_told.ts";
import type { Cost } from "./scram.ts";
import { type Place, readPlace, readTurn, type Turn } from "./waiting.ts";

/** The capability by which a 101 turns a stream's exchange into plain bytes. */
export const UPGRADE = "upgrade";

/** A message lacks a field or has a wrong one; the text names it. */
export class MessageError extends Error {
  override readonly name = "MessageError";
}

/** agent → relay, first. */
export interface Hello {
  /** Versions the agent speaks. */
  readonly versions: readonly number[];
  readonly software: string;
  readonly capabilities: readonly string[];
  /** Who signs in: an account by password, or a token by its id. */
  readonly method: "password" | "token";
  readonly id: string;
  readonly nonce: Uint8Array;
  /** Names to publish; none: the account's own. */
  readonly names: readonly string[];
  /** The host it dialled, "" where it does not say. */
  readonly dialled: string;
  /** What is published, as far as the agent tells. */
  readonly mounts: readonly ToldMount[];
  /** What it does where others publish its names, and who it is. */
  readonly place: Place;
  /** The session that this connection is to strengthen. */
  readonly join?: string;
}

/** relay → agent: prove it. */
export interface Challenge {
  readonly version: number;
  readonly software: string;
  readonly capabilities: readonly string[];
  readonly nonce: Uint8Array;
  /** For passwords: what they are hashed with. */
  readonly salt?: Uint8Array;
  readonly cost?: Cost;
}

/** relay → agent: you are in. */
export interface Welcome {
  readonly session: string;
  readonly signature: Uint8Array;
  readonly account: string;
  readonly names: ReadonlyArray<{ readonly name: string; readonly urls: readonly string[] }>;
  /** Streams that may be open at a time. */
  readonly streams: number;
  /** Those of its names that others publish, so that it has to wait. */
  readonly waiting?: readonly Turn[];
}

type Message = Record<string, unknown>;

const NONCE_BYTES = 18;

/** What both sides prove to have seen: HELLO's payload, a zero byte, CHALLENGE's payload. */
export function authMessage(hello: Uint8Array, challenge: Uint8Array): Uint8Array {
  const message = new Uint8Array(hello.length + 1 + challenge.length);
  message.set(hello);
  message.set(challenge, hello.length + 1);
  return message;
}

/** Random bytes for HELLO or CHALLENGE. */
export function newNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
}

/** @throws {MessageError} */
export function readHello(message: Message): Hello {
  const method = message.method;
  if (method !== "password" && method !== "token") {
    throw new MessageError(`HELLO: method must be "password" or "token"`);
  }
  const versions = list(message, "versions", (value) => Number.isInteger(value));
  const hello = {
    versions: versions as number[],
    software: text(message, "software", 128),
    capabilities: list(message, "capabilities", isShort) as string[],
    method,
    id: text(message, "id", 128),
    nonce: bytes(message, "nonce", 16, 64),
    names: list(message, "names", isShort) as string[],
    dialled: message.dialled === undefined ? "" : text(message, "dialled", 255),
    mounts: mountsOf(message),
    place: readPlace(message),
  } as const;
  return message.join === undefined ? hello : { ...hello, join: text(message, "join", 128) };
}

/** @throws {MessageError} */
export function readChallenge(message: Message): Challenge {
  const challenge = {
    version: number(message, "version"),
    software: text(message, "software", 128),
    capabilities: list(message, "capabilities", isShort) as string[],
    nonce: bytes(message, "nonce", 16, 64),
  };
  if (message.salt === undefined) return challenge;
  return {
    ...challenge,
    salt: bytes(message, "salt", 16, 64),
    cost: { N: number(message, "N"), r: number(message, "r"), p: number(message, "p") },
  };
}

/** @throws {MessageError} */
export function readProof(message: Message): Uint8Array {
  return bytes(message, "proof", 32, 32);
}

/** Addresses as a browser would write them: ASCII, with nothing that a terminal acts on. Others are left out. @throws {MessageError} */
function urls(entry: Message): string[] {
  const texts = list(entry, "urls", (url) => typeof url === "string" && url.length < 512);
  return (texts as string[]).filter((text) => /^https?:/i.test(text) && URL.canParse(text))
    .map((text) => new URL(text).href);
}

/** @throws {MessageError} */
export function readWelcome(message: Message): Welcome {
  const names = list(message, "names", (value) => typeof value === "object" && value !== null);
  return {
    session: text(message, "session", 128),
    signature: bytes(message, "signature", 32, 32),
    account: text(message, "account", 64),
    names: (names as Message[]).map((entry) => ({
      name: text(entry, "name", 64),
      urls: urls(entry),
    })),
    streams: number(message, "streams", 1),
    waiting: waitingOf(message),
  };
}

/** CHALLENGE as it is sent. */
export function challengeMessage(challenge: Challenge): Message {
  const { nonce, salt, cost, ...rest } = challenge;
  return {
    ...rest,
    nonce: encodeBase64(nonce),
    ...(salt === undefined ? {} : { salt: encodeBase64(salt), ...cost }),
  };
}

/** WELCOME as it is sent. */
export function welcomeMessage(welcome: Welcome): Message {
  return { ...welcome, signature: encodeBase64(welcome.signature) };
}

/** Older agents tell none; what else their mounts have is skipped. @throws {MessageError} */
function mountsOf(message: Message): ToldMount[] {
  if (message.mounts === undefined) return [];
  const mounts = list(message, "mounts", isToldMount) as ToldMount[];
  return mounts.map(({ path, kind }) => ({ path, kind }));
}

/** Older relays know no waiting. @throws {MessageError} */
function waitingOf(message: Message): Turn[] {
  if (message.waiting === undefined) return [];
  const entries = list(message, "waiting", (value) => typeof value === "object" && value !== null);
  return (entries as Message[]).map(readTurn).filter((turn) => turn !== undefined);
}

function isShort(value: unknown): boolean {
  return typeof value === "string" && value.length <= 64;
}

function text(message: Message, field: string, most: number): string {
  const value = message[field];
  if (typeof value !== "string" || value.length > most) {
    throw new MessageError(`${field} must be text of at most ${most} characters`);
  }
  return value;
}

function number(message: Message, field: string, least = 0): number {
  const value = message[field];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least) {
    throw new MessageError(`${field} must be a whole number of at least ${least}`);
  }
  return value;
}

function list(message: Message, field: string, check: (value: unknown) => boolean): unknown[] {
  const value = message[field];
  if (!Array.isArray(value) || value.length > 64 || !value.every(check)) {
    throw new MessageError(`${field} must be a list of at most 64`);
  }
  return value;
}

function bytes(message: Message, field: string, least: number, most: number): Uint8Array {
  const value = message[field];
  const read = typeof value === "string" && value.length <= 128 ? decodeBase64(value) : null;
  if (read === null || read.length < least || read.length > most) {
    throw new MessageError(`${field} must be ${least} to ${most} bytes in base64`);
  }
  return read;
}
