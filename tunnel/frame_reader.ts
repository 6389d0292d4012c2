/** Takes what comes on a connection apart into frames; those of DATA are handed on as they come. @module */

import { ReadBuffer } from "../http/mod.ts";
import { hex, ProtocolError } from "./control.ts";
import { END, Frame, FRAME_HEADER, frameLength, maxPayload, readUint32 } from "./frame.ts";

const IDLE_BUFFER = 1 << 10;
const LARGEST_READ = 256 << 10;
/** After so many reads that brought little the buffer is small again. */
const SMALL_READS = 64;

/** What takes frames. Bytes are valid only during the call. */
export interface FrameSink {
  /** The sign-in is done: before it only its own frames may come. */
  readonly isReady: boolean;
  /** A part of a DATA frame; `end`: nothing more comes on that stream. */
  ondata(stream: number, bytes: Uint8Array, end: boolean): void;
  /** Any other frame, whole; its payload is `[from, to)` of the reader's `buffer.bytes`. */
  onframe(type: number, end: boolean, stream: number, from: number, to: number): void;
  /** A frame that moves nothing: DATA without bytes and without an end. */
  onidle(): void;
}

export class FrameReader {
  readonly buffer = new ReadBuffer(IDLE_BUFFER);
  #smallReads = 0;
  // A DATA frame under way.
  #dataLeft = 0;
  #dataEnd = false;
  #dataStream = 0;

  /**
   * Hands on one frame, or what has come of a DATA frame.
   * @returns false where there is not enough.
   * @throws {ProtocolError}
   */
  next(sink: FrameSink): boolean {
    const { buffer } = this;
    const { bytes } = buffer;
    if (this.#dataLeft > 0) {
      const size = Math.min(this.#dataLeft, buffer.end - buffer.start);
      if (size === 0) return false;
      this.#dataLeft -= size;
      const at = buffer.start;
      buffer.start += size;
      const end = this.#dataEnd && this.#dataLeft === 0;
      sink.ondata(this.#dataStream, bytes.subarray(at, at + size), end);
      return true;
    }
    const at = buffer.start;
    if (buffer.end - at < FRAME_HEADER) return false;
    const type = bytes[at]! & ~END;
    const end = (bytes[at]! & END) !== 0;
    const length = frameLength(bytes, at);
    const bound = maxPayload(type);
    if (bound < 0) throw new ProtocolError(`Frame type ${hex(type)} does not exist`);
    if (length > bound) throw new ProtocolError(`A frame ${hex(type)} is too long: ${length}`);
    if (!sink.isReady && type > Frame.REFUSED) {
      throw new ProtocolError(`A frame ${hex(type)} before the sign-in`);
    }
    const stream = readUint32(bytes, at + 4);
    if (type === Frame.DATA) {
      buffer.start += FRAME_HEADER;
      this.#dataStream = stream;
      this.#dataEnd = end;
      this.#dataLeft = length;
      if (length === 0) {
        if (!end) sink.onidle();
        sink.ondata(stream, bytes.subarray(at, at), end);
      }
      return true;
    }
    if (buffer.end - at < FRAME_HEADER + length) return false;
    buffer.start += FRAME_HEADER + length;
    sink.onframe(type, end, stream, at + FRAME_HEADER, at + FRAME_HEADER + length);
    return true;
  }

  /** Adapts the buffer for the next read: large while much comes, small again where little comes and none is `busy`. */
  makeRoom(busy: boolean): void {
    const { bytes, start, size: left, full } = this.buffer;
    this.#smallReads = full || left > 0 ? 0 : this.#smallReads + 1;
    let size = bytes.length;
    if (full && size < LARGEST_READ) size *= 4;
    else if (this.#smallReads > SMALL_READS && size > IDLE_BUFFER && !busy) size = IDLE_BUFFER;
    // A frame that must be there as a whole must fit.
    if (left >= FRAME_HEADER) {
      const type = bytes[start]! & ~END;
      if (type !== Frame.DATA) size = Math.max(size, FRAME_HEADER + frameLength(bytes, start));
    }
    this.buffer.resize(size);
  }
}
