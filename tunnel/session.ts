/** A session: many streams over one connection, with fairness, credit, pings and a graceful end. @module */

// One state machine: reading frames, writing them and bulk are parts of their own; what a frame means depends on all
// that a session is at the moment (greeting, sign-in, ready, draining, farewell), so it stands here together.

import {
  CHUNKED,
  coarseNow,
  type Connection,
  Head,
  HttpError,
  Outgoing,
  ReadAway,
  TICK,
  unwatch,
  watch,
  type Watched,
} from "../http/mod.ts";
import {
  checkTrailers,
  hex,
  parseObject,
  ProtocolError,
  readEnd,
  type SessionEnd,
  TUNNEL_HEAD_LIMITS,
} from "./control.ts";
import { Bulk } from "./bulk.ts";
import { SESSION_UNSAID, sessionWindow, WindowBudget } from "./flow.ts";
import {
  DEFAULT_STREAMS,
  Extension,
  FIRST_EXTENSION,
  Frame,
  FRAME_HEADER,
  IDLE_FRAMES,
  IDLE_FRAMES_A_SECOND,
  MAX_HEAD,
  MAX_INTERIM,
  MAX_STREAMS,
  MAX_WINDOW,
  PEER_TIMEOUT,
  PREFACE,
  readUint32,
  Reset,
  SESSION_WINDOW,
  STREAM_WINDOW,
} from "./frame.ts";
import { FrameReader, type FrameSink } from "./frame_reader.ts";
import { FrameWriter } from "./frame_writer.ts";
import { readPreface, recognizeForeign } from "./greeting.ts";
import { BARRIER, HEARTBEAT, Heartbeat } from "./heartbeat.ts";
import { Stream, type StreamHandler, type StreamHost } from "./stream.ts";
import { slotOf, StreamTable } from "./stream_table.ts";
import { queue, Share } from "./turns.ts";
import { readTurn, type Turn } from "./waiting.ts";

export interface SessionOptions extends SessionHandlers {
  readonly connection: Connection;
  readonly side: "relay" | "agent";
}

/** What a session tells those who work with it: first the sign-in, then what that hands it to. */
export interface SessionHandlers {
  /** A frame of the sign-in (HELLO … REFUSED), its JSON parsed to an object; none comes after `ready`. */
  onmessage?(type: number, message: Record<string, unknown>, payload: Uint8Array): void;
  /** Relay: the first bytes are not those of this protocol. What is returned is sent before the end. */
  onforeign?(bytes: Uint8Array): Uint8Array | null;
  /** The peer opened a stream by a request head, or for plain bytes: who works with it? Null refuses it. */
  onstream(stream: Stream, service: Record<string, unknown> | null): StreamHandler | null;
  /** The relay would like one more connection of this agent. */
  onmore?(): void;
  /** Agent: it is this agent's turn to publish a name, or another's. */
  onturn?(turn: Turn): void;
  /** The peer wants no new streams, or is about to end the session. */
  ongoaway(end: SessionEnd): void;
  /** Called once, after every stream was reset. */
  onclose(end: SessionEnd): void;
}

/** What waits to be written besides a head for each stream, and before the sign-in: a peer that only talks is cut off. */
const MAX_QUEUED = 32 << 20;
const MAX_QUEUED_EARLY = 64 << 10;
/** While more waits no stream is opened: what does not go out need not come in, in bytes. */
const MOST_FOR_REQUESTS = 1 << 20;
/** Answers to the peer's frames that may wait: beyond that nothing more is read, in bytes. */
const MAX_ANSWERS = 64 << 10;
/** How often it is looked whether the turn is over, in frames. */
const LOOK = 16;
/** Frames that an exchange may bring late, though they move nothing: two or three WINDOWs and a RESET. */
const LATE_FRAMES = 4;
/** How long a session that ends takes to send what waits and to let the peer read it, in ms. */
const FAREWELL = 1_000;
/** Heads are looked at while they are parsed and no longer: one serves all sessions. */
const head = new Head(TUNNEL_HEAD_LIMITS);

export class Session implements StreamHost, FrameSink, Watched {
  readonly connection: Connection;
  readonly side: "relay" | "agent";
  readonly outgoing: Outgoing;
  readonly frames: FrameWriter;
  readonly bulk: Bulk;
  readonly growth = new WindowBudget();
  readonly heartbeat: Heartbeat;
  /** Streams that may be open at a time. */
  maxStreams = DEFAULT_STREAMS;
  /** Bytes that came in; `outgoing.written` is its counterpart. */
  received = 0;

  #handlers: SessionHandlers;
  readonly #table: StreamTable;
  readonly #reader = new FrameReader();
  #greeted = false;
  readonly #share = new Share();
  /** Bytes of answers that were put in since they were last all sent. */
  #answers = 0;
  /** Since when they wait to be taken; 0 while they do not. */
  #stalledAt = 0;
  /** Frames that move nothing and may still come. */
  #idleLeft = IDLE_FRAMES;
  /** PINGs without their PONGs. */
  #pings = 0;
  /** The peer said GOAWAY. */
  #peerLeaves = false;

  #pendingCredit = 0;
  /** Bytes that may still come on all streams together. */
  #receiveCredit = SESSION_WINDOW;
  /** The sign-in is done. */
  isReady = false;
  /** Nothing is worked on any more; what waits may still go out. */
  #over = false;
  /** The connection is closed. */
  #closed = false;
  readonly #away = new ReadAway();
  #finishing: Promise<void> | null = null;
  #onfarewell: (() => void) | null = null;
  /** Neither side opens streams any more. */
  #goneAway = false;
  /** Code of the GOAWAY that we sent last. */
  #said = "";
  /** Streams that were opened before the peer saw our GOAWAY may still come. */
  #awaitsBarrier = false;
  #idlers: Array<() => void> = [];

  constructor(options: SessionOptions) {
    this.#handlers = options;
    this.connection = options.connection;
    this.side = options.side;
    this.#table = new StreamTable(options.side);
    this.outgoing = new Outgoing(options.connection, this.#onlost);
    this.frames = new FrameWriter(this.outgoing);
    this.heartbeat = new Heartbeat({
      side: options.side,
      outgoing: this.outgoing,
      ping: (kind, count) => this.#ping(kind, count),
    });
    this.bulk = new Bulk(this.outgoing, this.heartbeat);
    if (this.side === "agent") this.outgoing.put(PREFACE);
    this.#read();
  }

  /** From now on others are told what happens: those who work with the session once it is signed in. */
  handTo(handlers: SessionHandlers): void {
    this.#handlers = handlers;
  }

  get closed(): boolean {
    return this.#over;
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#table.open;
  }

  /** Last round trip, in ms; -1 before the first. */
  get rtt(): number {
    return this.heartbeat.rtt;
  }

  /** The peer takes no new streams, or we said that we take none. */
  get draining(): boolean {
    return this.#goneAway;
  }

  /** So much waits that no request should be added. */
  get stuffed(): boolean {
    return this.outgoing.queued > MOST_FOR_REQUESTS;
  }

  /** The sign-in is done: from now on there are streams, and pings. More than `MAX_STREAMS` are that many. */
  ready(maxStreams: number): void {
    if (this.#over) return;
    this.isReady = true;
    if (this.side === "agent") this.#greeted = true;
    this.maxStreams = Math.min(maxStreams, MAX_STREAMS);
    const more = sessionWindow(this.maxStreams) - SESSION_WINDOW;
    if (more > 0) this.#grant(more);
    this.heartbeat.heard();
    watch(this);
  }

  /** Received bytes of any stream were consumed: the session's window opens again. */
  consumed(size: number): void {
    this.#pendingCredit += size;
    if (this.#pendingCredit < SESSION_UNSAID || this.#over) return;
    this.#grant(this.#pendingCredit);
    this.#pendingCredit = 0;
  }

  #grant(size: number): void {
    this.#receiveCredit += size;
    this.frames.window(0, size);
  }

  /** Says that no new streams are wanted; those that are open go on. */
  goAway(end: SessionEnd): void {
    if (this.#over) return;
    const first = this.#said === "";
    this.#goneAway = true;
    this.#said = end.code;
    this.frames.message(Frame.GOAWAY, { ...end });
    if (!first || !this.isReady) return;
    this.#awaitsBarrier = true;
    this.#ping(BARRIER, 0);
  }

  // Streams

  /** Opens a stream, or gives null when as many are open as may be, or the session is ending. */
  open(handler: StreamHandler): Stream | null {
    if (this.#over || this.#goneAway || this.#table.open >= this.maxStreams) return null;
    const stream = new Stream(this, this.#table.newId(), STREAM_WINDOW);
    stream.handler = handler;
    stream.unopened = true;
    this.#expectLate();
    this.#table.set(stream);
    return stream;
  }

  /** A stream is over; its slot is free. Called by the stream. */
  release(stream: Stream): void {
    if (!this.#table.remove(stream)) return;
    if (this.#table.open === 0) this.#checkIdle();
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
    if (!this.#over && (this.#table.open > 0 || this.#awaitsBarrier)) return;
    for (const resolve of this.#idlers.splice(0)) resolve();
  }

  // Frames in

  #read(): void {
    this.connection.read(this.#reader.buffer.space()).then(this.#onread, this.#onlost);
  }

  #onread = (count: number | null): void => {
    if (this.#over) {
      if (count === null) this.#onfarewell?.();
      else this.#readAway(count);
      return;
    }
    if (count === null) {
      return this.#close({ code: "connection-lost", message: "the peer closed the connection" });
    }
    this.received += count;
    this.heartbeat.heard();
    this.#reader.buffer.filled(count);
    this.goOn();
  };

  /** Reads and forgets, so that closing does not reset what the peer has not read yet; bit by bit, in case it floods. */
  #readAway(brought = 0): void {
    this.#reader.buffer.clear();
    if (!this.#closed) this.#away.again(() => this.#read(), brought);
  }

  /** Works on what was read, then reads on: as long as it is its turn, and while its answers are taken. */
  goOn(): void {
    if (this.#over) return this.#readAway();
    const now = performance.now();
    const until = this.#share.until(now);
    if (until <= now) return queue(this);
    this.heartbeat.heard();
    try {
      const isDone = this.#parse(until);
      this.#share.took(performance.now() - now);
      if (this.#answers > MAX_ANSWERS && !this.#over) return this.#awaitAnswers();
      if (!isDone) return queue(this);
      if (this.#over) return this.#readAway();
      this.#reader.makeRoom(this.#table.open > 0);
      this.#read();
    } catch (error) {
      this.#onlost(error);
    }
  }

  /** A peer that asks and does not read is not read either. */
  #awaitAnswers(): void {
    const { outgoing } = this;
    this.#stalledAt = coarseNow();
    outgoing.sent(outgoing.written + outgoing.queued - MAX_ANSWERS / 2).then(() => {
      this.#answers = this.#stalledAt = 0;
      this.goOn();
    });
  }

  /** An answer to a frame of the peer is going out. */
  answered(size: number): void {
    this.#answers += FRAME_HEADER + size;
  }

  /** A frame came that moves nothing: some are late, more are an attack. */
  onidle(): void {
    if (--this.#idleLeft < 0) throw new ProtocolError("Too many frames that move nothing");
  }

  /** An exchange began, which may bring some. */
  #expectLate(): void {
    this.#idleLeft = Math.min(IDLE_FRAMES, this.#idleLeft + LATE_FRAMES);
  }

  #onlost = (error: unknown): void =>
    this.#close({ code: "connection-lost", message: messageOf(error) });

  /** False while the first bytes are not complete, or when they are another protocol's. */
  #greet(): boolean {
    if (this.side === "agent") {
      const foreign = recognizeForeign(this.#reader.buffer.bytes[this.#reader.buffer.start]!);
      if (foreign !== null) this.close({ code: "not-a-relay", message: foreign });
      return this.#greeted = foreign === null;
    }
    const preface = readPreface(
      this.#reader.buffer.bytes,
      this.#reader.buffer.start,
      this.#reader.buffer.end,
    );
    if (preface === "foreign") {
      const bytes = this.#reader.buffer.bytes.subarray(
        this.#reader.buffer.start,
        this.#reader.buffer.end,
      );
      const answer = this.#handlers.onforeign?.(bytes) ?? null;
      if (answer !== null) this.outgoing.put(answer);
      this.close({
        code: "not-an-agent",
        message: "what connected does not speak the tunnel protocol",
      });
    }
    if (preface !== "whole") return false;
    this.#reader.buffer.start += PREFACE.length;
    return this.#greeted = true;
  }

  /** @returns false when it stopped before the end of what is there. */
  #parse(until: number): boolean {
    if (!this.#greeted && !this.#greet()) return true;
    let isDone = true;
    try {
      for (let count = 1; !this.#over; count++) {
        if (
          this.#answers > MAX_ANSWERS || (count % LOOK === 0 && performance.now() >= until)
        ) {
          isDone = false;
          break;
        }
        if (!this.#reader.next(this)) break;
      }
    } catch (error) {
      if (error instanceof ProtocolError) this.#violated(error.message);
      else this.close({ code: "internal-error", message: messageOf(error) });
    }
    const most = this.isReady ? MAX_QUEUED + this.maxStreams * MAX_HEAD : MAX_QUEUED_EARLY;
    if (this.outgoing.queued > most && !this.#over) this.#stalled();
    return isDone;
  }

  #stalled(): void {
    this.#close({ code: "peer-stalled", message: "the peer asks much and reads nothing" });
  }

  #violated(message: string): void {
    const end = { code: "protocol-error", message };
    if (!this.isReady && this.side === "relay") this.frames.message(Frame.REFUSED, end);
    this.close(end);
  }

  ondata(id: number, bytes: Uint8Array, end: boolean): void {
    const stream = this.#table.find(id);
    if (stream === null || stream.receiveClosed) {
      throw new ProtocolError(`DATA on stream ${id}, which is not open`);
    }
    this.#receiveCredit -= bytes.length;
    if (this.#receiveCredit < 0) throw new ProtocolError("More came than the session's window");
    if (!stream.receiveData(bytes, end)) {
      throw new ProtocolError(`More than its window came on stream ${id}`);
    }
  }

  onframe(type: number, end: boolean, id: number, from: number, to: number): void {
    if (type === Frame.HEAD) return this.#onhead(id, end, from, to);
    if (type === Frame.TRAILERS) return this.#ontrailers(id, end, from, to);
    if (type >= FIRST_EXTENSION) {
      this.onidle();
      return type === Extension.TURN
        ? this.#onturn(this.#reader.buffer.bytes.subarray(from, to))
        : undefined;
    }
    if (end) throw new ProtocolError(`A frame ${hex(type)} cannot end a stream`);
    if (id !== 0 && type < Frame.HEAD) {
      throw new ProtocolError(`A frame ${hex(type)} belongs to no stream`);
    }
    const bytes = this.#reader.buffer.bytes;
    switch (type) {
      case Frame.PING:
        if (to - from !== 8) throw new ProtocolError("A PING frame has eight bytes");
        this.frames.open().put(bytes, from, to);
        this.answered(8);
        return this.frames.close(Frame.PONG, 0);
      case Frame.PONG:
        if (to - from !== 8) throw new ProtocolError("A PONG frame has eight bytes");
        if (this.#pings > 0) this.#pings--;
        else this.onidle();
        return this.#onpong(readUint32(bytes, from), readUint32(bytes, from + 4));
      case Frame.WINDOW: {
        if (to - from !== 4) throw new ProtocolError("A WINDOW frame has four bytes");
        const size = readUint32(bytes, from);
        const stream = id === 0 ? null : this.#table.find(id);
        if (size === 0 || (id !== 0 && stream === null)) return this.onidle();
        if (id === 0) {
          this.bulk.credit += size;
          if (this.bulk.credit > MAX_WINDOW) {
            throw new ProtocolError("The session's window is absurd");
          }
          this.bulk.pump();
        } else if (stream!.credit(size) === false) {
          throw new ProtocolError(`The window of stream ${id} is absurd`);
        }
        return;
      }
      case Frame.RESET: {
        if (to - from < 2) throw new ProtocolError("A RESET frame has at least two bytes");
        const code = (bytes[from]! << 8) | bytes[from + 1]!;
        const stream = this.#table.find(id);
        if (stream === null) return this.onidle();
        stream.receiveReset(code, decoder.decode(bytes.subarray(from + 2, to)));
        return;
      }
      case Frame.OPEN:
        this.#admit(id, parseObject(bytes.subarray(from, to)));
        return;
      case Frame.GOAWAY: {
        const why = readEnd(parseObject(bytes.subarray(from, to)));
        if (this.#peerLeaves) this.onidle();
        this.#peerLeaves = this.#goneAway = true;
        this.#handlers.ongoaway(why);
        return;
      }
      case Frame.MORE:
        parseObject(bytes.subarray(from, to));
        this.onidle();
        this.#handlers.onmore?.();
        return;
      default:
        if (this.isReady) throw new ProtocolError(`A frame ${hex(type)} after the sign-in`);
        this.#handlers.onmessage?.(
          type,
          parseObject(bytes.subarray(from, to)),
          bytes.slice(from, to),
        );
    }
  }

  #onturn(bytes: Uint8Array): void {
    const { onturn } = this.#handlers;
    if (onturn === undefined) return;
    const turn = readTurn(parseObject(bytes));
    if (turn !== undefined) onturn.call(this.#handlers, turn);
  }

  #onhead(id: number, end: boolean, from: number, to: number): void {
    const own = this.#table.isOwn(id);
    let stream = this.#table.find(id);
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
      if (!head.parse(this.#reader.buffer.bytes, to) || head.end !== to) {
        return "the head is not complete";
      }
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
    const stream = this.#table.find(id);
    if (stream === null || stream.receiveClosed) {
      throw new ProtocolError(`TRAILERS on stream ${id}, which is not open`);
    }
    if (stream.handler === null) return stream.closeReceive();
    const lines = this.#reader.buffer.bytes.slice(from, to);
    const problem = checkTrailers(lines);
    if (problem === "") return stream.receiveTrailers(lines);
    stream.fail(Reset.PROTOCOL, problem);
    stream.closeReceive();
  }

  /** A stream that the peer opens; without a handler it is refused already. */
  #admit(id: number, service: Record<string, unknown> | null): Stream {
    if (this.#table.isOwn(id) || (id >>> 16) === 0) {
      throw new ProtocolError(`Stream ${id} is not open, and not the peer's to open`);
    }
    if (slotOf(id) >= this.maxStreams) throw new ProtocolError("More streams than were agreed on");
    if (this.#table.isTaken(id)) throw new ProtocolError(`The slot of stream ${id} is taken`);
    const stream = new Stream(this, id, STREAM_WINDOW);
    this.#table.set(stream);
    stream.handler = this.#handlers.onstream(stream, service);
    if (stream.handler !== null) this.#expectLate();
    else {
      this.onidle();
      stream.reset(Reset.REFUSED, "not now");
    }
    return stream;
  }

  // Life

  tick(now: number): void {
    const more = IDLE_FRAMES_A_SECOND * TICK / 1_000;
    this.#idleLeft = Math.min(IDLE_FRAMES, this.#idleLeft + more);
    if (this.#stalledAt !== 0 && now - this.#stalledAt > PEER_TIMEOUT) return this.#stalled();
    if (this.heartbeat.tick(now, this.received)) return;
    this.close({ code: "peer-silent", message: "the peer does not answer" });
  }

  woke(): void {
    this.heartbeat.woke();
  }

  #ping(kind: number, count: number): void {
    this.#pings++;
    this.frames.ping(kind, count);
  }

  #onpong(kind: number, count: number): void {
    if (kind === HEARTBEAT) this.heartbeat.pong(count);
    else if (kind === BARRIER) {
      this.#awaitsBarrier = false;
      this.#checkIdle();
    }
  }

  /** Asks the agent for one more connection; once, until streams are few again. */
  crowdedOut(): void {
    this.frames.message(Frame.MORE, {});
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
    if (this.isReady && this.#said !== end.code) this.frames.message(Frame.GOAWAY, { ...end });
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

  /** Ends at once: what waits is not sent. */
  cut(end: SessionEnd): void {
    this.#close(end);
  }

  #close(end: SessionEnd): void {
    this.#closed = true;
    this.#away.stop();
    this.connection.close();
    if (!this.#over) this.#finish(end);
    this.#onfarewell?.();
    this.outgoing.fail(new Error(end.message));
  }

  #finish(end: SessionEnd): void {
    this.#over = true;
    unwatch(this);
    this.bulk.end();
    for (const stream of this.#table.all()) stream.receiveReset(Reset.CANCELLED, end.message);
    this.#checkIdle();
    this.#handlers.onclose(end);
  }
}

const decoder = new TextDecoder();

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
