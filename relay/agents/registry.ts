/** Which agent answers for which name, and who is next. @module */

import type { SessionEnd, Turn } from "../../tunnel/mod.ts";
import type { ConnectedAgent } from "./connected_agent.ts";
import type { Upstream } from "./upstream.ts";
import { isSameProcess, WaitingList } from "./waiting_list.ts";

/** An agent whose name was taken over finishes what is under way for this long, in ms. */
const REPLACED_GRACE = 5_000;
/** Who lost its connection without a word has so long to come back before its name goes to who waits, in ms. */
const RETURN_GRACE = 500;
/** After a relay's start names are kept from those who wait, for those who had them, so long, in ms. */
const START_GRACE = 4_000;

/** Something happened to an agent. `promoted`: a name that it waited for is its own now. */
export type RegistryListener = (
  what: "connected" | "gone" | "replaced" | "draining" | "promoted",
  agent: ConnectedAgent,
) => void;

export class Registry {
  readonly #byName = new Map<string, ConnectedAgent>();
  readonly #agents = new Map<string, ConnectedAgent>();
  readonly #waiting = new WaitingList();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #listener: RegistryListener;
  readonly #settledAt: number;
  #ending = false;

  /** `settle`: how long names are kept for those who had them before. */
  constructor(listener: RegistryListener = () => {}, { settle = START_GRACE } = {}) {
    this.#listener = listener;
    this.#settledAt = performance.now() + settle;
  }

  /** Every agent: those that wait, and those that were replaced and finish, included. */
  get agents(): ReadonlyMap<string, ConnectedAgent> {
    return this.#agents;
  }

  /** The agent that answers for a folded name; undefined where there is none. */
  find(name: string): ConnectedAgent | undefined {
    return this.#byName.get(name);
  }

  /** What answers for a name besides those that were tried; undefined where there is no other. */
  another(name: string, tried: ReadonlySet<Upstream>): Upstream | undefined {
    const holder = this.#byName.get(name);
    return holder === undefined || tried.has(holder) ? undefined : holder;
  }

  /** Those of the agent's names that it will have to wait for, were it added now. */
  waitsFor({ facts: { names, place } }: ConnectedAgent): Turn[] {
    return names.flatMap((name) => {
      const holder = this.#byName.get(name);
      const isFree = holder === undefined
        ? place.claim !== "wait" || (this.#isSettled && this.#waiting.of(name).length === 0)
        : place.claim === "take" || isSameProcess(holder.facts.place.instance, place.instance);
      return isFree ? [] : [turn(name, holder)];
    });
  }

  /** The first of these names for which as many wait as may. */
  overfull(waits: readonly Turn[], instance: string): string | undefined {
    return waits.find(({ name }) => !this.#waiting.hasRoom(name, instance))?.name;
  }

  /** The agent takes its names over from their holders, or waits where its claim is to wait. */
  add(agent: ConnectedAgent): void {
    const waits = new Set(this.waitsFor(agent).map(({ name }) => name));
    this.#agents.set(agent.facts.id, agent);
    for (const name of agent.facts.names) {
      if (waits.has(name)) this.#wait(name, agent);
      else this.#hold(name, agent);
    }
    this.#listener("connected", agent);
  }

  get #isSettled(): boolean {
    return performance.now() >= this.#settledAt;
  }

  #hold(name: string, agent: ConnectedAgent): void {
    const before = this.#byName.get(name);
    this.#byName.set(name, agent);
    if (before !== undefined && before !== agent) this.#replace(before, name);
    for (const other of this.#waiting.of(name)) other.tell(turn(name, agent));
  }

  #wait(name: string, agent: ConnectedAgent): void {
    this.#waiting.add(name, agent)?.close(replaced("this process has signed in anew"));
    if (this.#byName.has(name) || this.#isSettled) return;
    this.#after(this.#settledAt - performance.now(), () => this.#promote(name));
  }

  /** The agent that has waited longest gets the name. */
  #promote(name: string): void {
    if (this.#ending || this.#byName.has(name)) return;
    const next = this.#waiting.shift(name);
    if (next === undefined) return;
    this.#hold(name, next);
    next.tell({ name });
    this.#listener("promoted", next);
  }

  /** One of several names may be left to it: then it waits for the other one. Without any it is told to go. */
  #replace(agent: ConnectedAgent, name: string): void {
    if (agent.facts.names.some((name) => this.#byName.get(name) === agent)) {
      if (this.#waiting.hasRoom(name, agent.facts.place.instance)) this.#waiting.add(name, agent);
      return;
    }
    this.#waiting.leave(agent);
    const end = replaced("another agent of this account publishes the name now");
    agent.goAway(end);
    this.#listener("replaced", agent);
    const stop = this.#after(REPLACED_GRACE, () => agent.close(end));
    agent.idle().then(() => {
      stop();
      agent.close(end);
    });
  }

  /** Sends the agent away once what is under way is done; new requests find the next agent, or none. */
  drain(agent: ConnectedAgent, end: SessionEnd): void {
    if (agent.draining) return;
    this.release(agent);
    agent.goAway(end);
    this.#listener("draining", agent);
    agent.idle().then(() => agent.close(end));
  }

  /** The agent takes no new requests: its names go to who waits, its streams go on. */
  release(agent: ConnectedAgent, { grace = 0 } = {}): void {
    this.#waiting.leave(agent);
    for (const name of agent.facts.names) {
      if (this.#byName.get(name) !== agent) continue;
      this.#byName.delete(name);
      if (grace === 0) this.#promote(name);
      else if (this.#waiting.of(name).length > 0) this.#after(grace, () => this.#promote(name));
    }
  }

  /** The agent is gone. `lost`: it did not say so, and may be back at once. */
  remove(agent: ConnectedAgent, { lost = false } = {}): void {
    this.release(agent, { grace: lost ? RETURN_GRACE : 0 });
    if (this.#agents.delete(agent.facts.id)) this.#listener("gone", agent);
  }

  /** Sends every agent away. Their names stay free: after a restart they come back to them. */
  end(end: SessionEnd): void {
    this.#ending = true;
    for (const agent of this.#agents.values()) agent.goAway(end);
  }

  /** Calls `act` later. @returns what keeps it from that. */
  #after(ms: number, act: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Ends the waits. */
  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

function turn(name: string, holder: ConnectedAgent | undefined): Turn {
  if (holder === undefined) return { name, holder: null };
  const { address, place: { label } } = holder.facts;
  return { name, holder: { address, label, connected: Math.round(holder.age) } };
}

/** For older agents, which do not know how to wait: they stay away for a minute. */
function replaced(message: string): SessionEnd {
  return { code: "replaced", message, retryAfter: 60_000 };
}
