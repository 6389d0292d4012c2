/** Reads what may stand between a chunk's size and the end of its line (RFC 9112 section 7.1.1), byte by byte. @module */

import { classes, TOKEN, VALUE } from "./octets.ts";

const CR = 13, SP = 32, TAB = 9, QUOTE = 34, SEMICOLON = 59, EQUALS = 61, BACKSLASH = 92;

// What came last, and so what may come next.
const SIZE = 0, SEPARATOR = 1, NAME = 2, NAME_SPACE = 3, ASSIGNMENT = 4, VALUE_TOKEN = 5;
const QUOTED = 6, ESCAPE = 7, VALUE_END = 8;

/** Where an extension is in its grammar: begin with this one directly after the size. */
export const EXTENSION_START: number = SIZE;
/** The CR that ends the line was read. */
export const EXTENSION_END = -1;
/** That byte may not stand there. */
export const EXTENSION_BAD = -2;

/**
 * The state after `byte`. White space around `;` and `=`, which RFC 9112 calls bad, is read over; after the size it
 * must lead to an extension, since some would read `5 ` as another number.
 */
export function nextInExtension(state: number, byte: number): number {
  const isSpace = byte === SP || byte === TAB;
  const isToken = (classes[byte]! & TOKEN) !== 0;
  switch (state) {
    case SIZE:
      if (isSpace) return SIZE;
      return byte === SEMICOLON ? SEPARATOR : EXTENSION_BAD;
    case SEPARATOR:
      if (isSpace) return SEPARATOR;
      return isToken ? NAME : EXTENSION_BAD;
    case NAME:
      if (isToken) return NAME;
      if (isSpace) return NAME_SPACE;
      return byte === EQUALS ? ASSIGNMENT : atEnd(byte);
    case NAME_SPACE:
      if (isSpace) return NAME_SPACE;
      return byte === EQUALS ? ASSIGNMENT : atEnd(byte);
    case ASSIGNMENT:
      if (isSpace) return ASSIGNMENT;
      if (byte === QUOTE) return QUOTED;
      return isToken ? VALUE_TOKEN : EXTENSION_BAD;
    case VALUE_TOKEN:
      if (isToken) return VALUE_TOKEN;
      return isSpace ? VALUE_END : atEnd(byte);
    case QUOTED:
      if (byte === QUOTE) return VALUE_END;
      if (byte === BACKSLASH) return ESCAPE;
      return (classes[byte]! & VALUE) !== 0 ? QUOTED : EXTENSION_BAD;
    case ESCAPE:
      return (classes[byte]! & VALUE) !== 0 ? QUOTED : EXTENSION_BAD;
    default:
      return isSpace ? VALUE_END : atEnd(byte);
  }
}

function atEnd(byte: number): number {
  if (byte === SEMICOLON) return SEPARATOR;
  return byte === CR ? EXTENSION_END : EXTENSION_BAD;
}
