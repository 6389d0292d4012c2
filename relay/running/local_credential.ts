/** What a relay leaves agents of its own machine, so that they need no account: address and credential, in a file. @module */

import { type LocalRelay, type Log, removeLocalRelay, writeLocalRelay } from "../../cli/mod.ts";
import { dialable, type Listeners } from "./listeners.ts";
import type { Store } from "../store/mod.ts";

/** There until it is disposed. */
export class LocalCredential implements Disposable {
  readonly #directory: string | undefined;
  readonly #log: Log;
  #path: string | null = null;
  /** What was left; null where no plain tunnel listener is. */
  left: LocalRelay | null = null;

  /** @param directory undefined leaves no file. */
  constructor(directory: string | undefined, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Makes the credential anew. A directory that cannot be written to is a warning: a relay works without it. */
  leave(listeners: Listeners, firstStart: Store["firstStart"]): void {
    const tunnel = listeners.tunnel.find(({ port }) => port > 0);
    if (tunnel === undefined) return;
    const visitors = listeners.http[0] ?? listeners.https[0];
    this.left = {
      tunnel: dialable(tunnel.address),
      http: dialable(visitors?.address ?? ""),
      credential: firstStart.renewLocal(),
      pid: Deno.pid,
    };
    if (this.#directory === undefined) return;
    try {
      this.#path = writeLocalRelay(this.#directory, this.left);
    } catch (error) {
      this.#log.warn("agents of this machine will not find this relay by themselves", {
        directory: this.#directory,
        error,
      });
    }
  }

  /** Removes the file. */
  [Symbol.dispose](): void {
    if (this.#path !== null && this.left !== null) removeLocalRelay(this.#path, this.left);
    this.#path = null;
  }
}
