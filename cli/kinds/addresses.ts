/** Where to listen, where to dial, and the URLs and hosts an option can name. @module */

import type { Kind } from "./kinds.ts";
import { locatePath, type Place } from "../files/mod.ts";
import { BadValue, hasControl, quote } from "../terminal/mod.ts";

/** Where something listens; fits `Deno.listen`. `::` takes IPv4 as well, where the machine has IPv6. */
export type Address =
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

/** Where an agent dials. */
export interface DialAddress {
  readonly transport: "tcp" | "tls";
  readonly hostname: string;
  readonly port: number;
}

/** The port that agents use where none is said. */
export const TUNNEL_PORT = 8021;

/** sun_path holds 108 bytes with its NUL on Linux, 104 on macOS. */
const LONGEST_SOCKET = 103;

function parsePort(text: string, whole: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65535)) {
    throw new BadValue(`has no port from 0 to 65535 in ${quote(whole)}`);
  }
  return port;
}

const HOST = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?$/i;

function parseHost(text: string, whole: string): string {
  if (HOST.test(text)) return text.toLowerCase();
  throw new BadValue(`has no usable host in ${quote(whole)}`);
}

function parseBracketed(text: string, whole: string): string {
  // The URL parser knows IPv6 grammar; zones (fe80::1%eth0) are not part of it and are looked at apart.
  const [address = "", zone] = text.split("%", 2);
  if (/^[0-9a-f:.]{2,45}$/i.test(address) && URL.canParse(`http://[${address}]/`)) {
    if (zone === undefined) return address.toLowerCase();
    if (/^[\w.-]{1,32}$/.test(zone)) return `${address.toLowerCase()}%${zone}`;
  }
  throw new BadValue(`has no IPv6 address in the brackets of ${quote(whole)}`);
}

/** Splits `host:port`, `[v6]:port`, `host`; the port is undefined where it is missing. */
function splitHost(text: string): { hostname: string; port: number | undefined } {
  if (text.startsWith("[")) {
    const end = text.indexOf("]");
    const rest = text.slice(end + 1);
    if (end < 0 || (rest !== "" && !rest.startsWith(":"))) {
      throw new BadValue(`must be [IPv6]:port, not ${quote(text)}`);
    }
    const hostname = parseBracketed(text.slice(1, end), text);
    return { hostname, port: rest === "" ? undefined : parsePort(rest.slice(1), text) };
  }
  const parts = text.split(":");
  if (parts.length > 2) {
    throw new BadValue(`needs brackets around IPv6, like [::1]:8080, not ${quote(text)}`);
  }
  const hostname = parseHost(parts[0]!, text);
  return { hostname, port: parts.length === 1 ? undefined : parsePort(parts[1]!, text) };
}

/**
 * `host:port`, `:port` (all interfaces), `port` (127.0.0.1), `[::1]:port` or `unix:/path`.
 * Port 0 lets the system choose.
 */
export const address: Kind<Address> = {
  placeholder: "ADDR",
  locate: locateSocket,
  parse(text) {
    if (text.startsWith("unix:")) return parseSocket(text);
    if (/^\d+$/.test(text)) {
      return { transport: "tcp", hostname: "127.0.0.1", port: parsePort(text, text) };
    }
    if (text.startsWith(":") && !text.startsWith("::")) {
      return { transport: "tcp", hostname: "::", port: parsePort(text.slice(1), text) };
    }
    if (text.includes("://")) {
      throw new BadValue(`takes an address like 127.0.0.1:8080, not the URL ${quote(text)}`);
    }
    const { hostname, port } = splitHost(text.startsWith("*:") ? `[::]${text.slice(1)}` : text);
    if (port === undefined) throw new BadValue(`needs a port: ${text}:8080`);
    return { transport: "tcp", hostname, port };
  },
};

function locateSocket(text: string, place: Place): string {
  const path = /^unix:(?:\/\/(?=[/~]))?([^/].*|\/(?!\/).*)$/s.exec(text)?.[1];
  return path === undefined ? text : `unix:${locatePath(path, place)}`;
}

function parseSocket(text: string): Address {
  const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
  if (!path.startsWith("/") || hasControl(path)) {
    throw new BadValue(`must be unix: and an absolute path, not ${quote(text)}`);
  }
  if (new TextEncoder().encode(path).length > LONGEST_SOCKET) {
    throw new BadValue(`has a socket path of more than ${LONGEST_SOCKET} bytes`);
  }
  return { transport: "unix", path };
}

/** A listening address, or `off` for none at all; for options that have a default. */
export const addressOrOff: Kind<Address | null> = {
  placeholder: "ADDR",
  locate: locateSocket,
  parse: (text) => text === "off" ? null : address.parse(text),
};

/**
 * Whether who listens on `wide` gets what comes to `narrow`, too: `::` takes all addresses of this machine, IPv4 as
 * well, and `0.0.0.0` all of IPv4. The system lets no process listen on both.
 */
export function covers(wide: Address, narrow: Address): boolean {
  if (wide.transport === "unix" || narrow.transport === "unix") return false;
  if (wide.port !== narrow.port || wide.port === 0 || wide.hostname === narrow.hostname) {
    return false;
  }
  return wide.hostname === "::" ||
    (wide.hostname === "0.0.0.0" && /^[\d.]+$/.test(narrow.hostname));
}

/** Whether an address can be reached from this machine only. */
export function isLoopbackAddress(address: Address | DialAddress): boolean {
  return address.transport === "unix" || /^(127\.|\[?::1\]?$|localhost$)/.test(address.hostname);
}

/** Text of an address: `127.0.0.1:8080`, `[::1]:8080`, `unix:/path`. */
export function formatAddress(address: Address | DialAddress): string {
  if (address.transport === "unix") return `unix:${address.path}`;
  const { hostname, port } = address;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** `host:port`, `tcp://host:port` or `tls://host:port`; without a port 8021 is meant. */
export const dialAddress: Kind<DialAddress> = {
  placeholder: "ADDRESS",
  parse(text) {
    const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text);
    const scheme = match?.[1]?.toLowerCase() ?? "tcp";
    if (scheme === "http" || scheme === "https") {
      throw new BadValue(
        `takes the address that agents dial, like relay.example:${TUNNEL_PORT}, not the URL of the relay's pages`,
      );
    }
    if (scheme !== "tcp" && scheme !== "tls") {
      throw new BadValue(
        `does not know ${
          quote(`${scheme}://`)
        }; write host:port, tcp://host:port or tls://host:port`,
      );
    }
    const rest = (match?.[2] ?? text).replace(/\/$/, "");
    if (rest.startsWith("unix:") || /^:?\d+$/.test(rest)) {
      throw new BadValue(
        `needs the relay's host: relay.example:${TUNNEL_PORT}, not ${quote(text)}`,
      );
    }
    const { hostname, port } = splitHost(rest);
    if (port === 0) throw new BadValue(`cannot dial port 0 of ${quote(text)}`);
    return { transport: scheme, hostname, port: port ?? TUNNEL_PORT };
  },
};

/** `http://host` or `https://host:port`: no path, query, fragment or credentials. */
export const baseUrl: Kind<URL> = {
  placeholder: "URL",
  parse(text) {
    // The URL parser drops tabs and line breaks silently.
    const url = !hasControl(text) && URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
      throw new BadValue(`must be a URL like https://relay.example, not ${quote(text)}`);
    }
    // The value itself stays out of the message: what stands before the @ may be a password.
    if (url.username !== "" || url.password !== "") {
      throw new BadValue("must not hold a user or a password");
    }
    if (url.search !== "" || url.hash !== "" || url.pathname !== "/") {
      throw new BadValue(`must end after the host: ${url.origin}`);
    }
    return url;
  },
};

/** Where an origin listens: `http://host[:port]`, `https://host[:port]` or `unix:/path`; folded, without a slash at its end. */
export const originUrl: Kind<string> = {
  placeholder: "URL",
  locate: locateSocket,
  parse(text) {
    if (text.startsWith("unix:")) {
      const socket = parseSocket(text);
      return socket.transport === "unix" ? `unix:${socket.path}` : text;
    }
    const isHttp = /^https?:\/\//i.test(text);
    if (!isHttp || !URL.canParse(text)) {
      throw new BadValue(
        `must be a URL like http://localhost:3000, or unix:/path, not ${quote(text)}`,
      );
    }
    const url = new URL(text);
    if (url.username !== "" || url.password !== "") {
      throw new BadValue("must not hold a user or a password");
    }
    if (url.search !== "" || url.hash !== "" || url.pathname !== "/") {
      throw new BadValue(`must end after the host: ${url.origin}`);
    }
    return url.origin;
  },
};

/** What an origin gets as its Host: the visitor's, its own, or a given one. */
export const hostHeader: Kind<string> = {
  placeholder: "keep|origin|NAME",
  completes: ["keep", "origin"],
  parse(text) {
    if (text === "keep" || text === "origin") return text;
    const { hostname, port } = splitHost(text);
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    return port === undefined ? host : `${host}:${port}`;
  },
};

/** A DNS name, folded to lower case; no address, no trailing dot. */
export const domain: Kind<string> = {
  placeholder: "NAME",
  parse(text) {
    const host = text.replace(/\.$/, "");
    const label = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
    const labels = host.split(".");
    if (host.length > 253 || !labels.every((part) => label.test(part))) {
      throw new BadValue(`must be a domain like relay.example, not ${quote(text)}`);
    }
    if (/^\d+$/.test(labels.at(-1)!)) {
      throw new BadValue(`must be a domain, not the address ${quote(text)}`);
    }
    return host.toLowerCase();
  },
};
