/** Asks for a secret at the terminal: it is not shown, and the terminal is left as it was, however that ends. @module */

import { type Output, writeText } from "./terminal.ts";
import { UsageError } from "./usage.ts";

/** What `askSecret` reads from, like `Deno.stdin`. */
export interface Keyboard {
  isTerminal(): boolean;
  setRaw(on: boolean): void;
  read(bytes: Uint8Array): Promise<number | null>;
}

const ENTER = new Set([0x0a, 0x0d]);
/** Ctrl-C and Ctrl-\\: the terminal makes no signals of them while it is raw. */
const INTERRUPT = new Set([0x03, 0x1c]);
/** Ctrl-D. */
const END = 0x04;
const ERASE = new Set([0x08, 0x7f]);
const ERASE_WORD = 0x17;
const ERASE_ALL = 0x15;
const ESCAPE = 0x1b;
/** Bytes of an answer; more are not taken. */
const LONGEST = 4096;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Who was asked wants the command to end: by Ctrl-C, which is a signal everywhere else, or by a signal. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

let questions = 0;

/** Whether a question is open: a signal ends the question then, and with it the command. */
export function isAsking(): boolean {
  return questions > 0;
}

/**
 * Asks for a secret without showing it.
 * @returns null where the input ended: Ctrl-D, or the terminal went away
 * @throws {Interrupted} at Ctrl-C and at a signal
 * @throws {UsageError} where there is no terminal to ask on; `instead` says what to do then
 */
export async function askSecret(
  question: string,
  { instead, command = "", keyboard = Deno.stdin, screen = Deno.stderr }: {
    readonly instead: string;
    readonly command?: string;
    readonly keyboard?: Keyboard;
    readonly screen?: Pick<Output, "writeSync">;
  },
): Promise<string | null> {
  if (!keyboard.isTerminal()) {
    throw new UsageError(`there is no terminal to ask on; ${instead}`, command);
  }
  let isRaw = false;
  const restore = (): void => {
    if (!isRaw) return;
    isRaw = false;
    keyboard.setRaw(false);
    writeText(screen, "\n");
  };
  const interrupted = Promise.withResolvers<never>();
  const interrupt = (): void => interrupted.reject(new Interrupted());
  // Before it asks: who answers at once would see it.
  keyboard.setRaw(true);
  isRaw = true;
  // A second signal, or what else ends the program meanwhile.
  addEventListener("unload", restore);
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupt);
  questions++;
  try {
    // On stderr, so that what the command prints can be piped while it asks.
    writeText(screen, question);
    return await Promise.race([readKeys(keyboard), interrupted.promise]);
  } finally {
    questions--;
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupt);
    removeEventListener("unload", restore);
    restore();
  }
}

async function readKeys(keyboard: Keyboard): Promise<string | null> {
  const typed: number[] = [];
  for (;;) {
    const byte = await nextKey(keyboard);
    if (byte === null || byte === END) return null;
    if (INTERRUPT.has(byte)) throw new Interrupted();
    if (ENTER.has(byte)) return textOf(typed);
    if (byte === ERASE_ALL) typed.length = 0;
    else if (byte === ERASE_WORD) eraseWord(typed);
    else if (ERASE.has(byte)) eraseCharacter(typed);
    // Other control keys stand for nothing that could be part of it.
    else if (byte >= 0x20 && typed.length < LONGEST) typed.push(byte);
  }
}

/** A byte; what arrows and other keys send, from an escape on, is left out (ECMA-48 section 5.4). */
async function nextKey(keyboard: Keyboard): Promise<number | null> {
  let byte = await nextByte(keyboard);
  while (byte === ESCAPE) {
    byte = await nextByte(keyboard);
    if (byte !== 0x5b && byte !== 0x4f) continue;
    do byte = await nextByte(keyboard); while (byte !== null && byte >= 0x20 && byte < 0x40);
    // Unless a control key cut it off.
    if (byte !== null && byte >= 0x40) byte = await nextByte(keyboard);
  }
  return byte;
}

/** One at a time: what was typed ahead is for the next question. */
async function nextByte(keyboard: Keyboard): Promise<number | null> {
  const key = new Uint8Array(1);
  return await keyboard.read(key) === null ? null : key[0]!;
}

/** Controls of two bytes, which some terminals send for keys, go as well. */
function textOf(typed: readonly number[]): string {
  return new TextDecoder().decode(Uint8Array.from(typed)).replace(/\p{Cc}/gu, "");
}

/** Takes off one character of UTF-8: its continuation bytes and then the byte that began it. */
function eraseCharacter(typed: number[]): void {
  while (((typed.at(-1) ?? 0) & 0xc0) === 0x80) typed.pop();
  typed.pop();
}

function eraseWord(typed: number[]): void {
  while (typed.at(-1) === 0x20) typed.pop();
  while (typed.length > 0 && typed.at(-1) !== 0x20) typed.pop();
}
