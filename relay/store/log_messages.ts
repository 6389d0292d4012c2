/** What the request log and its worker say to each other. @module */

import type { RowBatch } from "./log_rows.ts";
import type { LogLimits } from "./log_writer.ts";
import type { UsageChunk } from "./usage_counters.ts";

/** To the worker. */
export type ToLogWorker =
  /** First of all: open the database. Answered by `ready`. */
  | {
    readonly kind: "open";
    readonly path: string;
    readonly limits: LogLimits;
    readonly busyTimeoutMs: number;
  }
  /** Write this. Answered by `done`, in order. */
  | {
    readonly kind: "write";
    readonly rows: RowBatch | undefined;
    readonly usage: readonly UsageChunk[];
    /** False: while the last one failed, this is let go without a try. */
    readonly insist: boolean;
  }
  /** From now on keep this. Not answered. */
  | { readonly kind: "limit"; readonly limits: LogLimits }
  /** An account was removed, or another one of the name made: what is there is the former one's. Not answered. */
  | { readonly kind: "bury"; readonly account: string; readonly as: string }
  /** Nothing goes on: give back what memory can be had. Not answered. */
  | { readonly kind: "rest" }
  /** Make a checkpoint of the accounts' database. Answered by `checked`. */
  | { readonly kind: "checkpoint"; readonly path: string }
  /** Close the database. Answered by `closed`. */
  | { readonly kind: "close" };

/** From the worker. */
export type FromLogWorker =
  | {
    readonly kind: "ready";
    readonly lastSeq: number;
    /** Why it could not be opened; it is tried again with what is to be written. */
    readonly trouble: string | undefined;
    /** A newer version of the program wrote it: nothing will ever be written. */
    readonly newer: boolean;
  }
  | { readonly kind: "done"; readonly trouble: string | undefined }
  /** Whether all of it is in the database now. */
  | { readonly kind: "checked"; readonly isWhole: boolean }
  | { readonly kind: "closed" };
