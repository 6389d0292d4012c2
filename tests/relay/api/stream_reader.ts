/** Reads server-sent events out of an answer. @module */

/** One event, with its data read as JSON. */
export interface ReadEvent {
  readonly event: string;
  readonly id: string | undefined;
  // deno-lint-ignore no-explicit-any -- whatever was sent
  readonly data: any;
}

export class StreamReader implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(response: Response) {
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event; null at the end. Comments and `retry` are skipped. */
  async next(): Promise<ReadEvent | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const found = read(block);
        if (found !== null) return found;
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#text += value;
    }
  }

  /** The next `count` events. */
  async take(count: number): Promise<ReadEvent[]> {
    const events: ReadEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === null) throw new Error(`The stream ended after ${events.length} events`);
      events.push(event);
    }
    return events;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }
}

function read(block: string): ReadEvent | null {
  const fields = new Map(
    block.split("\n").map((line) => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
  const event = fields.get("event");
  if (event === undefined) return null;
  return { event, id: fields.get("id"), data: JSON.parse(fields.get("data")!) };
}
