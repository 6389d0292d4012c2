/** Knows by which hosts this relay is asked for, and refuses others: a page can bring its own host's name here (DNS rebinding). @module */

import { isLoopback, isLoopbackText, type Log, parseIp } from "../../../cli/mod.ts";
import type { Connection, Head } from "../../../http/mod.ts";
import type { LiveSettings } from "../../store/mod.ts";
import { type Listening, visitorsOrigin } from "./reach.ts";

export interface OwnHostsOptions {
  readonly settings: LiveSettings<"domain" | "publicUrl">;
  /** Where visitors come over TLS: that is then the address to have. */
  readonly listening?: () => Pick<Listening, "https">;
  readonly log: Log;
  /** Addresses of this machine. */
  readonly interfaces?: () => readonly string[];
}

/** What is known of a request besides its head. */
export interface Arrival {
  readonly connection: Pick<Connection, "local" | "remote" | "secure">;
  /** The peer is a trusted proxy. */
  readonly proxied: boolean;
  /** `host:port` that was asked for, by the proxy's word where it is one; "" where none was said. */
  readonly authority: string;
  readonly scheme: "http" | "https";
}

/** The machine's addresses may change; they are looked up again when one is asked for that was not there, at most so often (ms). */
const REFRESH = 5_000;

export class OwnHosts {
  readonly #options: OwnHostsOptions;
  readonly #suffix: string;
  readonly #interfaces: () => readonly string[];
  #addresses: ReadonlySet<string> = new Set();
  #lookedUp = -Infinity;
  #warned = false;

  constructor(options: OwnHostsOptions) {
    this.#options = options;
    this.#suffix = `.${options.settings.current.domain.toLowerCase()}`;
    this.#interfaces = options.interfaces ??
      (() => Deno.networkInterfaces().map(({ address }) => address));
  }

  /**
   * Why a request is refused; null where it is for us. What a trusted proxy passes is, unless the proxy is on this
   * machine: so are browsers, and their pages could say the same. A Unix socket takes no browser, and a certificate
   * that is good for a stranger's host is not ours: only who comes by the loopback is asked there.
   */
  refusal(head: Head, arrival: Arrival): string | null {
    const { connection: { local, remote, secure }, proxied, authority, scheme } = arrival;
    if (local.address === "unix") return null;
    const isFromHere = isLoopbackText(remote.address);
    if (proxied && !isFromHere) return null;
    const isInner = isLoopbackText(local.address);
    if (secure && !isInner) return null;
    const unknown = [head.authority, authority].find((one) => !this.#knows(one, isInner));
    return unknown === undefined ? null : this.#explain(unknown, scheme);
  }

  /** Whether visitors may ask for `host`, without a port. */
  knows(host: string): boolean {
    return this.#knows(host.includes(":") ? `[${host}]` : host, false);
  }

  /** An agent reached us by a host that visitors are refused at: the address that it prints will not work. */
  notice(host: string, port: number): void {
    this.#warn(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`, "http");
  }

  #knows(authority: string, isInner: boolean): boolean {
    const host = authority.replace(/:\d*$/, "").replace(/^\[|\]$|\.$/g, "").toLowerCase();
    if (host === "" || host === "localhost" || host.endsWith(".localhost")) return true;
    const { domain, publicUrl } = this.#options.settings.current;
    if (host === domain.toLowerCase() || host.endsWith(this.#suffix)) return true;
    if (host === publicUrl?.hostname.replace(/^\[|\]$|\.$/g, "")) return true;
    const bytes = parseIp(host);
    if (bytes === undefined) return false;
    return isLoopback(bytes) || (!isInner && this.#isOwnAddress(String(bytes)));
  }

  #isOwnAddress(bytes: string): boolean {
    const now = performance.now();
    if (!this.#addresses.has(bytes) && now - this.#lookedUp > REFRESH) {
      this.#lookedUp = now;
      this.#addresses = new Set(this.#interfaces().map((address) => String(parseIp(address))));
    }
    return this.#addresses.has(bytes);
  }

  #explain(authority: string, scheme: "http" | "https"): string {
    this.#warn(authority, scheme);
    return `${authority} is none of this relay's hosts. If it should be, start the relay with ${
      this.#advice(authority, scheme)
    }.`;
  }

  #warn(authority: string, scheme: "http" | "https"): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.log.warn(
      `visitors who ask for ${
        printable(authority)
      } are refused, as it is none of this relay's hosts; ` +
        `if it should be, add ${this.#advice(printable(authority), scheme)}`,
    );
  }

  #advice(authority: string, scheme: "http" | "https"): string {
    const { https } = this.#options.listening?.() ?? { https: [] };
    const origin = visitorsOrigin({ https, publicUrl: undefined }, { scheme, authority });
    return `--public-url ${origin}`;
  }
}

function printable(authority: string): string {
  return authority.replace(/[^\x21-\x7e]/g, "?");
}
