/** Answers that take longer than one turn of the event loop: how many there are, their waiting, their end. @module */

import { type Exchange, Roster, type Rostered } from "../../http/mod.ts";

/** A bounded number of answers under way. All of them end with it. */
export class ActiveSends implements Disposable {
  readonly #limit: number;
  readonly #open = new Roster<ActiveSend>();

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

  /** Counts an answer in until its send is disposed of. */
  open(exchange: Exchange): ActiveSend {
    const send = new ActiveSend(exchange, this.#open);
    this.#open.add(send);
    return send;
  }

  /** Aborts what is under way. */
  [Symbol.dispose](): void {
    this.#open.forEach((send) => send.abort("the origin closes"));
  }
}

/** Where one answer's bytes go. It takes the exchange's `onabort` for itself. */
export class ActiveSend implements Disposable, Rostered {
  /** See `Rostered`. */
  seat = -1;
  readonly exchange: Exchange;
  readonly #open: Roster<ActiveSend>;
  #wake: (() => void) | null = null;

  /** See `ActiveSends.open`. */
  constructor(exchange: Exchange, open: Roster<ActiveSend>) {
    this.exchange = exchange;
    this.#open = open;
    exchange.onabort = () => this.#wake?.();
  }

  /** The visitor has left. */
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
