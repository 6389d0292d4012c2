/** Believes the proxies in front of this relay, and no other peer, about who asks and how. @module */

import { inCidr, type Log, parseIp } from "../../cli/mod.ts";
import { Field, type Head, isLocalPeer } from "../../http/mod.ts";
import type { LiveSettings } from "../store/mod.ts";

/** What a trusted proxy says of one request. */
export interface Told {
  /** Address of the visitor. */
  readonly address: string;
  /** The trusted proxies that the request passed, the one next to us last. */
  readonly via: readonly string[];
  readonly scheme: "http" | "https" | undefined;
  /** `host:port` that the visitor asked for. */
  readonly authority: string | undefined;
}

export class TrustedProxies {
  readonly #settings: LiveSettings<"trustedProxy">;
  readonly #log: Log;
  #warned = false;

  constructor(settings: LiveSettings<"trustedProxy">, log: Log) {
    this.#settings = settings;
    this.#log = log;
  }

  /** @param address of a peer, as in `Endpoint`. */
  trusts(address: string): boolean {
    const peers = this.#settings.current.trustedProxy;
    if (peers.length === 0) return false;
    const bytes = parseIp(address);
    return peers.some((peer) =>
      peer.kind === "unix" ? address === "unix" : bytes !== undefined && inCidr(peer, bytes)
    );
  }

  /** A proxy on this machine that was not declared is reported once: its visitors would all be one. */
  notice(address: string, head: Head): void {
    if (this.#warned || !isLocalPeer(address) || !head.has(Field["x-forwarded-for"])) return;
    this.#warned = true;
    const peer = address === "unix" || address.includes(":") ? address : `${address}/32`;
    this.#log.warn(
      "a proxy on this machine sends X-Forwarded-For and is not trusted: its visitors count as this machine; " +
        `add --trusted-proxy ${peer}`,
    );
  }

  /**
   * Reads what the trusted `peer` says. One dialect counts: X-Forwarded-For, -Proto and -Host where the first of them
   * is there, else Forwarded (RFC 7239). A proxy that knows only X-Forwarded-For passes on whatever Forwarded its
   * visitors make up.
   */
  read(head: Head, peer: string): Told {
    if (!head.has(Field["x-forwarded-for"]) && head.has(Field.forwarded)) {
      return this.#readForwarded(head, peer);
    }
    const chain = listOf(head, Field["x-forwarded-for"]);
    const found = this.#findVisitor(chain, peer);
    // Proxies append to these lists, or replace them: then there is one value for the whole way.
    const pick = (values: readonly string[]) =>
      values.length === chain.length ? values[found.index] : values.at(-1);
    return {
      address: found.address,
      via: found.via,
      scheme: schemeOf(pick(listOf(head, Field["x-forwarded-proto"]))),
      authority: authorityOf(pick(listOf(head, Field["x-forwarded-host"]))),
    };
  }

  #readForwarded(head: Head, peer: string): Told {
    const elements = listOf(head, Field.forwarded).map(pairsOf);
    const found = this.#findVisitor(elements.map((pairs) => pairs.get("for") ?? ""), peer);
    const pairs = elements[found.index];
    return {
      address: found.address,
      via: found.via,
      scheme: schemeOf(pairs?.get("proto")),
      authority: authorityOf(pairs?.get("host")),
    };
  }

  /** From the right: the first address that is no trusted proxy's. What stands to its left anybody may have written. */
  #findVisitor(
    chain: readonly string[],
    peer: string,
  ): { readonly address: string; readonly via: string[]; readonly index: number } {
    const via: string[] = [];
    let address = peer;
    let index = chain.length;
    while (index > 0) {
      const next = addressOf(chain[index - 1]!);
      // A trusted proxy that hides who asked, or does not know.
      if (next === undefined) break;
      index--;
      via.unshift(address);
      address = next;
      if (!this.trusts(address)) break;
    }
    return { address, via, index: Math.min(index, chain.length - 1) };
  }
}

/** The members of a list field in all its lines; a comma within quotes does not part them. */
function listOf(head: Head, field: number): string[] {
  return head.getAll(field)
    .flatMap((line) => line.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? [])
    .map((member) => member.trim())
    .filter((member) => member !== "");
}

/** `for=192.0.2.1;proto=https` as a map; names in lower case, quotes taken off. */
function pairsOf(element: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of element.match(/(?:[^;"]|"(?:[^"\\]|\\.)*"?)+/g) ?? []) {
    const equals = pair.indexOf("=");
    if (equals < 0) continue;
    const value = pair.slice(equals + 1).trim();
    pairs.set(
      pair.slice(0, equals).trim().toLowerCase(),
      value.startsWith('"') ? value.replace(/^"|"$/g, "").replace(/\\(.)/g, "$1") : value,
    );
  }
  return pairs;
}

/** An address as it is written in logs: without port, brackets, zone and `::ffff:`; undefined for what is none. */
function addressOf(text: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\w+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ??
    text;
  const bytes = parseIp(bare);
  if (bytes === undefined) return undefined;
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 &&
    bytes[11] === 255;
  return isMapped ? bytes.subarray(12).join(".") : bare.toLowerCase().replace(/%.*/, "");
}

function schemeOf(text: string | undefined): "http" | "https" | undefined {
  switch (text?.toLowerCase()) {
    case "https":
    case "wss":
      return "https";
    case "http":
    case "ws":
      return "http";
    default:
      return undefined;
  }
}

function authorityOf(text: string | undefined): string | undefined {
  return text !== undefined &&
      /^(?:[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i.test(text)
    ? text
    : undefined;
}
