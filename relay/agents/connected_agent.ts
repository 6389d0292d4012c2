/** An agent that is signed in: its sessions, and the visitors' streams on them. @module */

import { coarseNow, unwatch, watch, type Watched } from "../../http/mod.ts";
import {
  Extension,
  type Place,
  type Session,
  type SessionEnd,
  type Stream,
  type ToldMount,
  type Turn,
} from "../../tunnel/mod.ts";
import type { StreamSeeker, Upstream } from "./upstream.ts";

export interface AgentLimits {
  /** Seekers that may wait. */
  readonly waiting: number;
  /** How long, in ms. */
  readonly wait: number;
}

/** What is known about an agent besides its sessions. */
export interface AgentFacts {
  readonly id: string;
  readonly account: string;
  readonly names: readonly string[];
  readonly transport: "tcp" | "tls";
  readonly address: string;
  readonly software: string;
  /** What it publishes, in its own words. */
  readonly mounts?: readonly ToldMount[];
  /** Id of the token it signed in with, "" for a password. */
  readonly token: string;
  /** Its claim to its names when it signed in, and which process it is. */
  readonly place: Place;
  /** It understands what it is told about whose turn it is. */
  readonly canWait: boolean;
  /** Its streams may become plain bytes. */
  readonly canUpgrade?: boolean;
}

/** What those who wait for one agent may hold together, in bytes. */
const MOST_WEIGHT = 32 << 20;
/** A visitor's connection holds this much in any case. */
const LEAST_WEIGHT = 4 << 10;

export class ConnectedAgent implements Upstream, Watched {
  readonly facts: AgentFacts;
  /** Milliseconds since 1970. */
  readonly since: number = Date.now();
  /** Those of its names that another agent publishes, so that it waits for them; kept by the waiting list. */
  readonly waitsFor = new Set<string>();
  readonly #began = performance.now();
  /** Body bytes of visitors' requests and answers. */
  bytesIn = 0;
  bytesOut = 0;
  readonly #limits: AgentLimits;
  readonly #sessions: Session[] = [];
  /** In the order in which they came, each with the time until which it waits. */
  readonly #waiting = new Map<StreamSeeker, number>();
  #weight = 0;

  constructor(facts: AgentFacts, limits: AgentLimits) {
    this.facts = facts;
    this.#limits = limits;
  }

  get id(): string {
    return this.facts.id;
  }

  get account(): string {
    return this.facts.account;
  }

  get canUpgrade(): boolean {
    return this.facts.canUpgrade === true;
  }

  get isGone(): boolean {
    return this.#sessions.length === 0;
  }

  count(bytesIn: number, bytesOut: number): void {
    this.bytesIn += bytesIn;
    this.bytesOut += bytesOut;
  }

  /** How long it has been here, in ms. */
  get age(): number {
    return performance.now() - this.#began;
  }

  get sessions(): readonly Session[] {
    return this.#sessions;
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#sessions.reduce((sum, session) => sum + session.streams, 0);
  }

  /** Takes no new requests. */
  get draining(): boolean {
    return this.#sessions.length > 0 && this.#sessions.every((session) => session.draining);
  }

  /** Visitors that wait for a stream. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Last round trip in ms, -1 before the first. */
  get rtt(): number {
    return this.#sessions[0]?.rtt ?? -1;
  }

  add(session: Session): void {
    this.#sessions.push(session);
    session.onrelease = () => {
      if (this.#waiting.size > 0) this.#serve();
    };
    this.#serve();
  }

  /** @returns true when that was the last one. */
  remove(session: Session): boolean {
    const index = this.#sessions.indexOf(session);
    if (index >= 0) this.#sessions.splice(index, 1);
    if (this.#sessions.length > 0) return false;
    for (const seeker of [...this.#waiting.keys()]) {
      this.cancel(seeker);
      seeker.onstream(null);
    }
    return true;
  }

  request(seeker: StreamSeeker): void {
    if (this.#waiting.size === 0) {
      const stream = this.#open(seeker);
      if (stream !== null) return seeker.onstream(stream);
    }
    const weight = weightOf(seeker);
    const isFull = this.#waiting.size >= this.#limits.waiting ||
      this.#weight + weight > MOST_WEIGHT;
    if (isFull || this.#sessions.length === 0) return seeker.onstream(null);
    if (this.#waiting.size === 0) {
      watch(this);
      this.#askForMore();
    }
    this.#waiting.set(seeker, coarseNow() + this.#limits.wait);
    this.#weight += weight;
  }

  /** Another connection would help: an agent that has as many as it wants takes no notice. */
  #askForMore(): void {
    this.#sessions.find((session) => !session.draining)?.crowdedOut();
  }

  cancel(seeker: StreamSeeker): void {
    if (!this.#waiting.delete(seeker)) return;
    this.#weight -= weightOf(seeker);
    if (this.#waiting.size === 0) unwatch(this);
  }

  /** A stream on the session with the fewest. */
  #open(seeker: StreamSeeker): Stream | null {
    let best: Session | null = null;
    for (let i = 0; i < this.#sessions.length; i++) {
      const session = this.#sessions[i]!;
      if (session.draining || session.stuffed || session.streams >= session.maxStreams) continue;
      if (best === null || session.streams < best.streams) best = session;
    }
    if (best === null) return null;
    const stream = best.open(seeker);
    // Half full: another connection of this agent should be there before it is needed.
    if (stream !== null && best.streams * 2 === best.maxStreams) best.crowdedOut();
    return stream;
  }

  #serve(): void {
    for (const seeker of this.#waiting.keys()) {
      const stream = this.#open(seeker);
      if (stream === null) return;
      this.cancel(seeker);
      seeker.onstream(stream);
    }
  }

  tick(now: number): void {
    for (const [seeker, until] of this.#waiting) {
      if (until >= now) break;
      this.cancel(seeker);
      seeker.onstream(null);
    }
    // A connection for which much waited may have room again.
    this.#serve();
    if (this.#waiting.size > 0) this.#askForMore();
  }

  /** Tells whose turn it is to publish a name, where the agent understands that. */
  tell(turn: Turn): void {
    if (this.facts.canWait) this.#sessions[0]?.frames.message(Extension.TURN, { ...turn });
  }

  /** Wants no new streams; what is under way goes on. */
  goAway(end: SessionEnd): void {
    for (const session of this.#sessions) session.goAway(end);
  }

  /** Ends every session. */
  close(end: SessionEnd): void {
    for (const session of [...this.#sessions]) session.close(end);
  }

  /** Resolves when no stream is open any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.idle()));
  }
}

function weightOf(seeker: StreamSeeker): number {
  return Math.max(seeker.weight ?? 0, LEAST_WEIGHT);
}
