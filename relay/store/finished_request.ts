/** One visitor's request to a name, as it is told when it is over: to the log, the counters and the spans. @module */

export interface FinishedRequest {
  /** The id that the answer carried. */
  readonly id: string;
  /** The public name, and whose it is: "" for an unknown name. */
  readonly name: string;
  readonly account: string;
  /** Id of the agent that was asked, "" where none was. */
  readonly agent: string;
  /** Address of the visitor. */
  readonly visitor: string;
  readonly method: string;
  /** As the visitor sent it, secrets included. */
  readonly target: string;
  /** 0 where the visitor left before there was an answer. */
  readonly status: number;
  /** Bytes of bodies. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** When it was over, in ms since 1970. */
  readonly ended: number;
  /** How long it took, in ms; and how long until the answer began, -1 where none did. */
  readonly ms: number;
  readonly ttfbMs: number;
}
