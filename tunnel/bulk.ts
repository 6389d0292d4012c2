/** Bulk of many streams on one connection: round and round, a frame for each that has something and may send it. @module */

import type { Outgoing } from "../http/mod.ts";
import { SESSION_WINDOW } from "./frame.ts";
import type { Heartbeat } from "./heartbeat.ts";

/** Bulk is framed until this much waits for the socket: one write takes it all. */
const BULK_WATER = 512 << 10;

/** What has bulk to send: a stream. */
export interface BulkSender {
  /** Waits for its turn; kept by `Bulk`. */
  queued: boolean;
  /** Sends a frame of `limit` bytes at the most. @returns whether there is more that may be sent. */
  sendSome(limit: number): boolean;
}

export class Bulk {
  /** Bytes that may still be sent on all streams together. */
  credit = SESSION_WINDOW;
  readonly #outgoing: Outgoing;
  readonly #heartbeat: Pick<Heartbeat, "frameLimit">;
  #ring: BulkSender[] = [];
  #isPumping = false;
  #isScheduled = false;
  #isOver = false;

  /** The heartbeat knows how large a frame may be. */
  constructor(outgoing: Outgoing, heartbeat: Pick<Heartbeat, "frameLimit">) {
    this.#outgoing = outgoing;
    this.#heartbeat = heartbeat;
  }

  /** So much waits that a producer should wait too. */
  get isCrowded(): boolean {
    return this.#outgoing.queued > BULK_WATER / 2;
  }

  /** A stream has bytes to send. */
  enqueue(stream: BulkSender): void {
    if (!stream.queued) {
      stream.queued = true;
      this.#ring.push(stream);
    }
    this.pump();
  }

  /** Sends what may be sent: more credit has come. */
  pump = (): void => {
    if (this.#isPumping || this.#isOver) return;
    this.#isPumping = true;
    while (this.#ring.length > 0 && this.#outgoing.queued < BULK_WATER && this.credit > 0) {
      const stream = this.#ring.shift()!;
      stream.queued = false;
      if (stream.sendSome(this.#heartbeat.frameLimit) && !stream.queued) {
        stream.queued = true;
        this.#ring.push(stream);
      }
    }
    this.#isPumping = false;
    if (this.#ring.length > 0 && this.credit > 0 && !this.#isScheduled) {
      this.#isScheduled = true;
      this.#outgoing.drained(BULK_WATER / 2).then(() => {
        this.#isScheduled = false;
        this.pump();
      });
    }
  };

  /** Nothing is sent any more. */
  end(): void {
    this.#isOver = true;
    this.#ring = [];
  }
}
