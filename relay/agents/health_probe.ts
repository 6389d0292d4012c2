/** Asks a name's agent for its front page, as a visitor would, and says what came of it. @module */

import type { Head } from "../../http/mod.ts";
import { Reset, type Stream } from "../../tunnel/mod.ts";
import type { Registry } from "./registry.ts";
import type { StreamSeeker, Upstream } from "./upstream.ts";

/** What a probe found. */
export interface Health {
  /** A visitor gets an answer of the origin's own, and none that says it is broken. */
  readonly ok: boolean;
  /** The status that a visitor gets. */
  readonly status: number;
  /** How long the answer took, ms. */
  readonly ms: number;
  /** When, milliseconds since 1970. */
  readonly checked: number;
  /** One sentence. */
  readonly detail: string;
}

export interface ProbesOptions {
  readonly registry: Registry;
  /** How long an answer may take, ms; 5 s by default. */
  readonly time?: number;
  /** For so long an answer is given again, ms; 5 s by default. */
  readonly keep?: number;
  /** Probes that may be under way at a time; 8 by default. */
  readonly most?: number;
}

/** A probe under way, or one that ended lately. */
interface Kept {
  readonly health: Promise<Health>;
  /** `performance.now()` at its end. */
  endedAt: number;
}

/** More probes are asked for at once than may be. */
export class TooManyProbes extends Error {
  override readonly name = "TooManyProbes";
}

/** Probes, each kept for a moment: pages ask often, and an agent has other things to do. */
export class HealthProbes {
  readonly #registry: Registry;
  readonly #time: number;
  readonly #keep: number;
  readonly #most: number;
  #running = 0;
  /** Goes with the agent: the next one is asked anew. */
  readonly #kept = new WeakMap<Upstream, Map<string, Kept>>();

  constructor({ registry, time = 5_000, keep = 5_000, most = 8 }: ProbesOptions) {
    this.#registry = registry;
    this.#time = time;
    this.#keep = keep;
    this.#most = most;
  }

  /**
   * The health of `name`.
   * @param host what its visitors ask for, as in the Host field.
   * @throws {TooManyProbes}
   */
  async check(name: string, host: string): Promise<Health> {
    const agent = this.#registry.find(name);
    if (agent === undefined) {
      const detail = "No agent that publishes this name is connected.";
      return { ok: false, status: 503, ms: 0, checked: Date.now(), detail };
    }
    const kept = this.#kept.get(agent) ?? new Map<string, Kept>();
    this.#kept.set(agent, kept);
    const before = kept.get(name);
    if (before !== undefined) {
      const health = await before.health;
      if (performance.now() - before.endedAt < this.#keep) return health;
    }
    // Another call that waited may have begun one.
    const now = kept.get(name);
    if (now !== undefined && now !== before) return now.health;
    if (this.#running >= this.#most) throw new TooManyProbes("Too many probes are under way");
    this.#running++;
    const probe: Kept = {
      health: new Probe(agent, { host, time: this.#time }).done.finally(() => {
        this.#running--;
        probe.endedAt = performance.now();
      }),
      endedAt: Infinity,
    };
    kept.set(name, probe);
    return probe.health;
  }
}

interface Outcome {
  readonly status: number;
  readonly detail: string;
}

/** One request on the way that visitors' requests take. */
class Probe implements StreamSeeker {
  readonly done: Promise<Health>;
  readonly #began = performance.now();
  readonly #host: string;
  readonly #upstream: Upstream;
  readonly #timer: ReturnType<typeof setTimeout>;
  #resolve!: (health: Health) => void;
  #stream: Stream | null = null;

  constructor(upstream: Upstream, { host, time }: { host: string; time: number }) {
    this.#upstream = upstream;
    this.#host = host;
    this.done = new Promise((resolve) => this.#resolve = resolve);
    this.#timer = setTimeout(() => {
      upstream.cancel(this);
      this.#stream?.reset(Reset.TIMEOUT, "no answer in time");
      this.#end({ status: 504, detail: `There was no answer within ${time / 1000} s.` });
    }, time);
    upstream.request(this);
  }

  onstream(stream: Stream | null): void {
    if (stream === null) {
      return this.#end(
        this.#upstream.isGone
          ? { status: 503, detail: "The agent left before it could be asked." }
          : { status: 503, detail: "The agent is answering as many requests as it can." },
      );
    }
    this.#stream = stream;
    stream.openHead().putText(
      `HEAD / HTTP/1.1\r\nHost: ${this.#host}\r\nUser-Agent: crunch-probe\r\nAccept: */*\r\n\r\n`,
    );
    stream.closeHead(true);
  }

  onhead({ status }: Head, end: boolean): void {
    if (status < 200) return;
    // What else an agent sends after the head of an answer to HEAD is discarded.
    if (!end) this.#stream?.reset(Reset.CANCELLED, "no body was asked for");
    this.#end({
      status,
      detail: status < 500
        ? `The agent answered ${status}.`
        : `The agent answered ${status}: what it publishes is broken.`,
    });
  }

  ondata(): void {}

  ontrailers(): void {}

  onreset(code: number, message: string): void {
    const why = message === "" ? "" : ` (${message})`;
    if (code === Reset.TIMEOUT) {
      return this.#end({
        status: 504,
        detail: `What the agent publishes did not answer in time${why}.`,
      });
    }
    if (code === Reset.REFUSED) {
      return this.#end({
        status: 503,
        detail: `The agent takes no more requests at the moment${why}.`,
      });
    }
    this.#end({ status: 502, detail: `The connection broke, or what came was no answer${why}.` });
  }

  #end({ status, detail }: Outcome): void {
    clearTimeout(this.#timer);
    this.#resolve({
      ok: status < 500,
      status,
      ms: Math.round((performance.now() - this.#began) * 1000) / 1000,
      checked: Date.now(),
      detail,
    });
  }
}
