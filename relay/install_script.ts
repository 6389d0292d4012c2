/** The scripts at `/install.sh` and `/install.ps1`, which install crunch from this relay. @module */

/** Where visitors and agents find this relay, as far as a request tells. */
export interface Whereabouts {
  /** `https://relay.example`, without a slash at its end. */
  readonly base: string;
  /** What agents dial: `relay.example:8021`, `tls://relay.example:8022`; null where they cannot from there. */
  readonly agents: string | null;
}

/** What stands in the script's quotes; neither shell sees anything special in these. */
const HARMLESS = /^[A-Za-z0-9 ,;:._/[\]-]*$/;

/** What the operator has to do so that there are downloads. */
export const NO_DOWNLOADS = "this relay offers no downloads yet; its operator starts it with " +
  "--downloads DIR, where DIR holds the files that deno task release makes";

/**
 * Fills in a script.
 * @param offered whether there are downloads; without them the script says what the operator has to do.
 * @throws {TypeError} for an address that a shell could take for a command.
 */
export function installScript(
  template: string,
  { base, agents }: Whereabouts,
  offered: boolean,
): string {
  const values: Record<string, string> = {
    base,
    relay: agents ?? "",
    problem: offered ? "" : NO_DOWNLOADS,
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name) => {
    const value = values[name] ?? "";
    if (!HARMLESS.test(value)) throw new TypeError(`Cannot write ${value} into a script`);
    return value;
  });
}

/** What a relay is asked for, and where it listens. */
export interface Listening {
  /** `https:` or `http:`. */
  readonly scheme: string;
  /** `host:port` that the visitor asked for. */
  readonly authority: string;
  readonly publicUrl: URL | undefined;
  /** Bound addresses for agents, `host:port` or `unix:/path`. */
  readonly tunnel: readonly string[];
  readonly tunnelTls: readonly string[];
}

/** Undefined where the visitor asked for something that is no address. */
export function whereabouts(listening: Listening): Whereabouts | undefined {
  const { scheme, authority, publicUrl, tunnel, tunnelTls } = listening;
  const base = publicUrl?.origin ?? `${scheme}//${authority}`;
  const host = /^https?:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.exec(base)?.[1];
  if (host === undefined) return undefined;
  const dialable = (address: string): string | undefined => {
    const port = /:(\d+)$/.exec(address)?.[1];
    if (address.startsWith("unix:") || port === undefined) return undefined;
    // Agents elsewhere do not reach what is bound to this machine alone.
    return isLoopback(address.slice(0, -port.length - 1)) && !isLoopback(host)
      ? undefined
      : `${host}:${port}`;
  };
  const secure = tunnelTls.map(dialable).find((address) => address !== undefined);
  const plain = tunnel.map(dialable).find((address) => address !== undefined);
  return { base, agents: secure === undefined ? plain ?? null : `tls://${secure}` };
}

function isLoopback(host: string): boolean {
  return /^(127\.[\d.]+|\[?::1\]?|([a-z0-9-]+\.)*localhost)$/i.test(host);
}
