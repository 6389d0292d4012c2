/** Sessions over pipes in memory, signed in already, against each other or against a peer that speaks raw frames. @module */

import { type Head, latin1 } from "../../http/mod.ts";
import {
  PREFACE,
  Session,
  type SessionEnd,
  type Stream,
  type StreamHandler,
} from "../../tunnel/mod.ts";
import { pipe, type PipeEnd, type PipeOptions } from "../support/pipe.ts";
import { join, RawPeer } from "./raw_peer.ts";

/** Writes down what a stream says. */
export class Recorder implements StreamHandler {
  readonly heads: string[] = [];
  readonly #pieces: Uint8Array[] = [];
  size = 0;
  trailers: string | null = null;
  ended = false;
  reset: { code: number; message: string } | null = null;
  /** Bytes are consumed as they come. */
  consuming = true;
  /** Keeps the bytes, not only their number. */
  keeping = true;
  /** Called after each event. */
  onevent: ((recorder: Recorder) => void) | null = null;
  stream!: Stream;
  readonly done: Promise<this>;
  #finish!: (recorder: this) => void;

  constructor() {
    this.done = new Promise((resolve) => this.#finish = resolve);
  }

  get body(): Uint8Array {
    return join(...this.#pieces);
  }

  get text(): string {
    return latin1(this.body);
  }

  onhead(head: Head, end: boolean): void {
    this.#check();
    this.heads.push(latin1(head.bytes, head.start, head.end));
    this.#after(end);
  }

  ondata(bytes: Uint8Array, end: boolean): void {
    this.#check();
    if (this.keeping) this.#pieces.push(bytes.slice());
    this.size += bytes.length;
    if (this.consuming && !end) this.stream.consumed(bytes.length);
    this.#after(end);
  }

  ontrailers(lines: Uint8Array): void {
    this.#check();
    this.trailers = latin1(lines);
    this.#after(true);
  }

  onreset(code: number, message: string): void {
    if (this.reset !== null) throw new Error("A stream was reset twice");
    this.reset = { code, message };
    this.#finish(this);
    this.onevent?.(this);
  }

  #check(): void {
    if (this.ended || this.reset !== null) throw new Error("Something came after the end");
  }

  #after(end: boolean): void {
    if (end) {
      this.ended = true;
      this.#finish(this);
    }
    this.onevent?.(this);
  }
}

/** A session under test and what it told. */
export interface Tested {
  readonly session: Session;
  readonly connection: PipeEnd;
  /** Streams that the peer opened, in order. */
  readonly incoming: Recorder[];
  /** What came of GOAWAY frames. */
  readonly goneAway: SessionEnd[];
  /** How often MORE came. */
  more: number;
  /** Resolves when the session is over. */
  readonly over: Promise<SessionEnd>;
  end: SessionEnd | null;
}

export interface TestedOptions {
  /** Streams that may be open. */
  readonly streams?: number;
  /** What works with a stream that the peer opens; null refuses it. Default: a recorder that consumes. */
  readonly onstream?: (
    stream: Stream,
    service: Record<string, unknown> | null,
  ) => StreamHandler | null;
  /** The sign-in is not done. */
  readonly fresh?: boolean;
  readonly onmessage?: (type: number, message: Record<string, unknown>) => void;
  readonly onforeign?: (bytes: Uint8Array) => Uint8Array | null;
}

/** A session on `connection`. */
export function tested(
  connection: PipeEnd,
  side: "relay" | "agent",
  options: TestedOptions = {},
): Tested {
  const incoming: Recorder[] = [];
  const goneAway: SessionEnd[] = [];
  let resolve!: (end: SessionEnd) => void;
  const over = new Promise<SessionEnd>((done) => resolve = done);
  const session = new Session({
    connection,
    side,
    onmessage: (type, message) => {
      if (options.onmessage === undefined) throw new Error("No sign-in is expected here");
      options.onmessage(type, message);
    },
    ...(options.onforeign === undefined ? {} : { onforeign: options.onforeign }),
    onstream: (stream, service) => {
      if (options.onstream !== undefined) return options.onstream(stream, service);
      const recorder = new Recorder();
      recorder.stream = stream;
      incoming.push(recorder);
      return recorder;
    },
    onmore: () => result.more++,
    ongoaway: (end) => goneAway.push(end),
    onclose: (end) => {
      if (result.end !== null) throw new Error("A session ended twice");
      result.end = end;
      resolve(end);
    },
  });
  const result: Tested = { session, connection, incoming, goneAway, more: 0, over, end: null };
  if (!options.fresh) session.ready(options.streams ?? 256);
  return result;
}

/** Opens a stream with a recorder as its handler. @throws {Error} where none can be opened. */
export function openStream(session: Session, recorder: Recorder = new Recorder()): Recorder {
  const stream = session.open(recorder);
  if (stream === null) throw new Error("No stream can be opened");
  recorder.stream = stream;
  return recorder;
}

/** The relay's end and the agent's of one connection. */
export interface Pair extends AsyncDisposable {
  readonly relay: Tested;
  readonly agent: Tested;
}

export function pair(
  options: { relay?: TestedOptions; agent?: TestedOptions; pipe?: PipeOptions } = {},
): Pair {
  const [a, b] = pipe(options.pipe);
  const relay = tested(a, "relay", options.relay);
  const agent = tested(b, "agent", options.agent);
  return {
    relay,
    agent,
    async [Symbol.asyncDispose]() {
      const end = { code: "done", message: "the test is done" };
      await Promise.all([relay.session.finish(end), agent.session.finish(end)]);
    },
  };
}

/** A session and the raw peer at its other end. */
export interface Duel extends AsyncDisposable, Tested {
  readonly peer: RawPeer;
}

/** The session under test is a relay's: the raw peer is an agent, and has sent its preface. */
export async function againstAgent(
  options: TestedOptions = {},
  pipeOptions?: PipeOptions,
): Promise<Duel> {
  const [a, b] = pipe(pipeOptions);
  const relay = tested(a, "relay", options);
  const peer = new RawPeer(b);
  await peer.send(PREFACE);
  return duel(relay, peer);
}

/** The session under test is an agent's: the raw peer is a relay, and has read the preface. */
export async function againstRelay(
  options: TestedOptions = {},
  pipeOptions?: PipeOptions,
): Promise<Duel> {
  const [a, b] = pipe(pipeOptions);
  const agent = tested(b, "agent", options);
  const peer = new RawPeer(a);
  await peer.bytes(PREFACE.length);
  return duel(agent, peer);
}

function duel(side: Tested, peer: RawPeer): Duel {
  return Object.assign(side, {
    peer,
    async [Symbol.asyncDispose]() {
      peer.close();
      await side.session.finish({ code: "done", message: "the test is done" });
    },
  });
}

const encoder = new TextEncoder();

/** A request's head. */
export function request(target = "/", lines = ""): Uint8Array {
  return encoder.encode(`GET ${target} HTTP/1.1\r\nHost: test\r\n${lines}\r\n`);
}

/** An answer's head. */
export function answer(status = 200, lines = ""): Uint8Array {
  return encoder.encode(`HTTP/1.1 ${status} Fine\r\n${lines}\r\n`);
}
