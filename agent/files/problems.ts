/** What a visitor is told when a file cannot be had. @module */

import type { Problem } from "../../http/mod.ts";

/** For everything that is not published, whether it exists or not. */
export const NOT_FOUND: Problem = {
  status: 404,
  code: "not-found",
  detail: "There is nothing at this address.",
};

/** For addresses that name no file at all. */
export const BAD_PATH: Problem = {
  status: 400,
  code: "bad-path",
  detail: "The address is malformed, or leads out of what is published.",
};

/** For what another try in a second may get. */
export function busy(detail: string): Problem {
  return { status: 503, code: "overloaded", detail, retryAfter: 1 };
}

/** What to answer after the file system threw `error`. */
export function problemOf(error: unknown): Problem {
  switch ((error as { code?: unknown }).code) {
    case "ENOENT":
    case "ENOTDIR":
    case "ELOOP":
    case "ENAMETOOLONG":
    case "EINVAL":
    case "ENXIO": // a socket
    case "ENODEV":
      return NOT_FOUND;
    case "EACCES":
    case "EPERM":
      return {
        status: 403,
        code: "forbidden",
        detail: "The system does not let this file be read.",
      };
    case "EMFILE":
    case "ENFILE":
    case "ENOMEM":
      return busy("Too many files are open at the moment; try again in a second.");
    default:
      return { status: 500, code: "file-error", detail: "The file cannot be read." };
  }
}
