/** When calls of the API begin: one in a turn of the event loop, in rotation by address and, within it, by credential. @module */

/** How many calls may wait: of one address, and of all together. */
const MOST = { address: 256, all: 4_096 };

/** A call that waits for its turn. */
type Call = () => void;

/** Things that wait in lines, each line with a key; lines have their turns one after the other. */
class Rotation<T> {
  readonly #lines = new Map<string, T[]>();

  add(key: string, item: T): void {
    const line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, [item]);
    else line.push(item);
  }

  /** The first of the line whose turn it is; that line goes behind the others. */
  take(): T | undefined {
    for (const [key, line] of this.#lines) {
      const item = line.shift();
      this.#lines.delete(key);
      if (line.length > 0) this.#lines.set(key, line);
      return item;
    }
    return undefined;
  }
}

/** The calls of one address. */
interface Place {
  readonly calls: Rotation<Call>;
  waiting: number;
}

/** Whose call it is, as far as can be said before it is looked at. */
export interface CallSource {
  readonly address: string;
  /** What it shows: a cookie or a token, as it came. */
  readonly credential: string;
}

export class CallTurns implements Disposable {
  readonly #most: typeof MOST;
  readonly #places = new Map<string, Place>();
  #waiting = 0;
  /** A call began in this turn. */
  #isTaken = false;
  /** Turns are of no importance any more. */
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(most: typeof MOST = MOST) {
    this.#most = most;
  }

  /** Calls `call` now or in a later turn. @returns false when too many wait already: it is never called then. */
  begin({ address, credential }: CallSource, call: Call): boolean {
    if (this.#isOver || !this.#isTaken) {
      if (!this.#isOver) this.#awaitTurn();
      call();
      return true;
    }
    const place = this.#places.get(address) ?? { calls: new Rotation<Call>(), waiting: 0 };
    if (this.#waiting >= this.#most.all || place.waiting >= this.#most.address) return false;
    place.calls.add(credential, call);
    place.waiting++;
    this.#waiting++;
    this.#places.set(address, place);
    return true;
  }

  /**
   * By a timer: the runtime looks for what came on sockets when it has nothing else to do, and a line of immediates
   * would keep visitors waiting for its end.
   */
  #awaitTurn(): void {
    this.#isTaken = true;
    this.#timer = setTimeout(this.#turn, 0);
  }

  readonly #turn = (): void => {
    this.#isTaken = false;
    for (const [address, place] of this.#places) {
      const call = place.calls.take()!;
      place.waiting--;
      this.#waiting--;
      // Its turn comes again after all the others'.
      this.#places.delete(address);
      if (place.waiting > 0) this.#places.set(address, place);
      this.#awaitTurn();
      return call();
    }
  };

  /** What waits begins now, and what comes at once: those who stop wait for all of it. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#isOver = true;
    const places = [...this.#places.values()];
    this.#places.clear();
    for (const { calls } of places) {
      for (let call = calls.take(); call !== undefined; call = calls.take()) call();
    }
  }
}
