/** One request to an origin and its answer, as those see it who ask. @module */

import type { Head } from "../head.ts";
import { ClientError } from "./client_error.ts";

/** A request's body. `Exchange` is one. */
export interface RequestBody {
  /** The next piece, null at the end. It is valid until the next call. Called first when the origin may have it. */
  read(): Promise<Uint8Array | null>;
  /** Trailer lines, once `read` gave null. They are sent where the body is chunked. */
  readonly trailers: Uint8Array;
}

/** What to ask. */
export interface ClientRequest {
  readonly method: string;
  /** The request target, byte for byte, in Latin-1. */
  readonly target: string;
  /**
   * Whole lines, `Name: value\r\n` each, in Latin-1: Host, Content-Length where `length` is 0 or more, Upgrade for an
   * upgrade; never Transfer-Encoding or Connection, which are written here. The bytes are kept until an answer came.
   */
  readonly fields: Uint8Array;
  readonly body: RequestBody | null;
  /** Bytes of the body; -1 where they are not known: it goes in chunks. */
  readonly length: number;
  /** `fields` have `Expect: 100-continue`: the body waits for the origin's word, or a second. */
  readonly expectsContinue?: boolean;
  /** Protocols of the Upgrade field: 101 may be answered, for one of them. */
  readonly upgrade?: string | undefined;
}

/** Is told of the answer. Heads are valid during the call only. */
export interface ClientHandler {
  /** An interim answer: 100, 102, 103 … */
  oninterim(head: Head): void;
  /** The answer, 101 included. Now read it to its end, or abort. */
  onanswer(head: Head): void;
  /** The answer will not come, or not be whole. Called at most once, and not after an abort. */
  onfail(error: ClientError): void;
}

/** What a call needs of the connection that carries it. */
export interface CallHost {
  read(): Promise<Uint8Array | null>;
  readNow(): Uint8Array | null | undefined;
  write(bytes: Uint8Array): Promise<void> | undefined;
  endBytes(): void;
  /** The call is given up: the connection cannot be used any more. */
  cancel(): void;
}

const NOTHING = new Uint8Array(0);

/** Made by `HttpClient.request`. */
export class ClientCall {
  readonly request: ClientRequest;
  readonly handler: ClientHandler;
  /** The answer's trailer lines, once its body is over. */
  trailers: Uint8Array = NOTHING;
  /** Nothing more comes of it: the answer is whole, failed or given up. */
  isOver = false;
  /** A piece of the body was asked for: it cannot be had again. */
  hasPulled = false;
  /** It was sent a second time. */
  isRepeated = false;
  /** Calls back while it is dialled for. */
  oncancel: (() => void) | null = null;
  #host: CallHost | null = null;

  constructor(request: ClientRequest, handler: ClientHandler) {
    this.request = request;
    this.handler = handler;
  }

  /** It may be sent a second time without harm (RFC 9110 section 9.2.2), and can be. */
  get isRepeatable(): boolean {
    return !this.isRepeated && !this.hasPulled && IDEMPOTENT.has(this.request.method);
  }

  /** The connection that carries it; null while there is none. */
  carry(host: CallHost | null): void {
    this.#host = host;
  }

  /**
   * The next piece of the answer's body, or null at its end; valid until the next call. The connection is free for
   * others once null was given.
   * @throws {ClientError} when the body broke off.
   */
  read(): Promise<Uint8Array | null> {
    if (this.#host === null) return Promise.reject(notReadable());
    return this.#host.read();
  }

  /** The same without waiting: undefined where nothing has come yet, or it broke off. */
  readNow(): Uint8Array | null | undefined {
    return this.#host?.readNow();
  }

  /** After a 101: sends plain bytes. What is returned means what it does for `Exchange.write`. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    return this.#host?.write(bytes);
  }

  /** After a 101: nothing more is sent. */
  end(): void {
    this.#host?.endBytes();
  }

  /** Gives up. The origin sees its connection closed. Idempotent; nothing is told from now on. */
  abort(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#host?.cancel();
    this.oncancel?.();
  }

  /** Told once by whoever carries it. */
  fail(error: ClientError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.handler.onfail(error);
  }
}

/** Methods that have the same effect twice. */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PUT",
  "DELETE",
]);

function notReadable(): ClientError {
  return new ClientError("aborted", "there is no answer to read");
}
