/** What the relay knows of a visitor's connection, worked out once and kept from request to request. @module */

import { type Connection, Field, type Head, type ServerExchange } from "../../http/mod.ts";
import type { OwnHosts } from "./reach/mod.ts";
import { isNear } from "./heads/mod.ts";
import type { Router, Site } from "./router.ts";
import type { Told, TrustedProxies } from "./trusted_proxies.ts";

const encoder = new TextEncoder();
/** All that a trusted proxy says of a request. */
const TELLING = [
  Field["x-forwarded-for"],
  Field.forwarded,
  Field["x-forwarded-proto"],
  Field["x-forwarded-host"],
] as const;

/** Kept as the connection's context. Of a trusted proxy's connection it is who asks now: they change. */
export class Visitor {
  /** The peer is a trusted proxy. */
  readonly proxied: boolean;
  /** This request counts as one of its address's connections. */
  counted = false;

  readonly #proxies: TrustedProxies;
  readonly #connection: Connection;
  readonly #peer: string;
  readonly #peerScheme: "http" | "https";
  readonly #port: number;
  #address: string;
  #isNear: boolean;
  #scheme: "http" | "https";
  #authority: string | null = null;
  #host: string | undefined;
  #site: Site = null;
  #forwarding: Uint8Array = new Uint8Array(0);
  /** What the proxy said last. */
  #said: string | null = null;
  /** The host is one of ours. */
  #isWelcome = false;

  constructor({ connection, head }: ServerExchange, proxies: TrustedProxies) {
    const { remote, local, secure } = connection;
    this.#connection = connection;
    this.#proxies = proxies;
    this.#address = this.#peer = remote.address;
    this.#isNear = isNear(remote.address);
    this.#scheme = this.#peerScheme = secure ? "https" : "http";
    this.#port = local.port;
    this.proxied = proxies.trusts(remote.address);
    if (!this.proxied) proxies.notice(remote.address, head);
  }

  /** That of the connection by which `exchange` came. */
  static of(exchange: ServerExchange, proxies: TrustedProxies): Visitor {
    const { context } = exchange;
    if (context instanceof Visitor) return context;
    return exchange.context = new Visitor(exchange, proxies);
  }

  /** Makes everything for this request; nearly always it is as for the last one. */
  turnTo(head: Head, router: Router): void {
    const { authority } = head;
    if (this.proxied) this.#listen(head, authority, router);
    else if (authority !== this.#authority) this.#set(authority, [], router);
  }

  /** Why this request's host is refused; null where it is ours. */
  refusal(head: Head, hosts: OwnHosts): string | null {
    if (this.#isWelcome) return null;
    const refusal = hosts.refusal(head, {
      connection: this.#connection,
      proxied: this.proxied,
      authority: this.authority,
      scheme: this.#scheme,
    });
    this.#isWelcome = refusal === null;
    return refusal;
  }

  #listen(head: Head, own: string, router: Router): void {
    const said = [own, ...TELLING.map((field) => head.getAll(field).join(","))].join("\n");
    if (said === this.#said) return;
    this.#said = said;
    const told: Told = this.#proxies.read(head, this.#peer);
    this.#address = told.address;
    this.#isNear = isNear(told.address);
    this.#scheme = told.scheme ?? this.#peerScheme;
    this.#host = told.authority === own ? undefined : told.authority;
    this.#set(told.authority ?? own, told.via, router);
  }

  #set(authority: string, via: readonly string[], router: Router): void {
    this.#isWelcome = false;
    this.#authority = authority;
    this.#site = router.site(authority);
    const scheme = this.#scheme;
    const port = /:(\d+)$/.exec(authority)?.[1] ??
      (authority === "" ? String(this.#port) : scheme === "https" ? "443" : "80");
    const host = authority.replace(/[^\x21-\x7e]/g, "");
    const chain = [this.#address, ...via];
    // Who comes by a Unix socket has no address; as the only one there is, it is called by the socket's name.
    const listed = chain.filter((address, i) => i === 0 || address !== "unix");
    const further = via.map((address) => `, for=${nodeOf(address)}`).join("");
    this.#forwarding = encoder.encode(
      `X-Forwarded-For: ${listed.join(", ")}\r\nX-Real-IP: ${this.#address}\r\n` +
        `X-Forwarded-Proto: ${scheme}\r\n` +
        `X-Forwarded-Host: ${host}\r\nX-Forwarded-Port: ${port}\r\n` +
        `Forwarded: for=${nodeOf(this.#address)};host="${host}";proto=${scheme}${further}\r\n`,
    );
  }

  /** Address of who asks, by a trusted proxy's word where there is one; "unix" by a Unix socket. */
  get address(): string {
    return this.#address;
  }

  /** The visitor is on this machine or in a network like ours. */
  get isNear(): boolean {
    return this.#isNear;
  }

  get site(): Site {
    return this.#site;
  }

  /** `host:port` that was asked for: Host, or what a trusted proxy says it was. "" without either. */
  get authority(): string {
    return this.#authority ?? "";
  }

  /** The same where it is not what Host says. */
  get host(): string | undefined {
    return this.#host;
  }

  /** The lines that tell an agent who asked, and how. */
  get forwarding(): Uint8Array {
    return this.#forwarding;
  }

  get scheme(): "http" | "https" {
    return this.#scheme;
  }
}

/** A node of RFC 7239 section 6. */
function nodeOf(address: string): string {
  return address === "unix" ? "_unix" : address.includes(":") ? `"[${address}]"` : address;
}
