/** When calls of the API begin: a few in each turn of the event loop, and addresses in rotation. @module */

import { setImmediate } from "node:timers";

/** So many calls begin in one turn: a dashboard asks for a dozen things at once, visitors come in between. */
const A_TURN = 2;
/** After so many full turns one waits for a timer, which lets the runtime look for what came on sockets. */
const REST_AFTER = 8;
/** So many calls of one address may wait, and of all together. */
const MOST_OF_ADDRESS = 256;
const MOST = 4_096;

/** A call that waits for its turn. */
type Call = () => void;

export class CallTurns {
  /** Calls that wait, by address; the address whose turn it is comes first. */
  readonly #lines = new Map<string, Call[]>();
  #waiting = 0;
  /** Calls that began in this turn. */
  #begun = 0;
  #fullTurns = 0;
  #isAwaited = false;

  /** Calls `call` now or in a later turn. @returns false when too many wait already: it is never called then. */
  begin(address: string, call: Call): boolean {
    if (this.#waiting === 0 && this.#begun < A_TURN) {
      this.#begun++;
      this.#awaitTurn();
      call();
      return true;
    }
    const line = this.#lines.get(address);
    if (this.#waiting >= MOST || (line !== undefined && line.length >= MOST_OF_ADDRESS)) {
      return false;
    }
    if (line === undefined) this.#lines.set(address, [call]);
    else line.push(call);
    this.#waiting++;
    return true;
  }

  #awaitTurn(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    if (this.#fullTurns < REST_AFTER) setImmediate(this.#turn);
    else setTimeout(this.#turn, 0);
  }

  readonly #turn = (): void => {
    this.#isAwaited = false;
    this.#fullTurns = this.#waiting === 0 || this.#fullTurns === REST_AFTER
      ? 0
      : this.#fullTurns + 1;
    const due: Call[] = [];
    for (const [address, line] of this.#lines) {
      if (due.length === A_TURN) break;
      due.push(line.shift()!);
      this.#lines.delete(address);
      if (line.length > 0) this.#lines.set(address, line);
    }
    this.#begun = due.length;
    this.#waiting -= due.length;
    if (due.length > 0) this.#awaitTurn();
    for (const call of due) call();
  };
}
