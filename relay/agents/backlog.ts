/** Bounds what waits for agents that read too little: for each account, and for the whole relay. @module */

import { unwatch, watch, type Watched } from "../../http/mod.ts";
import type { Session, SessionEnd } from "../../tunnel/mod.ts";
import type { ConnectedAgent } from "./connected_agent.ts";

/** Bytes that may wait for the agents of one account, and for all. */
const ACCOUNT = 32 << 20;
const RELAY = 128 << 20;

const STALLED: SessionEnd = {
  code: "peer-stalled",
  message: "too much waits for the agents of this account, which read too little",
};

export interface BacklogOptions {
  readonly agents: () => Iterable<ConnectedAgent>;
  readonly account?: number;
  readonly relay?: number;
}

/** Looks after it from its making until it is disposed. */
export class BacklogKeeper implements Watched, Disposable {
  readonly #options: Required<BacklogOptions>;

  constructor(options: BacklogOptions) {
    this.#options = { account: ACCOUNT, relay: RELAY, ...options };
    watch(this);
  }

  /** Ends the connections for which most waits, of the account for whose agents most waits, until the rest is little enough. */
  tick(): void {
    const accounts = new Map<string, { waiting: number; sessions: Session[] }>();
    let total = 0;
    for (const { facts, sessions } of this.#options.agents()) {
      for (const session of sessions) {
        const { queued } = session.outgoing;
        if (queued === 0) continue;
        total += queued;
        const account = accounts.get(facts.account) ?? { waiting: 0, sessions: [] };
        account.waiting += queued;
        account.sessions.push(session);
        accounts.set(facts.account, account);
      }
    }
    const busiest = [...accounts.values()].sort((a, b) => b.waiting - a.waiting);
    for (const account of busiest) {
      account.sessions.sort((a, b) => b.outgoing.queued - a.outgoing.queued);
      for (const session of account.sessions) {
        if (account.waiting <= this.#options.account && total <= this.#options.relay) break;
        account.waiting -= session.outgoing.queued;
        total -= session.outgoing.queued;
        session.cut(STALLED);
      }
    }
  }

  [Symbol.dispose](): void {
    unwatch(this);
  }
}
