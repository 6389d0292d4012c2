/** Field lines of HTTP messages that options add, replace or take out. @module */

import type { Kind } from "./kinds.ts";
import { BadValue, hasControl, quote } from "../terminal/mod.ts";

/** A field line of a message: `X-From: crunch`. */
export interface FieldLine {
  readonly name: string;
  /** Without white space around it; may be empty. */
  readonly value: string;
}

/** What frames a message, routes it or is about one hop: it belongs to the connection that it goes over. */
const FRAMING: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function parseName(text: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,256}$/i.test(text)) {
    throw new BadValue(`must have a field name of letters, digits and dashes, not ${quote(text)}`);
  }
  const lower = text.toLowerCase();
  if (lower === "host") {
    throw new BadValue("cannot change Host, which routes the message; see --host-header");
  }
  if (FRAMING.has(lower)) {
    throw new BadValue(`cannot change ${text}, which belongs to the framing of the message`);
  }
  return text;
}

/** A field and its value: `Name: value`. Messages leave the value out: it may be a password. */
export const fieldLine: Kind<FieldLine> = {
  placeholder: "'N: v'",
  parse(text) {
    const colon = text.indexOf(":");
    if (colon < 0) throw new BadValue("must be a field and its value like 'X-From: crunch'");
    const name = parseName(text.slice(0, colon));
    const value = text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    if (hasControl(value)) {
      throw new BadValue(`holds a control character in the value of ${name}`);
    }
    if (value.length > 8192) {
      throw new BadValue(`has a value of more than 8192 characters for ${name}`);
    }
    return { name, value };
  },
};

/** The name of a field. */
export const fieldName: Kind<string> = { placeholder: "N", parse: parseName };
