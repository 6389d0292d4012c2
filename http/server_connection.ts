/** One visitor's connection: reads requests, hands them out one after the other, and ends well. @module */

import { giveBuffer, takeBuffer } from "./buffers.ts";
import { ChunkedDecoder } from "./chunked.ts";
import { coarseNow, type Watched } from "./clock.ts";
import type { Rostered } from "./roster.ts";
import type { Connection } from "./connection.ts";
import { HandedOver } from "./handed_over.ts";
import { CHUNKED, Head } from "./head.ts";
import { HttpError } from "./http_error.ts";
import { HIGH_WATER, Outgoing } from "./outgoing.ts";
import type { ServerLimits } from "./server_limits.ts";
import { type ExchangeHost, ServerExchange } from "./server_exchange.ts";

/** An idle connection waits in a buffer of this size: 10,000 of them cost 10 KB each. */
const IDLE_BUFFER = 4 << 10;
const BODY_BUFFER = 64 << 10;
/** A body that nobody wanted is read to its end up to this size, so that the connection lives on. */
const DRAIN_LIMIT = 64 << 10;
/** How long that may take. */
const DRAIN_TIME = 5_000;
/**
 * How long we go on reading after a last answer, so that the client can read it before a reset: altogether, without
 * a byte, and without a byte while the server stops. It may be uploading gigabytes before it looks.
 */
const LINGER_TOTAL = 30_000;
const LINGER_IDLE = 5_000;
const LINGER_STOPPING = 500;

/** Made once: a stack trace takes longer than the rest of closing. */
const CLOSED = new Error("The connection is closed");
const PROBE = new TextEncoder().encode("HTTP/1.1 ");

type Phase = "idle" | "head" | "busy" | "draining" | "lingering" | "closed";

interface BodyWaiter {
  resolve(piece: Uint8Array | null): void;
  reject(error: Error): void;
}

/** What a connection needs of the server that it belongs to. */
export interface ConnectionHost {
  readonly limits: ServerLimits;
  /** Answers a request. */
  handle(exchange: ServerExchange): void;
  /** Answers at once what could not be read as a request. */
  refuse(exchange: ServerExchange, error: HttpError): void;
  /** An exchange is over. */
  finished(exchange: ServerExchange): void;
  /** A new id for a request. */
  nextId(): string;
  /** The connection is over. */
  closed(connection: ServerConnection): void;
}

export class ServerConnection implements ExchangeHost, Rostered, Watched {
  seat = -1;
  readonly connection: Connection;
  readonly outgoing: Outgoing;
  closing = false;
  probed = 0;
  context: unknown = null;

  readonly #server: ConnectionHost;
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
  /** The last piece given out may still be in use: on its way into a tunnel, for instance. */
  #lent = false;
  /** How much of an unwanted body was read over. */
  #drained = 0;
  #handedOver: HandedOver | null = null;

  constructor(server: ConnectionHost, connection: Connection) {
    this.#server = server;
    this.connection = connection;
    this.outgoing = new Outgoing(connection, (error) => this.#broke(error));
    this.#head = new Head(server.limits.head);
    this.#since = coarseNow();
    this.#pump();
  }

  get bodyTooLong(): boolean {
    return this.#bodyLeft > DRAIN_LIMIT;
  }

  get bodyTrailers(): Uint8Array {
    return this.#chunked?.trailers ?? new Uint8Array(0);
  }

  /** A head has begun to come. */
  get #parsing(): boolean {
    return this.#phase === "head" && this.#head.begun;
  }

  /** Nothing is under way: closing now cuts nothing off. */
  get idle(): boolean {
    return this.#current === null && !this.#parsing && this.outgoing.queued === 0;
  }

  /** The server stops: an idle connection closes now, a busy one after its answer. */
  drain(): void {
    this.closing = true;
    if (this.#current === null && !this.#parsing) this.#finish();
  }

  /** Does what there is to do: at most one exchange at a time, in the order of the requests. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#current === null && (this.#phase === "idle" || this.#phase === "head")) {
        if (this.#end > this.#start) {
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
    if (
      this.#phase === "closed" || this.#phase === "lingering" || this.#handedOver !== null
    ) return;
    if (this.#ended) {
      if (this.#current === null) {
        if (this.#parsing) this.#refuse(new HttpError(400, "The request ends too early"));
        else this.#finish();
      }
      return;
    }
    if (this.#current === null) this.#read();
  }

  /**
   * Notices that the visitor left while its answer takes long: by a read behind the body, or before it as long as
   * nothing of it is held here. Most answers are there before this is ever needed.
   */
  #listenForLeaving(): void {
    if (this.#waiter !== null || this.#lent) return;
    if (this.#bodyLeft === 0 || this.#start === this.#end) this.#read();
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
    if (this.#start === this.#end && this.#current === null) {
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
    if (this.#phase === "lingering") {
      this.#waitSince = coarseNow();
      return this.#linger();
    }
    if (this.#waiter !== null) return this.#feed();
    if (this.#phase === "draining") return this.#drainBody();
    if (this.#ended && this.#current !== null) {
      // Half-closed: the answer still goes out. The probe finds out whether anybody is there.
      // Of its body nothing more will come; what is held here may still be all of it.
      if (this.#bodyLeft !== 0 && this.#start === this.#end) {
        this.#refuse(cutOff());
      } else this.#probe();
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
    if (exchange !== this.#current || exchange.done) {
      if (exchange.bodyOver) return Promise.resolve(null);
      return Promise.reject(new Error("Cannot read the body: the answer is complete"));
    }
    if (this.#waiter !== null) {
      return Promise.reject(new Error("Cannot read the body twice at a time"));
    }
    this.#lent = false;
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
      if (this.#ended) this.#refuse(cutOff());
      else {
        this.#makeRoomForBody();
        this.#read();
      }
      return;
    }
    this.#waiter = null;
    this.#lent = piece !== null;
    waiter.resolve(piece);
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
    // Small chunks are moved together: a piece for each would cost whoever passes them on far more than their sender.
    const decoder = this.#chunked;
    const buffer = this.#buffer;
    let from = -1;
    let to = -1;
    for (;;) {
      const what = decoder.next(buffer, this.#start, this.#end);
      this.#start = decoder.position;
      if (what === "data") {
        if (from < 0) from = decoder.dataStart;
        else buffer.copyWithin(to, decoder.dataStart, decoder.dataEnd);
        to = (to < 0 ? from : to) + decoder.dataEnd - decoder.dataStart;
        continue;
      }
      if (what === "end") this.#bodyLeft = 0;
      if (from < 0) return what === "end" ? null : undefined;
      this.#current!.bytesIn += to - from;
      return buffer.subarray(from, to);
    }
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
    exchange.bodyOver = this.#bodyLeft === 0;
    // Whoever still reads must not take this for the body's end.
    if (this.#waiter !== null) {
      this.#dismiss(new Error("Cannot read the body: the answer is complete"));
    }
    if (this.#lent) {
      this.#lent = false;
      this.#replace(this.#end - this.#start + IDLE_BUFFER, this.#start);
    }
    if (exchange.close || this.closing) {
      // Who asked for the close, and whose request is all read, sends nothing that closing could reset.
      // (After a body some clients send an empty line.)
      const asked = !exchange.head.keepAlive && !exchange.hasBody && this.#start === this.#end;
      this.#finish(asked && !this.#reading ? "end" : "linger");
    } else if (this.#bodyLeft === 0) this.#next();
    else {
      // Its rest may be small enough to read over.
      this.#phase = "draining";
      this.#since = coarseNow();
      this.#drained = 0;
      this.#drainBody();
    }
  }

  /** Tells whoever waits for a piece of the body that none will come. */
  #dismiss(error: unknown): void {
    const waiter = this.#waiter;
    this.#waiter = null;
    waiter?.reject(error instanceof Error ? error : new Error(String(error)));
  }

  #next(): void {
    if (this.closing) return this.#finish();
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
        this.#drained += piece.length;
      }
    } catch {
      return this.#finish();
    }
    if (this.#ended || this.#drained + Math.max(this.#bodyLeft, 0) > DRAIN_LIMIT) {
      return this.#finish();
    }
    this.#makeRoomForBody();
    this.#read();
  }

  /** A request that cannot be read: answered readably, then the connection ends. */
  #refuse(error: HttpError): void {
    const current = this.#current;
    if (current !== null) {
      // Its body is malformed. An answer under way breaks off; otherwise the refusal is the answer.
      if (current.started) {
        this.#lose(error);
        return this.#finish("cut");
      }
      this.#dismiss(error);
      current.close = true;
      this.#server.refuse(current, error);
      current.lose(error.message);
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
    this.#dismiss(new Error("Cannot read the body: the answer broke off"));
    // Answers before it are still to arrive.
    this.#finish("cut");
  }

  /**
   * No more requests here: what waits is sent, then the end is announced and the client's rest read away. "end": it
   * sends nothing more. "cut": an answer is incomplete; where no length says so, only TLS can, by not ending.
   */
  #finish(way: "linger" | "end" | "cut" = "linger"): void {
    if (this.#phase === "lingering" || this.#phase === "closed") return;
    this.#phase = "lingering";
    this.#since = this.#waitSince = coarseNow();
    this.#current = null;
    this.outgoing.drained(0).then(async () => {
      if (this.outgoing.failed) return;
      if (way === "cut" || (way === "end" && !this.connection.secure)) return this.#destroy();
      await this.connection.closeWrite();
      this.#since = this.#waitSince = coarseNow();
      if (this.#ended || way === "end") this.#destroy();
    }).catch(() => this.#destroy());
    if (way !== "end") this.#linger();
  }

  /** Reads and forgets, so that closing does not reset what the client has not read yet. */
  #linger(): void {
    if (this.#reading) return;
    if (this.#ended) {
      if (this.outgoing.queued === 0) this.#destroy();
      return;
    }
    this.#start = this.#end = 0;
    this.#reading = true;
    this.connection.read(this.#buffer).then(this.#onread, this.#onreaderror);
  }

  /** The connection is broken, or not worth keeping. */
  #broke(error: unknown): void {
    if (this.#phase === "closed") return;
    this.#destroy();
    this.#lose(error);
  }

  /** Tells everybody that the exchange under way cannot be completed. */
  #lose(error: unknown): void {
    const current = this.#current;
    this.#dismiss(error);
    if (current === null || current.done || current.aborted) return;
    current.lose(error instanceof Error ? error.message : String(error));
    this.#server.finished(current);
  }

  #destroy(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.connection.close();
    this.outgoing.fail(CLOSED);
    if (this.#handedOver !== null) this.#server.finished(this.#current!);
    this.#server.closed(this);
  }

  /** Closes at once, whatever is under way. */
  destroy(): void {
    this.#broke(new Error("the server stops"));
  }

  handOver(exchange: ServerExchange): Connection | null {
    // What came before the 101 may be meant as another request.
    if (exchange !== this.#current || this.#end > this.#start || this.#ended) return null;
    if (this.#bodyLeft !== 0) return null;
    const pending = this.#reading ? this.#buffer.subarray(this.#end) : null;
    const close = () => this.#destroy();
    this.#handedOver = new HandedOver(this.connection, this.outgoing, close, pending);
    return this.#handedOver;
  }

  // Time

  /** A visitor that closed its side: gone, or only done asking? A byte that changes nothing finds out. */
  #probe(): void {
    const current = this.#current;
    if (current === null || this.outgoing.queued > 0) return;
    if (current.started) return current.probe();
    // A piece of the status line.
    if (this.probed === PROBE.length) return;
    this.outgoing.put(PROBE, this.probed, this.probed + 1);
    this.probed++;
  }

  /** Called by the server, now and then. */
  tick(now: number): void {
    // Whoever has the connection now reads, writes and waits by its own rules.
    if (this.#handedOver !== null) return;
    this.#current?.watcher?.tick(now);
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
        if (now - this.#since > DRAIN_TIME) this.#finish();
        break;
      case "lingering": {
        const silent = this.closing ? LINGER_STOPPING : LINGER_IDLE;
        if (this.outgoing.queued > 0) break;
        if (now - this.#waitSince > silent || now - this.#since > LINGER_TOTAL) this.#destroy();
        break;
      }
      case "busy":
        // Until it was told to, a visitor that expects 100 need not send anything.
        if (this.#current!.continueDue) this.#waitSince = now;
        if (this.#waiter !== null && now - this.#waitSince > limits.bodyTime) {
          this.#refuse(new HttpError(408, "The request's body took too long"));
        } else if (this.#ended) this.#probe();
        else this.#listenForLeaving();
        break;
      default:
    }
  }
}

function cutOff(): HttpError {
  return new HttpError(400, "The request's body ends too early");
}
