/** Writes frames into the bytes that wait for a connection. @module */

import type { Outgoing } from "../http/mod.ts";
import { Frame, FRAME_HEADER, writeFrameHeader, writeUint32 } from "./frame.ts";

const USUAL_FRAME = 1 << 10;
const encoder = new TextEncoder();

export class FrameWriter {
  readonly #outgoing: Outgoing;
  #frameAt = 0;

  constructor(outgoing: Outgoing) {
    this.#outgoing = outgoing;
  }

  /** Begins a frame: put its payload into what is returned, then `close`, all in one turn. */
  open(): Outgoing {
    const out = this.#outgoing;
    // Room for most frames at once, and by half of what waits: a buffer that grew by each frame would be copied by each.
    if (out.buffer.length - out.length < USUAL_FRAME) {
      out.reserve(Math.max(USUAL_FRAME, out.length >> 1));
    }
    this.#frameAt = out.length;
    out.advance(FRAME_HEADER);
    return out;
  }

  close(type: number, stream: number): void {
    const out = this.#outgoing;
    if (out.failed) return;
    writeFrameHeader(out.buffer, this.#frameAt, type, this.size, stream);
  }

  /** Bytes of payload in the frame that was begun. */
  get size(): number {
    return this.#outgoing.length - this.#frameAt - FRAME_HEADER;
  }

  /** Takes back the frame that was begun. */
  drop(): void {
    const out = this.#outgoing;
    if (!out.failed) out.advance(this.#frameAt - out.length);
  }

  /** A frame whose payload is JSON. */
  message(type: number, message: Record<string, unknown>): void {
    this.open().put(encoder.encode(JSON.stringify(message)));
    this.close(type, 0);
  }

  /** So many bytes more may come on the stream; on all together for stream 0. */
  window(stream: number, size: number): void {
    this.#numbers(Frame.WINDOW, stream, size);
  }

  /** The peer answers with the same two numbers. */
  ping(kind: number, count: number): void {
    this.#numbers(Frame.PING, 0, kind, count);
  }

  /** A frame whose payload is one or two numbers of four bytes. */
  #numbers(type: number, stream: number, first: number, second?: number): void {
    const size = second === undefined ? 4 : 8;
    const out = this.open();
    out.reserve(size);
    writeUint32(out.buffer, out.length, first);
    if (second !== undefined) writeUint32(out.buffer, out.length + 4, second);
    out.advance(size);
    this.close(type, stream);
  }
}
