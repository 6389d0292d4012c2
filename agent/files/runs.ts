/** Numbers the runs in which this thread works on what has come: what was looked up in one need not be looked up again in it. @module */

/**
 * A run ends before anything else can come: a file that was looked at within it was looked at after all of its requests
 * had come, which is as new an answer as any of them can expect.
 */
export class Runs {
  #number = 0;
  #isOver = true;
  readonly #end = (): void => void (this.#isOver = true);

  /** The number of this run. */
  get current(): number {
    if (this.#isOver) {
      this.#isOver = false;
      this.#number++;
      queueMicrotask(this.#end);
    }
    return this.#number;
  }
}
