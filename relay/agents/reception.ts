/** Takes the connections of agents, and sees to it that each signs in, or goes. @module */

import { type Connection, Places } from "../../http/mod.ts";
import type { Change } from "../store/mod.ts";
import { AgentSignIn, type SignInOptions } from "./agent_sign_in.ts";
import { HelloPace } from "./hello_pace.ts";
import { Rights } from "./rights.ts";

export class Reception {
  readonly #options: SignInOptions;
  readonly #rights: Rights;
  readonly #pace = new HelloPace();
  readonly #signIns: Places<AgentSignIn>;
  #closed = false;

  constructor(options: SignInOptions) {
    this.#options = options;
    // Beyond it the oldest of the busiest address goes.
    this.#signIns = new Places(() => options.settings.current.maxPendingAgents);
    this.#rights = new Rights(options.store);
  }

  /** Ends the sessions that a change has deprived of their right. */
  judge(change: Change): void {
    this.#rights.judge(change);
  }

  /** Agents that have not signed in yet. */
  get pending(): number {
    return this.#signIns.size;
  }

  /** Takes a connection on which an agent may sign in. */
  accept(connection: Connection): void {
    if (this.#closed) return connection.close();
    const { address } = connection.remote;
    const signIn = new AgentSignIn(this.#options, {
      connection,
      rights: this.#rights,
      pace: this.#pace,
      done: () => this.#signIns.leave(signIn, address),
    });
    const pushedOut = this.#signIns.take(signIn, address);
    if (pushedOut === null) return;
    this.#options.failures.add("agent too-many");
    pushedOut.drop();
  }

  /** Sends away who has not signed in yet. */
  close(): void {
    this.#closed = true;
    for (const signIn of this.#signIns.all()) {
      signIn.refuse({ code: "shutdown", message: "the relay stops" });
    }
  }
}
