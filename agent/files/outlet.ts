/** Answers that take longer than one turn of the event loop: how many there are, their waiting, their end. @module */

import { type Exchange, Roster, type Rostered } from "../../http/mod.ts";

/** A bounded number of answers under way. All of them end with it. */
export class Outlets implements Disposable {
  readonly #limit: number;
  readonly #open = new Roster<Outlet>();

  /** `limit`: how many answers may be under way at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many answers are under way. */
  get size(): number {
    return this.#open.size;
  }

  /** No further answer may be begun. */
  get full(): boolean {
    return this.#open.size >= this.#limit;
  }

  /** Counts an answer in until its outlet is disposed of. */
  open(exchange: Exchange): Outlet {
    const outlet = new Outlet(exchange, this.#open);
    this.#open.add(outlet);
    return outlet;
  }

  /** Aborts what is under way. */
  [Symbol.dispose](): void {
    this.#open.forEach((outlet) => outlet.abort("the origin closes"));
  }
}

/** Where one answer's bytes go. It takes the exchange's `onabort` for itself. */
export class Outlet implements Disposable, Rostered {
  /** See `Rostered`. */
  seat = -1;
  readonly exchange: Exchange;
  readonly #open: Roster<Outlet>;
  #wake: (() => void) | null = null;

  /** See `Outlets.open`. */
  constructor(exchange: Exchange, open: Roster<Outlet>) {
    this.exchange = exchange;
    this.#open = open;
    exchange.onabort = () => this.#wake?.();
  }

  /** Nobody waits for this answer any more. */
  get closed(): boolean {
    return this.exchange.aborted;
  }

  /** As `Exchange.write`, but its promise resolves on an abort, too. Then `chunk` may still be in use. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    const written = this.exchange.write(chunk);
    if (written === undefined) return undefined;
    return new Promise((resolve, reject) => {
      this.#wake = resolve;
      written.then(resolve, reject);
    });
  }

  /** Breaks the answer off. */
  abort(reason: string): void {
    this.exchange.abort(reason);
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.#open.remove(this);
  }
}
