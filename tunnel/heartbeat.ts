/** Whether a session's peer is there, how far away it is, and how much the transport takes. @module */

import { coarseNow, type Outgoing } from "../http/mod.ts";
import { MAX_DATA, PEER_TIMEOUT, PING_INTERVAL, RELAY_PING_INTERVAL } from "./frame.ts";

/** So many bytes within `PING_INTERVAL`, gone or come, are bulk; then the answer to a PING may take so long, in ms. */
const BULK = 64 << 10;
const BULK_PATIENCE = 120_000;
/** After so long without a byte the peer gets a PING, that it hears from us, in ms. */
const SILENCE = 6_000;
/** A frame of a bulk stream should not hold up others for longer, in ms. */
const FRAME_TIME = 4;
const MIN_FRAME = 16 << 10;

/** First word of a PING: it measures; its answer is a barrier, behind which nothing of before can come; or nothing. */
export const HEARTBEAT = 0;
export const BARRIER = 1;
const KEEP_ALIVE = 2;

export interface HeartbeatOptions {
  readonly side: "relay" | "agent";
  readonly outgoing: Outgoing;
  /** Sends a PING of these two words. */
  ping(kind: number, count: number): void;
}

export class Heartbeat {
  /** Smallest round trip seen, in ms. */
  roundTrip = 100;
  /** Last round trip, in ms; -1 before the first. */
  rtt = -1;
  /** Largest DATA frame that suits the transport. */
  frameLimit: number = 64 << 10;

  readonly #options: HeartbeatOptions;
  #heardAt = coarseNow();
  /** When the PING under way was sent: by the coarse clock, 0 for none, and exactly. */
  #sentAt = 0;
  #sentExactly = 0;
  #count = 0;
  #next = 0;
  /** When bulk last got through, and how many bytes had gone and come by then. */
  #bulkAt = 0;
  #bulkMark = 0;
  #writtenBefore = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Bytes came. */
  heard(): void {
    this.#heardAt = coarseNow();
  }

  /** The machine slept, maybe: whether the peer is still there should be known soon. */
  woke(): void {
    this.#next = 0;
  }

  /** The answer to a PING that measures. */
  pong(count: number): void {
    if (this.#sentAt === 0 || count !== this.#count) return;
    this.rtt = performance.now() - this.#sentExactly;
    this.roundTrip = Math.min(this.roundTrip, this.rtt);
    this.#sentAt = 0;
  }

  /** To be called every `TICK`; `received` are all bytes that came so far. False: the peer is gone. */
  tick(now: number, received: number): boolean {
    const { outgoing, side } = this.#options;
    this.#measure(outgoing, now, received);
    // While bulk gets through, slowly perhaps, a ping or its answer may stand behind it.
    const patience = now - this.#bulkAt < PING_INTERVAL ? BULK_PATIENCE : PEER_TIMEOUT;
    if (this.#sentAt !== 0 && now - this.#sentAt > patience) return false;
    if (now - this.#heardAt > PEER_TIMEOUT + PING_INTERVAL) return false;
    if (this.#sentAt === 0 && now >= this.#next) {
      const interval = side === "agent" ? PING_INTERVAL : RELAY_PING_INTERVAL;
      this.#sentAt = now;
      // Sessions that began together should not all ping together for ever.
      this.#next = now + interval * (1 - Math.random() / 4);
      this.#sentExactly = performance.now();
      this.#count = (this.#count + 1) >>> 0;
      this.#options.ping(HEARTBEAT, this.#count);
    } else if (now - outgoing.progressAt > SILENCE) this.#options.ping(KEEP_ALIVE, 0);
    return true;
  }

  #measure(out: Outgoing, now: number, received: number): void {
    const rate = (out.written - this.#writtenBefore) / 250;
    this.#writtenBefore = out.written;
    if (out.written + received - this.#bulkMark > BULK) {
      this.#bulkMark = out.written + received;
      this.#bulkAt = now;
    }
    if (out.queued === 0) return;
    // Whole bytes: half a byte would put every later frame beside its place.
    const size = Math.floor(rate * FRAME_TIME);
    this.frameLimit = Math.max(MIN_FRAME, Math.min(MAX_DATA, size));
  }
}
