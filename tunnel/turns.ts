/** Who may work in this turn of the event loop: sessions that have much to read take turns, and others come in between. @module */

import { setImmediate } from "node:timers";

/** How long one session may work in a turn, and all together, in ms. */
const SLICE = 2;
const TURN = 8;
/** So many full turns may follow each other; then one is waited for by a timer. */
const REST_AFTER = 8;
/** From so much work on the end of the turn is waited for, in ms: less is not worth it. */
const NOTICED = 1;

/** Something that goes on with its work when it is called. */
export interface Worker {
  goOn(): void;
}

/** Work since a turn was last seen to begin, in ms. */
let spent = 0;
/** Turns that were seen. */
let turns = 0;
/** Full turns in a row. */
let full = 0;
let awaited = false;
let line: Worker[] = [];

/** What one session may still do in this turn. */
export class Share {
  #turn = 0;
  #spent = 0;

  /** Until when it may work, by `performance.now()`; in the past when its turn is over. */
  until(now: number): number {
    if (this.#turn !== turns) {
      this.#turn = turns;
      this.#spent = 0;
    }
    return now + Math.min(SLICE - this.#spent, TURN - spent);
  }

  /** It worked for so long, in ms. */
  took(ms: number): void {
    this.#spent += ms;
    spent += ms;
    if (spent > NOTICED) awaitTurn();
  }
}

/** Calls `worker` in a later turn, after those that are in line already. */
export function queue(worker: Worker): void {
  line.push(worker);
  awaitTurn();
}

/**
 * The runtime looks for what came on sockets when it has nothing else to do, or every 61st round: turns that call each
 * other without a rest keep everybody's answers waiting for that long, up to half a second.
 */
function awaitTurn(): void {
  if (awaited) return;
  awaited = true;
  if (full < REST_AFTER) setImmediate(begin);
  else setTimeout(begin, 0);
}

function begin(): void {
  awaited = false;
  turns++;
  full = spent < TURN || full === REST_AFTER ? 0 : full + 1;
  spent = 0;
  const due = line;
  line = [];
  for (let i = 0; i < due.length; i++) {
    if (spent >= TURN) {
      // The others stay in front of who comes next.
      line = due.slice(i).concat(line);
      break;
    }
    due[i]!.goOn();
  }
  if (line.length > 0) awaitTurn();
}
