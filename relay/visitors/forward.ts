/** One visitor's request on its way to an agent and the answer on its way back. @module */

import {
  answerProblem,
  type Head,
  type Problem,
  type ServerExchange,
  type Watched,
} from "../../http/mod.ts";
import { Reset, type Stream } from "../../tunnel/mod.ts";
import type { StreamSeeker, Upstream } from "../agents/mod.ts";
import {
  type AnswerPolicy,
  type Asked,
  passableTrailers,
  passAnswerHead,
  passInterimHead,
  passSwitchHead,
  putRequestHead,
} from "./heads/mod.ts";
import { type Addressee, RequestRecord } from "./request_record.ts";
import type { Visitor } from "./visitor.ts";

/** Where a request goes. */
export interface Destination extends Addressee {
  readonly upstream: Upstream;
  /** Another that answers for the name, besides those that were tried. */
  readonly another: (
    destination: Destination,
    tried: ReadonlySet<Upstream>,
  ) => Upstream | undefined;
  /** What the agent gets as its target, and what stands before it in public. */
  readonly target: string;
  readonly base: string;
  readonly policy: AnswerPolicy;
  readonly asked: Asked;
  /** See `RequestRewrite`. */
  readonly withoutPassword: boolean;
}

/** While more than this waits for a visitor, the agent gets no new credit: what a slow one costs besides its window. */
const VISITOR_WATER = 32 << 10;

export class Forward extends RequestRecord implements StreamSeeker, Watched {
  readonly destination: Destination;
  /** When the request's body last moved on: an upload is no silence. */
  movedAt = 0;

  #upstream: Upstream;
  /** Those that refused, where another was asked then. */
  #tried: Set<Upstream> | null = null;
  #stream: Stream | null = null;
  #length = -1;
  #isHead: boolean;
  /** The agent may answer 101; it has, and bytes flow both ways. */
  #upgrades = false;
  #isSwitched = false;
  #held = 0;
  /** The request's body is under way. */
  #pumping = false;
  /** A part of it went out: the request cannot be sent again. */
  #isBodySent = false;
  /** The body waits for the stream that takes it; null ends the wait where there is none. */
  #awaited: ((stream: Stream | null) => void) | null = null;
  readonly #firstByteTime: number;

  constructor(
    exchange: ServerExchange,
    visitor: Visitor,
    destination: Destination,
    { began, firstByteTime }: { readonly began: number; readonly firstByteTime: number },
  ) {
    super(exchange, visitor, destination, began);
    this.destination = destination;
    this.#upstream = destination.upstream;
    this.#isHead = this.method === "HEAD";
    this.#firstByteTime = firstByteTime;
    exchange.onabort = () => {
      this.#awaited?.(null);
      if (this.#stream === null) this.#upstream.cancel(this);
      else this.#stream.reset(Reset.CANCELLED, "the visitor is gone");
    };
  }

  override get agent(): string {
    return this.#upstream.id;
  }

  get weight(): number {
    const { head } = this.exchange;
    return head.end - head.start;
  }

  /** Sends the request as soon as there is a stream for it. */
  start(): void {
    this.#upstream.request(this);
  }

  onstream(stream: Stream | null): void {
    const { exchange, destination } = this;
    if (exchange.aborted) return stream?.reset(Reset.CANCELLED);
    if (stream === null) {
      if (this.#tryAnother()) return;
      if (this.#upstream.isGone) return this.onreset(Reset.CANCELLED, "gone");
      return this.fail({
        status: 503,
        code: "overloaded",
        detail:
          `${destination.name} is answering as many requests as it can. Try again in a moment.`,
        retryAfter: 2,
      });
    }
    this.#stream = stream;
    this.#upgrades = exchange.head.upgrade && !exchange.hasBody &&
      this.#upstream.canUpgrade === true;
    putRequestHead(stream.openHead(), exchange, {
      target: destination.target,
      base: destination.base,
      host: this.from.host,
      forwarding: this.from.forwarding,
      rights: rightsOf(destination.policy),
      withoutPassword: destination.withoutPassword,
      upgrades: this.#upgrades,
    });
    stream.closeHead(!exchange.hasBody && !this.#upgrades);
    if (this.#awaited !== null) this.#awaited(stream);
    else if (exchange.hasBody && !this.#pumping) this.#pump();
  }

  /**
   * The upstream refused, and nothing of the body has gone to it: another one is asked, where there is one.
   * @returns whether that is so.
   */
  #tryAnother(): boolean {
    if (this.#isBodySent || this.exchange.aborted) return false;
    const tried = this.#tried ??= new Set();
    tried.add(this.#upstream);
    const another = this.destination.another(this.destination, tried);
    if (another === undefined) return false;
    this.#upstream = another;
    this.#stream = null;
    another.request(this);
    return true;
  }

  /** Moves the request's body. A piece is free again when the stream has taken it. */
  async #pump(): Promise<void> {
    const { exchange } = this;
    this.#pumping = true;
    try {
      for (;;) {
        const piece = await exchange.pull();
        const stream = this.#stream ?? await this.#nextStream();
        if (stream === null || exchange.done || exchange.aborted) {
          // The answer came first: the rest of the body is wanted no more.
          return stream?.reset(Reset.CANCELLED, "the answer is complete");
        }
        this.#isBodySent = true;
        if (piece === null) return stream.trailers(passableTrailers(exchange.trailers));
        this.#upstream.count(piece.length, 0);
        this.movedAt = performance.now();
        const wait = stream.write(piece);
        if (wait !== undefined) await wait;
      }
    } catch {
      this.#stream?.reset(Reset.CANCELLED, "the request broke off");
    } finally {
      this.#pumping = false;
    }
  }

  /** Resolves with the stream of the next upstream, or with null where none takes the request. */
  async #nextStream(): Promise<Stream | null> {
    const stream = await new Promise<Stream | null>((resolve) => this.#awaited = resolve);
    this.#awaited = null;
    return stream;
  }

  // What the agent answers

  onhead(head: Head, end: boolean): void {
    const { exchange } = this;
    if (exchange.started) return this.#misbehaves("a second answer");
    if (head.status < 200) {
      if (end) return this.#misbehaves("an interim answer as the last");
      if (head.status === 100) exchange.continue();
      else if (head.status === 101) this.#switch(head);
      else passInterimHead(exchange, head, this.destination.policy);
      return;
    }
    this.firstByte = performance.now();
    const bodiless = this.#isHead || head.status === 204 || head.status === 304;
    this.#length = bodiless || head.contentLength >= 0 ? head.contentLength : end ? 0 : -1;
    if (end && !bodiless && this.#length > 0) return this.#misbehaves("an answer without its body");
    passAnswerHead(exchange, head, this.#length, this.destination);
    // The upgrade is declined: no bytes follow the request.
    if (this.#upgrades) this.#stream!.end();
    if (end || bodiless) this.#end();
  }

  /** From here on the stream carries plain bytes, and each half ends by itself. */
  #switch(head: Head): void {
    const { exchange } = this;
    const stream = this.#stream!;
    if (!this.#upgrades || !head.upgrade) {
      return this.#misbehaves("an upgrade that was not asked for");
    }
    // A visitor that has not waited is refused; that resets the stream.
    if (!exchange.switchToBytes()) return;
    this.firstByte = performance.now();
    this.#isSwitched = true;
    passSwitchHead(exchange, head, this.destination);
    this.#pumpBytes(stream);
  }

  async #pumpBytes(stream: Stream): Promise<void> {
    const { exchange } = this;
    try {
      for (let piece = await exchange.pull(); piece !== null; piece = await exchange.pull()) {
        this.#upstream.count(piece.length, 0);
        const wait = stream.write(piece);
        if (wait !== undefined) await wait;
      }
      stream.end();
    } catch {
      stream.reset(Reset.CANCELLED, "the visitor is gone");
    }
  }

  /** The answer is complete: what the agent has not taken of the request by now, it does not want. */
  #end(trailers?: Uint8Array): void {
    this.exchange.end(trailers);
    if (this.#pumping) this.#stream!.reset(Reset.CANCELLED, "the answer is complete");
  }

  ondata(bytes: Uint8Array, end: boolean): void {
    const { exchange } = this;
    const size = bytes.length;
    if (!exchange.started) return this.#misbehaves("a body without a head");
    if (exchange.done) {
      if (size > 0) this.#stream?.reset(Reset.CANCELLED, "no body was asked for");
      return;
    }
    this.#upstream.count(0, size);
    exchange.copy(bytes);
    if (exchange.aborted) {
      this.#stream?.reset(Reset.CANCELLED);
      return;
    }
    if (end) return this.#end();
    if (exchange.outgoing.queued <= VISITOR_WATER) {
      if (size > 0) this.#stream!.consumed(size);
    } else {
      if (this.#held === 0) exchange.outgoing.drained(VISITOR_WATER / 2).then(this.#release);
      this.#held += size;
    }
  }

  /** The visitor has taken what waited: the agent may send more. */
  #release = (): void => {
    const held = this.#held;
    this.#held = 0;
    if (held > 0 && !this.exchange.aborted) this.#stream?.consumed(held);
  };

  ontrailers(lines: Uint8Array): void {
    if (this.#isSwitched || !this.exchange.started) {
      return this.#misbehaves("trailers without a head");
    }
    this.#end(passableTrailers(lines));
  }

  onreset(code: number, message: string): void {
    const { exchange, destination } = this;
    if (exchange.started) {
      if (!exchange.done) exchange.abort(message);
      return;
    }
    if (code === Reset.TIMEOUT) return this.timeOut();
    if (code === Reset.REFUSED) {
      if (this.#tryAnother()) return;
      return this.fail({
        status: 503,
        code: "overloaded",
        detail: `${destination.name} takes no more requests at the moment.`,
        retryAfter: 2,
      });
    }
    this.fail({
      status: 502,
      code: "agent-error",
      detail:
        `${destination.name} could not answer: the connection to it broke, or what it sent was no answer.`,
    });
  }

  /** Called only where the first byte has a time. */
  tick(): void {
    if (this.firstByte !== 0) return;
    if (performance.now() - Math.max(this.began, this.movedAt) > this.#firstByteTime) {
      this.timeOut();
    }
  }

  /** The agent took too long. */
  timeOut(): void {
    this.#stream?.reset(Reset.TIMEOUT, "no answer in time");
    this.fail({
      status: 504,
      code: "agent-timeout",
      detail: `${this.destination.name} did not answer in time.`,
    });
  }

  #misbehaves(what: string): void {
    this.#stream?.reset(Reset.PROTOCOL, what);
    this.onreset(Reset.PROTOCOL, what);
  }

  fail(problem: Problem): void {
    if (this.exchange.started || this.exchange.aborted) return;
    answerProblem(this.exchange, problem);
    this.#awaited?.(null);
  }
}

/** With which rights documents are sent that share their origin; undefined for those on a host of their own. */
function rightsOf(policy: AnswerPolicy): "sandbox" | "trusted" | undefined {
  if (policy.kind === "path") return "sandbox";
  return policy.kind === "trusted" && policy.onPath ? "trusted" : undefined;
}
