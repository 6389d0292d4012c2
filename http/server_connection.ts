/** One visitor's connection: reads requests, hands them out one after the other, and ends well. @module */

import { giveBuffer, takeBuffer } from "./buffers.ts";
import { ChunkedDecoder } from "./chunked.ts";
import { coarseNow, unwatch, watch, type Watched } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { CHUNKED, Head, HttpError } from "./head.ts";
import { HIGH_WATER, Outgoing } from "./outgoing.ts";
import type { HttpServer } from "./server.ts";
import { type ExchangeHost, ServerExchange } from "./server_exchange.ts";

/** An idle connection waits in a buffer of this size: 10,000 of them cost 10 KB each. */
const IDLE_BUFFER = 4 << 10;
const BODY_BUFFER = 64 << 10;
/** A body that nobody wanted is read to its end up to this size, so that the connection lives on. */
const DRAIN_LIMIT = 64 << 10;
/** How long we go on reading after a last answer, so that the client can read it before the reset. */
const LINGER_TOTAL = 5_000;
const LINGER_BYTES = 4 << 20;

const PROBE = new TextEncoder().encode("HTTP/1.1 ");

type Phase = "idle" | "head" | "busy" | "draining" | "lingering" | "closed";

interface BodyWaiter {
  resolve(piece: Uint8Array | null): void;
  reject(error: Error): void;
}

export class ServerConnection implements ExchangeHost, Watched {
  readonly connection: Connection;
  readonly outgoing: Outgoing;
  closing = false;
  probed = 0;
  context: unknown = null;

  readonly #server: HttpServer;
  readonly #head: Head;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(IDLE_BUFFER);
  #start = 0;
  #end = 0;
  #phase: Phase = "idle";
  #since: number;
  #reading = false;
  #ended = false;
  /** At least one request was answered. */
  #served = false;
  #pumping = false;
  #current: ServerExchange | null = null;
  /** Bytes of the current body still to come; CHUNKED while a chunked one goes on. */
  #bodyLeft = 0;
  #chunked: ChunkedDecoder | null = null;
  #waiter: BodyWaiter | null = null;
  #waitSince = 0;
  #lingered = 0;
  #handedOver: HandedOver | null = null;

  constructor(server: HttpServer, connection: Connection) {
    this.#server = server;
    this.connection = connection;
    this.outgoing = new Outgoing(connection, (error) => this.#broke(error));
    this.#head = new Head(server.limits.head);
    this.#since = coarseNow();
    watch(this);
    this.#pump();
  }

  get bodyRead(): boolean {
    return this.#bodyLeft === 0;
  }

  get bodyTrailers(): Uint8Array {
    return this.#chunked?.trailers ?? new Uint8Array(0);
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.#current === null && !this.#head.begun;
  }

  /** The server stops: an idle connection closes now, a busy one after its answer. */
  drain(): void {
    this.closing = true;
    if (this.idle && this.#phase !== "lingering") this.#finish();
  }

  /** Does what there is to do: at most one exchange at a time, in the order of the requests. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#current === null && (this.#phase === "idle" || this.#phase === "head")) {
        if (this.#end > this.#start || this.#head.begun) {
          if (this.outgoing.queued > HIGH_WATER) {
            // Pipelined requests wait until their answers are taken.
            this.outgoing.drained().then(() => this.#pump());
            return;
          }
          if (!this.#parse()) break;
          continue;
        }
        break;
      }
    } finally {
      this.#pumping = false;
    }
    if (this.#phase === "closed" || this.#handedOver !== null) return;
    if (this.#ended) {
      if (this.#current === null) {
        if (this.#head.begun) this.#refuse(new HttpError(400, "The request ends too early"));
        else this.#finish();
      }
      return;
    }
    // While an answer is under way one read stays open, to notice that the visitor left.
    if (this.#current === null || this.#bodyLeft === 0) this.#read();
  }

  /** Parses on. True when a request was handed out. */
  #parse(): boolean {
    const head = this.#head;
    if (this.#phase === "idle") {
      head.reset("request", this.#start);
      this.#phase = "head";
      this.#since = coarseNow();
    }
    try {
      if (!head.parse(this.#buffer, this.#end)) return false;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#refuse(error);
      return false;
    }
    this.#start = head.end;
    this.#phase = "busy";
    this.#bodyLeft = head.bodyLength;
    this.#chunked = head.bodyLength === CHUNKED
      ? new ChunkedDecoder(this.#server.limits.head)
      : null;
    const exchange = new ServerExchange(this, head, this.#server.nextId());
    this.#current = exchange;
    this.#server.handle(exchange);
    return true;
  }

  #read(): void {
    if (this.#reading || this.#ended) return;
    if (this.#start === this.#end && this.#current === null && !this.#head.begun) {
      // Nothing is held: back to the front, and to a small buffer.
      if (this.#buffer.length > IDLE_BUFFER) {
        giveBuffer(this.#buffer);
        this.#buffer = new Uint8Array(IDLE_BUFFER);
      }
      this.#start = this.#end = 0;
    }
    const room = this.#buffer.length - this.#end;
    if (room < 512) {
      if (this.#current !== null) {
        // The head under way lies in this buffer: leave it there, go on in another one.
        if (this.#end - this.#start > 16 << 10) return;
        this.#replace(this.#end - this.#start + IDLE_BUFFER, this.#start);
      } else {
        const parsing = this.#phase === "head";
        const from = parsing ? this.#head.start : this.#start;
        const need = this.#end - from;
        this.#replace(need < IDLE_BUFFER / 2 ? IDLE_BUFFER : need * 2, from);
        if (parsing) this.#head.move(-from);
      }
    }
    this.#reading = true;
    const at = this.#end;
    const into = at === 0 ? this.#buffer : this.#buffer.subarray(at);
    this.connection.read(into).then(this.#onread, this.#onreaderror);
  }

  /** Goes on in another buffer with what lies from `from` on. */
  #replace(size: number, from: number): void {
    const next = size <= IDLE_BUFFER ? new Uint8Array(IDLE_BUFFER) : takeBuffer(size);
    next.set(this.#buffer.subarray(from, this.#end));
    this.#end -= from;
    this.#start = Math.max(0, this.#start - from);
    this.#buffer = next;
  }

  #onread = (count: number | null): void => {
    this.#reading = false;
    if (this.#handedOver !== null) return this.#handedOver.arrived(count);
    if (this.#phase === "closed") return;
    if (count === null) this.#ended = true;
    else this.#end += count;
    if (this.#phase === "lingering") return this.#linger(count);
    if (this.#waiter !== null) return this.#feed();
    if (this.#phase === "draining") return this.#drainBody();
    if (this.#ended && this.#current !== null) {
      // Half-closed: the answer still goes out. The probe finds out whether anybody is there.
      if (this.#bodyLeft !== 0) this.#broke(new Error("the body broke off"));
      else this.#probe();
      return;
    }
    this.#pump();
  };

  #onreaderror = (error: unknown): void => {
    this.#reading = false;
    if (this.#handedOver !== null) return this.#handedOver.failed(error);
    this.#broke(error);
  };

  // The request's body

  readBody(exchange: ServerExchange): Promise<Uint8Array | null> {
    if (exchange !== this.#current) return Promise.resolve(null);
    if (this.#waiter !== null) {
      return Promise.reject(new Error("Cannot read the body twice at a time"));
    }
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#waitSince = coarseNow();
      this.#feed();
    });
  }

  /** Answers the waiting reader with what is here, or reads more. */
  #feed(): void {
    const waiter = this.#waiter;
    if (waiter === null) return;
    let piece: Uint8Array | null | undefined;
    try {
      piece = this.#nextPiece();
    } catch (error) {
      this.#waiter = null;
      waiter.reject(error as Error);
      if (error instanceof HttpError) this.#refuse(error);
      else this.#broke(error);
      return;
    }
    if (piece === undefined) {
      if (this.#ended) this.#broke(new Error("the body broke off"));
      else {
        this.#makeRoomForBody();
        this.#read();
      }
      return;
    }
    this.#waiter = null;
    waiter.resolve(piece);
    // The body is over: from now on a read waits for the next request, or for the visitor's going.
    if (piece === null && this.#current !== null && !this.#current.done) this.#read();
  }

  /** A piece of the body that has arrived, null at the end, undefined when more must be read first. */
  #nextPiece(): Uint8Array | null | undefined {
    if (this.#bodyLeft === 0) return null;
    const available = this.#end - this.#start;
    if (this.#chunked === null) {
      if (available === 0) return undefined;
      const size = Math.min(available, this.#bodyLeft);
      const piece = this.#buffer.subarray(this.#start, this.#start + size);
      this.#start += size;
      this.#bodyLeft -= size;
      this.#current!.bytesIn += size;
      return piece;
    }
    const decoder = this.#chunked;
    const what = decoder.next(this.#buffer, this.#start, this.#end);
    this.#start = decoder.position;
    if (what === "more") return undefined;
    if (what === "end") {
      this.#bodyLeft = 0;
      return null;
    }
    const piece = this.#buffer.subarray(decoder.dataStart, decoder.dataEnd);
    this.#current!.bytesIn += piece.length;
    return piece;
  }

  /** All that came is used up: read the next piece to the front of a buffer of its own. */
  #makeRoomForBody(): void {
    if (this.#reading || this.#start < this.#end) return;
    if (this.#buffer.length < BODY_BUFFER) this.#buffer = takeBuffer(BODY_BUFFER);
    else if (this.#head.bytes === this.#buffer) this.#buffer = takeBuffer(BODY_BUFFER);
    this.#start = this.#end = 0;
  }

  // The end of an exchange, of a connection

  finished(exchange: ServerExchange): void {
    if (exchange !== this.#current) return;
    this.#server.finished(exchange);
    if (this.#waiter !== null) {
      this.#waiter.resolve(null);
      this.#waiter = null;
    }
    if (this.#bodyLeft !== 0) {
      // Its rest may be small enough to read over; an announced close spares it.
      this.#phase = "draining";
      this.#lingered = 0;
      if (exchange.close) this.#finish();
      else this.#drainBody();
      return;
    }
    if (exchange.close) this.#finish();
    else this.#next();
  }

  #next(): void {
    this.#served = true;
    this.#current = null;
    this.#chunked = null;
    this.#phase = "idle";
    this.#since = coarseNow();
    this.#pump();
  }

  #drainBody(): void {
    try {
      for (;;) {
        const piece = this.#nextPiece();
        if (piece === null) return this.#next();
        if (piece === undefined) break;
        this.#lingered += piece.length;
      }
    } catch {
      return this.#finish();
    }
    if (this.#ended || this.#lingered + Math.max(this.#bodyLeft, 0) > DRAIN_LIMIT) {
      return this.#finish();
    }
    this.#makeRoomForBody();
    this.#since = coarseNow();
    this.#read();
  }

  /** A request that cannot be read: answered readably, then the connection ends. */
  #refuse(error: HttpError): void {
    const current = this.#current;
    if (current !== null) {
      // Its body is malformed. An answer under way breaks off; otherwise the refusal is the answer.
      const started = current.started;
      current.close = true;
      if (!started) this.#server.refuse(current, error);
      current.lose(error.message);
      if (started) this.#destroy();
      else this.#finish();
      return;
    }
    this.#phase = "busy";
    const exchange = new ServerExchange(this, new Head(), this.#server.nextId());
    exchange.close = true;
    this.#bodyLeft = 0;
    this.#current = exchange;
    this.#server.refuse(exchange, error);
  }

  broken(exchange: ServerExchange): void {
    if (exchange !== this.#current) return;
    this.#server.finished(exchange);
    this.#destroy();
  }

  /** No more requests here: what waits is sent, then the end is announced and the client's rest read away. */
  #finish(): void {
    if (this.#phase === "lingering" || this.#phase === "closed") return;
    this.#phase = "lingering";
    this.#since = coarseNow();
    this.#lingered = 0;
    this.#current = null;
    this.#end = this.#start = 0;
    this.outgoing.drained(0).then(async () => {
      if (this.outgoing.failed) return;
      await this.connection.closeWrite();
      this.#since = coarseNow();
      if (this.#ended) this.#destroy();
      else if (!this.#reading) this.#linger(0);
    }).catch(() => this.#destroy());
  }

  /** Reads and forgets, so that closing does not reset what the client has not read yet. */
  #linger(count: number | null): void {
    this.#lingered += count ?? 0;
    if (count === null || this.#lingered > LINGER_BYTES) {
      if (this.outgoing.queued === 0) this.#destroy();
      return;
    }
    this.#start = this.#end = 0;
    if (this.#buffer.length < IDLE_BUFFER) this.#buffer = new Uint8Array(IDLE_BUFFER);
    this.#reading = true;
    this.connection.read(this.#buffer).then(this.#onread, this.#onreaderror);
  }

  #broke(error: unknown): void {
    if (this.#phase === "closed") return;
    const current = this.#current;
    const waiter = this.#waiter;
    this.#waiter = null;
    this.#destroy();
    waiter?.reject(error instanceof Error ? error : new Error(String(error)));
    if (current !== null && !current.done) {
      const known = !current.aborted;
      current.lose(error instanceof Error ? error.message : String(error));
      if (known) this.#server.finished(current);
    }
  }

  #destroy(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    unwatch(this);
    this.connection.close();
    this.outgoing.fail(new Error("the connection is closed"));
    this.#server.closed(this);
  }

  /** Closes at once, whatever is under way. */
  destroy(): void {
    this.#broke(new Error("the server stops"));
  }

  handOver(exchange: ServerExchange): Connection | null {
    if (exchange !== this.#current || this.#end > this.#start || this.#ended) return null;
    unwatch(this);
    this.#handedOver = new HandedOver(this.connection, this.outgoing, () => {
      this.#phase = "closed";
      this.#server.finished(exchange);
      this.#server.closed(this);
    }, this.#reading ? this.#buffer.subarray(this.#end) : null);
    return this.#handedOver;
  }

  // Time

  /** A visitor that closed its side: gone, or only done asking? A piece of the status line finds out. */
  #probe(): void {
    const current = this.#current;
    if (current === null || current.started || this.probed >= PROBE.length) return;
    this.outgoing.put(PROBE, this.probed, this.probed + 1);
    this.probed++;
  }

  tick(now: number): void {
    const limits = this.#server.limits;
    if (this.outgoing.busy && now - this.outgoing.progressAt > limits.writeStall) {
      return this.#broke(new Error("the visitor does not read"));
    }
    switch (this.#phase) {
      case "idle":
        if (
          !this.outgoing.busy && now - this.#since > (this.#served ? limits.idle : limits.headTime)
        ) {
          this.#finish();
        }
        break;
      case "head":
        if (now - this.#since > limits.headTime) {
          // An empty line is no request yet, so nobody waits for an answer.
          if (this.#head.begun) this.#refuse(new HttpError(408, "The request took too long"));
          else this.#finish();
        }
        break;
      case "draining":
        if (now - this.#since > LINGER_TOTAL) this.#finish();
        break;
      case "lingering":
        if (this.outgoing.queued === 0 && now - this.#since > LINGER_TOTAL) this.#destroy();
        break;
      case "busy":
        if (this.#waiter !== null && now - this.#waitSince > limits.bodyTime) {
          this.#refuse(new HttpError(408, "The request's body took too long"));
        } else if (this.#ended) this.#probe();
        break;
      default:
    }
  }
}

/** A connection after its 101: first what a read that was under way brings, then the socket itself. */
class HandedOver implements Connection {
  readonly remote: Connection["remote"];
  readonly local: Connection["local"];
  readonly secure: boolean;
  readonly #connection: Connection;
  readonly #outgoing: Outgoing;
  readonly #onclose: () => void;
  /** Where the read under way puts its bytes; null without one. */
  #pending: Uint8Array | null;
  #arrived: number | null | undefined;
  #error: unknown;
  #wake: (() => void) | null = null;

  constructor(
    connection: Connection,
    outgoing: Outgoing,
    onclose: () => void,
    pending: Uint8Array | null,
  ) {
    this.#connection = connection;
    this.#outgoing = outgoing;
    this.#onclose = onclose;
    this.#pending = pending;
    this.remote = connection.remote;
    this.local = connection.local;
    this.secure = connection.secure;
  }

  arrived(count: number | null): void {
    this.#arrived = count;
    this.#wake?.();
  }

  failed(error: unknown): void {
    this.#error = error;
    this.#wake?.();
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const pending = this.#pending;
    if (pending === null) return await this.#connection.read(into);
    if (this.#arrived === undefined && this.#error === undefined) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#error !== undefined) throw this.#error;
    const count = this.#arrived ?? null;
    if (count === null) return null;
    const size = Math.min(count, into.length);
    into.set(pending.subarray(0, size));
    this.#pending = size < count ? pending.subarray(size) : null;
    if (size < count) this.#arrived = count - size;
    return size;
  }

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#outgoing.queued > 0) await this.#outgoing.drained(0);
    return await this.#connection.write(bytes);
  }

  async closeWrite(): Promise<void> {
    await this.#outgoing.drained(0);
    await this.#connection.closeWrite();
  }

  close(): void {
    this.#connection.close();
    this.#onclose();
  }
}
