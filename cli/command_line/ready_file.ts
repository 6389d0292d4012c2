/** The file that says, in one line of JSON, that everything works and where. @module */

import { dirname } from "node:path";
import { printableJson, quote } from "../terminal/mod.ts";
import { CommandFailure } from "./program.ts";
import { notReplaceable, writeWholeFile } from "../files/mod.ts";

/**
 * Writes it whole or not at all: who waits for it must never read a half. A pipe or a device, like `/dev/fd/3`, is
 * written to and stays what it is.
 * @returns what settles once it is written: of a pipe, when it is read.
 * @throws {TypeError} at once where the path is something else. @throws {Error} at once where it cannot be written.
 */
export function writeReadyFile(path: string, content: Record<string, unknown>): Promise<void> {
  const line = printableJson(content) + "\n";
  // A pipe that is not read yet makes its writer wait, which must not be this thread.
  if (isStream(path)) return Deno.writeTextFile(path, line, { create: false, append: true });
  writeWholeFile(path, line);
  return Promise.resolve();
}

/** Why no ready file can be written at `path`, as far as can be seen before; undefined where nothing is wrong. */
export function unreadyFile(path: string): string | undefined {
  if (isStream(path)) return undefined;
  const because = (why: string): string => `cannot write ${quote(path)}: ${why}`;
  try {
    if (!Deno.statSync(dirname(path)).isDirectory) return because("it lies below a file");
    const why = notReplaceable(path);
    return why === undefined ? undefined : because(`it is ${why}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return because("there is no such directory");
    return because((error as Error).message);
  }
}

/** Before anything starts. @throws {CommandFailure} for what {@linkcode unreadyFile} says */
export function checkReadyFile(path: string | undefined): void {
  const why = path === undefined ? undefined : unreadyFile(path);
  if (why !== undefined) throw new CommandFailure(`--ready-file: ${why}`);
}

/** What takes what is written and keeps nothing: a pipe, a terminal, `/dev/null`. Links, as `/dev/stdout` is, are followed. */
function isStream(path: string): boolean {
  try {
    const { isFifo, isCharDevice } = Deno.statSync(path);
    return isFifo === true || isCharDevice === true;
  } catch {
    return false;
  }
}
