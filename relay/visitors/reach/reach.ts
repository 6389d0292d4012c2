/** Where visitors and agents find a relay, from where the question comes. @module */

/** Bound addresses, `host:port` or `unix:/path`, and what the operator says the public one is. */
export interface Listening {
  readonly http: readonly string[];
  readonly https: readonly string[];
  readonly tunnel: readonly string[];
  readonly tunnelTls: readonly string[];
  readonly publicUrl: URL | undefined;
}

export interface Asked {
  /** The host by which the relay was reached, without its port; "" where it is not known. */
  readonly host: string;
}

/**
 * What agents dial: `tls://relay.example:8443`, `relay.example:8021`; null where they cannot from there. Over TLS where
 * the relay offers that. What is bound to this machine alone is for those only who asked from it.
 */
export function agentAddress(listening: Listening, { host }: Asked): string | null {
  const { publicUrl, tunnel, tunnelTls } = listening;
  const far = [publicUrl?.hostname, host].find((one) => one && !isLoopbackHost(one));
  const offers = [
    ...tunnelTls.map((address) => ({ scheme: "tls://", address })),
    ...tunnel.map((address) => ({ scheme: "", address })),
  ].filter(({ address }) => !address.startsWith("unix:"));
  const open = offers.find(({ address }) => !isLoopbackHost(hostOf(address)));
  if (open !== undefined) {
    const bound = hostOf(open.address);
    const own = isEveryInterface(bound) ? ownAddress() ?? "127.0.0.1" : bound;
    return `${open.scheme}${far ?? own}${open.address.slice(bound.length)}`;
  }
  const [own] = offers;
  return own === undefined || far !== undefined ? null : own.scheme + own.address;
}

/** Where visitors come: the operator's word, else over TLS where the relay offers that. Without a slash at its end. */
export function visitorsOrigin(
  listening: Pick<Listening, "https" | "publicUrl">,
  { scheme, authority }: { readonly scheme: "http" | "https"; readonly authority: string },
): string {
  const { publicUrl } = listening;
  if (publicUrl !== undefined) return publicUrl.origin;
  const host = authority.replace(/:\d*$/, "");
  const port = scheme === "https" ? undefined : securePort(listening, { host });
  if (port === undefined) return `${scheme}://${authority}`;
  return `https://${host}${port === 443 ? "" : `:${port}`}`;
}

/** The port that visitors who come by `host` use, and whether over TLS. */
export function visitorsPort(
  listening: Pick<Listening, "http" | "https">,
  asked: Asked,
): { readonly port: number; readonly secure: boolean } {
  const secure = securePort(listening, asked);
  if (secure !== undefined) return { port: secure, secure: true };
  const plain = portOf(listening.http, asked.host) ?? portOf(listening.http, "");
  if (plain !== undefined) return { port: plain, secure: false };
  return { port: portOf(listening.https, "") ?? 80, secure: listening.https.length > 0 };
}

/** The port of `--https` for who asked for `host`; undefined where there is none, or only for this machine. */
export function securePort(
  { https }: Pick<Listening, "https">,
  { host }: Asked,
): number | undefined {
  return portOf(https, host);
}

function portOf(addresses: readonly string[], host: string): number | undefined {
  const isHere = host === "" || isLoopbackHost(host);
  const tcp = addresses.filter((address) => !address.startsWith("unix:"));
  const found = tcp.find((address) => !isLoopbackHost(hostOf(address))) ??
    (isHere ? tcp[0] : undefined);
  return found === undefined ? undefined : Number(/\d+$/.exec(found)![0]);
}

/** `[::1]` of `[::1]:8021`. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}

function isEveryInterface(host: string): boolean {
  return host === "0.0.0.0" || host === "[::]";
}

/** A name or address that means this machine to everybody who uses it; brackets and case do not matter. */
export function isLoopbackHost(host: string): boolean {
  return /^(127\.[\d.]+|\[?::1\]?|([a-z0-9-]+\.)*localhost)$/i.test(host);
}

/** An address by which others in the same network reach this machine. */
function ownAddress(): string | undefined {
  const all = Deno.networkInterfaces().filter(({ address }) =>
    !isLoopbackHost(address) && !/^(fe80:|169\.254\.)/i.test(address)
  );
  const best = all.find(({ family }) => family === "IPv4") ?? all[0];
  return best?.family === "IPv6" ? `[${best.address}]` : best?.address;
}
