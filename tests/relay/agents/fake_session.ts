/** A session without a connection: it counts streams, and writes down what it is told. @module */

import type { Place, Session, SessionEnd, Stream, StreamHandler } from "../../../tunnel/mod.ts";
import { ConnectedAgent } from "../../../relay/agents/connected_agent.ts";
import type { StreamSeeker } from "../../../relay/agents/upstream.ts";

/** The place of an agent that says nothing of one. */
export const NO_PLACE: Place = { claim: "take", instance: "", label: "", waited: 0 };

/** What a connected agent uses of a session. */
export class FakeSession {
  streams = 0;
  draining = false;
  rtt = -1;
  onrelease: (() => void) | null = null;
  /** What happened, in order: `crowded`, `go away CODE`, `close CODE`. */
  readonly said: string[] = [];
  readonly maxStreams: number;
  #idlers: Array<() => void> = [];

  constructor(maxStreams = 2) {
    this.maxStreams = maxStreams;
  }

  /** It as what it stands for. */
  get session(): Session {
    return this as unknown as Session;
  }

  open(_handler: StreamHandler): Stream {
    this.streams++;
    return { session: this } as unknown as Stream;
  }

  /** A stream is over. */
  release(): void {
    this.streams--;
    if (this.streams === 0) { for (const tell of this.#idlers.splice(0)) tell(); }
    this.onrelease?.();
  }

  crowdedOut(): void {
    this.said.push("crowded");
  }

  readonly frames = {
    message: (
      _type: number,
      { name, holder }: { name?: string; holder?: { label: string } | null },
    ): void => {
      this.said.push(`turn ${name}${holder === undefined ? "" : ` of ${holder?.label}`}`);
    },
  };

  goAway(end: SessionEnd): void {
    this.draining = true;
    this.said.push(`go away ${end.code}`);
  }

  close(end: SessionEnd): void {
    this.said.push(`close ${end.code}`);
  }

  idle(): Promise<void> {
    return this.streams === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#idlers.push(resolve));
  }
}

/** Somebody who wants a stream. */
export class Seeker implements StreamSeeker {
  /** The session of the stream that it got; null when it got none; undefined while it waits. */
  got: FakeSession | null | undefined = undefined;

  onstream(stream: Stream | null): void {
    if (this.got !== undefined) throw new Error("A seeker was told twice");
    this.got = stream === null ? null : stream.session as unknown as FakeSession;
  }

  onhead(): void {}
  ondata(): void {}
  ontrailers(): void {}
  onreset(): void {}
}

let count = 0;

/** An agent of the account `alice` with one session. */
export function connect(
  {
    names = ["alice"],
    session = new FakeSession(),
    waiting = 2,
    wait = 5_000,
    place,
    canWait = true,
  }: {
    readonly names?: readonly string[];
    readonly session?: FakeSession;
    readonly waiting?: number;
    readonly wait?: number;
    readonly place?: Partial<Place>;
    readonly canWait?: boolean;
  } = {},
): { agent: ConnectedAgent; session: FakeSession } {
  const agent = new ConnectedAgent({
    id: `agent-${++count}`,
    account: "alice",
    names,
    transport: "tcp",
    address: "127.0.0.1",
    software: "test",
    token: "",
    place: { ...NO_PLACE, ...place },
    canWait,
  }, { waiting, wait });
  agent.add(session.session);
  return { agent, session };
}

/** So many seekers, each sent to the agent. */
export function seek(agent: ConnectedAgent, number: number): Seeker[] {
  return Array.from({ length: number }, () => {
    const seeker = new Seeker();
    agent.request(seeker);
    return seeker;
  });
}
