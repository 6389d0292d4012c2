/** What the request log needs to know of one request; kept as the exchange's tag. @module */

export interface RequestRecord {
  /** The public name, "" where the request was for none. */
  readonly name: string;
  /** Whose name that is, "" for an unknown one. */
  readonly account: string;
  /** Id of the agent that answered, "" where none did. */
  readonly agentId: string;
  readonly method: string;
  /** As the visitor sent it. */
  readonly target: string;
  /** `performance.now()` when the request's head was there, and when the answer's was: 0 before. */
  readonly began: number;
  readonly firstByte: number;
}
