/** Waiting for a name that another agent publishes: the capability `wait`, its fields and its frame. @module */

/** An agent offers it in HELLO, a relay confirms it in CHALLENGE. */
export const WAIT = "wait";

/**
 * What an agent does about a name that another agent of its account publishes. `take`: it was started just now,
 * it takes the name over. `keep`: it had the name until it lost the relay. `wait`: it was replaced, or waits already.
 */
export type Claim = "take" | "keep" | "wait";

/** An agent's claim to its names, and who it is. */
export interface Place {
  readonly claim: Claim;
  /** The same in all sessions of one process, and in no other's; "" where it does not say. */
  readonly instance: string;
  /** Tells people which process it is: `pid 4711`. */
  readonly label: string;
  /** How long it waits already, in ms. */
  readonly waited: number;
}

/** Who publishes a name for which another agent waits. */
export interface Holder {
  readonly address: string;
  readonly label: string;
  /** For how long it has been connected, in ms. */
  readonly connected: number;
}

/** Whose turn it is: the name's to whom this is told, unless another agent holds it. */
export interface Turn {
  readonly name: string;
  /** Null: none does, and the name is kept for who had it before the relay started. */
  readonly holder?: Holder | null;
}

type Message = Record<string, unknown>;

const CLAIMS: ReadonlySet<unknown> = new Set(["take", "keep", "wait"]);
const MOST_TEXT = 64;

/** An agent that says nothing of it takes over, and counts as a process of its own. What is wrong counts as missing. */
export function readPlace(message: Message): Place {
  const { claim, instance, label, waited } = message;
  return {
    claim: CLAIMS.has(claim) ? claim as Claim : "take",
    instance: shortText(instance),
    label: shortText(label),
    waited: duration(waited),
  };
}

/** What a TURN frame, or an entry of WELCOME's `waiting`, says; undefined where it names no name. */
export function readTurn(message: Message): Turn | undefined {
  const name = shortText(message.name);
  if (name === "") return undefined;
  const { holder } = message;
  if (holder === undefined) return { name };
  if (typeof holder !== "object" || holder === null) return { name, holder: null };
  const { address, label, connected } = holder as Message;
  return {
    name,
    holder: {
      address: shortText(address),
      label: shortText(label),
      connected: duration(connected),
    },
  };
}

function shortText(value: unknown): string {
  return typeof value === "string" && value.length <= MOST_TEXT ? value : "";
}

function duration(value: unknown): number {
  return typeof value === "number" && value >= 0 ? value : 0;
}
