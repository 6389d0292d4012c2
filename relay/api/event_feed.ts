/** What happened on the relay lately, in order, for those who watch it. @module */

/** Something that happened. */
export interface FeedEvent {
  /** Grows from event to event, and over restarts. */
  readonly id: number;
  /** `agent.connected`, `account.update` … */
  readonly type: string;
  /** Whom it concerns; empty for the relay as a whole. */
  readonly account: string;
  /** For JSON. */
  readonly data: unknown;
}

/** Kept for who comes back; older ones are gone, and a watcher is told so. */
const KEPT = 1_000;

/** The last events, and word of new ones. */
export class EventFeed {
  readonly #events: FeedEvent[] = [];
  readonly #listeners = new Set<(event: FeedEvent) => void>();
  /** Thousand a millisecond: the next process begins above. */
  #next = Date.now() * 1_000;

  /** Adds an event and tells the listeners, which must not throw. */
  add(type: string, account: string, data: unknown): void {
    const event = { id: this.#next++, type, account, data };
    this.#events.push(event);
    if (this.#events.length > KEPT) this.#events.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** What came after the event `id`; `whole` is false where some of it is gone. */
  since(id: number): { readonly events: readonly FeedEvent[]; readonly whole: boolean } {
    const events = this.#events.filter((event) => event.id > id);
    const first = this.#events[0]?.id ?? this.#next;
    return { events, whole: id >= first - 1 };
  }

  /** Calls `listener` for every event from now on, until the function it gives back is called. */
  subscribe(listener: (event: FeedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
