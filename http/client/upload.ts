/** Sends one request's body at the pace of the origin. @module */

import { chunkHeader } from "../chunked.ts";
import { coarseNow } from "../clock.ts";
import { HIGH_WATER, type Outgoing } from "../outgoing.ts";
import type { ClientCall } from "./client_call.ts";

const CRLF = Uint8Array.of(13, 10);
/** From here on a piece goes to the socket as it is instead of being copied. */
const DIRECT = 64 << 10;

/** Sends bytes. `undefined`: taken. A promise: wait for it before the next call and before the memory is used again. */
export function sendBytes(out: Outgoing, bytes: Uint8Array): Promise<void> | undefined {
  if (bytes.length >= DIRECT && bytes.buffer instanceof ArrayBuffer) {
    return out.send(bytes as Uint8Array<ArrayBuffer>);
  }
  out.put(bytes);
  return out.queued > HIGH_WATER ? out.drained() : undefined;
}

export class Upload {
  /** All of the body was handed to the connection. */
  isDone = false;
  /** When it last moved on, in coarse ms. */
  movedAt: number = coarseNow();
  readonly #call: ClientCall;
  readonly #out: Outgoing;
  #isStopped = false;

  constructor(call: ClientCall, out: Outgoing) {
    this.#call = call;
    this.#out = out;
  }

  /** Asks for no more of the body. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves when it is sent, stopped, or for nobody any more. Rejects when the body breaks off or is not as long as said. */
  async run(): Promise<void> {
    const { request } = this.#call;
    const body = request.body!;
    const out = this.#out;
    const isChunked = request.length < 0;
    let left = request.length;
    this.#call.hasPulled = true;
    for (;;) {
      const piece = await body.read();
      if (this.#isStopped || out.failed) return;
      this.movedAt = coarseNow();
      if (piece === null) break;
      if (piece.length === 0) continue;
      out.rotate();
      if (isChunked) out.putText(chunkHeader(piece.length));
      else if ((left -= piece.length) < 0) {
        throw new Error("the body is longer than Content-Length");
      }
      const wait = sendBytes(out, piece);
      if (isChunked) out.put(CRLF);
      if (wait === undefined) continue;
      await wait;
      if (this.#isStopped || out.failed) return;
      this.movedAt = coarseNow();
    }
    if (left > 0) throw new Error("the body is shorter than Content-Length");
    if (isChunked) {
      out.putText("0\r\n");
      out.put(body.trailers);
      out.put(CRLF);
    }
    this.isDone = true;
  }
}
