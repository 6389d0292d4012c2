/** The origin that a web application is: passes each request on to it, and its answer back. @module */

import { isLoopbackText, type Log } from "../../cli/mod.ts";
import {
  answerProblem,
  type ClientCall,
  type ClientError,
  type ClientHandler,
  DialError,
  type Exchange,
  Field,
  type Head,
  type HttpClient,
  latin1,
  reasonOf,
} from "../../http/mod.ts";
import type { Origin } from "../origin.ts";
import { answerFields, type OwnLines, requestFields } from "./fields.ts";
import { rewriting } from "./rewriting.ts";

/** What Vite, Django, Rails and webpack-dev-server say to a Host that they do not know. */
const HOST_REFUSED =
  /Blocked request\. This host|Invalid HTTP_HOST header|DisallowedHost|Blocked hosts?:|Invalid Host header/i;

export interface ProxyOriginOptions {
  /** Ends with the origin. */
  readonly client: HttpClient;
  /** Where it listens, for people: `localhost:3000`. */
  readonly name: string;
  /** Its own `host:port`. */
  readonly authority: string;
  /** What it gets as its Host; undefined: the visitor's. */
  readonly host: string | undefined;
  /** Redirects and cookies are brought below the public prefix. */
  readonly rewrites: boolean;
  /** What options put into requests and answers, and take out. */
  readonly requestLines: OwnLines | null;
  readonly answerLines: OwnLines | null;
  readonly log: Log;
}

export class ProxyOrigin implements Origin {
  readonly options: ProxyOriginOptions;
  /** The last request found nothing that answers: it was said once. */
  #isDown = false;
  #isHostRefused = false;

  constructor(options: ProxyOriginOptions) {
    this.options = options;
  }

  handle(exchange: Exchange, path: string, base: string): void {
    const { target } = exchange.head;
    const question = target.indexOf("?");
    new Passage(this, exchange, base).start(
      question < 0 ? path : path + target.slice(question),
    );
  }

  /** It answers. */
  noteUp(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.options.log.info(`${this.options.name} answers again`);
  }

  noteDown(why: string): void {
    if (this.#isDown) return;
    this.#isDown = true;
    this.options.log.warn(`${why}; visitors get 502 until it answers`);
  }

  /** Why there is no connection, for people. */
  reason(cause: unknown): string {
    const { name } = this.options;
    const message = cause instanceof Error ? cause.message : String(cause);
    if (!(cause instanceof DialError)) return `${name} cannot be reached: ${message}`;
    switch (cause.code) {
      case "refused":
        return `nothing listens on ${name}`;
      case "not-found":
        return name.startsWith("unix:")
          ? `there is no socket ${name.slice("unix:".length)}`
          : `no address is known for ${name}`;
      case "timeout":
        return `${name} does not answer`;
      default:
        return `${name} cannot be reached: ${message.replace(/^Cannot connect to [^ ]+: /, "")}`;
    }
  }

  /** The application may refuse a Host that it does not know: then the log says once what mends it. */
  noteRefusal(piece: Uint8Array): void {
    if (this.#isHostRefused || this.options.host !== undefined) return;
    if (!HOST_REFUSED.test(latin1(piece, 0, Math.min(piece.length, 8 << 10)))) return;
    this.#isHostRefused = true;
    this.options.log.warn(
      `${this.options.name} refuses the visitors' host; add --host-header origin, or allow the host there`,
    );
  }

  [Symbol.dispose](): void {
    this.options.client[Symbol.dispose]();
  }
}

/** One request on its way to the application, and the answer on its way back. */
class Passage implements ClientHandler {
  readonly #origin: ProxyOrigin;
  readonly #exchange: Exchange;
  readonly #base: string;
  readonly #isNear: boolean;
  readonly #method: string;
  readonly #accept: string | undefined;
  readonly #publicAuthority: string;
  #call: ClientCall | null = null;

  constructor(origin: ProxyOrigin, exchange: Exchange, base: string) {
    const { head } = exchange;
    this.#origin = origin;
    this.#exchange = exchange;
    this.#base = base;
    this.#isNear = isLoopbackText(exchange.client);
    this.#method = head.method;
    this.#accept = head.get(Field.accept);
    this.#publicAuthority = head.get(Field["x-forwarded-host"]) ?? head.authority;
  }

  start(target: string): void {
    const exchange = this.#exchange;
    const { head } = exchange;
    const { client, host, requestLines } = this.#origin.options;
    const upgrade = head.upgrade ? head.getAll(Field.upgrade).join(", ") : undefined;
    exchange.onabort = () => this.#call?.abort();
    const call = client.request({
      method: this.#method,
      target,
      fields: requestFields(head, {
        host,
        prefix: this.#base,
        upgrades: upgrade !== undefined,
        own: requestLines,
      }),
      body: exchange.hasBody ? exchange : null,
      length: head.contentLength,
      expectsContinue: head.has(Field.expect),
      upgrade,
    }, this);
    this.#call = call;
    if (exchange.aborted) call.abort();
  }

  oninterim(head: Head): void {
    // 100 goes out by itself, when the body is read.
    if (head.status !== 100) this.#exchange.inform(head.status, answerFields(head, null));
  }

  onanswer(head: Head): void {
    this.#origin.noteUp();
    const { status } = head;
    const { authority, rewrites, answerLines } = this.#origin.options;
    const changes = rewrites
      ? rewriting({ base: this.#base, authority, publicAuthority: this.#publicAuthority })
      : null;
    const reason = head.reason === reasonOf(status) ? undefined : head.reason;
    const isBytes = status === 101;
    const fields = answerFields(head, changes, isBytes, answerLines);
    this.#exchange.start(status, fields, isBytes ? -1 : head.contentLength, reason);
    // A small answer is here already: it goes on within this turn.
    this.#pass(status === 400 || status === 403);
    if (isBytes) this.#passBytes();
  }

  /** Moves the answer's body; a piece is free again when the exchange has taken it. */
  async #pass(isRefusal: boolean): Promise<void> {
    const exchange = this.#exchange;
    const call = this.#call!;
    try {
      for (;;) {
        let piece = call.readNow();
        if (piece === undefined) {
          if (call.isOver) return;
          piece = await call.read();
        }
        if (piece === null) return exchange.end(call.trailers);
        if (isRefusal) this.#origin.noteRefusal(piece);
        const wait = exchange.write(piece);
        if (wait !== undefined) await wait;
        if (exchange.aborted) return call.abort();
      }
    } catch {
      // What broke was told to `onfail`.
    }
  }

  /** After a 101: what the visitor sends. */
  async #passBytes(): Promise<void> {
    const exchange = this.#exchange;
    const call = this.#call!;
    try {
      for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
        const wait = call.write(piece);
        if (wait !== undefined) await wait;
      }
      call.end();
    } catch {
      call.abort();
    }
  }

  onfail(error: ClientError): void {
    const exchange = this.#exchange;
    const why = this.#reason(error);
    if (error.code === "connect") this.#origin.noteDown(why);
    else if (error.code === "malformed") this.#origin.options.log.warn(why);
    if (exchange.aborted) return;
    if (exchange.started || error.code === "body" || error.code === "aborted") {
      return exchange.abort(why);
    }
    const accept = this.#accept;
    answerProblem({
      id: exchange.id,
      head: {
        method: this.#method,
        get: (field) => field === Field.accept ? accept : undefined,
      },
      respond: (status, fields, body, length) => exchange.respond(status, fields, body, length),
    }, {
      status: error.code === "timeout" ? 504 : 502,
      code: error.code === "timeout" ? "agent-timeout" : "agent-error",
      detail: this.#isNear
        ? `${why[0]!.toUpperCase()}${why.slice(1)}.`
        : "The application behind this address does not answer.",
    });
  }

  /** What was tried, for those who may know where the application runs. */
  #reason({ code, message, cause }: ClientError): string {
    const { name } = this.#origin.options;
    return code === "connect" ? this.#origin.reason(cause) : `${name}: ${message}`;
  }
}
