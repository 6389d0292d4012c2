/** What the relay knows of a visitor's connection, worked out once and kept from request to request. @module */

import type { ServerExchange } from "../http/mod.ts";
import type { Router, Site } from "./router.ts";

const encoder = new TextEncoder();

/** Kept as the connection's context. */
export class Visitor {
  /** Address of who asks. */
  readonly address: string;
  readonly #scheme: string;
  readonly #port: number;
  #authority: string | null = null;
  #site: Site = null;
  #forwarding: Uint8Array = new Uint8Array(0);

  constructor(exchange: ServerExchange) {
    const { remote, local, secure } = exchange.connection;
    this.address = remote.address;
    this.#scheme = secure ? "https" : "http";
    this.#port = local.port;
  }

  /** Makes site and forwarding fields for this authority; nearly always it is the last one's again. */
  turnTo(authority: string, router: Router): void {
    if (authority === this.#authority) return;
    this.#authority = authority;
    this.#site = router.site(authority);
    const port = /:(\d+)$/.exec(authority)?.[1] ??
      (authority === "" ? String(this.#port) : this.#scheme === "https" ? "443" : "80");
    const node = this.address.includes(":") ? `"[${this.address}]"` : this.address;
    const host = authority.replace(/[^\x21-\x7e]/g, "");
    this.#forwarding = encoder.encode(
      `X-Forwarded-For: ${this.address}\r\nX-Real-IP: ${this.address}\r\nX-Forwarded-Proto: ${this.#scheme}\r\n` +
        `X-Forwarded-Host: ${host}\r\nX-Forwarded-Port: ${port}\r\n` +
        `Forwarded: for=${node};host="${host}";proto=${this.#scheme}\r\n`,
    );
  }

  get site(): Site {
    return this.#site;
  }

  /** The lines that tell an agent who asked, and how. */
  get forwarding(): Uint8Array {
    return this.#forwarding;
  }

  get scheme(): string {
    return this.#scheme;
  }
}
