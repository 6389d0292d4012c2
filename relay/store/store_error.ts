/** The error that callers of the store act on. @module */

/** What went wrong, for callers that act on it. */
export type StoreErrorCode =
  /** A field's value is not allowed (422). */
  | "invalid"
  /** The name is kept for the program itself (422). */
  | "reserved"
  /** The name looks like one that is taken (409). */
  | "looks-like"
  /** It exists already (409). */
  | "duplicate"
  /** There is no such thing (404). */
  | "unknown"
  /** It was changed meanwhile by another caller (412). */
  | "conflict"
  /** The account has as many of these as it may (409). */
  | "too-many"
  /** The account may have no more names (403). */
  | "limit"
  /** An account keeps the name it is called by (409). */
  | "own-name"
  /** What the caller has shown holds no longer (401). */
  | "lapsed"
  /** The caller may not do this any more (403). */
  | "forbidden"
  /** No administrator would be left (409). */
  | "last-admin"
  /** Too many passwords are being checked: try again soon (429). */
  | "busy"
  /** The data directory is another relay's at the moment. */
  | "locked"
  /** The data directory is another user's, or others may write to it. */
  | "owner"
  /** A newer version of the program wrote the database. */
  | "newer-schema"
  /** The database, or the backup, is not one of ours. */
  | "foreign"
  /** The disk is full, read-only or broken; nothing was changed (507). */
  | "storage";

/** Thrown by everything in the store; `message` is fit for users. */
export class StoreError extends Error {
  override name = "StoreError";
  readonly code: StoreErrorCode;
  /** The field that is wrong, as the API calls it. */
  readonly field: string | undefined;

  constructor(
    code: StoreErrorCode,
    message: string,
    options: { field?: string; cause?: unknown } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.field = options.field;
  }
}
