/** What a message that breaks the rules is refused with. @module */

/** A message that breaks RFC 9110 or 9112, with the status that says so. The connection closes after it. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  /** 400, 408, 413, 414, 417, 431, 501 or 505. */
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}
