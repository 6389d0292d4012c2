/** Answers that go on: server-sent events, bounded in memory and ended when the reader's rights end. @module */

import type { Store } from "../store/mod.ts";
import type { Caller } from "./context.ts";
import { identify, type Identity, seesAll } from "./identity.ts";
import { SendBudget } from "./send_budget.ts";
import { type Placed, StreamPlaces } from "./stream_places.ts";

/** An event as a browser's `EventSource` gets it. */
export interface StreamEvent {
  readonly event: string;
  /** What `Last-Event-ID` will say. */
  readonly id?: string;
  /** For JSON. */
  readonly data: unknown;
}

/** An event as it goes over the wire. */
export function eventText({ event, id, data }: StreamEvent): string {
  const first = id === undefined ? "" : `id: ${id}\n`;
  // JSON has no line breaks outside of its strings, and escapes those within.
  return `${first}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Where a source puts its events. */
export interface Sender {
  /** Sends events as `eventText` gives them. Where the reader is slow they wait; with too many waiting the oldest go, and are counted. */
  sendTexts(texts: readonly string[]): void;
  /** Resolves when nothing waits, or the stream has ended. */
  drained(): Promise<void>;
  /** Ends the stream; the browser comes back. */
  end(): void;
}

/** Begins to send, and returns what stops it. */
export type Source = (sender: Sender) => () => void;

/** Events, and their characters, that wait for a slow reader; with more the oldest go. */
const MOST_WAITING = 2_000;
const MOST_CHARACTERS = 1 << 20;
/** Characters that are sent in one piece: who follow together share the events that wait, and not the pieces. */
const PIECE = 64 << 10;
/** A comment goes out so often, so that both sides notice when the other is gone, ms. */
const HEARTBEAT = 15_000;

const FIELDS = {
  "content-type": "text/event-stream; charset=utf-8",
  // Proxies that collect answers would hold events back.
  "x-accel-buffering": "no",
};

/** Who gave up its place comes back after so long, ms: at once, it would take that of another window. */
const LATER = 30_000;

/** All open streams. */
export class EventStreams {
  readonly #store: Store;
  readonly #places = new StreamPlaces<EventStream>();
  readonly #budget = new SendBudget(() => this.#places.accounts);

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * An answer that sends what `source` has until the reader goes, may no longer read it, or gives up its place to
   * somebody else.
   */
  open(request: Request, caller: Caller, me: Identity, source: Source): Response {
    const { headers } = request;
    const isAllowed = (): boolean => {
      try {
        return identify(this.#store, caller, headers).role === me.role;
      } catch {
        return false; // signed out, disabled, or its token revoked
      }
    };
    const stream = new EventStream({
      account: me.name,
      isStaff: seesAll(me),
      isAllowed,
      budget: this.#budget,
      onend: () => {
        unsubscribe();
        this.#places.remove(stream);
        if (!this.#places.has(stream)) this.#budget.forget(me.name);
      },
    });
    const unsubscribe = this.#store.changes.subscribe(({ account }) => {
      if (account === me.name) stream.check();
    });
    this.#places.add(stream);
    stream.start(source);
    return new Response(stream.body, { headers: FIELDS });
  }

  /** How many are open. */
  get size(): number {
    return this.#places.size;
  }

  /** Ends every stream. */
  close(): void {
    for (const stream of this.#places) stream.end();
  }
}

interface EventStreamOptions {
  readonly account: string;
  readonly isStaff: boolean;
  readonly isAllowed: () => boolean;
  readonly budget: SendBudget;
  readonly onend: () => void;
}

class EventStream implements Sender, Placed {
  readonly body: ReadableStream<Uint8Array>;
  readonly account: string;
  readonly isStaff: boolean;
  readonly #isAllowed: () => boolean;
  readonly #budget: SendBudget;
  readonly #onend: () => void;
  readonly #resume = () => this.#flush();
  readonly #encoder = new TextEncoder();
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly #queue: string[] = [];
  /** Of all that waits. */
  #characters = 0;
  #missed = 0;
  #ended = false;
  #stop: (() => void) | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #ondrained: (() => void)[] = [];

  constructor({ account, isStaff, isAllowed, budget, onend }: EventStreamOptions) {
    this.account = account;
    this.isStaff = isStaff;
    this.#isAllowed = isAllowed;
    this.#budget = budget;
    this.#onend = onend;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#flush(),
      cancel: () => this.#finish(),
    }, { highWaterMark: 1 });
  }

  start(source: Source): void {
    this.#push("retry: 2000\n\n");
    this.#timer = setInterval(() => {
      this.check();
      if (!this.#ended && this.#queue.length === 0) this.#push(":\n\n");
    }, HEARTBEAT);
    const stop = source(this);
    if (this.#ended) stop();
    else this.#stop = stop;
  }

  sendTexts(texts: readonly string[]): void {
    if (this.#ended || texts.length === 0) return;
    for (const text of texts) {
      this.#queue.push(text);
      this.#characters += text.length;
    }
    this.#flush();
    const { length } = this.#queue;
    this.#missed +=
      this.#take((taken) => length - taken > MOST_WAITING || this.#characters > MOST_CHARACTERS)
        .length;
  }

  drained(): Promise<void> {
    if (this.#ended || this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#ondrained.push(resolve));
  }

  /** Ends the stream if its reader may no longer have it. */
  check(): void {
    if (!this.#ended && !this.#isAllowed()) this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#finish();
    this.#controller.close();
  }

  giveUp(): void {
    if (this.#ended) return;
    const data = {
      code: "no-place",
      detail: "This account has more streams than there is room for",
    };
    const last = `retry: ${LATER}\n${eventText({ event: "end", data })}`;
    this.#controller.enqueue(this.#encoder.encode(last));
    this.end();
  }

  #push(text: string): void {
    this.sendTexts([text]);
  }

  /** A piece of what waits, if the reader has taken the last one. */
  #flush(): void {
    if (this.#ended || this.#queue.length === 0 || (this.#controller.desiredSize ?? 0) <= 0) return;
    if (!this.#budget.has(this.account, this.#resume)) return;
    const gap = this.#missed === 0
      ? ""
      : `event: gap\ndata: ${JSON.stringify({ missed: this.#missed })}\n\n`;
    this.#missed = 0;
    const before = this.#characters;
    const texts = this.#take((taken) => taken === 0 || before - this.#characters < PIECE);
    this.#budget.spend(this.account, before - this.#characters);
    this.#controller.enqueue(this.#encoder.encode(gap + texts.join("")));
    if (this.#queue.length === 0) this.#wake();
  }

  /** The oldest of what waits, as long as `more` says, which is told how many they are by then. */
  #take(more: (taken: number) => boolean): string[] {
    let count = 0;
    while (count < this.#queue.length && more(count)) {
      this.#characters -= this.#queue[count++]!.length;
    }
    return this.#queue.splice(0, count);
  }

  #wake(): void {
    for (const resolve of this.#ondrained.splice(0)) resolve();
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    this.#budget.leave(this.#resume);
    this.#stop?.();
    this.#queue.length = this.#characters = 0;
    this.#wake();
    this.#onend();
  }
}
