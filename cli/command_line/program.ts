/** What a running command has around it: its log, its output, its surroundings. @module */

import type { Log } from "../terminal/mod.ts";
import type { Parsed } from "../reading/mod.ts";
import type { Options, Surroundings } from "../options/mod.ts";

export interface Program {
  /** `crunch/0.1.0`, as relays and agents tell each other. */
  readonly software: string;
  readonly log: Log;
  readonly around: Surroundings;
  /** Standard output is a terminal. */
  readonly terminal: boolean;
  /** Reads all settings again, files of secrets as well. @throws {UsageError} */
  readAgain?(): Promise<ReadAgain>;
  /** Writes lines to standard output. */
  print(text: string): void;
}

/** Settings of the same command, read once more. */
export type ReadAgain = Pick<Parsed<Options>, "values" | "sources" | "written">;

/** A command that stays until it is stopped. */
export interface Running {
  /** Resolves with the exit code when the command ends by itself. */
  readonly ended: Promise<number>;
  /**
   * Takes over settings that were read again, as far as they may change.
   * @throws {Error} and leaves everything as it was.
   */
  change?(settings: ReadAgain): void | Promise<void>;
  /** Finishes what is under way, then ends. */
  stop(): Promise<void>;
}

/** A command cannot go on; `message` says why, and in lines that begin with two spaces what to type. Exit code 1, or 2. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
