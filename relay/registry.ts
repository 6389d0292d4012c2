/** Which agent answers for which name. @module */

import type { SessionEnd } from "../tunnel/mod.ts";
import type { ConnectedAgent } from "./connected_agent.ts";

/** An agent whose name was taken over finishes what is under way for this long, in ms. */
const REPLACED_GRACE = 5_000;

/** Something happened to an agent. */
export type RegistryListener = (
  what: "connected" | "gone" | "replaced" | "draining",
  agent: ConnectedAgent,
) => void;

export class Registry {
  readonly #byName = new Map<string, ConnectedAgent>();
  readonly #agents = new Map<string, ConnectedAgent>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #listener: RegistryListener;

  constructor(listener: RegistryListener = () => {}) {
    this.#listener = listener;
  }

  /** Every agent, those that were replaced and finish included. */
  get agents(): ReadonlyMap<string, ConnectedAgent> {
    return this.#agents;
  }

  /** Who answers for a folded name; undefined for nobody. */
  find(name: string): ConnectedAgent | undefined {
    return this.#byName.get(name);
  }

  /** The agent takes its names over, from whoever had them. */
  add(agent: ConnectedAgent): void {
    this.#agents.set(agent.facts.id, agent);
    for (const name of agent.facts.names) {
      const before = this.#byName.get(name);
      this.#byName.set(name, agent);
      if (before !== undefined && before !== agent) this.#replace(before);
    }
    this.#listener("connected", agent);
  }

  /** One of several names may be left to it: only without any it is told to go. */
  #replace(agent: ConnectedAgent): void {
    if (agent.facts.names.some((name) => this.#byName.get(name) === agent)) return;
    const end: SessionEnd = {
      code: "replaced",
      message: "another agent of this account publishes the name now",
      retryAfter: 60_000,
    };
    agent.goAway(end);
    this.#listener("replaced", agent);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      agent.close(end);
    }, REPLACED_GRACE);
    this.#timers.add(timer);
    agent.idle().then(() => {
      clearTimeout(timer);
      this.#timers.delete(timer);
      agent.close(end);
    });
  }

  /** Sends the agent away once what is under way is done; new requests find nobody, or whoever comes next. */
  drain(agent: ConnectedAgent, end: SessionEnd): void {
    if (agent.draining) return;
    this.release(agent);
    agent.goAway(end);
    this.#listener("draining", agent);
    agent.idle().then(() => agent.close(end));
  }

  /** The agent takes no new requests: its names are free, its streams go on. */
  release(agent: ConnectedAgent): void {
    for (const name of agent.facts.names) {
      if (this.#byName.get(name) === agent) this.#byName.delete(name);
    }
  }

  remove(agent: ConnectedAgent): void {
    this.release(agent);
    if (this.#agents.delete(agent.facts.id)) this.#listener("gone", agent);
  }

  /** Ends the waits of `replace`. */
  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
