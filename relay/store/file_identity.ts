/** Tells whether a file that is held open still is the one at its path. @module */

/** Which file lay at a path at one time. */
export class FileIdentity {
  readonly #path: string;
  readonly #dev: number;
  readonly #ino: number | null;

  /** Of what lies at `path` now. */
  constructor(path: string) {
    this.#path = path;
    ({ dev: this.#dev, ino: this.#ino } = Deno.statSync(path));
  }

  /** It was not removed, and nothing was moved into its place. 1 µs. */
  get isThere(): boolean {
    // Where files have no number they cannot be removed while they are open.
    if (this.#ino === null || this.#ino === 0) return true;
    try {
      const { dev, ino } = Deno.statSync(this.#path);
      return ino === this.#ino && dev === this.#dev;
    } catch {
      return false;
    }
  }
}
