/** A session: many streams over one connection, with fairness, credit, pings and a graceful end. @module */

import {
  CHUNKED,
  type Connection,
  Head,
  HttpError,
  Outgoing,
  takeBuffer,
  unwatch,
  watch,
  type Watched,
} from "../http/mod.ts";
import { GrowthBudget, SESSION_UNSAID, sessionWindow } from "./flow.ts";
import {
  DEFAULT_STREAMS,
  END,
  FIRST_EXTENSION,
  Frame,
  FRAME_HEADER,
  frameLength,
  MAX_DATA,
  MAX_HEAD,
  MAX_INTERIM,
  MAX_STREAMS,
  MAX_WINDOW,
  maxPayload,
  PEER_TIMEOUT,
  PING_INTERVAL,
  PREFACE,
  readUint32,
  RELAY_PING_INTERVAL,
  Reset,
  SESSION_WINDOW,
  STREAM_WINDOW,
  writeFrameHeader,
  writeUint32,
} from "./frame.ts";
import { Stream, type StreamHandler } from "./stream.ts";

/** Why a session is over: a code that a program acts on, and a sentence. */
export interface SessionEnd {
  readonly code: string;
  readonly message: string;
  /** Milliseconds before the peer wants to see us again, where it said so. */
  readonly retryAfter?: number;
}

export interface SessionOptions {
  readonly connection: Connection;
  readonly side: "relay" | "agent";
  /** A frame of the sign-in (HELLO … REFUSED), its JSON parsed to an object. */
  onmessage(type: number, message: Record<string, unknown>, payload: Uint8Array): void;
  /** Relay: the first bytes are not those of this protocol. What is returned is sent before the end. */
  onforeign?(bytes: Uint8Array): Uint8Array | null;
  /** The peer opened a stream by a request head, or for plain bytes: who works with it? Null refuses it. */
  onstream(stream: Stream, service: Record<string, unknown> | null): StreamHandler | null;
  /** The relay would like one more connection of this agent. */
  onmore?(): void;
  /** The peer wants no new streams, or is about to end the session. */
  ongoaway(end: SessionEnd): void;
  /** Called once, after every stream was reset. */
  onclose(end: SessionEnd): void;
}

const IDLE_BUFFER = 1 << 10;
const LARGEST_READ = 256 << 10;
/** Bulk is framed until this much waits for the socket: one write takes it all. */
const BULK_WATER = 512 << 10;
const MIN_FRAME = 16 << 10;
/** A frame of a bulk stream should not hold up others for longer, in ms. */
const FRAME_TIME = 4;
/** What may wait to be written besides a head for each stream, and before the sign-in: a peer that only talks is cut off. */
const MAX_QUEUED = 32 << 20;
const MAX_QUEUED_EARLY = 64 << 10;
/** How long a session that ends takes to send what waits and to let the peer read it, in ms. */
const FAREWELL = 1_000;
const USUAL_FRAME = 1 << 10;
/** So many bytes within `PING_INTERVAL`, gone or come, are bulk; then the answer to a PING may take so long, in ms. */
const BULK = 64 << 10;
const BULK_PATIENCE = 120_000;
/** After so long without a byte the peer gets a PING, that it hears from us, in ms. */
const SILENCE = 6_000;
/** First word of a PING that measures, of one that follows GOAWAY, and of one whose answer does not matter. */
const PULSE = 0;
const BARRIER = 1;
const KEEP_ALIVE = 2;
/** Heads are looked at while they are parsed and no longer: one serves all sessions. */
const HEAD_LIMITS = { head: MAX_HEAD, target: 64 << 10, fields: 512 };
const head = new Head(HEAD_LIMITS);

export class Session implements Watched {
  readonly connection: Connection;
  readonly side: "relay" | "agent";
  readonly outgoing: Outgoing;
  readonly growth = new GrowthBudget();
  /** Smallest round trip seen, in ms. */
  roundTrip = 100;
  /** Bytes that may still be sent on all streams together. */
  sendCredit = SESSION_WINDOW;
  /** Streams that may be open at a time. */
  maxStreams = DEFAULT_STREAMS;
  /** Bytes that came in; `outgoing.written` is its counterpart. */
  received = 0;
  /** Last round trip, in ms; -1 before the first. */
  rtt = -1;

  readonly #options: SessionOptions;
  /** The lowest bit of our streams' ids. */
  readonly #parity: number;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(IDLE_BUFFER);
  #start = 0;
  #end = 0;
  #smallReads = 0;
  /** How much the read under way can bring. */
  #room = 0;
  // A DATA frame under way: it is handed on as it comes.
  #dataLeft = 0;
  #dataEnd = false;
  #dataStream = 0;
  #greeted: boolean;

  // Streams by slot, one table for each side's.
  readonly #own: Array<Stream | null> = [];
  readonly #peers: Array<Stream | null> = [];
  readonly #free: number[] = [];
  #generation = 0;
  #open = 0;

  #frameAt = 0;
  #unsaid = 0;
  /** Bytes that may still come on all streams together. */
  #receiveCredit = SESSION_WINDOW;
  #ring: Stream[] = [];
  #pumping = false;
  #pumpScheduled = false;
  #frameLimit = 64 << 10;
  #ready = false;
  #over = false;
  #finishing: Promise<void> | null = null;
  #onfarewell: (() => void) | null = null;
  /** Neither side opens streams any more. */
  #goneAway = false;
  /** Code of the GOAWAY that we sent last. */
  #said = "";
  /** Streams that were opened before the peer saw our GOAWAY may still come. */
  #awaitsBarrier = false;
  #idlers: Array<() => void> = [];

  #lastReceived = Date.now();
  #pingSent = 0;
  #pingAt = 0;
  #pingCount = 0;
  #nextPing = 0;
  /** When bulk last got through, and how many bytes had gone and come by then. */
  #bulkAt = 0;
  #bulkMark = 0;
  #writtenBefore = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.connection = options.connection;
    this.side = options.side;
    this.#parity = options.side === "agent" ? 1 : 0;
    this.outgoing = new Outgoing(options.connection, (error) => {
      this.#close({ code: "connection-lost", message: messageOf(error) });
    });
    this.#greeted = false;
    if (this.side === "agent") this.outgoing.put(PREFACE);
    this.#read();
  }

  get closed(): boolean {
    return this.#over;
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#open;
  }

  /** The peer takes no new streams, or we said that we take none. */
  get draining(): boolean {
    return this.#goneAway;
  }

  /** So much waits that a producer should wait too. */
  get crowded(): boolean {
    return this.outgoing.queued > BULK_WATER / 2;
  }

  /** The sign-in is done: from now on there are streams, and pings. More than `MAX_STREAMS` are that many. */
  ready(maxStreams: number): void {
    if (this.#over) return;
    this.#ready = true;
    if (this.side === "agent") this.#greeted = true;
    this.maxStreams = Math.min(maxStreams, MAX_STREAMS);
    const more = sessionWindow(this.maxStreams) - SESSION_WINDOW;
    if (more > 0) this.#grant(more);
    this.#lastReceived = Date.now();
    watch(this);
  }

  // Frames out

  /** Begins a frame in the outgoing buffer; put its payload there, then `closeFrame`, all in one turn. */
  openFrame(): Outgoing {
    const out = this.outgoing;
    // Room for most frames at once, and by half of what waits: a buffer that grew by each frame would be copied by each.
    if (out.buffer.length - out.length < USUAL_FRAME) {
      out.reserve(Math.max(USUAL_FRAME, out.length >> 1));
    }
    this.#frameAt = out.length;
    out.advance(FRAME_HEADER);
    return out;
  }

  closeFrame(type: number, stream: number): void {
    const out = this.outgoing;
    if (out.failed) return;
    writeFrameHeader(out.buffer, this.#frameAt, type, this.frameSize, stream);
  }

  /** Bytes of payload in the frame that was begun. */
  get frameSize(): number {
    return this.outgoing.length - this.#frameAt - FRAME_HEADER;
  }

  /** Takes back the frame that was begun. */
  dropFrame(): void {
    const out = this.outgoing;
    if (!out.failed) out.advance(this.#frameAt - out.length);
  }

  /** Sends a frame whose payload is JSON. */
  message(type: number, message: Record<string, unknown>): void {
    this.openFrame().put(encoder.encode(JSON.stringify(message)));
    this.closeFrame(type, 0);
  }

  sendWindow(stream: number, size: number): void {
    const out = this.openFrame();
    out.reserve(4);
    writeUint32(out.buffer, out.length, size);
    out.advance(4);
    this.closeFrame(Frame.WINDOW, stream);
  }

  /** Received bytes of any stream were consumed: the session's window opens again. */
  consumed(size: number): void {
    this.#unsaid += size;
    if (this.#unsaid < SESSION_UNSAID || this.#over) return;
    this.#grant(this.#unsaid);
    this.#unsaid = 0;
  }

  #grant(size: number): void {
    this.#receiveCredit += size;
    this.sendWindow(0, size);
  }

  /** Says that no new streams are wanted; those that are open go on. */
  goAway(end: SessionEnd): void {
    if (this.#over) return;
    const first = this.#said === "";
    this.#goneAway = true;
    this.#said = end.code;
    this.message(Frame.GOAWAY, { ...end });
    if (!first || !this.#ready) return;
    this.#awaitsBarrier = true;
    this.#ping(BARRIER, 0);
  }

  // Streams

  /** Opens a stream, or gives null when as many are open as may be, or the session is ending. */
  open(handler: StreamHandler): Stream | null {
    if (this.#over || this.#goneAway || this.#open >= this.maxStreams) return null;
    const slot = this.#free.pop() ?? this.#own.length;
    this.#generation = this.#generation === 0xffff ? 1 : this.#generation + 1;
    const low = (slot << 1) | this.#parity;
    const stream = new Stream(this, ((this.#generation << 16) | low) >>> 0, STREAM_WINDOW);
    stream.handler = handler;
    stream.unopened = true;
    this.#own[slot] = stream;
    this.#open++;
    return stream;
  }

  #find(id: number): Stream | null {
    const slot = (id & 0xffff) >> 1;
    const table = (id & 1) === this.#parity ? this.#own : this.#peers;
    const stream = table[slot];
    return stream !== undefined && stream !== null && stream.id === id ? stream : null;
  }

  /** A stream is over; its slot is free. Called by the stream. */
  release(stream: Stream): void {
    const slot = (stream.id & 0xffff) >> 1;
    const own = (stream.id & 1) === this.#parity;
    const table = own ? this.#own : this.#peers;
    if (table[slot] !== stream) return;
    table[slot] = null;
    if (own) this.#free.push(slot);
    this.#open--;
    if (this.#open === 0) this.#checkIdle();
    this.#onrelease?.();
  }

  /** Called when a stream ended, so that one that waits may open. */
  set onrelease(callback: (() => void) | null) {
    this.#onrelease = callback;
  }
  #onrelease: (() => void) | null = null;

  /** Resolves once no stream is open and, after our GOAWAY, none can come any more; or the session is over. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idlers.push(resolve);
      this.#checkIdle();
    });
  }

  #checkIdle(): void {
    if (this.#idlers.length === 0) return;
    if (!this.#over && (this.#open > 0 || this.#awaitsBarrier)) return;
    for (const resolve of this.#idlers.splice(0)) resolve();
  }

  // Bulk: round and round, a frame for each stream that has something and may send it

  /** A stream has bytes to send. */
  enqueue(stream: Stream): void {
    if (!stream.queued) {
      stream.queued = true;
      this.#ring.push(stream);
    }
    this.#pump();
  }

  #pump = (): void => {
    if (this.#pumping || this.#over) return;
    this.#pumping = true;
    while (this.#ring.length > 0 && this.outgoing.queued < BULK_WATER && this.sendCredit > 0) {
      const stream = this.#ring.shift()!;
      stream.queued = false;
      if (stream.sendSome(this.#frameLimit) && !stream.queued) {
        stream.queued = true;
        this.#ring.push(stream);
      }
    }
    this.#pumping = false;
    if (this.#ring.length > 0 && this.sendCredit > 0 && !this.#pumpScheduled) {
      this.#pumpScheduled = true;
      this.outgoing.drained(BULK_WATER / 2).then(() => {
        this.#pumpScheduled = false;
        this.#pump();
      });
    }
  };

  // Frames in

  #read(): void {
    const room = this.#buffer.length - this.#end;
    const into = this.#end === 0 ? this.#buffer : this.#buffer.subarray(this.#end);
    this.#room = room;
    this.connection.read(into).then(this.#onread, this.#onlost);
  }

  #onread = (count: number | null): void => {
    if (this.#over) {
      // Read away, so that closing does not reset what the peer has not read yet.
      this.#start = this.#end = 0;
      if (count === null) this.#onfarewell?.();
      else this.#read();
      return;
    }
    if (count === null) {
      return this.#close({ code: "connection-lost", message: "the peer closed the connection" });
    }
    this.received += count;
    this.#lastReceived = Date.now();
    this.#end += count;
    try {
      this.#parse();
      if (!this.#over) this.#makeRoom(count === this.#room);
      this.#read();
    } catch (error) {
      this.#onlost(error);
    }
  };

  #onlost = (error: unknown): void =>
    this.#close({ code: "connection-lost", message: messageOf(error) });

  /** Adapts the buffer: large while much comes, small again for a session that only pings. */
  #makeRoom(full: boolean): void {
    const left = this.#end - this.#start;
    this.#smallReads = full || left > 0 ? 0 : this.#smallReads + 1;
    let size = this.#buffer.length;
    if (full && size < LARGEST_READ) size *= 4;
    else if (this.#smallReads > 64 && size > IDLE_BUFFER && this.#open === 0) size = IDLE_BUFFER;
    // A frame that must be there as a whole must fit.
    if (left >= FRAME_HEADER) {
      const type = this.#buffer[this.#start]! & ~END;
      if (type !== Frame.DATA) {
        size = Math.max(size, FRAME_HEADER + frameLength(this.#buffer, this.#start));
      }
    }
    if (size !== this.#buffer.length) {
      const next = size === IDLE_BUFFER ? new Uint8Array(size) : takeBuffer(size);
      next.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = next;
    } else if (left > 0 && this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    }
    this.#start = 0;
    this.#end = left;
  }

  /** False while the first bytes are not complete, or when they are another protocol's. */
  #greet(): boolean {
    return this.side === "relay" ? this.#greetAgent() : this.#greetRelay();
  }

  /** An agent begins with the preface. */
  #greetAgent(): boolean {
    const size = Math.min(PREFACE.length, this.#end - this.#start);
    for (let i = 0; i < size; i++) {
      if (this.#buffer[this.#start + i] === PREFACE[i]) continue;
      const answer = this.#options.onforeign?.(this.#buffer.subarray(this.#start, this.#end)) ??
        null;
      if (answer !== null) this.outgoing.put(answer);
      this.close({
        code: "not-an-agent",
        message: "what connected does not speak the tunnel protocol",
      });
      return false;
    }
    if (size < PREFACE.length) return false;
    this.#start += size;
    return this.#greeted = true;
  }

  /** A relay begins with CHALLENGE or REFUSED. */
  #greetRelay(): boolean {
    const first = this.#buffer[this.#start]!;
    if (first === Frame.CHALLENGE || first === Frame.REFUSED) return this.#greeted = true;
    this.close({
      code: "not-a-relay",
      message: FOREIGN.get(first) ?? "what answers on this port is not a relay's tunnel port",
    });
    return false;
  }

  #parse(): void {
    if (!this.#greeted && !this.#greet()) return;
    const bytes = this.#buffer;
    try {
      while (!this.#over) {
        if (this.#dataLeft > 0) {
          const size = Math.min(this.#dataLeft, this.#end - this.#start);
          if (size === 0) break;
          this.#dataLeft -= size;
          const at = this.#start;
          this.#start += size;
          this.#ondata(bytes.subarray(at, at + size));
          continue;
        }
        if (this.#end - this.#start < FRAME_HEADER) break;
        const at = this.#start;
        const type = bytes[at]! & ~END;
        const end = (bytes[at]! & END) !== 0;
        const length = frameLength(bytes, at);
        const bound = maxPayload(type);
        if (bound < 0) throw new ProtocolError(`Frame type ${hex(type)} does not exist`);
        if (length > bound) throw new ProtocolError(`A frame ${hex(type)} is too long: ${length}`);
        if (!this.#ready && type > Frame.REFUSED) {
          throw new ProtocolError(`A frame ${hex(type)} before the sign-in`);
        }
        const stream = readUint32(bytes, at + 4);
        if (type === Frame.DATA) {
          this.#start += FRAME_HEADER;
          this.#dataStream = stream;
          this.#dataEnd = end;
          this.#dataLeft = length;
          if (length === 0) this.#ondata(bytes.subarray(at, at));
          continue;
        }
        if (this.#end - at < FRAME_HEADER + length) break;
        this.#start += FRAME_HEADER + length;
        this.#onframe(type, end, stream, at + FRAME_HEADER, at + FRAME_HEADER + length);
      }
    } catch (error) {
      if (error instanceof ProtocolError) this.#violated(error.message);
      else this.close({ code: "internal-error", message: messageOf(error) });
    }
    const most = this.#ready ? MAX_QUEUED + this.maxStreams * MAX_HEAD : MAX_QUEUED_EARLY;
    if (this.outgoing.queued > most && !this.#over) {
      this.#close({ code: "peer-stalled", message: "the peer asks much and reads nothing" });
    }
  }

  #violated(message: string): void {
    const end = { code: "protocol-error", message };
    if (!this.#ready && this.side === "relay") this.message(Frame.REFUSED, end);
    this.close(end);
  }

  #ondata(bytes: Uint8Array): void {
    const id = this.#dataStream;
    const stream = this.#find(id);
    if (stream === null || stream.receiveClosed) {
      throw new ProtocolError(`DATA on stream ${id}, which is not open`);
    }
    this.#receiveCredit -= bytes.length;
    if (this.#receiveCredit < 0) throw new ProtocolError("More came than the session's window");
    if (!stream.receiveData(bytes, this.#dataEnd && this.#dataLeft === 0)) {
      throw new ProtocolError(`More than its window came on stream ${id}`);
    }
  }

  #onframe(type: number, end: boolean, id: number, from: number, to: number): void {
    if (type === Frame.HEAD) return this.#onhead(id, end, from, to);
    if (type === Frame.TRAILERS) return this.#ontrailers(id, end, from, to);
    if (type >= FIRST_EXTENSION) return;
    if (end) throw new ProtocolError(`A frame ${hex(type)} cannot end a stream`);
    if (id !== 0 && type < Frame.HEAD) {
      throw new ProtocolError(`A frame ${hex(type)} belongs to no stream`);
    }
    const bytes = this.#buffer;
    switch (type) {
      case Frame.PING:
        if (to - from !== 8) throw new ProtocolError("A PING frame has eight bytes");
        this.openFrame().put(bytes, from, to);
        return this.closeFrame(Frame.PONG, 0);
      case Frame.PONG:
        if (to - from !== 8) throw new ProtocolError("A PONG frame has eight bytes");
        return this.#onpong(readUint32(bytes, from), readUint32(bytes, from + 4));
      case Frame.WINDOW: {
        if (to - from !== 4) throw new ProtocolError("A WINDOW frame has four bytes");
        const size = readUint32(bytes, from);
        if (id === 0) {
          this.sendCredit += size;
          if (this.sendCredit > MAX_WINDOW) {
            throw new ProtocolError("The session's window is absurd");
          }
          this.#pump();
        } else if (this.#find(id)?.credit(size) === false) {
          throw new ProtocolError(`The window of stream ${id} is absurd`);
        }
        return;
      }
      case Frame.RESET: {
        if (to - from < 2) throw new ProtocolError("A RESET frame has at least two bytes");
        const code = (bytes[from]! << 8) | bytes[from + 1]!;
        this.#find(id)?.receiveReset(code, decoder.decode(bytes.subarray(from + 2, to)));
        return;
      }
      case Frame.OPEN:
        this.#admit(id, parseObject(bytes.subarray(from, to)));
        return;
      case Frame.GOAWAY: {
        const why = readEnd(parseObject(bytes.subarray(from, to)));
        this.#goneAway = true;
        this.#options.ongoaway(why);
        return;
      }
      case Frame.MORE:
        parseObject(bytes.subarray(from, to));
        this.#options.onmore?.();
        return;
      default:
        if (this.#ready) throw new ProtocolError(`A frame ${hex(type)} after the sign-in`);
        this.#options.onmessage(type, parseObject(bytes.subarray(from, to)), bytes.slice(from, to));
    }
  }

  #onhead(id: number, end: boolean, from: number, to: number): void {
    const own = (id & 1) === this.#parity;
    let stream = this.#find(id);
    if (stream === null) stream = this.#admit(id, null);
    else if (stream.receiveClosed) throw new ProtocolError(`HEAD on stream ${id}, which has ended`);
    if (stream.handler === null) {
      if (end) stream.closeReceive();
      return;
    }
    const problem = this.#checkHead(stream, own ? "response" : "request", { end, from, to });
    if (problem === "") return stream.receiveHead(head, end);
    stream.fail(Reset.PROTOCOL, problem);
    if (end) stream.closeReceive();
  }

  /** Parses a head. @returns what is wrong with it, or "". */
  #checkHead(
    stream: Stream,
    kind: "request" | "response",
    { end, from, to }: { end: boolean; from: number; to: number },
  ): string {
    head.reset(kind, from);
    try {
      if (!head.parse(this.#buffer, to) || head.end !== to) return "the head is not complete";
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return error.message;
    }
    if (head.bodyLength === CHUNKED) return "Transfer-Encoding has no place in the tunnel";
    if (kind === "response" && head.status < 200) {
      stream.interim += to - from;
      if (end) return "an interim answer cannot be the last";
      if (stream.interim > MAX_INTERIM) return "too many interim answers";
    }
    return "";
  }

  #ontrailers(id: number, end: boolean, from: number, to: number): void {
    if (!end) throw new ProtocolError("TRAILERS without END");
    const stream = this.#find(id);
    if (stream === null || stream.receiveClosed) {
      throw new ProtocolError(`TRAILERS on stream ${id}, which is not open`);
    }
    if (stream.handler === null) return stream.closeReceive();
    const lines = this.#buffer.slice(from, to);
    const problem = checkTrailers(lines);
    if (problem === "") return stream.receiveTrailers(lines);
    stream.fail(Reset.PROTOCOL, problem);
    stream.closeReceive();
  }

  /** A stream that the peer opens; without a handler it is refused already. */
  #admit(id: number, service: Record<string, unknown> | null): Stream {
    const slot = (id & 0xffff) >> 1;
    if ((id & 1) === this.#parity || (id >>> 16) === 0) {
      throw new ProtocolError(`Stream ${id} is not open, and not the peer's to open`);
    }
    if (slot >= this.maxStreams) throw new ProtocolError("More streams than were agreed on");
    if (this.#peers[slot] !== undefined && this.#peers[slot] !== null) {
      throw new ProtocolError(`The slot of stream ${id} is taken`);
    }
    const stream = new Stream(this, id, STREAM_WINDOW);
    while (this.#peers.length <= slot) this.#peers.push(null);
    this.#peers[slot] = stream;
    this.#open++;
    stream.handler = this.#options.onstream(stream, service);
    if (stream.handler === null) stream.reset(Reset.REFUSED, "not now");
    return stream;
  }

  // Life

  tick(now: number): void {
    const out = this.outgoing;
    const rate = (out.written - this.#writtenBefore) / 250;
    this.#writtenBefore = out.written;
    if (out.written + this.received - this.#bulkMark > BULK) {
      this.#bulkMark = out.written + this.received;
      this.#bulkAt = now;
    }
    if (out.queued > 0) {
      // Whole bytes: half a byte would put every later frame beside its place.
      const size = Math.floor(rate * FRAME_TIME);
      this.#frameLimit = Math.max(MIN_FRAME, Math.min(MAX_DATA, size));
    }
    const waiting = this.#pingSent !== 0 ? now - this.#pingSent : 0;
    // While bulk gets through, slowly perhaps, a ping or its answer may stand behind it.
    const patience = now - this.#bulkAt < PING_INTERVAL ? BULK_PATIENCE : PEER_TIMEOUT;
    if (waiting > patience || now - this.#lastReceived > PEER_TIMEOUT + PING_INTERVAL) {
      return this.close({ code: "peer-silent", message: "the peer does not answer" });
    }
    if (this.#pingSent === 0 && now >= this.#nextPing) {
      this.#pingSent = now;
      // Sessions that began together should not all ping together for ever.
      const interval = this.side === "agent" ? PING_INTERVAL : RELAY_PING_INTERVAL;
      this.#nextPing = now + interval * (1 - Math.random() / 4);
      this.#pingAt = performance.now();
      this.#pingCount = (this.#pingCount + 1) >>> 0;
      this.#ping(PULSE, this.#pingCount);
    } else if (now - out.progressAt > SILENCE) this.#ping(KEEP_ALIVE, 0);
  }

  #ping(kind: number, count: number): void {
    const out = this.openFrame();
    out.reserve(8);
    writeUint32(out.buffer, out.length, kind);
    writeUint32(out.buffer, out.length + 4, count);
    out.advance(8);
    this.closeFrame(Frame.PING, 0);
  }

  #onpong(kind: number, count: number): void {
    if (kind === BARRIER) {
      this.#awaitsBarrier = false;
      this.#checkIdle();
    } else if (kind === PULSE && this.#pingSent !== 0 && count === this.#pingCount) {
      this.rtt = performance.now() - this.#pingAt;
      this.roundTrip = Math.min(this.roundTrip, this.rtt);
      this.#pingSent = 0;
    }
  }

  /** Asks the agent for one more connection; once, until streams are few again. */
  crowdedOut(): void {
    this.message(Frame.MORE, {});
  }

  /** Says why, sends what waits (for at most a second), then ends the connection. */
  close(end: SessionEnd): void {
    this.finish(end);
  }

  /** The same; resolves when the connection is closed. */
  finish(end: SessionEnd): Promise<void> {
    return this.#finishing ??= this.#finishNow(end);
  }

  async #finishNow(end: SessionEnd): Promise<void> {
    if (this.#over) return;
    if (this.#ready && this.#said !== end.code) this.message(Frame.GOAWAY, { ...end });
    this.#finish(end);
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([
      this.#sayFarewell().catch(() => {}),
      new Promise((resolve) => timer = setTimeout(resolve, FAREWELL)),
    ]);
    clearTimeout(timer);
    this.#close(end);
  }

  /** Sends what waits, then waits for the peer to close its side. */
  async #sayFarewell(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#onfarewell = resolve);
    await this.outgoing.drained(0);
    if (this.outgoing.failed) return;
    await this.connection.closeWrite();
    await closed;
  }

  /** Ends at once. */
  #close(end: SessionEnd): void {
    this.connection.close();
    if (!this.#over) this.#finish(end);
    this.#onfarewell?.();
    this.outgoing.fail(new Error(end.message));
  }

  #finish(end: SessionEnd): void {
    this.#over = true;
    unwatch(this);
    this.#ring = [];
    for (const stream of [...this.#own, ...this.#peers]) {
      stream?.receiveReset(Reset.CANCELLED, end.message);
    }
    this.#checkIdle();
    this.#options.onclose(end);
  }
}

/** First bytes of what an agent may have dialled by mistake. */
const FOREIGN: ReadonlyMap<number, string> = new Map([
  [0x15, "the relay speaks TLS on this port: dial it as tls://"],
  [0x48, "an HTTP server answers on this port, not a relay's tunnel port"],
]);

/** The peer broke the protocol: its session ends. */
class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(strictDecoder.decode(bytes));
  } catch (error) {
    throw new ProtocolError("A control frame is not JSON", { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ProtocolError("A control frame is not a JSON object");
  }
  return value as Record<string, unknown>;
}

/** Trailer lines are checked like a head's. @returns what is wrong with them, or "". */
function checkTrailers(lines: Uint8Array<ArrayBuffer>): string {
  const section = new Uint8Array(lines.length + 2);
  section.set(lines);
  section.set([13, 10], lines.length);
  const head = new Head(HEAD_LIMITS);
  head.reset("trailers", 0);
  try {
    if (head.parse(section, section.length) && head.end === section.length) return "";
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return error.message;
  }
  return "the trailers are not complete lines";
}

/** What a GOAWAY or REFUSED frame says. */
export function readEnd(message: Record<string, unknown>): SessionEnd {
  const end: { code: string; message: string; retryAfter?: number } = {
    code: typeof message.code === "string" ? message.code.slice(0, 64) : "unknown",
    message: typeof message.message === "string" ? message.message.slice(0, 512) : "",
  };
  if (typeof message.retryAfter === "number" && message.retryAfter >= 0) {
    end.retryAfter = message.retryAfter;
  }
  return end;
}

function hex(type: number): string {
  return `0x${type.toString(16).padStart(2, "0")}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
