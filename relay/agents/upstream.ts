/** What answers requests for a name, whatever it is: the seam between those who ask and those who answer. @module */

import type { Stream, StreamHandler } from "../../tunnel/mod.ts";

/** A request that wants a stream: told once, with a stream or with null when there was none in time. */
export interface StreamSeeker extends StreamHandler {
  onstream(stream: Stream | null): void;
  /** Bytes of memory that it holds while it waits. */
  readonly weight?: number;
}

/** Something that answers requests: an agent that is connected. */
export interface Upstream {
  /** What the request log calls it. */
  readonly id: string;
  /** Whose names it answers for. */
  readonly account: string;
  /** It has left: what is refused now is refused for that reason. */
  readonly isGone: boolean;
  /** It takes requests for an upgrade, and may answer 101. */
  readonly canUpgrade?: boolean;
  /** Finds a stream for `seeker`, now or soon. */
  request(seeker: StreamSeeker): void;
  /** The seeker waits no longer. */
  cancel(seeker: StreamSeeker): void;
  /** Bytes of bodies passed: of requests, and of answers. */
  count(bytesIn: number, bytesOut: number): void;
}
