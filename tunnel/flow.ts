/** How much receive windows may grow, for a session and for the whole process. @module */

import { SESSION_WINDOW, STREAM_WINDOW } from "./frame.ts";

/** Bytes of grown windows in the whole process: what stalled readers can make it hold beyond their first windows. */
const PROCESS_GROWTH = 256 << 20;
/** Consumed bytes of which the session's peer need not know yet. */
export const SESSION_UNSAID: number = 1 << 20;
/** The growth of one session. */
const SESSION_GROWTH = 28 << 20;

let processLeft = PROCESS_GROWTH;

/**
 * What a session's window must be, so that streams whose readers stall never use it up: the first window of each,
 * all growth, and what the peer does not know yet. For 256 streams that is less than the window it begins with.
 */
export function sessionWindow(streams: number): number {
  return Math.max(SESSION_WINDOW, streams * STREAM_WINDOW + SESSION_GROWTH + SESSION_UNSAID);
}

/** A session's share. What is taken must be given back. */
export class GrowthBudget {
  #left = SESSION_GROWTH;

  /** Bytes that are taken. */
  get taken(): number {
    return SESSION_GROWTH - this.#left;
  }

  /** Takes `size` bytes if session and process have them left. */
  take(size: number): boolean {
    if (size > this.#left || size > processLeft) return false;
    this.#left -= size;
    processLeft -= size;
    return true;
  }

  give(size: number): void {
    this.#left += size;
    processLeft += size;
  }
}
