/** What the request log can be told when it opens, and what it tells of itself. @module */

import type { Redactor } from "./redact.ts";

/** How to open a request log. */
export interface RequestLogOptions {
  /** Ends the log when it aborts; what was recorded is written. */
  readonly signal?: AbortSignal;
  /** Told once when the log can no longer be written, with a text for the operator. */
  readonly onWarning?: (message: string) => void;
  /** Told once when it can be written again. */
  readonly onRecovery?: (message: string) => void;
  /** Rows are kept so long, ms; 0 keeps none. Default 7 days. */
  readonly keepMs?: number;
  /** The file's size, bytes; 0 keeps no rows. Default 1 GB. */
  readonly keepBytes?: number;
  /** Takes secrets out of targets. Default: those that everybody's words tell. */
  readonly redact?: Redactor;
  /** With more, requests answered by 1xx to 3xx are left out and counted. Default 5,000. */
  readonly rowsPerSecond?: number;
  /** Rows that may wait for the worker; with more, requests are left out and counted. Default 16,384. */
  readonly queueRows?: number;
  /** How long a log that cannot be written rests before the next try, ms. Default 10,000. */
  readonly retryMs?: number;
  /** How long the worker waits for another process that holds the file, ms. Default 2,000. */
  readonly busyTimeoutMs?: number;
}

/** What became of the requests since the start. */
export interface LogCounters {
  /** Rows on their way. */
  readonly queued: number;
  /** Rows in the file. */
  readonly written: number;
  /** Left out because there were too many a second. */
  readonly sampled: number;
  /** Left out because the queue was full or the file could not be written. */
  readonly dropped: number;
}
