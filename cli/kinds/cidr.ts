/** Blocks of IP addresses, and the peers a relay may be told to trust. @module */

import type { Kind } from "./kinds.ts";
import { BadValue, quote } from "../terminal/mod.ts";

/** A block of addresses. IPv4 is kept as IPv6 (`::ffff:a.b.c.d`), as a dual-stack listener reports it. */
export interface Cidr {
  readonly kind: "cidr";
  /** As it was written. */
  readonly text: string;
  /** The 16 bytes of its first address. */
  readonly bytes: Uint8Array;
  /** How many leading bits of `bytes` count: 96 more than written for IPv4. */
  readonly bits: number;
}

/** Peers whose `Forwarded` fields are believed: a block of addresses, or all who come by a Unix socket. */
export type TrustedPeer = Cidr | { readonly kind: "unix" };

function parseIpv4(text: string): Uint8Array | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const bytes = new Uint8Array(16);
  bytes.fill(255, 10, 12);
  for (let i = 0; i < 4; i++) {
    const part = match[i + 1]!;
    // A leading zero is octal to some readers and decimal to others: no address.
    if (Number(part) > 255 || (part.length > 1 && part.startsWith("0"))) return undefined;
    bytes[12 + i] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let source = text;
  if (tail !== null) {
    const v4 = parseIpv4(tail[2]!);
    if (v4 === undefined) return undefined;
    source = `${tail[1]}${(v4[12]! << 8 | v4[13]!).toString(16)}:${
      (v4[14]! << 8 | v4[15]!).toString(16)
    }`;
  }
  const halves = source.split("::");
  if (halves.length > 2) return undefined;
  const [head, rest] = halves.map((half) => half === "" ? [] : half.split(":"));
  const count = head!.length + (rest?.length ?? 0);
  if (rest === undefined ? count !== 8 : count > 7) return undefined;
  const groups = [...head!, ...Array(8 - count).fill("0"), ...(rest ?? [])];
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 8; i++) {
    if (!/^[0-9a-f]{1,4}$/i.test(groups[i])) return undefined;
    const value = parseInt(groups[i], 16);
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value & 255;
  }
  return bytes;
}

/** The 16 bytes of an address, IPv4 as `::ffff:a.b.c.d`; a zone (`%eth0`) is ignored; undefined for anything else. */
export function parseIp(text: string): Uint8Array | undefined {
  if (text.length > 80) return undefined;
  if (!text.includes(":")) return parseIpv4(text);
  const zone = text.indexOf("%");
  return parseIpv6(zone < 0 ? text : text.slice(0, zone));
}

/** True where the address (16 bytes of `parseIp`) lies in the block. */
export function inCidr(block: Cidr, address: Uint8Array): boolean {
  const whole = block.bits >> 3;
  for (let i = 0; i < whole; i++) if (block.bytes[i] !== address[i]) return false;
  const left = block.bits & 7;
  return left === 0 || (block.bytes[whole]! ^ address[whole]!) >> (8 - left) === 0;
}

/** True for 127.0.0.0/8 and ::1, as text; false for what is no address. */
export function isLoopbackText(address: string): boolean {
  const bytes = parseIp(address);
  return bytes !== undefined && isLoopback(bytes);
}

/** True for 127.0.0.0/8 and ::1 (16 bytes of `parseIp`). */
export function isLoopback(address: Uint8Array): boolean {
  return inCidr(LOOPBACK_4, address) || inCidr(LOOPBACK_6, address);
}

/** `10.0.0.0/8`, `2001:db8::/32` or one address. @throws {BadValue} */
export function parseCidr(text: string): Cidr {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const bytes = address.includes("%") ? undefined : parseIp(address);
  const v4 = !address.includes(":");
  const longest = v4 ? 32 : 128;
  const length = slash < 0 ? String(longest) : text.slice(slash + 1);
  if (bytes === undefined || !/^\d{1,3}$/.test(length) || Number(length) > longest) {
    throw new BadValue(`must be an address block like 10.0.0.0/8 or fd00::/8, not ${quote(text)}`);
  }
  const bits = Number(length) + (v4 ? 96 : 0);
  for (let bit = bits; bit < 128; bit++) {
    if ((bytes[bit >> 3]! >> (7 - (bit & 7)) & 1) === 1) {
      throw new BadValue(`has bits beyond the /${length} of ${quote(text)}; ${address} alone?`);
    }
  }
  return { kind: "cidr", text, bytes, bits };
}

const LOOPBACK_4 = parseCidr("127.0.0.0/8");
const LOOPBACK_6 = parseCidr("::1");

/** A block of addresses, or `unix` for all who come by a Unix socket. */
export const trustedPeer: Kind<TrustedPeer> = {
  placeholder: "CIDR|unix",
  completes: ["unix", "127.0.0.1", "10.0.0.0/8"],
  parse: (text) => text.toLowerCase() === "unix" ? { kind: "unix" } : parseCidr(text),
};
