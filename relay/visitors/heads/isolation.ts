/** Keeps what agents answer away from the relay's own origin and from each other, where no agent can weaken it. @module */

/** Cookies of this prefix are the relay's: they never reach an agent, and no agent can set one. */
export const OWN_COOKIE = "crunch";

/**
 * What an answer on a path URL gets besides its own policy. Windows that it opens are outside of the sandbox, as PDFs
 * and other sites need it; what is in them has the policy of its own address. When this changes, so must `Mark`.
 */
export const SANDBOX = "Content-Security-Policy: sandbox allow-scripts allow-forms allow-popups " +
  "allow-popups-to-escape-sandbox allow-modals allow-downloads\r\n";

/** A media type as browsers agree on it. What ends in xml is a document that may hold scripts (RFC 7303 section 4.2). */
const INERT =
  /^[ \t]*(?:(?:image|audio|video|font)\/(?![\w.+-]*xml)[\w.+-]+|application\/(?:pdf|json|javascript|font-woff2?|x-font-\w+|vnd\.ms-fontobject|manifest\+json)|text\/(?:css|javascript|plain))[ \t]*(?:;|$)/i;
/** Whether a media type can run nothing in a browser that does not sniff: it needs no sandbox. */
export function isInert(contentType: string): boolean {
  // A list is not a type that browsers agree on.
  return !contentType.includes(",") && INERT.test(contentType);
}

/**
 * A Set-Cookie value as it may pass on a path URL: under the name's own path, without Domain; null to drop it. Without
 * Priority too: when a jar is full, browsers throw out what has least of it, and ours is to stay.
 * @param base `/alice`, without a slash at its end.
 */
export function confineCookie(value: string, base: string): string | null {
  const [pair = "", ...attributes] = value.split(";");
  if (!isPassable(pair)) return null;
  let path = "";
  const kept: string[] = [];
  for (const attribute of attributes) {
    const [key = "", ...rest] = attribute.split("=");
    const name = key.trim().toLowerCase();
    if (name === "path") path = rest.join("=").trim();
    else if (name !== "domain" && name !== "priority") kept.push(attribute);
  }
  const own = path === base || path.startsWith(base + "/")
    ? path.slice(base.length)
    : path.startsWith("/")
    ? path
    : "/";
  return `${pair};${kept.map((attribute) => attribute + ";").join("")} Path=${base}${
    own === "" ? "/" : own
  }`;
}

/**
 * The same on a subdomain: a Domain above its own host drops it, and a name of ours.
 * @param host `alice.example.org`
 */
export function confineSubdomainCookie(value: string, host: string): string | null {
  const [pair = "", ...attributes] = value.split(";");
  if (isOwnPair(pair)) return null;
  let hasPriority = false;
  for (const attribute of attributes) {
    const [key = "", ...rest] = attribute.split("=");
    const name = key.trim().toLowerCase();
    hasPriority ||= name === "priority";
    if (name !== "domain") continue;
    const domain = rest.join("=").trim().toLowerCase().replace(/^\./, "");
    if (domain !== "" && domain !== host && !domain.endsWith("." + host)) return null;
  }
  if (!hasPriority) return value;
  return [
    pair,
    ...attributes.filter((attribute) => !/^[ \t]*priority[ \t]*(?:=|$)/i.test(attribute)),
  ]
    .join(";");
}

/** The same for an account that is trusted: all but names of ours. */
export function confineTrustedCookie(value: string): string | null {
  return isOwnPair(value.split(";", 1)[0]!) ? null : value;
}

/** Whether a browser would take it for a cookie of ours, or send it back as one. */
function isOwnPair(pair: string): boolean {
  const equals = pair.indexOf("=");
  // A cookie without a name is sent back as its value.
  const name = (equals > 0 && pair.slice(0, equals).trim() !== "" ? pair.slice(0, equals) : pair)
    .replace(/^[=\s]+/, "").trim().toLowerCase();
  return name.startsWith(OWN_COOKIE) || name.startsWith("__host-" + OWN_COOKIE);
}

/** Not ours, not one whose prefix promises what a path URL cannot keep, and not one without a name. */
function isPassable(pair: string): boolean {
  const equals = pair.indexOf("=");
  if (equals < 0) return false;
  const name = pair.slice(0, equals).trim().toLowerCase();
  return name !== "" && !name.startsWith("__") && !name.startsWith(OWN_COOKIE);
}

/** A Cookie value without our own cookies; "" where nothing is left. */
export function withoutOwnCookies(value: string): string {
  return value.split(";").filter((pair) => {
    const name = pair.split("=", 1)[0]!.trim().toLowerCase();
    return !name.startsWith(OWN_COOKIE) && !name.startsWith("__host-" + OWN_COOKIE);
  }).join(";").trim();
}

/** Cookies that one answer may set, and that a browser may have of one name: it keeps some 180 of a host in all. */
const MOST_IN_ANSWER = 20;
const MOST_OF_NAME = 50;

/** Counts what an answer sets, beside what the visitor's browser has of the name already. */
export class CookieCount {
  readonly #held: ReadonlySet<string>;
  #set = 0;
  #fresh = 0;

  /** @param cookies of the request, as one list. */
  constructor(cookies: string) {
    this.#held = new Set(cookies.split(";").map(nameOf).filter((name) => name !== ""));
  }

  /** Whether one more, a Set-Cookie value, may pass. */
  admits(value: string): boolean {
    if (this.#set >= MOST_IN_ANSWER) return false;
    const isFresh = !this.#held.has(nameOf(value.split(";", 1)[0]!));
    if (isFresh && this.#held.size + this.#fresh >= MOST_OF_NAME) return false;
    this.#set++;
    if (isFresh) this.#fresh++;
    return true;
  }
}

function nameOf(pair: string): string {
  return pair.split("=", 1)[0]!.trim();
}
