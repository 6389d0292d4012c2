/** How large requests may be, and how long what may take, where a server listens. @module */

import { DEFAULT_HEAD_LIMITS, type HeadLimits } from "./head.ts";

/** Bounds of a server; times in ms. */
export interface ServerLimits {
  readonly head: HeadLimits;
  /** From a connection's start, or a request's first byte, to the end of its head. */
  readonly headTime: number;
  /** Between two requests. */
  readonly idle: number;
  /** Without a byte of a body that is waited for. */
  readonly bodyTime: number;
  /** Without the visitor taking a byte. */
  readonly writeStall: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  head: DEFAULT_HEAD_LIMITS,
  headTime: 10_000,
  idle: 75_000,
  bodyTime: 30_000,
  writeStall: 60_000,
};
