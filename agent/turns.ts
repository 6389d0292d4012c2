/** Whose turn it is to publish the names of a session, as its relay tells. @module */

import type { Log } from "../cli/mod.ts";
import type { Holder, Turn } from "../tunnel/mod.ts";

/** Names of a session at the most, of which turns may be told before the welcome is read. */
const MOST_EARLY = 64;

export class Turns {
  /** Resolves once no name is another agent's any more. */
  readonly own: Promise<void>;
  readonly #log: Log;
  /** By name; what was told of it last. Of the session's own names, once they are known. */
  readonly #told = new Map<string, Turn>();
  #names: ReadonlySet<string> | null = null;
  #resolve!: () => void;

  constructor(log: Log) {
    this.#log = log;
    this.own = new Promise((resolve) => this.#resolve = resolve);
  }

  /**
   * Takes what the welcome said; turns that were told since then are newer. What concerns none of `names` is not
   * kept: a relay could tell of ever more. @returns whether there is to wait.
   */
  begin(waiting: readonly Turn[], names: readonly string[]): boolean {
    this.#names = new Set(names);
    for (const turn of waiting) {
      if (!this.#told.has(turn.name)) this.#told.set(turn.name, turn);
    }
    for (const name of [...this.#told.keys()]) {
      if (!this.#names.has(name)) this.#told.delete(name);
    }
    for (const turn of this.#told.values()) this.#say(turn);
    return !this.#check();
  }

  /** Takes a turn that was told. */
  take(turn: Turn): void {
    if (this.#names === null) {
      if (this.#told.size < MOST_EARLY || this.#told.has(turn.name)) {
        this.#told.set(turn.name, turn);
      }
      return;
    }
    if (!this.#names.has(turn.name)) return;
    this.#told.set(turn.name, turn);
    this.#say(turn);
    this.#check();
  }

  #check(): boolean {
    for (const { holder } of this.#told.values()) if (holder !== undefined) return false;
    this.#resolve();
    return true;
  }

  #say({ name, holder }: Turn): void {
    this.#log.info(
      holder === undefined
        ? `${name} is free: taking over`
        : holder === null
        ? `waiting: ${name} is kept for the agent that had it before the relay started`
        : `waiting: ${name} is published by ${nameOf(holder)}; taking over when it leaves`,
    );
  }
}

function nameOf({ address, label, connected }: Holder): string {
  const who = [label, `there for ${Math.round(connected / 1000)} s`].filter((text) => text);
  return `the agent at ${address} (${who.join(", ")})`;
}
