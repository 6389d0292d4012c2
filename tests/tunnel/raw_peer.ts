/** The other end of a session under test: says exactly the bytes it is told and reads frames by a codec of its own. @module */

import type { PipeEnd } from "../support/pipe.ts";

/** A frame as PROTOCOL.md describes it, without the program's own code. */
export interface RawFrame {
  readonly type: number;
  readonly end: boolean;
  readonly stream: number;
  readonly payload: Uint8Array;
}

const encoder = new TextEncoder();

/** Bytes of a frame. */
export function frame(
  type: number,
  stream: number,
  payload: Uint8Array | string = "",
  { end = false, length }: { end?: boolean; length?: number } = {},
): Uint8Array<ArrayBuffer> {
  const body = typeof payload === "string" ? encoder.encode(payload) : payload;
  const bytes = new Uint8Array(8 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length ?? body.length);
  bytes[0] = type | (end ? 0x80 : 0);
  view.setUint32(4, stream);
  bytes.set(body, 8);
  return bytes;
}

/** Bytes of several frames, one after the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The id of a stream that the relay (side 0) or the agent (side 1) opened. */
export function streamId(slot: number, generation = 1, side: 0 | 1 = 0): number {
  return generation * 65536 + slot * 2 + side;
}

export class RawPeer {
  readonly connection: PipeEnd;
  readonly #buffer = new Uint8Array(1 << 20);
  #got = new Uint8Array(0);
  #over = false;
  #pending: Promise<number | null> | null = null;

  constructor(connection: PipeEnd) {
    this.connection = connection;
  }

  async send(...parts: readonly Uint8Array[]): Promise<void> {
    const bytes = join(...parts);
    for (let at = 0; at < bytes.length;) at += await this.connection.write(bytes.subarray(at));
  }

  /** The next frame, or null at the end. */
  async next(): Promise<RawFrame | null> {
    for (;;) {
      const found = this.#cutFrame();
      if (found !== null) return found;
      if (!await this.#more()) {
        if (this.#got.length > 0) throw new Error(`${this.#got.length} bytes of half a frame`);
        return null;
      }
    }
  }

  /** Frames up to the first of this type, that one included. @throws {Error} when none comes. */
  async nextOf(type: number, stream?: number): Promise<RawFrame> {
    for (;;) {
      const next = await this.next();
      if (next === null) throw new Error(`The end came before a frame 0x${type.toString(16)}`);
      if (next.type === type && (stream === undefined || next.stream === stream)) return next;
    }
  }

  /** All frames up to the end. */
  async rest(): Promise<RawFrame[]> {
    const frames: RawFrame[] = [];
    for (let next = await this.next(); next !== null; next = await this.next()) frames.push(next);
    return frames;
  }

  /** The next `size` bytes as they come. */
  async bytes(size: number): Promise<Uint8Array> {
    while (this.#got.length < size) {
      if (!await this.#more()) throw new Error("The end came too early");
    }
    const bytes = this.#got.slice(0, size);
    this.#got = this.#got.slice(size);
    return bytes;
  }

  close(): void {
    this.connection.close();
  }

  #cutFrame(): RawFrame | null {
    const got = this.#got;
    if (got.length < 8) return null;
    const view = new DataView(got.buffer, got.byteOffset);
    const length = view.getUint32(0) & 0xffffff;
    if (got.length < 8 + length) return null;
    this.#got = got.slice(8 + length);
    return {
      type: got[0]! & 0x7f,
      end: (got[0]! & 0x80) !== 0,
      stream: view.getUint32(4),
      payload: got.slice(8, 8 + length),
    };
  }

  async #more(): Promise<boolean> {
    if (this.#over) return false;
    try {
      const count = await (this.#pending ??= this.connection.read(this.#buffer));
      this.#pending = null;
      if (count === null) this.#over = true;
      else this.#got = join(this.#got, this.#buffer.subarray(0, count));
    } catch {
      this.#over = true;
    }
    return !this.#over;
  }
}

/** A frame's payload as JSON. */
export function jsonOf(frame: RawFrame): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(frame.payload));
}

/** A frame's payload as text. */
export function textOf(frame: RawFrame): string {
  return new TextDecoder().decode(frame.payload);
}
