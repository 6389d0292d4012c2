/** Paces the reading of a connection that has ended, so that a peer that floods it costs nothing more. @module */

/** So many reads follow each other; a pause in ms comes before each further one. */
const READS = 16;
const PAUSE = 5;

/**
 * What has ended reads on for a moment, so that closing does not reset what its peer has not read yet. The peer may
 * send as fast as the link allows.
 */
export class ReadAway {
  #reads = 0;
  #next: ReturnType<typeof setTimeout> | undefined;

  /** Calls `read`, now or after a pause; then it comes so seldom that its buffer should be `large`. */
  again(read: (large: boolean) => void): void {
    if (++this.#reads <= READS) read(false);
    else this.#next = setTimeout(() => read(true), PAUSE);
  }

  /** `read` is not called any more. */
  stop(): void {
    clearTimeout(this.#next);
  }
}
