/** Everything a relay listens on, opened together or not at all. @module */

import { type Address, covers, type Log } from "../../cli/mod.ts";
import {
  CertificateFiles,
  type Connection,
  listen,
  type Listener,
  ListenError,
  type ListenOptions,
  listenTls,
} from "../../http/mod.ts";

export interface ListenersOptions {
  readonly http: readonly Address[];
  readonly https: readonly Address[];
  readonly tunnel: readonly Address[];
  readonly tunnelTls: readonly Address[];
  readonly admin: Address | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly log: Log;
  readonly onvisitor: (connection: Connection) => void;
  readonly onagent: (connection: Connection) => void;
  readonly onadmin: (connection: Connection) => void;
}

export class Listeners implements AsyncDisposable {
  readonly http: Listener[] = [];
  readonly https: Listener[] = [];
  readonly tunnel: Listener[] = [];
  readonly tunnelTls: Listener[] = [];
  readonly admin: Listener[] = [];

  /** @throws {ListenError} and closes again what was open. */
  static async open(options: ListenersOptions): Promise<Listeners> {
    const listeners = new Listeners();
    try {
      await listeners.#open(options);
      return listeners;
    } catch (error) {
      const ours = error instanceof ListenError && listeners.#has(error.address);
      await listeners.close();
      if (!ours) throw error;
      const why = "another address of these options means the same; leave one of the two out";
      throw new ListenError("failed", error.address, why, { cause: error });
    }
  }

  async #open(options: ListenersOptions): Promise<void> {
    const { log } = options;
    const common = (onconnection: (connection: Connection) => void): ListenOptions => ({
      onconnection,
      onwarning: (text) => log.warn(text),
      onbroken: (error) => log.error("a listener broke", { error }),
    });
    for (const address of widest(options.http)) {
      this.http.push(await listen(address, common(options.onvisitor)));
    }
    for (const address of widest(options.tunnel)) {
      this.tunnel.push(await listen(address, common(options.onagent)));
    }
    if (options.admin !== undefined) {
      this.admin.push(await listen(options.admin, common(options.onadmin)));
    }
    if (options.https.length + options.tunnelTls.length === 0) return;
    if (options.tlsCert === undefined || options.tlsKey === undefined) {
      throw new TypeError("Cannot listen with TLS: tlsCert and tlsKey are missing");
    }
    const certificates = new CertificateFiles({
      certificate: options.tlsCert,
      key: options.tlsKey,
      onwarning: (text) => log.warn(text),
      oninfo: (text) => log.info(text),
    });
    for (const address of widest(options.https)) {
      this.https.push(await listenTls(address, { ...common(options.onvisitor), certificates }));
    }
    for (const address of widest(options.tunnelTls)) {
      this.tunnelTls.push(await listenTls(address, { ...common(options.onagent), certificates }));
    }
  }

  get #all(): Listener[] {
    return [...this.http, ...this.https, ...this.tunnel, ...this.tunnelTls, ...this.admin];
  }

  /** Whether the port of an address that cannot be had is our own: `localhost` is also `127.0.0.1`. */
  #has(address: string): boolean {
    const port = Number(/\d+$/.exec(address)?.[0]);
    return port > 0 && this.#all.some((listener) => listener.port === port);
  }

  /** Stops accepting. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((listener) => listener.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Without what another one of them takes as well. */
function widest(addresses: readonly Address[]): Address[] {
  return addresses.filter((address) => !addresses.some((other) => covers(other, address)));
}

/** `[::]:8080` as an address that this machine can dial. */
export function dialable(address: string): string {
  return address.replace(/^\[::\]:|^0\.0\.0\.0:/, "127.0.0.1:");
}
