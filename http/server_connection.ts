/** One visitor's connection: reads requests, hands them out one after the other, and ends well. @module */

// One state machine: reading, bodies and writing are parts of their own; when each has its turn, and how a connection
// ends in every phase, is decided here.

import { BodyReader } from "./body_reader.ts";
import { coarseNow, type Watched } from "./clock.ts";
import type { Rostered } from "./roster.ts";
import type { Connection } from "./connection.ts";
import { Head } from "./head.ts";
import { HttpError } from "./http_error.ts";
import { HIGH_WATER, Outgoing } from "./outgoing.ts";
import { ReadAway } from "./read_away.ts";
import { ReadBuffer } from "./read_buffer.ts";
import type { ServerLimits } from "./server_limits.ts";
import { type ExchangeHost, ServerExchange } from "./server_exchange.ts";

/** An idle connection waits in a buffer of this size: 10,000 of them cost 10 KB each. */
const IDLE_BUFFER = 4 << 10;
const BODY_BUFFER = 64 << 10;
/** A body that the handler did not want is read to its end up to this size, so that the connection lives on. */
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

/** An upload that is read away comes by so much at a time: 25 MB a second. */
const AWAY_BUFFER = 128 << 10;

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
  readonly #in = new ReadBuffer(IDLE_BUFFER);
  #away: ReadAway | null = null;
  /** The body of the current request; after a 101 all that comes. */
  readonly #body = new BodyReader();
  #phase: Phase = "idle";
  #since: number;
  #reading = false;
  #ended = false;
  /** At least one request was answered. */
  #served = false;
  #pumping = false;
  #current: ServerExchange | null = null;
  /** A 101 was sent: bytes flow both ways, and no time is too long. */
  #raw = false;
  #waiter: BodyWaiter | null = null;
  #waitSince = 0;
  /** The last piece given out may still be in use: on its way into a tunnel, for instance. */
  #lent = false;
  /** How much of an unwanted body was read over. */
  #drained = 0;

  constructor(server: ConnectionHost, connection: Connection) {
    this.#server = server;
    this.connection = connection;
    this.outgoing = new Outgoing(connection, (error) => this.#broke(error));
    this.#head = new Head(server.limits.head);
    this.#since = coarseNow();
    this.#pump();
  }

  get bodyTooLong(): boolean {
    return this.#body.left > DRAIN_LIMIT;
  }

  get bodyTrailers(): Uint8Array {
    return this.#body.trailers;
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
        if (this.#in.size > 0) {
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
    if (this.#phase === "closed" || this.#phase === "lingering") return;
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
    if (this.#body.left === 0 || this.#in.size === 0) this.#read();
  }

  /** Parses on. True when a request was handed out. */
  #parse(): boolean {
    const head = this.#head;
    if (this.#phase === "idle") {
      head.reset("request", this.#in.start);
      this.#phase = "head";
      this.#since = coarseNow();
    }
    try {
      if (!head.parse(this.#in.bytes, this.#in.end)) return false;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#refuse(error);
      return false;
    }
    this.#in.start = head.end;
    this.#phase = "busy";
    this.#body.begin(head.bodyLength, this.#server.limits.head);
    const exchange = new ServerExchange(this, head, this.#server.nextId());
    this.#current = exchange;
    this.#server.handle(exchange);
    return true;
  }

  #read(): void {
    if (this.#reading || this.#ended) return;
    if (this.#in.size === 0 && this.#current === null) this.#in.rest();
    if (this.#in.room < 512) {
      if (this.#current !== null) {
        // The head under way lies in this buffer: leave it there, go on in another one.
        if (this.#in.size > 16 << 10) return;
        this.#in.replace(this.#in.size + IDLE_BUFFER);
      } else {
        const parsing = this.#phase === "head";
        const from = parsing ? this.#head.start : this.#in.start;
        const need = this.#in.end - from;
        this.#in.replace(need < IDLE_BUFFER / 2 ? IDLE_BUFFER : need * 2, from);
        if (parsing) this.#head.move(-from);
      }
    }
    this.#reading = true;
    this.connection.read(this.#in.space()).then(this.#onread, this.#onreaderror);
  }

  #onread = (count: number | null): void => {
    this.#reading = false;
    if (this.#phase === "closed") return;
    if (count === null) this.#ended = true;
    else this.#in.filled(count);
    if (this.#phase === "lingering") {
      this.#waitSince = coarseNow();
      return this.#linger(count ?? 0);
    }
    if (this.#waiter !== null) return this.#feed();
    if (this.#phase === "draining") return this.#drainBody();
    if (this.#raw) return;
    if (this.#ended && this.#current !== null) {
      // Half-closed: the answer still goes out. The probe finds out whether anybody is there.
      // Of its body nothing more will come; what is held here may still be all of it.
      if (this.#body.left !== 0 && this.#in.size === 0) {
        this.#refuse(cutOff());
      } else this.#probe();
      return;
    }
    this.#pump();
  };

  #onreaderror = (error: unknown): void => {
    this.#reading = false;
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
    if (piece === null && this.#raw) this.#current?.readToEnd();
  }

  /** A piece of the body that has arrived, null at the end, undefined when more must be read first. */
  #nextPiece(): Uint8Array | null | undefined {
    const piece = this.#body.next(this.#in);
    if (piece === undefined) return this.#ended && this.#raw && this.#body.close() ? null : piece;
    if (piece !== null) this.#current!.bytesIn += piece.length;
    return piece;
  }

  /** All that came is used up: read the next piece to the front of a buffer of its own. */
  #makeRoomForBody(): void {
    const buffer = this.#in;
    if (this.#reading || buffer.size > 0) return;
    // Plain bytes may be a line now and then, for days, on thousands of connections.
    buffer.makeRoom(this.#raw && !buffer.full ? IDLE_BUFFER : BODY_BUFFER, this.#head.bytes);
  }

  // The end of an exchange, of a connection

  finished(exchange: ServerExchange): void {
    if (exchange !== this.#current) return;
    this.#server.finished(exchange);
    exchange.bodyOver = this.#body.left === 0;
    // A reader must not take this for the body's end.
    if (this.#waiter !== null) {
      this.#dismiss(new Error("Cannot read the body: the answer is complete"));
    }
    if (this.#lent) {
      this.#lent = false;
      this.#in.replace(this.#in.size + IDLE_BUFFER);
    }
    if (exchange.close || this.closing) {
      // Who asked for the close, and whose request is all read, sends nothing that closing could reset.
      // (After a body some clients send an empty line.)
      const asked = !exchange.head.keepAlive && !exchange.hasBody && this.#in.size === 0;
      this.#finish((asked && !this.#reading) || this.#raw ? "end" : "linger");
    } else if (this.#body.left === 0) this.#next();
    else {
      // Its rest may be small enough to read over.
      this.#phase = "draining";
      this.#since = coarseNow();
      this.#drained = 0;
      this.#drainBody();
    }
  }

  /** Tells the reader that waits for a piece of the body that none will come. */
  #dismiss(error: unknown): void {
    const waiter = this.#waiter;
    this.#waiter = null;
    waiter?.reject(error instanceof Error ? error : new Error(String(error)));
  }

  #next(): void {
    if (this.closing) return this.#finish();
    this.#served = true;
    this.#current = null;
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
    if (this.#ended || this.#drained + Math.max(this.#body.left, 0) > DRAIN_LIMIT) {
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
    this.#body.left = 0;
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
  #linger(brought = 0): void {
    if (this.#reading) return;
    if (this.#ended) {
      if (this.outgoing.queued === 0) this.#destroy();
      return;
    }
    this.#in.clear();
    this.#reading = true;
    this.#away ??= new ReadAway();
    this.#away.again((large) => {
      if (large && this.#in.bytes.length < AWAY_BUFFER) this.#in.replace(AWAY_BUFFER);
      this.connection.read(this.#in.bytes).then(this.#onread, this.#onreaderror);
    }, brought);
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
    this.#away?.stop();
    this.connection.close();
    this.outgoing.fail(CLOSED);
    this.#server.closed(this);
  }

  /** Closes at once, whatever is under way. */
  destroy(): void {
    this.#broke(new Error("the server stops"));
  }

  switchToBytes(exchange: ServerExchange): boolean {
    if (exchange !== this.#current) return false;
    // What came before the 101 may be meant as another request, or be the rest of this one.
    if (this.#in.size > 0 || this.#body.left !== 0) {
      this.#refuse(new HttpError(400, "Bytes came before the answer 101 (Switching Protocols)"));
      return false;
    }
    this.#raw = true;
    this.#body.beginRaw();
    return true;
  }

  endBytes(): void {
    this.outgoing.drained(0).then(() =>
      this.outgoing.failed ? undefined : this.connection.closeWrite()
    )
      .catch((error) => this.#broke(error));
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
    this.#current?.watcher?.tick(now);
    if (this.#raw && this.#phase === "busy") return this.#listenForLeaving();
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
          // An empty line is no request yet, so no answer is waited for.
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
