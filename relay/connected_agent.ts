/** An agent that is signed in: its sessions, and the visitors' streams on them. @module */

import { coarseNow, unwatch, watch, type Watched } from "../http/mod.ts";
import {
  Extension,
  type Place,
  type Session,
  type SessionEnd,
  type Stream,
  type StreamHandler,
  type ToldMount,
  type Turn,
} from "../tunnel/mod.ts";

/** Somebody who wants a stream: told once, with a stream or with null when there was none in time. */
export interface StreamSeeker extends StreamHandler {
  onstream(stream: Stream | null): void;
}

export interface AgentLimits {
  /** Seekers that may wait, for each session. */
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
}

export class ConnectedAgent implements Watched {
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
  readonly #waiting: Array<{ seeker: StreamSeeker; until: number }> = [];

  constructor(facts: AgentFacts, limits: AgentLimits) {
    this.facts = facts;
    this.#limits = limits;
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
    return this.#waiting.length;
  }

  /** Last round trip in ms, -1 before the first. */
  get rtt(): number {
    return this.#sessions[0]?.rtt ?? -1;
  }

  add(session: Session): void {
    this.#sessions.push(session);
    session.onrelease = () => {
      if (this.#waiting.length > 0) this.#serve();
    };
    this.#serve();
  }

  /** @returns true when that was the last one. */
  remove(session: Session): boolean {
    const index = this.#sessions.indexOf(session);
    if (index >= 0) this.#sessions.splice(index, 1);
    if (this.#sessions.length > 0) return false;
    unwatch(this);
    for (const { seeker } of this.#waiting.splice(0)) seeker.onstream(null);
    return true;
  }

  /** Finds a stream for `seeker`, now or soon. */
  seek(seeker: StreamSeeker): void {
    if (this.#waiting.length === 0) {
      const stream = this.#open(seeker);
      if (stream !== null) return seeker.onstream(stream);
    }
    if (this.#waiting.length >= this.#limits.waiting * this.#sessions.length) {
      return seeker.onstream(null);
    }
    if (this.#waiting.length === 0) watch(this);
    this.#waiting.push({ seeker, until: coarseNow() + this.#limits.wait });
  }

  /** Stops waiting. */
  forget(seeker: StreamSeeker): void {
    const index = this.#waiting.findIndex((entry) => entry.seeker === seeker);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    if (this.#waiting.length === 0) unwatch(this);
  }

  /** A stream on the session with the fewest. */
  #open(seeker: StreamSeeker): Stream | null {
    let best: Session | null = null;
    for (let i = 0; i < this.#sessions.length; i++) {
      const session = this.#sessions[i]!;
      if (session.draining || session.streams >= session.maxStreams) continue;
      if (best === null || session.streams < best.streams) best = session;
    }
    if (best === null) return null;
    const stream = best.open(seeker);
    // Half full: another connection of this agent should be there before it is needed.
    if (stream !== null && best.streams * 2 === best.maxStreams) best.crowdedOut();
    return stream;
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const stream = this.#open(this.#waiting[0]!.seeker);
      if (stream === null) return;
      this.#waiting.shift()!.seeker.onstream(stream);
    }
    unwatch(this);
  }

  tick(now: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.until < now) {
      this.#waiting.shift()!.seeker.onstream(null);
    }
    if (this.#waiting.length === 0) unwatch(this);
  }

  /** Tells whose turn it is to publish a name, where the agent understands that. */
  tell(turn: Turn): void {
    if (this.facts.canWait) this.#sessions[0]?.message(Extension.TURN, { ...turn });
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
