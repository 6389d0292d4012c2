/** Reads and writes the chunked transfer coding (RFC 9112 section 7.1), incrementally and strictly. @module */

import {
  EXTENSION_BAD,
  EXTENSION_END,
  EXTENSION_START,
  nextInExtension,
} from "./chunk_extension.ts";
import { DEFAULT_HEAD_LIMITS, Head, type HeadLimits } from "./head.ts";
import { HttpError } from "./http_error.ts";

const CR = 13, LF = 10, SP = 32, TAB = 9, SEMICOLON = 59;
/** Bytes of chunk extensions that one body may have; they are read and ignored. */
const MAX_EXTENSIONS = 4096;
/** Bytes of a trailer section: parsed anew with every read, so it is kept small. */
const MAX_TRAILERS = 8192;
/** Hexadecimal digits of a chunk's size: 13 stay below 2^53. */
const MAX_DIGITS = 16;

const S_SIZE = 0, S_EXTENSION = 1, S_SIZE_LF = 2, S_DATA = 3, S_DATA_CR = 4, S_DATA_LF = 5;
const S_TRAILERS = 6, S_DONE = 7;

/**
 * Give it bytes by `next`; it answers with a piece of data (`dataStart` to `dataEnd`), asks for more, or says
 * that the body is over. `position` is how far it has read.
 */
export class ChunkedDecoder {
  dataStart = 0;
  dataEnd = 0;
  position = 0;
  /** The trailer lines, without the empty line that ends them; empty until the body is over. */
  trailers: Uint8Array = new Uint8Array(0);

  #state: number = S_SIZE;
  #size = 0;
  #digits = 0;
  /** Where the extension under way is, and how many bytes all of them took. */
  #extension: number = EXTENSION_START;
  #extensions = 0;
  #trailerBytes = new Uint8Array(0);
  readonly #limits: HeadLimits;

  constructor(limits: HeadLimits = DEFAULT_HEAD_LIMITS) {
    this.#limits = { ...limits, head: Math.min(limits.head, MAX_TRAILERS) };
  }

  /**
   * Reads on in `bytes[start, end)`. @returns "data", "more" or "end".
   * @throws {HttpError} 400 at the first byte that cannot be right.
   */
  next(bytes: Uint8Array, start: number, end: number): "data" | "more" | "end" {
    let i = start;
    while (i < end) {
      const byte = bytes[i]!;
      switch (this.#state) {
        case S_SIZE: {
          const digit = hexDigit(byte);
          if (digit >= 0) {
            if (++this.#digits > MAX_DIGITS) {
              throw new HttpError(400, "A chunk's size has too many digits");
            }
            this.#size = this.#size * 16 + digit;
            if (this.#size > Number.MAX_SAFE_INTEGER) {
              throw new HttpError(400, "A chunk is too large");
            }
          } else if (this.#digits === 0) {
            throw new HttpError(400, "A chunk's size is not a number");
          } else if (byte === CR) {
            this.#state = S_SIZE_LF;
          } else if (byte === SEMICOLON || byte === SP || byte === TAB) {
            this.#state = S_EXTENSION;
            this.#extension = nextInExtension(EXTENSION_START, byte);
          } else {
            throw new HttpError(400, "A chunk's size is not a number");
          }
          i++;
          break;
        }
        case S_EXTENSION:
          if (++this.#extensions > MAX_EXTENSIONS) {
            throw new HttpError(400, "Chunk extensions are too long");
          }
          this.#extension = nextInExtension(this.#extension, byte);
          if (this.#extension === EXTENSION_END) this.#state = S_SIZE_LF;
          else if (this.#extension === EXTENSION_BAD) {
            throw new HttpError(400, "A chunk extension is malformed");
          }
          i++;
          break;
        case S_SIZE_LF:
          if (byte !== LF) throw new HttpError(400, "A chunk's size does not end its line");
          i++;
          this.#digits = 0;
          this.#state = this.#size === 0 ? S_TRAILERS : S_DATA;
          break;
        case S_DATA: {
          const length = Math.min(this.#size, end - i);
          this.dataStart = i;
          this.dataEnd = i + length;
          this.position = this.dataEnd;
          this.#size -= length;
          if (this.#size === 0) this.#state = S_DATA_CR;
          return "data";
        }
        case S_DATA_CR:
          if (byte !== CR) throw new HttpError(400, "A chunk is longer than its size");
          this.#state = S_DATA_LF;
          i++;
          break;
        case S_DATA_LF:
          if (byte !== LF) throw new HttpError(400, "A chunk is longer than its size");
          this.#state = S_SIZE;
          i++;
          break;
        case S_TRAILERS: {
          const used = this.#readTrailers(bytes, i, end);
          this.position = used;
          if ((this.#state as number) === S_DONE) return "end";
          i = used;
          break;
        }
        default:
          this.position = i;
          return "end";
      }
    }
    this.position = i;
    return this.#state === S_DONE ? "end" : "more";
  }

  /** Trailers are rare and small: gathered in a buffer of their own until the empty line is there. */
  #readTrailers(bytes: Uint8Array, start: number, end: number): number {
    if (
      this.#trailerBytes.length === 0 && end - start >= 2 && bytes[start] === CR &&
      bytes[start + 1] === LF
    ) {
      this.#state = S_DONE;
      return start + 2;
    }
    const had = this.#trailerBytes.length;
    const all = new Uint8Array(had + Math.min(end - start, this.#limits.head + 1));
    all.set(this.#trailerBytes);
    all.set(bytes.subarray(start, start + all.length - had), had);
    const head = new Head(this.#limits);
    head.reset("trailers", 0);
    if (head.parse(all, all.length)) {
      this.trailers = all.subarray(0, head.end - 2);
      this.#state = S_DONE;
      return start + head.end - had;
    }
    this.#trailerBytes = all;
    return end;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The line that begins a chunk of `size` bytes. */
export function chunkHeader(size: number): string {
  return size.toString(16) + "\r\n";
}
