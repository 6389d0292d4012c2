/** Checks whom a request says that it is for: `uri-host [":" port]` (RFC 9110 section 7.2), and no more. @module */

import { HttpError } from "./http_error.ts";

const COLON = 58, OPEN = 91, CLOSE = 93;

/** @throws {HttpError} 400 for a user, a path, a list, an escape, a byte over 127 … in `bytes[start, end)`. */
export function checkAuthority(bytes: Uint8Array, start: number, end: number): void {
  let i = start;
  if (bytes[i] === OPEN) {
    i++;
    const open = i;
    while (i < end && isAddressByte(bytes[i]!)) i++;
    if (bytes[i] !== CLOSE || i >= end || i === open) {
      throw new HttpError(400, "The Host field's brackets are malformed");
    }
    i++;
  } else {
    while (i < end && isHostByte(bytes[i]!)) i++;
    if (i < end && bytes[i]! > 127) {
      throw new HttpError(400, "The Host field is not ASCII: names beyond it are sent as xn--…");
    }
  }
  if (i > start && i < end && bytes[i] === COLON) {
    i++;
    let port = 0;
    const first = i;
    while (i < end && bytes[i]! >= 48 && bytes[i]! <= 57 && i - first < 5) {
      port = port * 10 + bytes[i++]! - 48;
    }
    if (port > 65535) throw new HttpError(400, "The Host field's port does not exist");
  }
  if (i !== end) throw new HttpError(400, "The Host field is malformed");
}

/** Letters, digits and `-._~`. */
function isHostByte(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) ||
    byte === 45 || byte === 46 || byte === 95 || byte === 126;
}

/** Hexadecimal digits, `:` and `.`. */
function isAddressByte(byte: number): boolean {
  return (byte >= 48 && byte <= 58) || (byte >= 97 && byte <= 102) || (byte >= 65 && byte <= 70) ||
    byte === 46;
}
