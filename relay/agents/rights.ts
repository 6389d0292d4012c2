/** Judges what agents' connections are here by: at every change that can end it, and when its time is over. @module */

import type { Session, SessionEnd } from "../../tunnel/mod.ts";
import type { ConnectedAgent } from "./connected_agent.ts";
import type { Action, Change, Grant, Lapse, Store } from "../store/mod.ts";

/** Clocks are set while one waits: an end is looked for at least so often, ms. */
const LONGEST_WAIT = 60_000;

/** What can take a right away. */
const TAKING: ReadonlySet<Action> = new Set<Action>([
  ...["account.update", "account.password", "account.remove"] as const,
  ...["token.revoke", "name.remove", "name.transfer"] as const,
]);

interface Admitted {
  readonly session: Session;
  readonly agent: ConnectedAgent;
  readonly grant: Grant;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class Rights {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #byAccount = new Map<string, Map<Session, Admitted>>();

  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** From now on `session` is here as a connection of `agent`, by `grant`. */
  admit(session: Session, agent: ConnectedAgent, grant: Grant): void {
    const { account } = agent.facts;
    const admitted: Admitted = { session, agent, grant, timer: undefined };
    const sessions = this.#byAccount.get(account);
    if (sessions === undefined) this.#byAccount.set(account, new Map([[session, admitted]]));
    else sessions.set(session, admitted);
    this.#awaitEnd(admitted);
  }

  /** The session has ended. */
  forget(session: Session, agent: ConnectedAgent): void {
    const { account } = agent.facts;
    const sessions = this.#byAccount.get(account);
    clearTimeout(sessions?.get(session)?.timer);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byAccount.delete(account);
  }

  /** Whether the agent is the account's with that id: another one may have had the same name. */
  isOf(agent: ConnectedAgent, account: number): boolean {
    const sessions = this.#byAccount.get(agent.facts.account);
    return agent.sessions.every((session) => sessions?.get(session)?.grant.account === account);
  }

  /** A session that a change has deprived of its right ends at once. */
  judge({ action, account }: Change): void {
    if (!TAKING.has(action)) return;
    const admitted = [...this.#byAccount.get(account)?.values() ?? []];
    for (const one of admitted) this.#judge(one);
    if (action !== "name.remove" && action !== "name.transfer") return;
    for (const agent of new Set(admitted.map(({ agent }) => agent))) {
      const end = this.#lostName(agent);
      if (end !== undefined) agent.close(end);
    }
  }

  #judge({ session, grant, agent }: Admitted): void {
    const lapse = this.#store.grants.lapseOf(grant);
    if (lapse === undefined) return;
    session.close({ code: "disabled", message: reasonOf(lapse, agent.facts.account) });
  }

  #lostName({ facts: { account, names } }: ConnectedAgent): SessionEnd | undefined {
    for (const name of names) {
      const owner = this.#store.names.ownerOf(name)?.account;
      if (owner === account) continue;
      const message = owner === undefined
        ? `the name ${name} was taken away`
        : `the name ${name} was given to the account ${owner}`;
      return { code: "disabled", message };
    }
    return undefined;
  }

  #awaitEnd(admitted: Admitted): void {
    const end = this.#store.grants.endOf(admitted.grant);
    if (end === null) return;
    const left = end - this.#now();
    if (left <= 0) return this.#judge(admitted);
    admitted.timer = setTimeout(() => this.#awaitEnd(admitted), Math.min(left, LONGEST_WAIT));
  }
}

function reasonOf(lapse: Lapse, account: string): string {
  switch (lapse) {
    case "removed":
      return `the account ${account} was removed`;
    case "disabled":
      return `the account ${account} was disabled`;
    case "password":
      return `the account ${account} has a new password`;
    case "expired":
      return "the token has expired";
    case "token":
      return "the token was revoked";
    case "role":
    case "session":
      return "it was signed out";
  }
}
