/** The first bytes of a session: they tell an agent or a relay from other programs that connected or were dialled. @module */

import { Frame, PREFACE } from "./frame.ts";

/** Whether `bytes[start, end)` is the preface: all of it, a part of it, or something else. */
export function readPreface(
  bytes: Uint8Array,
  start: number,
  end: number,
): "whole" | "part" | "foreign" {
  const size = Math.min(PREFACE.length, end - start);
  for (let i = 0; i < size; i++) if (bytes[start + i] !== PREFACE[i]) return "foreign";
  return size < PREFACE.length ? "part" : "whole";
}

/** What an agent has dialled, by the first byte of the answer; null for a relay, which begins with CHALLENGE or REFUSED. */
export function recognizeForeign(first: number): string | null {
  switch (first) {
    case Frame.CHALLENGE:
    case Frame.REFUSED:
      return null;
    case 0x15: // a TLS alert
      return "the relay speaks TLS on this port: dial it as tls://";
    case 0x48: // the H of HTTP/1.1; TLS ports answer so too
      return "an HTTP server answers on this port, not a relay's tunnel";
    default:
      return "what answers on this port is not a relay's tunnel port";
  }
}
