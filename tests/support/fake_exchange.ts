/** An exchange without a connection: it records the answer, and insists on what `Exchange` asks of a handler. @module */

import { type AbortReason, type Exchange, type Head, latin1, parseHead } from "../../http/mod.ts";

/** What to make a request of. */
export interface FakeRequest {
  /** Default GET. */
  readonly method?: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** Field lines besides Host; an array for several lines of one name. */
  readonly fields?: Readonly<Record<string, string | readonly string[]>>;
  /** Every write waits until `release`. */
  readonly stalled?: boolean;
  /** Counts the body's bytes without keeping them. */
  readonly discarding?: boolean;
}

const OWN_FIELDS = /^(content-length|transfer-encoding|connection|date):/im;

/** Records one answer. Wrong use of an exchange throws, so that a test fails. */
export class FakeExchange implements Exchange {
  readonly id = "r1";
  readonly client = "203.0.113.9";
  readonly hasBody = false;
  readonly trailers = new Uint8Array(0);
  aborted = false;
  started = false;
  onabort: ((reason: AbortReason) => void) | null = null;
  /** The final status, 0 before. */
  status = 0;
  /** The field lines as one text. */
  lines = "";
  /** Content-Length, -1 for none. */
  length = -1;
  /** Pieces that were written, copied when they came. */
  readonly pieces: Uint8Array[] = [];
  /** Bytes in `pieces`. */
  written = 0;
  /** True for an answer by `respond`. */
  whole = false;
  /** Why the handler broke the answer off. */
  brokenBy: AbortReason | null = null;
  /** Resolves when the answer is complete, or was aborted by either side. */
  readonly done: Promise<this>;

  readonly #head: Head;
  readonly #method: string;
  #sealed = false;
  #kept = false;
  readonly #stalled: boolean;
  readonly #discarding: boolean;
  #finish!: (exchange: this) => void;
  #finished = false;
  #release: (() => void) | null = null;
  #onwrite: (() => void) | null = null;

  constructor({ method = "GET", target, fields = {}, ...how }: FakeRequest) {
    let text = `${method} ${target} HTTP/1.1\r\nHost: test\r\n`;
    for (const [name, values] of Object.entries(fields)) {
      for (const value of [values].flat()) text += `${name}: ${value}\r\n`;
    }
    this.#head = parseHead(Uint8Array.from(text + "\r\n", (char) => char.charCodeAt(0)), "request");
    this.#method = method;
    this.#stalled = how.stalled ?? false;
    this.#discarding = how.discarding ?? false;
    this.done = new Promise((resolve) => this.#finish = resolve);
  }

  /** Throws once `seal` was called. */
  get head(): Head {
    if (this.#sealed && !this.#kept) {
      throw new Error("The head was looked at after the handler returned");
    }
    return this.#head;
  }

  keepHead(): Head {
    const head = this.head;
    this.#kept = true;
    return head;
  }

  /** To be called when the handler has returned: from then on the buffer below the head is used again. */
  seal(): void {
    this.#sealed = true;
  }

  /** A field of the answer, null where it has none. */
  field(name: string): string | null {
    const values = this.lines.split("\r\n").filter((line) =>
      line.toLowerCase().startsWith(`${name.toLowerCase()}: `)
    );
    if (values.length > 1) throw new Error(`The answer has ${values.length} ${name} fields`);
    return values[0]?.slice(name.length + 2) ?? null;
  }

  /** The answer's body. */
  get body(): Uint8Array {
    const body = new Uint8Array(this.written);
    let at = 0;
    for (const piece of this.pieces) {
      body.set(piece, at);
      at += piece.length;
    }
    return body;
  }

  /** The answer's body as UTF-8. */
  get text(): string {
    return new TextDecoder().decode(this.body);
  }

  read(): Promise<Uint8Array | null> {
    return Promise.resolve(null);
  }

  inform(): void {}

  respond(status: number, fields: Uint8Array, body: Uint8Array | null, length?: number): void {
    if (this.aborted) return;
    this.whole = true;
    this.start(status, fields, length ?? body?.length ?? 0);
    if (body !== null && this.#method === "HEAD") throw new Error("A HEAD got a body");
    if (body !== null) this.#record(body);
    const bodiless = this.#method === "HEAD" || status === 204 || status === 304;
    if (!bodiless && this.written !== this.length) throw new Error("The body has another length");
    this.#complete();
  }

  start(status: number, fields: Uint8Array, length: number): void {
    if (this.aborted) return;
    if (this.started) throw new Error("Answered twice");
    const lines = latin1(fields);
    if (lines !== "" && !/^(?:[!#$%&'*+.^_`|~\w-]+: [\x20-\x7e\x80-\xff]*\r\n)+$/.test(lines)) {
      throw new Error(`Malformed fields: ${JSON.stringify(lines)}`);
    }
    if (OWN_FIELDS.test(lines)) throw new Error(`Fields that are not the handler's: ${lines}`);
    if (
      length < 0 && status !== 204 && status !== 304 && this.whole && this.#method !== "HEAD"
    ) {
      throw new Error("A whole answer without its length");
    }
    this.started = true;
    this.status = status;
    this.lines = lines;
    this.length = length;
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.aborted) return undefined;
    if (!this.started || this.#finished) throw new Error("Written outside of an answer");
    if (this.#release !== null) throw new Error("Written while an earlier write waits");
    this.#record(chunk);
    this.#onwrite?.();
    if (!this.#stalled) return undefined;
    // What is used before the release must not change: the copy of now and the memory of then are compared.
    const copy = chunk.slice();
    return new Promise((resolve) => {
      this.#release = () => {
        this.#release = null;
        if (copy.some((byte, index) => byte !== chunk[index])) {
          throw new Error("Memory changed while it was being written");
        }
        resolve();
      };
    });
  }

  end(): void {
    if (this.aborted) return;
    if (this.length >= 0 && this.written !== this.length) throw new Error("Ended too early");
    this.#complete();
  }

  abort(reason: AbortReason): void {
    if (this.aborted || this.#finished) return;
    this.aborted = true;
    this.brokenBy = reason;
    this.#finish(this);
  }

  /** Lets the write that waits go on. */
  release(): void {
    this.#release?.();
  }

  /** Resolves at the next write. */
  nextWrite(): Promise<void> {
    return new Promise((resolve) => {
      this.#onwrite = () => {
        this.#onwrite = null;
        resolve();
      };
    });
  }

  /** The visitor goes away. A write that waits is left waiting. */
  leave(): void {
    if (this.aborted || this.#finished) return;
    this.aborted = true;
    this.onabort?.("the visitor left");
    this.#finish(this);
  }

  #record(chunk: Uint8Array): void {
    if (!this.#discarding) this.pieces.push(chunk.slice());
    this.written += chunk.length;
    if (this.length >= 0 && this.written > this.length) throw new Error("The body is too long");
  }

  #complete(): void {
    this.#finished = true;
    this.#finish(this);
  }
}
