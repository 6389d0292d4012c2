/** Why a request to an origin has no whole answer. @module */

/**
 * - `connect`: there is no connection; `cause` is a `DialError`.
 * - `closed`: the origin closed the connection before its answer was whole.
 * - `malformed`: what came was no answer as RFC 9112 knows it.
 * - `timeout`: no answer began in time.
 * - `body`: the request's body broke off, or is not as long as it was said to be.
 * - `aborted`: the request was given up here.
 */
export type ClientErrorCode = "connect" | "closed" | "malformed" | "timeout" | "body" | "aborted";

/** What `ClientHandler.onfail` is told, and a read that waits rejects with. Its message is a clause for people. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
