/** An agent whose every answer a test writes, byte for byte, on real sessions of the tunnel. @module */

import { DenoConnection, type Head, latin1 } from "../../http/mod.ts";
import {
  parseToken,
  type Place,
  Session,
  type SessionEnd,
  type Stream,
  type StreamHandler,
  type ToldMount,
  type Turn,
  type Welcome,
} from "../../tunnel/mod.ts";
import { Credential, SignIn } from "../../agent/sign_in.ts";
import { within } from "./deadline.ts";
import { AnswerHead, bytesOf } from "./visitor.ts";

/** A request as the agent got it, and the answering of it. */
export class DoubleRequest implements StreamHandler {
  readonly stream: Stream;
  method = "";
  target = "";
  /** The head as it came. */
  text = "";
  /** The head's field lines. */
  lines: AnswerHead["lines"] = [];
  /** The body so far. */
  readonly pieces: Uint8Array[] = [];
  received = 0;
  trailers = "";
  /** Resolves at the end of the request's body. */
  readonly whole: Promise<void>;
  /** Resolves when the relay resets it, with the reason. */
  readonly reset: Promise<string>;
  /** What came is not consumed until `consume`: the relay gets no new credit. */
  greedy = true;
  #held = 0;
  #isReset = false;
  #onhead: () => void;
  #end!: () => void;
  #broke!: (reason: string) => void;
  #progress = Promise.withResolvers<void>();

  constructor(stream: Stream, onhead: (request: DoubleRequest) => void) {
    this.stream = stream;
    this.#onhead = () => onhead(this);
    this.whole = new Promise((resolve) => this.#end = resolve);
    this.reset = new Promise((resolve) => this.#broke = resolve);
  }

  onhead(head: Head, end: boolean): void {
    this.method = head.method;
    this.target = head.target;
    this.text = latin1(head.bytes, head.start, head.end);
    // Same syntax after the first line.
    this.lines = new AnswerHead(this.text.replace(/^.*\r\n/, "HTTP/1.1 200 OK\r\n")).lines;
    if (end) this.#end();
    this.#onhead();
  }

  ondata(bytes: Uint8Array, end: boolean): void {
    this.pieces.push(bytes.slice());
    this.received += bytes.length;
    if (end) this.#end();
    else if (this.greedy) this.stream.consumed(bytes.length);
    else this.#held += bytes.length;
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }

  ontrailers(lines: Uint8Array): void {
    this.trailers = latin1(lines);
    this.#end();
  }

  onreset(_code: number, message: string): void {
    this.#isReset = true;
    this.#broke(message);
    this.#progress.resolve();
  }

  /** Lets the relay send on. */
  consume(): void {
    this.greedy = true;
    this.stream.consumed(this.#held);
    this.#held = 0;
  }

  /** Resolves once so many body bytes came. */
  async got(size: number): Promise<void> {
    while (this.received < size) {
      if (this.#isReset) throw new Error(`It was reset after ${this.received} bytes of ${size}`);
      await within(this.#progress.promise, `${size} bytes`);
    }
  }

  /** The values of a field. */
  getAll(name: string): string[] {
    return this.lines.filter(([key]) => key.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value);
  }

  /** The body so far, as Latin-1. */
  get body(): string {
    return this.pieces.map((piece) => latin1(piece)).join("");
  }

  /** Sends a head: whole lines, the empty one included. */
  head(text: string, end = false): void {
    this.stream.head(bytesOf(text), end);
  }

  async write(data: string | Uint8Array, end = false): Promise<void> {
    await this.stream.write(typeof data === "string" ? bytesOf(data) : data, end);
  }

  /** Answers with a head of these lines and a body, with its Content-Length. */
  respond(
    body: string | Uint8Array = "",
    { status = "200 OK", fields = [] as string[] } = {},
  ): void {
    const bytes = typeof body === "string" ? bytesOf(body) : body;
    const lines = [`HTTP/1.1 ${status}`, ...fields, `Content-Length: ${bytes.length}`];
    this.head(lines.join("\r\n") + "\r\n\r\n", bytes.length === 0);
    if (bytes.length > 0) this.write(bytes, true);
  }
}

export interface DoubleOptions {
  /** `host:port` of a tunnel listener. */
  readonly tunnel: string;
  /** A token, as text. */
  readonly token?: string;
  /** Instead of it. */
  readonly credential?: Credential;
  readonly names?: readonly string[];
  /** What it says it is: any text. */
  readonly software?: string;
  /** What it says it publishes. */
  readonly mounts?: readonly ToldMount[];
  /** What it does where others publish its names; without it it does not know how to wait. */
  readonly place?: Place;
  readonly onturn?: (turn: Turn) => void;
  /** The session that this connection strengthens. */
  readonly join?: string;
  /** Answers requests; without it they wait for `next`. */
  readonly answer?: (request: DoubleRequest) => void;
  /** The relay asks for another connection. */
  readonly onmore?: () => void;
  readonly ongoaway?: (end: SessionEnd) => void;
}

export class AgentDouble implements AsyncDisposable {
  readonly session: Session;
  readonly welcome: Welcome;
  /** Resolves with the reason when the session is over. */
  readonly ended: Promise<SessionEnd>;
  /** Resolves when the relay wants no new streams here. */
  readonly wentAway: Promise<SessionEnd>;
  readonly #waiting: DoubleRequest[];
  readonly #hooks: { onrequest: () => void };

  private constructor(
    session: Session,
    welcome: Welcome,
    parts: {
      ended: Promise<SessionEnd>;
      wentAway: Promise<SessionEnd>;
      waiting: DoubleRequest[];
      hooks: { onrequest: () => void };
    },
  ) {
    this.session = session;
    this.welcome = welcome;
    this.ended = parts.ended;
    this.wentAway = parts.wentAway;
    this.#waiting = parts.waiting;
    this.#hooks = parts.hooks;
  }

  /** Dials and signs in. @throws {SignInError} when refused. */
  static async connect(options: DoubleOptions): Promise<AgentDouble> {
    const credential = options.credential ?? credentialOf(options.token ?? "");
    const [hostname, port] = options.tunnel.split(":") as [string, string];
    const connection = new DenoConnection(await Deno.connect({ hostname, port: Number(port) }));
    const { promise: ended, resolve: onended } = Promise.withResolvers<SessionEnd>();
    const { promise: wentAway, resolve: ongoaway } = Promise.withResolvers<SessionEnd>();
    const waiting: DoubleRequest[] = [];
    const hooks = { onrequest: () => {} };
    const signIn: SignIn = new SignIn(() => session, {
      credential,
      names: options.names ?? [],
      software: options.software ?? "double/1",
      ...(options.mounts === undefined ? {} : { mounts: options.mounts }),
      dialled: hostname,
      ...(options.place === undefined ? {} : { place: options.place }),
      ...(options.join === undefined ? {} : { join: options.join }),
    });
    const session: Session = new Session({
      connection,
      side: "agent",
      onmessage: (type, message, payload) => signIn.receive(type, message, payload),
      onstream: (stream) =>
        new DoubleRequest(stream, (request) => {
          if (options.answer !== undefined) return options.answer(request);
          waiting.push(request);
          hooks.onrequest();
        }),
      onmore: () => options.onmore?.(),
      onturn: (turn) => options.onturn?.(turn),
      ongoaway: (end) => {
        options.ongoaway?.(end);
        ongoaway(end);
      },
      onclose: (end) => {
        signIn.lost(end);
        onended(end);
      },
    });
    signIn.start();
    const welcome = await within(signIn.done, "the welcome");
    return new AgentDouble(session, welcome, { ended, wentAway, waiting, hooks });
  }

  /** The next request that came. */
  async next(): Promise<DoubleRequest> {
    const wait = (): Promise<DoubleRequest> =>
      new Promise((resolve) => {
        const look = () => {
          const request = this.#waiting.shift();
          if (request === undefined) return;
          this.#hooks.onrequest = () => {};
          resolve(request);
        };
        this.#hooks.onrequest = look;
        look();
      });
    return await within(wait(), "a request");
  }

  /** Requests that came and were not asked for yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Breaks the connection without a word, as a killed process does. */
  die(): void {
    this.session.connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.finish({ code: "shutdown", message: "the test is over" });
  }
}

function credentialOf(token: string): Credential {
  const secret = parseToken(token);
  if (secret === undefined) throw new TypeError("That is no token");
  return Credential.token(secret);
}
