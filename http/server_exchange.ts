/** One request on a visitor's connection, and the writing of its answer. @module */

import { Buffer } from "node:buffer";
import { dateField, type Watched } from "./clock.ts";
import { chunkHeader } from "./chunked.ts";
import type { Connection } from "./connection.ts";
import type { AbortReason, Exchange } from "./exchange.ts";
import type { Head } from "./head.ts";
import { HIGH_WATER, type Outgoing } from "./outgoing.ts";
import { reasonOf, statusLine } from "./status.ts";

const NOTHING = new Uint8Array(0);
const CRLF = Uint8Array.of(13, 10);
const encoder = new TextEncoder();
const CONNECTION_CLOSE = encoder.encode("Connection: close\r\n");
const CONNECTION_UPGRADE = encoder.encode("Connection: Upgrade\r\n");
const CONNECTION_KEEP = encoder.encode("Connection: keep-alive\r\n");
const CHUNKED_FIELD = encoder.encode("Transfer-Encoding: chunked\r\n");
const REQUEST_ID = encoder.encode("X-Request-Id: ");
const CONTENT_LENGTH = encoder.encode("Content-Length: ");
const CONTINUE = encoder.encode("HTTP/1.1 100 Continue\r\n\r\n");
/** From here on a piece goes to the socket as it is instead of being copied. */
const DIRECT = 64 << 10;

/** What an exchange needs of the connection it came by. */
export interface ExchangeHost {
  /** What handlers keep from one request of the connection to the next. */
  context: unknown;
  readonly connection: Connection;
  readonly outgoing: Outgoing;
  /** The connection will end after this exchange, whatever the visitor wishes. */
  readonly closing: boolean;
  /** How many bytes of the first status line were sent early, to find out whether the visitor is there. */
  probed: number;
  /** The next piece of the body; null at its end. */
  readBody(exchange: ServerExchange): Promise<Uint8Array | null>;
  /** What is still to come of the body is more than would be read over. */
  readonly bodyTooLong: boolean;
  readonly bodyTrailers: Uint8Array;
  /** The answer is complete. */
  finished(exchange: ServerExchange): void;
  /** The answer cannot become complete: the connection must break. */
  broken(exchange: ServerExchange): void;
  /**
   * The exchange answers 101: from now on all that comes is its body, to the connection's end. False where bytes came
   * before the 101; then the request was answered with 400.
   */
  switchToBytes(exchange: ServerExchange): boolean;
  /** Announces the end of the plain bytes, once they are sent. */
  endBytes(): void;
}

/** A chunk's size may begin with zeros; recipients take 16 digits. */
const MAX_ZEROS = 4;

/** How an answer's body is delimited. */
const FRAME_NONE = 0, FRAME_LENGTH = 1, FRAME_CHUNKED = 2, FRAME_CLOSE = 3, FRAME_RAW = 4;

/** See `Exchange`. Beyond it: writing a head line by line. */
export class ServerExchange implements Exchange {
  readonly head: Head;
  readonly id: string;
  readonly hasBody: boolean;
  /** Address of who asks: the socket's. */
  readonly connection: Connection;
  aborted = false;
  started = false;
  onabort: ((reason: AbortReason) => void) | null = null;
  /** The final status, 0 before it was sent. */
  status = 0;
  /** Body bytes received and sent so far. */
  bytesIn = 0;
  bytesOut = 0;
  /** The connection closes after this answer. */
  close: boolean;
  /** True once the answer is complete. */
  done = false;
  /** The request's body was there to its end when the answer was complete. */
  bodyOver = false;
  /** Whatever the handler wants to find again when the exchange is finished. */
  tag: unknown = null;
  /** Looks at the time now and then while the exchange lasts. */
  watcher: Watched | null = null;

  readonly #host: ExchangeHost;
  readonly #isHead: boolean;
  #continueDue: boolean;
  #framing = FRAME_NONE;
  #left = 0;
  #zeros = 0;
  /** Of plain bytes: `end` was called. */
  #bytesEnded = false;

  constructor(host: ExchangeHost, head: Head, id: string) {
    this.#host = host;
    this.head = head;
    this.id = id;
    this.connection = host.connection;
    this.hasBody = head.bodyLength !== 0;
    this.close = !head.keepAlive || host.closing;
    this.#isHead = head.method === "HEAD";
    this.#continueDue = head.expectsContinue;
  }

  get client(): string {
    return this.connection.remote.address;
  }

  /** The head lies in a buffer that is left alone until the answer is complete. */
  keepHead(): Head {
    return this.head;
  }

  get trailers(): Uint8Array {
    return this.#host.bodyTrailers;
  }

  /** The Outgoing that answers go through. */
  get outgoing(): Outgoing {
    return this.#host.outgoing;
  }

  /** The visitor waits for 100 (Continue) before it sends its body. */
  get continueDue(): boolean {
    return this.#continueDue;
  }

  /** What handlers keep from one request of the connection to the next. */
  get context(): unknown {
    return this.#host.context;
  }
  set context(value: unknown) {
    this.#host.context = value;
  }

  read(): Promise<Uint8Array | null> {
    this.continue();
    return this.pull();
  }

  /** Reads like `read` but never sends 100: for a relay, where only the origin may say so. */
  pull(): Promise<Uint8Array | null> {
    if (this.aborted) return Promise.reject(new Error("Cannot read the body: the visitor is gone"));
    return this.#host.readBody(this);
  }

  /** Sends 100 (Continue) where it is due: because the body is wanted, or because an origin said so. */
  continue(): void {
    if (!this.#continueDue || this.started || this.aborted) return;
    this.#continueDue = false;
    this.#putStatus(CONTINUE);
  }

  inform(status: number, fields: Uint8Array): void {
    if (this.aborted || this.started || this.head.minor === 0) return;
    this.#putStatus(statusLine(status));
    this.outgoing.put(fields);
    this.outgoing.put(CRLF);
  }

  respond(status: number, fields: Uint8Array, body: Uint8Array | null, length?: number): void {
    if (this.aborted || this.started) return;
    this.start(status, fields, length ?? body?.length ?? 0);
    if (body !== null && this.#framing !== FRAME_NONE) {
      // Copied whole: an answer in one piece is an answer in one write.
      const wait = this.write(body);
      if (wait !== undefined) {
        wait.then(() => this.end());
        return;
      }
    }
    this.end();
  }

  start(status: number, fields: Uint8Array, length: number, reason?: string): void {
    if (this.aborted || this.started) return;
    if (status === 101 && !this.switchToBytes()) return;
    this.openHead(status, reason ?? null);
    this.outgoing.put(fields);
    this.closeHead(length, false);
  }

  /**
   * To be called before a head of 101 is opened. False where the visitor did not wait for it: then it was told so, and
   * the exchange is aborted.
   */
  switchToBytes(): boolean {
    return !this.aborted && !this.started && this.#host.switchToBytes(this);
  }

  /** Begins a head: put field lines into `outgoing` next, then call `closeHead`. */
  openHead(status: number, reason: string | null): void {
    this.started = true;
    this.status = status;
    if (reason === null || reason === reasonOf(status)) this.#putStatus(statusLine(status));
    else this.#putStatus(Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n`, "latin1"));
  }

  /** Ends a head. `length`: the body's, or -1; `dated`: a Date field is among the lines already. */
  closeHead(length: number, dated: boolean): void {
    const out = this.outgoing;
    const status = this.status;
    if (!dated) out.put(dateField());
    out.put(REQUEST_ID);
    out.putText(this.id);
    out.put(CRLF);
    if (status === 101) {
      this.#framing = FRAME_RAW;
      this.close = true;
      out.put(CONNECTION_UPGRADE);
      out.put(CRLF);
      return;
    }
    // A visitor that was never told to send its body may still send it, or not: only a close is sure.
    if (this.#continueDue) this.close = true;
    // A refusal of a long body, which will not be read.
    if (this.#host.closing || (status >= 400 && this.#host.bodyTooLong)) this.close = true;
    const bodiless = status === 204 || status === 304;
    if (length >= 0 && status !== 204) {
      out.put(CONTENT_LENGTH);
      out.putText(String(length));
      out.put(CRLF);
    }
    if (bodiless || this.#isHead) {
      this.#framing = FRAME_NONE;
    } else if (length >= 0) {
      this.#framing = FRAME_LENGTH;
      this.#left = length;
    } else if (this.head.minor === 1) {
      this.#framing = FRAME_CHUNKED;
      out.put(CHUNKED_FIELD);
    } else {
      this.#framing = FRAME_CLOSE;
      this.close = true;
    }
    if (this.close) out.put(CONNECTION_CLOSE);
    else if (this.head.minor === 0) out.put(CONNECTION_KEEP);
    out.put(CRLF);
  }

  /** Writes the first line of an interim or final answer, less what `probed` has sent of it already. */
  #putStatus(line: Uint8Array): void {
    this.outgoing.put(line, this.#host.probed);
    this.#host.probed = 0;
  }

  /** Sends body bytes like `write`, always copying them; look at `outgoing.queued` for how much waits. */
  copy(chunk: Uint8Array): void {
    this.#write(chunk, false);
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    return this.#write(chunk, chunk.length >= DIRECT);
  }

  #write(chunk: Uint8Array, direct: boolean): Promise<void> | undefined {
    if (
      this.aborted || this.done || this.#bytesEnded || this.#framing === FRAME_NONE ||
      chunk.length === 0
    ) {
      return undefined;
    }
    const out = this.outgoing;
    out.rotate();
    if (this.#framing === FRAME_LENGTH) {
      if (chunk.length > this.#left) {
        this.abort("the answer's body is longer than its Content-Length");
        return undefined;
      }
      this.#left -= chunk.length;
    } else if (this.#framing === FRAME_CHUNKED) {
      out.putText(chunkHeader(chunk.length));
      this.#zeros = 0;
    }
    this.bytesOut += chunk.length;
    if (direct && chunk.buffer instanceof ArrayBuffer) {
      const sent = out.send(chunk as Uint8Array<ArrayBuffer>);
      if (this.#framing === FRAME_CHUNKED) out.put(CRLF);
      return sent;
    }
    out.put(chunk);
    if (this.#framing === FRAME_CHUNKED) out.put(CRLF);
    return out.queued > HIGH_WATER ? out.drained() : undefined;
  }

  end(trailers: Uint8Array = NOTHING): void {
    if (this.aborted || this.done) return;
    if (this.#framing === FRAME_RAW) return this.#endBytes();
    if (this.#framing === FRAME_LENGTH && this.#left > 0) {
      this.abort("the answer's body is shorter than its Content-Length");
      return;
    }
    if (this.#framing === FRAME_CHUNKED) {
      this.outgoing.putText("0\r\n");
      this.outgoing.put(trailers);
      this.outgoing.put(CRLF);
    }
    this.#complete();
  }

  abort(_reason: AbortReason): void {
    if (this.aborted || this.done) return;
    this.aborted = true;
    this.#host.broken(this);
  }

  /** Plain bytes end in each direction by itself; with the second one the exchange is over. */
  #endBytes(): void {
    if (this.#bytesEnded) return;
    this.#bytesEnded = true;
    this.#host.endBytes();
    if (this.bodyOver) this.#complete();
  }

  /** Of plain bytes: all that the visitor sent was read. */
  readToEnd(): void {
    this.bodyOver = true;
    if (this.#bytesEnded && !this.done && !this.aborted) this.#complete();
  }

  #complete(): void {
    this.done = true;
    this.#host.finished(this);
  }

  /** Sends a byte that changes nothing, if there is one: the first digit of the next chunk's size. */
  probe(): void {
    if (this.#framing !== FRAME_CHUNKED || this.done || this.#zeros === MAX_ZEROS) return;
    this.#zeros++;
    this.outgoing.putText("0");
  }

  /** The connection broke, or the server answered: tells the handler. */
  lose(reason: AbortReason): void {
    if (this.aborted) return;
    this.aborted = true;
    this.onabort?.(reason);
  }
}
