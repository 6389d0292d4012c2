/** Paces the reading of a connection that has ended, so that a peer that floods it costs nothing more. @module */

/** So many reads, of so many bytes together, follow each other; a pause in ms comes before each further one. */
const READS = 1_024;
const BYTES = 256 << 10;
const PAUSE = 5;

/**
 * What has ended reads on for a moment, so that closing does not reset what its peer has not read yet. The peer may
 * send as fast as the link allows.
 */
export class ReadAway {
  #reads = 0;
  #bytes = 0;
  #next: ReturnType<typeof setTimeout> | undefined;

  /**
   * Calls `read`, now or after a pause; then it comes so seldom that its buffer should be `large`. `brought`: bytes of
   * the read before.
   */
  again(read: (large: boolean) => void, brought: number): void {
    this.#bytes += brought;
    if (++this.#reads <= READS && this.#bytes <= BYTES) read(false);
    else this.#next = setTimeout(() => read(true), PAUSE);
  }

  /** `read` is not called any more. */
  stop(): void {
    clearTimeout(this.#next);
  }
}
