/** Decides who answers a request: one of our own pages, a name's agent, or none. @module */

import { KEYED } from "./heads/mod.ts";
import { foldName } from "../store/mod.ts";

/** What the router found. */
export type Route =
  /** One of our own pages; `segment` is the first segment as it was written. */
  | { readonly kind: "own"; readonly segment: string }
  /**
   * A name's agent. `target` is what the agent gets, `base` what stands before it in public, and `key` a page's key
   * that stood between the two, "" without one.
   */
  | {
    readonly kind: "name";
    readonly name: string;
    readonly mode: "path" | "subdomain";
    readonly base: string;
    readonly key: string;
    readonly target: string;
  }
  | { readonly kind: "redirect"; readonly location: string }
  | { readonly kind: "refuse"; readonly status: 400 | 404; readonly detail: string };

/** First segments that are ours on hosts that are no name's. */
export const OWN_SEGMENTS: ReadonlySet<string> = new Set([
  "",
  "admin",
  "api",
  "metrics",
  "healthz",
  "readyz",
  "download",
  "install.sh",
  "install.ps1",
  "static",
  ".well-known",
  "favicon.ico",
  "robots.txt",
]);

export interface RouterOptions {
  /** Names are subdomains of this one, too. */
  readonly domain: string;
  /** Begins and ends with a slash. */
  readonly prefix: string;
}

/** Where a host leads: to a name, or to ourselves. */
export type Site = { readonly name: string; readonly host: string } | null;

export class Router {
  readonly #suffix: string;
  readonly #prefix: string;

  constructor({ domain, prefix }: RouterOptions) {
    this.#suffix = "." + domain.toLowerCase();
    this.#prefix = prefix;
  }

  /** The site of a request's authority (`host:port` in any case, with or without a last dot). */
  site(authority: string): Site {
    const host = authority.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
    if (!host.endsWith(this.#suffix)) return null;
    const label = host.slice(0, -this.#suffix.length);
    // Names with _ have no subdomain; what is no name is refused, and never falls to another tenant.
    return { name: label.includes("_") ? "" : foldName(label) ?? "", host };
  }

  /** @param target in origin-form, as it came. */
  route(site: Site, target: string): Route {
    if (site !== null) return this.#subdomain(site.name, target);
    const plain = this.#plain(target);
    if (plain !== null) return plain;
    return this.#careful(target);
  }

  #subdomain(name: string, target: string): Route {
    if (name === "") return { kind: "refuse", status: 404, detail: "There is no such name here." };
    const { segments } = normalise(pathOf(target));
    if (segments[0] === ".well-known" && segments[1] === "acme-challenge") {
      return { kind: "own", segment: ".well-known" };
    }
    return { kind: "name", name, mode: "subdomain", base: "", key: "", target };
  }

  /** Paths whose first segment can only mean one thing: no escapes in it, no dot segments after it. */
  #plain(target: string): Route | null {
    const prefix = this.#prefix;
    if (!target.startsWith(prefix)) return null;
    let end = prefix.length;
    while (end < target.length && isNameByte(target.charCodeAt(end))) end++;
    const next = target.charCodeAt(end);
    if (end === prefix.length || (end < target.length && next !== SLASH && next !== QUESTION)) {
      return null;
    }
    const segment = target.slice(prefix.length, end);
    if (prefix === "/" && OWN_SEGMENTS.has(segment)) return null;
    if (SUSPICIOUS.test(target)) return null;
    return this.#name(segment, target, end);
  }

  #name(segment: string, target: string, end: number): Route {
    const name = foldName(segment);
    // Folding can make one of our own segments: `/ADMIN` is refused.
    if (name === undefined || OWN_SEGMENTS.has(name)) {
      return { kind: "refuse", status: 404, detail: "There is no such name here." };
    }
    if (target.charCodeAt(end) !== SLASH) {
      return { kind: "redirect", location: `${this.#prefix}${name}/${target.slice(end)}` };
    }
    const key = target.charCodeAt(end + 1) === EXCLAMATION
      ? KEYED.exec(target.slice(end, end + MAX_KEYED))?.[1] ?? ""
      : "";
    return {
      kind: "name",
      name,
      mode: "path",
      base: this.#prefix + name,
      key,
      target: target.slice(key === "" ? end : end + 1 + key.length),
    };
  }

  /** Everything else: decided on the decoded segments with dot segments removed, and only where all readings agree. */
  #careful(target: string): Route {
    const path = pathOf(target);
    const { segments, lowest } = normalise(path);
    const own = segments[0] ?? "";
    const written = /^\/([^/?]*)/.exec(target)?.[1];
    if (OWN_SEGMENTS.has(own.toLowerCase())) {
      // Ours only when written plainly, and when nothing on the way leaves it.
      if (written === own && (lowest > 0 || path === "/")) return { kind: "own", segment: own };
      return { kind: "refuse", status: 404, detail: "There is nothing at this address." };
    }
    const nothing = {
      kind: "refuse",
      status: 404,
      detail: "There is nothing at this address.",
    } as const;
    const prefix = this.#prefix;
    if (!target.startsWith(prefix)) {
      return path + "/" === prefix ? { kind: "redirect", location: prefix } : nothing;
    }
    const depth = prefix.split("/").length - 1;
    const segment = segments[depth - 1];
    const end = target.slice(prefix.length).search(/[/?]|$/) + prefix.length;
    if (segment === undefined || segment !== target.slice(prefix.length, end)) return nothing;
    const route = this.#name(segment, target, end);
    // Dot segments may wander within the name, never out of it; nor out of a key, which the agent does not get.
    const least = route.kind === "name" && route.key !== "" ? depth + 1 : depth;
    return lowest < least ? nothing : route;
  }
}

/** Dot segments, backslashes, and escapes that could hide them or a slash. */
const SUSPICIOUS = /\/\.|\\|%(?:2[ef5]|5c)/i;
const SLASH = 47;
const QUESTION = 63;
const EXCLAMATION = 33;
/** A key with the slashes around it. */
const MAX_KEYED = 14;

function isNameByte(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57) || byte === 45 || byte === 95 ||
    (byte >= 65 && byte <= 90);
}

function pathOf(target: string): string {
  const question = target.indexOf("?");
  return question < 0 ? target : target.slice(0, question);
}

/**
 * The segments of a path as the most generous reader would see them: decoded (twice, if need be), backslashes and
 * encoded slashes as slashes, dot segments removed. `lowest` is how near the root the way went after its first
 * segment: 0 when it left it.
 */
function normalise(path: string): { segments: string[]; lowest: number } {
  let text = path;
  for (let i = 0; i < 3; i++) {
    const decoded = text.replace(
      /%([0-9a-f]{2})/gi,
      (_, hex) => String.fromCharCode(parseInt(hex, 16)),
    );
    if (decoded === text) break;
    text = decoded;
  }
  const segments: string[] = [];
  let lowest = Infinity;
  for (const segment of text.split(/[/\\]/)) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") {
      segments.pop();
      lowest = Math.min(lowest, segments.length);
    } else {
      segments.push(segment);
    }
  }
  return { segments, lowest };
}
