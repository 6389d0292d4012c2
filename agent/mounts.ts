/** Decides by its path which origin answers a request. @module */

import { answerProblem, type Exchange, Field, type Handler } from "../http/mod.ts";
import {
  BAD_PATH,
  decodeSegment,
  encodeSegment,
  NOT_FOUND,
  redirectTo,
  type Refuse,
  safeBase,
} from "./files/mod.ts";
import type { Origin } from "./origin.ts";

/** An origin and the path below which it answers. */
export interface Mount {
  /** `/` or `/docs/`, decoded; slashes at its ends may be left out. */
  readonly mount: string;
  readonly origin: Origin;
}

/** How mounts answer where no origin does. */
export interface MountsOptions {
  /**
   * Who hands the requests in sets X-Forwarded-Prefix (a relay does, and replaces a visitor's own): it stands in
   * front of the mounts in redirects and pages. Default false.
   */
  readonly forwardedPrefix?: boolean;
  /** Answers with an error. Default `answerProblem`. */
  readonly refuse?: Refuse;
}

/** A mount, its path taken apart. */
interface Place extends Mount {
  readonly names: readonly string[];
  /** The path encoded, without a slash at its end. */
  readonly base: string;
}

/** The origins of one agent by their paths. They end with it. */
export class Mounts implements Disposable {
  /** Longest path first. */
  readonly #places: readonly Place[];
  /** The only mount there is, when that is `/`. */
  readonly #single: Place | undefined;
  readonly #forwardedPrefix: boolean;
  readonly #refuse: Refuse;

  /** @throws {TypeError} for a path that no request can have, and for two mounts with one path. */
  constructor(mounts: readonly Mount[], options: MountsOptions = {}) {
    this.#places = mounts.map(placeOf).sort((a, b) => b.names.length - a.names.length);
    const paths = this.#places.map((place) => place.base);
    const twice = paths.find((path, index) => paths.indexOf(path) !== index);
    if (twice !== undefined) throw new TypeError(`Two mounts have the path ${twice}/`);
    this.#single = this.#places.length === 1 && paths[0] === "" ? this.#places[0] : undefined;
    this.#forwardedPrefix = options.forwardedPrefix ?? false;
    this.#refuse = options.refuse ?? answerProblem;
  }

  /** Answers an exchange through the origin that its path belongs to. */
  readonly handle: Handler = (exchange: Exchange): void => {
    const { head } = exchange;
    const target = head.target;
    if (target.charCodeAt(0) !== 47) return this.#answerPathless(exchange, target);
    const question = target.indexOf("?");
    const path = question < 0 ? target : target.slice(0, question);
    const prefix = this.#forwardedPrefix ? head.get(Field["x-forwarded-prefix"]) ?? "" : "";
    if (this.#single !== undefined) return this.#single.origin.handle(exchange, path, prefix);
    for (const place of this.#places) {
      const rest = restBelow(path, place);
      if (rest === undefined) continue;
      if (rest !== "") return place.origin.handle(exchange, rest, prefix + place.base);
      return redirectTo(exchange, `${safeBase(prefix)}${place.base}/`);
    }
    this.#refuse(exchange, NOT_FOUND);
  };

  /** `OPTIONS *` asks after the server itself; no other target can do without a path. */
  #answerPathless(exchange: Exchange, target: string): void {
    if (target !== "*" || exchange.head.method !== "OPTIONS") {
      return this.#refuse(exchange, BAD_PATH);
    }
    exchange.respond(204, ALLOW_FIELD, null, -1);
  }

  /** Ends all origins. */
  [Symbol.dispose](): void {
    for (const { origin } of this.#places) origin[Symbol.dispose]();
  }
}

const ALLOW_FIELD = new TextEncoder().encode("Allow: GET, HEAD, OPTIONS\r\n");

function placeOf({ mount, origin }: Mount): Place {
  const path = mount.replace(/^\/|\/$/g, "");
  const names = mount === "" || mount === "/" ? [] : path.split("/");
  for (const name of names) {
    if (/^\.{0,2}$|[/\\\0]/.test(name) || !name.isWellFormed()) {
      throw new TypeError(`Cannot mount at ${mount}: ${JSON.stringify(name)} is no name in a path`);
    }
  }
  return { mount, origin, names, base: names.map((name) => `/${encodeSegment(name)}`).join("") };
}

/**
 * What of `path` lies below the mount, "" for the mount's path without its slash, undefined for a path elsewhere. Names are
 * compared decoded: `/%64ocs/` is `/docs/`.
 */
function restBelow(path: string, { names, base }: Place): string | undefined {
  if (path.startsWith(base)) {
    if (path.length === base.length) return names.length === 0 ? undefined : "";
    if (path.charCodeAt(base.length) === 47) return base === "" ? path : path.slice(base.length);
  }
  if (!path.includes("%") && base.indexOf("%") < 0) return undefined;
  let at = 0;
  for (const name of names) {
    if (path.charCodeAt(at) !== 47) return undefined;
    const slash = path.indexOf("/", at + 1);
    const end = slash < 0 ? path.length : slash;
    if (decodeSegment(path.slice(at + 1, end)) !== name) return undefined;
    at = end;
  }
  return path.slice(at);
}
