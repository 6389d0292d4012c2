/** Refusals of the API as `application/problem+json` (RFC 9457). @module */

import { HTTPException } from "hono/http-exception";
import { reasonOf } from "../../http/mod.ts";
import { StoreError, type StoreErrorCode } from "../store/mod.ts";

/** A field of the request that cannot be taken. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** Thrown to refuse a call; becomes the answer. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  /** What programs act on. */
  readonly code: string;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    detail: string,
    options: {
      readonly errors?: readonly FieldError[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, "cause" in options ? { cause: options.cause } : undefined);
    this.status = status;
    this.code = code;
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
  }

  /** The answer. */
  response(requestId: string): Response {
    const { status, code, message: detail, errors } = this;
    const body = {
      type: "about:blank",
      title: reasonOf(status),
      status,
      code,
      detail,
      ...(errors.length > 0 ? { errors } : {}),
      request_id: requestId,
    };
    return new Response(JSON.stringify(body) + "\n", {
      status,
      headers: { "content-type": "application/problem+json", ...this.headers },
    });
  }
}

/** What is not there, and what is another account's: the answers do not differ. */
export function absent(kind: string, id: string): Problem {
  return new Problem(404, "unknown", `There is no ${kind} ${id}`);
}

/** The caller is known, and may not do this. */
export function forbidden(detail: string, code = "forbidden"): Problem {
  return new Problem(403, code, detail);
}

/** One field that cannot be taken. */
export function unfit(field: string, message: string): Problem {
  return new Problem(422, "invalid", `${field} ${message}`, { errors: [{ field, message }] });
}

const STATUS: Readonly<Partial<Record<StoreErrorCode, number>>> = {
  invalid: 422,
  reserved: 422,
  "looks-like": 409,
  duplicate: 409,
  unknown: 404,
  conflict: 412,
  limit: 403,
  "too-many": 409,
  lapsed: 401,
  forbidden: 403,
  "own-name": 409,
  "last-admin": 409,
  busy: 429,
  storage: 507,
};

/** The refusal that an error means; undefined for errors of ours. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof StoreError) {
    const { code, field, message, cause } = error;
    const status = STATUS[code] ?? 500;
    return new Problem(status, code, message, {
      cause,
      ...(field !== undefined && status !== 404 ? { errors: [{ field, message }] } : {}),
      ...(status === 401 ? { headers: { "www-authenticate": "Bearer" } } : {}),
      ...(status === 429 ? { headers: { "retry-after": "2" } } : {}),
    });
  }
  if (error instanceof HTTPException) {
    // From the library, which reads bodies.
    return error.status === 413
      ? new Problem(413, "too-large", "The request's body is too large")
      : new Problem(error.status, "bad-request", "The request's body is not JSON");
  }
  return undefined;
}
