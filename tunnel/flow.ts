/** How much receive windows may grow, for a session and for the whole process. @module */

/** Bytes of grown windows in the whole process: what stalled readers can make it hold beyond their first windows. */
const PROCESS_GROWTH = 256 << 20;
/** The same for one session: a half of its session window, the other half is every stream's first window. */
const SESSION_GROWTH = 32 << 20;

let processLeft = PROCESS_GROWTH;

/** A session's share. What is taken must be given back. */
export class GrowthBudget {
  #left = SESSION_GROWTH;

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
