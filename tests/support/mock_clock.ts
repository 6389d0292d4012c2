/** The process's clocks in a test's hand: time-outs pass without waiting for them. @module */

import { mock } from "node:test";

/** Intervals, `Date.now` and `performance.now` stand still until `tick`. The date can be set while no time passes. */
export class MockClock implements Disposable {
  #ahead = 0;
  #frozen = 0;

  constructor() {
    const began = performance.now();
    const since = Date.now();
    mock.timers.enable({ apis: ["setInterval", "Date"], now: since });
    const passed = Date.now;
    Date.now = () => passed() + this.#ahead;
    performance.now = () => began + passed() - since + this.#frozen;
  }

  /** Lets `ms` pass; intervals run when they are due. */
  tick(ms: number): void {
    mock.timers.tick(ms);
  }

  /** One turn of the loop takes `ms`: nothing ran meanwhile, and what was due is late by so much. */
  freeze(ms: number): void {
    this.#frozen += ms;
    this.#ahead += ms;
  }

  /** Sets the date on by `ms`, or back. */
  setDate(ms: number): void {
    this.#ahead += ms;
  }

  [Symbol.dispose](): void {
    mock.timers.reset();
    delete (performance as { now?: unknown }).now;
  }
}
