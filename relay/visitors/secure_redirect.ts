/** Sends who reads pages over plain HTTP to the same page over TLS, where the relay offers both. @module */

import { Field, type ServerExchange } from "../../http/mod.ts";
import { type Listening, securePort } from "./reach/mod.ts";
import type { Route } from "./router.ts";
import type { Visitor } from "./visitor.ts";

/**
 * Own pages that stay: what other machines and programs ask for, which follow no redirect or do not know our
 * certificate. A script that a shell reads must never be an empty answer; the addresses in it are https ones.
 */
const STAYING: ReadonlySet<string> = new Set([
  ".well-known",
  "healthz",
  "readyz",
  "metrics",
  "api",
  "install.sh",
  "install.ps1",
  "robots.txt",
]);

export class SecureRedirect {
  readonly #listening: () => Listening;

  constructor(listening: () => Listening) {
    this.#listening = listening;
  }

  /**
   * Where a request should have gone; null where it is answered as it is: it came over TLS, as far as we or a proxy
   * know; it is no GET or HEAD, or asks for another protocol; the operator says that the public address is plain; or
   * nobody could get there.
   */
  location(
    { head, connection }: Pick<ServerExchange, "head" | "connection">,
    visitor: Visitor,
    route: Route,
  ): string | null {
    if (visitor.scheme === "https" || route.kind === "refuse") return null;
    if (route.kind === "own" && STAYING.has(route.segment)) return null;
    if (head.method !== "GET" && head.method !== "HEAD") return null;
    if (head.has(Field.upgrade) || /https/i.test(head.get(Field["x-forwarded-proto"]) ?? "")) {
      return null;
    }
    // A Unix socket is a proxy's, which decides that itself.
    if (connection.local.port === 0) return null;
    const listening = this.#listening();
    const { publicUrl } = listening;
    if (publicUrl?.protocol === "http:") return null;
    if (publicUrl !== undefined && visitor.site === null) return publicUrl.origin + head.target;
    const [, host] = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d*)?$/i.exec(visitor.authority) ?? [];
    if (host === undefined) return null;
    const port = publicUrl === undefined ? securePort(listening, { host }) : publicUrl.port;
    if (port === undefined) return null;
    return `https://${host}${port === 443 || port === "" ? "" : `:${port}`}${head.target}`;
  }
}
