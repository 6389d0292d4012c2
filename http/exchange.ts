/** One request and its answer, as its handler sees it: on a visitor's connection or on a tunnel's stream. @module */

import type { Head } from "./head.ts";

/** Why an exchange ended without its answer. */
export type AbortReason = string;

/**
 * A handler receives one of these and answers it exactly once: with `respond`, or with `start`, `write`…, `end`.
 * `fields` are always whole lines, `Name: value\r\n` each, in Latin-1; never Content-Length,
 * Transfer-Encoding, Connection or Date, which are the implementation's.
 */
export interface Exchange {
  /**
   * The request's head. It lies in a buffer that is used again: take the strings you need, or `keepHead`,
   * before you return to the event loop.
   */
  readonly head: Head;
  /** Keeps the head, here and as `head`, until the exchange is over. To be called in the turn it came in. */
  keepHead(): Head;
  /** IP address of the client that asks, `unix` for one on a Unix socket; "" where it is not known. As old as `head`. */
  readonly client: string;
  /** The id that log, answer and error page carry. */
  readonly id: string;
  /** False where the request has no body at all (then `read` gives null at once). */
  readonly hasBody: boolean;
  /** True once the answer can no longer arrive. Answering then does nothing. */
  readonly aborted: boolean;
  /** True once a final status was sent. */
  readonly started: boolean;
  /** Called at most once, when the visitor or the transport is gone before the answer is complete. */
  onabort: ((reason: AbortReason) => void) | null;
  /**
   * The next piece of the request's body, or null at its end. The bytes are valid until the next call.
   * Asking for the first piece is what makes the server send 100 (Continue) where one is expected.
   * @throws {Error} when the body broke off.
   */
  read(): Promise<Uint8Array | null>;
  /** The request's trailer lines, once `read` gave null; empty where there were none. */
  readonly trailers: Uint8Array;
  /** Sends an interim answer (102, 103; not 100, not 101). Nothing for HTTP/1.0. */
  inform(status: number, fields: Uint8Array): void;
  /**
   * Sends the whole answer. `length` is what Content-Length says: the body's own by default, another
   * one for HEAD, -1 to say none (304).
   */
  respond(status: number, fields: Uint8Array, body: Uint8Array | null, length?: number): void;
  /**
   * Begins an answer; `length` is its Content-Length, -1 where it is not known. `reason` is its reason phrase, in
   * Latin-1; by default the one that RFC 9110 knows.
   *
   * 101 is for requests whose head says `upgrade`; `fields` name the protocol in Upgrade. From then on `read`, `write`
   * and `end` carry plain bytes, and either direction may end before the other: the exchange is over when `read` gave
   * null and `end` was called. A client that sent bytes before the 101 is refused, and the exchange aborted.
   */
  start(status: number, fields: Uint8Array, length: number, reason?: string): void;
  /**
   * Sends body bytes. `undefined`: taken, go on. A promise: wait for it before the next call and before you
   * use `chunk`'s memory again. After an abort it takes everything and sends nothing.
   */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Ends an answer that `start` began. A body shorter than its length aborts instead. */
  end(trailers?: Uint8Array): void;
  /** Breaks the answer off, so that the other side can tell that it is not whole. */
  abort(reason: AbortReason): void;
}

/** Answers one exchange. Never throws and never rejects: what goes wrong is answered or aborted. */
export type Handler = (exchange: Exchange) => void;
