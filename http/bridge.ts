/** A bridge between exchanges and the web's `Request` and `Response`, for whatever is written against those. @module */

import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import type { Exchange } from "./exchange.ts";
import { Field } from "./field.ts";
import type { Head } from "./head.ts";
import { answerProblem } from "./problem.ts";

/** What a handler is told besides the request. */
export interface FetchInfo {
  /** The id that log, answer and error page carry. */
  readonly id: string;
  /** Whom the request says it is for: `host:port` as it came, "" where it does not say. */
  readonly authority: string;
  /** The request-target in origin-form, byte for byte (Latin-1). */
  readonly target: string;
}

/** Answers a request. What it throws is answered with 500. */
export type FetchHandler = (request: Request, info: FetchInfo) => Response | Promise<Response>;

export interface FetchOptions {
  /** What the request's URL begins with: `https://relay.example`. Default: `http://` and what the request says. */
  readonly origin?: string;
  /** Told what the handler, or a body it made, has thrown. Default: `console.error`. */
  readonly onerror?: (error: unknown, info: FetchInfo) => void;
  /** What the handler gets for a method that `Request` cannot say, as TRACE. Default: those are answered with 501. */
  readonly unknownMethod?: string;
}

/** The implementation's own, or of one connection only. */
const NOT_PASSED = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Answers `exchange` with what `handler` makes of it. Bodies stream both ways at the pace of who takes them; the
 * request's `signal` aborts when the visitor is gone. Never throws: odd methods and addresses are refused.
 */
export function serveFetch(
  exchange: Exchange,
  handler: FetchHandler,
  options: FetchOptions = {},
): void {
  const { head, id } = exchange;
  const info: FetchInfo = { id, authority: head.authority, target: head.target };
  const bridge = new Bridge(exchange, info, options);
  const url = urlOf(info, options.origin);
  if (url === undefined) {
    return answerProblem(exchange, {
      status: 400,
      code: "bad-address",
      detail: "The address has segments of dots (. or ..). Write it without them.",
    });
  }
  const request = bridge.request(url);
  if (request === undefined) {
    return answerProblem(exchange, {
      status: 501,
      code: "unknown-method",
      detail: "This method is not known here.",
    });
  }
  bridge.answer(request, handler);
}

class Bridge {
  readonly #exchange: Exchange;
  readonly #info: FetchInfo;
  readonly #options: FetchOptions;
  readonly #controller = new AbortController();
  readonly #method: string;
  /** For an error page, later: the head may be overwritten by then. */
  readonly #accept: string | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;

  constructor(exchange: Exchange, info: FetchInfo, options: FetchOptions) {
    this.#exchange = exchange;
    this.#info = info;
    this.#options = options;
    this.#method = exchange.head.method;
    this.#accept = exchange.head.get(Field.accept);
    exchange.onabort = (reason) => this.#left(reason);
  }

  /** Undefined where `Request` cannot say what came: TRACE, CONNECT, `get`. */
  request(url: string): Request | undefined {
    const method = this.#method;
    const { unknownMethod } = this.#options;
    const bodiless = !this.#exchange.hasBody || method === "GET" || method === "HEAD";
    const say = (said: string): Request =>
      new Request(url, {
        method: said,
        headers: headersOf(this.#exchange.head),
        body: bodiless ? null : this.#body(),
        signal: this.#controller.signal,
      });
    try {
      const request = say(method);
      if (request.method === method) return request;
    } catch {
      // As for one that it would have written differently.
    }
    return unknownMethod === undefined ? undefined : say(unknownMethod);
  }

  #body(): ReadableStream<Uint8Array> {
    const exchange = this.#exchange;
    return new ReadableStream({
      async pull(controller) {
        const piece = await exchange.read();
        if (piece === null) controller.close();
        else controller.enqueue(piece.slice());
      },
    }, {
      // Nothing is read ahead: the first read is what sends 100 (Continue).
      highWaterMark: 0,
    });
  }

  async answer(request: Request, handler: FetchHandler): Promise<void> {
    try {
      const response = await handler(request, this.#info);
      await this.#send(response);
    } catch (error) {
      this.#failed(error);
    }
  }

  async #send(response: Response): Promise<void> {
    const exchange = this.#exchange;
    const { status, body } = response;
    if (status < 200 || status > 599) throw new TypeError(`Cannot answer with status ${status}`);
    if (response.bodyUsed) throw new TypeError("The response's body is used up");
    const said = response.headers.get("content-length");
    const length = said !== null && /^\d{1,15}$/.test(said) ? Number(said) : -1;
    const fields = fieldsOf(response.headers);
    const isHead = this.#method === "HEAD";
    if (exchange.aborted || isHead || body === null || status === 204 || status === 304) {
      body?.cancel().catch(() => {});
      const empty = !isHead && body === null && status !== 204 && status !== 304;
      return exchange.respond(status, fields, null, empty ? 0 : length);
    }
    const reader = this.#reader = body.getReader();
    const first = await reader.read();
    if (first.done) return exchange.respond(status, fields, null, 0);
    checkBytes(first.value);
    if (length < 0) {
      const second = reader.read();
      // Whole bodies end at once; anything else is sent as it comes.
      if (await Promise.race([second.then(({ done }) => done, () => false), nextTurn()])) {
        return exchange.respond(status, fields, first.value);
      }
      exchange.start(status, fields, -1);
      if (await this.#write(first.value)) await this.#pass(second, reader);
    } else {
      exchange.start(status, fields, length);
      if (await this.#write(first.value)) await this.#pass(reader.read(), reader);
    }
  }

  async #pass(
    read: Promise<ReadableStreamReadResult<Uint8Array>>,
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<void> {
    for (;;) {
      const { done, value } = await read;
      if (done) return this.#exchange.end();
      if (!await this.#write(value)) return;
      read = reader.read();
    }
  }

  /** False once it is not taken any more. */
  async #write(bytes: Uint8Array): Promise<boolean> {
    checkBytes(bytes);
    const wait = this.#exchange.write(bytes);
    if (wait !== undefined) await wait;
    return !this.#exchange.aborted;
  }

  #left(reason: string): void {
    const error = new DOMException(reason, "AbortError");
    this.#controller.abort(error);
    this.#reader?.cancel(error).catch(() => {});
  }

  #failed(error: unknown): void {
    const exchange = this.#exchange;
    // What breaks because the visitor left is no error.
    if (exchange.aborted) return;
    const { onerror = logError } = this.#options;
    onerror(error, this.#info);
    this.#reader?.cancel(error).catch(() => {});
    if (exchange.started) return exchange.abort("the answer broke off");
    const accept = this.#accept;
    answerProblem({
      id: exchange.id,
      head: {
        method: this.#method,
        get: (field) => field === Field.accept ? accept : undefined,
      },
      respond: (status, fields, body, length) => exchange.respond(status, fields, body, length),
    }, {
      status: 500,
      code: "internal-error",
      detail: "Something went wrong here. The log says more under this request's id.",
    });
  }
}

/** A stream may hold anything. */
function checkBytes(chunk: unknown): void {
  if (!(chunk instanceof Uint8Array)) throw new TypeError("The response's body is not of bytes");
}

function logError(error: unknown, info: FetchInfo): void {
  console.error(`Request ${info.id}:`, error);
}

/** False, after everything that is ready now was done. */
function nextTurn(): Promise<false> {
  return new Promise((resolve) => setImmediate(() => resolve(false)));
}

/** Undefined for a path that a URL would turn into another one. */
function urlOf({ authority, target }: FetchInfo, origin: string | undefined): string | undefined {
  const path = target === "*" ? "/" : target;
  if (/\/(?:\.|%2e){1,2}(?:[/\\]|$)/i.test(path.split("?", 1)[0]!)) return undefined;
  // As bytes: a URL takes text, and would make UTF-8 of the Latin-1 and a slash of the backslash.
  const escaped = path.replace(
    /[\\\x80-\xff]/g,
    (char) => "%" + char.charCodeAt(0).toString(16).toUpperCase(),
  );
  const start = origin ?? `http://${authority}`;
  return (URL.canParse(start) ? new URL(start).origin : "http://localhost") + escaped;
}

function headersOf(head: Head): Headers {
  const headers = new Headers();
  const cookies: string[] = [];
  for (let i = 0; i < head.count; i++) {
    if (head.number(i) === Field.cookie) cookies.push(head.value(i));
    else headers.append(head.name(i), head.value(i));
  }
  // Not a list with commas: RFC 6265 joins them otherwise.
  if (cookies.length > 0) headers.set("cookie", cookies.join("; "));
  return headers;
}

/** Iterating gives each Set-Cookie by itself. */
function fieldsOf(headers: Headers): Uint8Array {
  let lines = "";
  for (const [name, value] of headers) {
    if (!NOT_PASSED.has(name)) lines += `${name}: ${value}\r\n`;
  }
  return Buffer.from(lines, "latin1");
}
