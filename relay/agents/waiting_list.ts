/** Who waits for which name, in order. @module */

import type { ConnectedAgent } from "./connected_agent.ts";

/** Agents that may wait for a name. */
const MOST_WAITING = 16;

interface Waiter {
  readonly agent: ConnectedAgent;
  /** When it began to wait, by the monotonic clock. */
  readonly since: number;
}

export class WaitingList {
  /** By name; the first of a list has waited longest. */
  readonly #lists = new Map<string, Waiter[]>();

  /** Whether one more may wait for `name`. Who comes back has a place already. */
  hasRoom(name: string, instance: string): boolean {
    const list = this.#lists.get(name) ?? [];
    return list.length < MOST_WAITING ||
      list.some(({ agent }) => isSameProcess(agent.facts.place.instance, instance));
  }

  /** @returns the earlier session of the same process, which waits no longer. */
  add(name: string, agent: ConnectedAgent): ConnectedAgent | undefined {
    const list = this.#lists.get(name) ?? [];
    const { instance, waited } = agent.facts.place;
    const earlier = list.find((other) => isSameProcess(other.agent.facts.place.instance, instance));
    const since = Math.min(performance.now() - waited, earlier?.since ?? Infinity);
    const others = list.filter((waiter) => waiter !== earlier);
    const later = others.findIndex((waiter) => waiter.since > since);
    others.splice(later < 0 ? others.length : later, 0, { agent, since });
    this.#lists.set(name, others);
    agent.waitsFor.add(name);
    return earlier?.agent;
  }

  /** The first one waits no longer. */
  shift(name: string): ConnectedAgent | undefined {
    const first = this.#lists.get(name)?.[0]?.agent;
    if (first !== undefined) this.#remove(name, first);
    return first;
  }

  /** Those who wait for `name`. */
  of(name: string): ConnectedAgent[] {
    return (this.#lists.get(name) ?? []).map(({ agent }) => agent);
  }

  /** The agent waits for none of its names any longer. */
  leave(agent: ConnectedAgent): void {
    for (const name of agent.facts.names) this.#remove(name, agent);
  }

  #remove(name: string, agent: ConnectedAgent): void {
    agent.waitsFor.delete(name);
    const list = this.#lists.get(name)?.filter((waiter) => waiter.agent !== agent);
    if (list === undefined) return;
    if (list.length === 0) this.#lists.delete(name);
    else this.#lists.set(name, list);
  }
}

/** Two sessions of one process; sessions that do not name theirs are of different ones. */
export function isSameProcess(one: string, other: string): boolean {
  return one !== "" && one === other;
}
