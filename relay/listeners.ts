/** Everything a relay listens on, opened together or not at all. @module */

import type { Address, Log } from "../cli/mod.ts";
import {
  CertificateFiles,
  type Connection,
  listen,
  type Listener,
  type ListenOptions,
  listenTls,
} from "../http/mod.ts";

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
      await listeners.close();
      throw error;
    }
  }

  async #open(options: ListenersOptions): Promise<void> {
    const { log } = options;
    const common = (onconnection: (connection: Connection) => void): ListenOptions => ({
      onconnection,
      onwarning: (text) => log.warn(text),
      onbroken: (error) => log.error("a listener broke", { error }),
    });
    for (const address of options.http) {
      this.http.push(await listen(address, common(options.onvisitor)));
    }
    for (const address of options.tunnel) {
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
    for (const address of options.https) {
      this.https.push(await listenTls(address, { ...common(options.onvisitor), certificates }));
    }
    for (const address of options.tunnelTls) {
      this.tunnelTls.push(await listenTls(address, { ...common(options.onagent), certificates }));
    }
  }

  get #all(): Listener[] {
    return [...this.http, ...this.https, ...this.tunnel, ...this.tunnelTls, ...this.admin];
  }

  /** Stops accepting. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((listener) => listener.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** `[::]:8080` as an address that this machine can dial. */
export function dialable(address: string): string {
  return address.replace(/^\[::\]:|^0\.0\.0\.0:/, "127.0.0.1:");
}

/** Whether an address can be reached from this machine only. */
export function isLoopbackAddress(address: Address): boolean {
  return address.transport === "unix" || /^(127\.|\[?::1\]?$|localhost$)/.test(address.hostname);
}
