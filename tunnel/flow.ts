/** How much receive windows may hold in the whole process, and what each may have of that. @module */

import { MAX_STREAM_WINDOW, SESSION_WINDOW, STREAM_WINDOW } from "./frame.ts";

/**
 * Bytes of all windows on which a body comes. First windows are given unasked and may take more; nothing grows then,
 * and what drains shrinks.
 */
const POOL = 28 << 20;
/** Of that, what only streams may have that have drained more than the system's own buffers can hold. */
const RESERVED = 8 << 20;
const PROVEN = 8 << 20;
/** No window shrinks below this. */
const SMALLEST_WINDOW = 16 << 10;
/** A window that takes longer than twice this to drain is larger than its reader needs, in ms. */
const SLOW = 1_000;
/** Consumed bytes of which the session's peer need not know yet. */
export const SESSION_UNSAID: number = 1 << 20;

let left = POOL;

/**
 * What a session's window must be, so that streams whose readers stall never use it up: the first window of each,
 * all growth, and what the peer does not know yet. For 256 streams that is less than the window it begins with.
 */
export function sessionWindow(streams: number): number {
  return Math.max(SESSION_WINDOW, streams * STREAM_WINDOW + POOL + SESSION_UNSAID);
}

/** How a reader drained half of its window or more. */
export interface Drained {
  /** Bytes so far. */
  readonly total: number;
  /** In ms. */
  readonly took: number;
  /** That is quick: growing would make it quicker. */
  readonly quick: number;
  /** Bytes waited for it, so that its peer is not who was slow. */
  readonly behind: boolean;
}

/**
 * The window that a stream of `window` bytes should have next: at least half of it. It doubles for who is quick, as
 * long as half of what is left of the pool is more: a hundred streams share it alike, and something is always left
 * for the next one.
 */
export function nextWindow(window: number, { total, took, quick, behind }: Drained): number {
  const free = total > PROVEN ? left : left - RESERVED;
  const limit = Math.min(free / 2, MAX_STREAM_WINDOW);
  let next = window;
  if (took < quick) next = Math.min(window * 2, MAX_STREAM_WINDOW, (free + window) / 3);
  else if (took > SLOW && behind) next = window / 2;
  if (window > limit) next = Math.min(next, limit);
  return Math.floor(Math.max(next, window / 2, SMALLEST_WINDOW));
}

/** A session's part of the pool. What is taken must be given back. */
export class WindowBudget {
  #grown = 0;

  /** Bytes by which windows have grown beyond their first size. */
  get taken(): number {
    return this.#grown;
  }

  /** A window changes its size; 0 is none. */
  change(before: number, after: number): void {
    left -= after - before;
    this.#grown += growth(after) - growth(before);
  }
}

function growth(window: number): number {
  return Math.max(0, window - STREAM_WINDOW);
}
