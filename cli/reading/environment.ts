/** Finds variables that the runtime leaves out because they are not UTF-8 text. @module */

import { UsageError } from "../terminal/mod.ts";

/**
 * What is wrong with the variables of this program that `bytes`, a block of `NAME=text` each with its NUL, holds;
 * undefined where nothing is.
 */
export function unreadableVariable(bytes: Uint8Array): UsageError | undefined {
  if (isText(bytes)) return undefined;
  for (let start = 0, end; start < bytes.length; start = end + 1) {
    end = bytes.indexOf(0, start);
    if (end < 0) end = bytes.length;
    const one = bytes.subarray(start, end);
    const name = /^(CRUNCH_\w+)=/.exec(new TextDecoder().decode(one))?.[1];
    if (name !== undefined && !isText(one)) return new UsageError(`${name} is not UTF-8 text`);
  }
  return undefined;
}

/** The same of this process, where the system shows it: on Linux. */
export function ownUnreadableVariable(): UsageError | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return unreadableVariable(Deno.readFileSync("/proc/self/environ"));
  } catch {
    return undefined; // /proc may be hidden.
  }
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
