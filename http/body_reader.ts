/** Reads the body of a message, however it is delimited: by its length, by chunks, or by the connection's end. @module */

import { ChunkedDecoder } from "./chunked.ts";
import { CHUNKED, type HeadLimits, UNTIL_CLOSE } from "./head.ts";
import type { ReadBuffer } from "./read_buffer.ts";

const NOTHING = new Uint8Array(0);

/** One for each connection: a body after the other, out of its read buffer. */
export class BodyReader {
  /** Bytes still to come; 0 at the end; `CHUNKED` or `UNTIL_CLOSE` while such a body goes on. */
  left = 0;
  #chunked: ChunkedDecoder | null = null;

  /** @param length as `Head.bodyLength`; `limits` are those of the trailer section. */
  begin(length: number, limits: HeadLimits): void {
    this.left = length;
    this.#chunked = length === CHUNKED ? new ChunkedDecoder(limits) : null;
  }

  /** From now on all bytes to the connection's end are one body. */
  beginRaw(): void {
    this.left = UNTIL_CLOSE;
    this.#chunked = null;
  }

  /** The trailer lines of a body that is over. */
  get trailers(): Uint8Array {
    return this.#chunked?.trailers ?? NOTHING;
  }

  /** The connection ended. @returns whether that is the body's end as well. */
  close(): boolean {
    if (this.left === UNTIL_CLOSE) this.left = 0;
    return this.left === 0;
  }

  /**
   * Takes a piece out of the buffer: null at the end, undefined when more must be read first.
   * @throws {HttpError} 400 for chunks that are malformed.
   */
  next(buffer: ReadBuffer): Uint8Array | null | undefined {
    if (this.left === 0) return null;
    if (this.#chunked !== null) return this.#nextChunks(this.#chunked, buffer);
    const { start } = buffer;
    const available = buffer.end - start;
    if (available === 0) return undefined;
    const size = this.left === UNTIL_CLOSE ? available : Math.min(available, this.left);
    buffer.start += size;
    if (this.left > 0) this.left -= size;
    return buffer.bytes.subarray(start, start + size);
  }

  /** Small chunks are moved together: a piece for each would cost those who pass them on far more than their sender. */
  #nextChunks(decoder: ChunkedDecoder, buffer: ReadBuffer): Uint8Array | null | undefined {
    const { bytes } = buffer;
    let from = -1;
    let to = -1;
    for (;;) {
      const what = decoder.next(bytes, buffer.start, buffer.end);
      buffer.start = decoder.position;
      if (what === "data") {
        if (from < 0) from = decoder.dataStart;
        else bytes.copyWithin(to, decoder.dataStart, decoder.dataEnd);
        to = (to < 0 ? from : to) + decoder.dataEnd - decoder.dataStart;
        continue;
      }
      if (what === "end") this.left = 0;
      if (from < 0) return what === "end" ? null : undefined;
      return bytes.subarray(from, to);
    }
  }
}
