/** Which trailers pass, in either direction. @module */

import { OTHER_FIELD, parseHead } from "../../../http/mod.ts";
import { chosenLines } from "./chosen_lines.ts";

/**
 * Whole trailer lines without those that recipients act on. Framing, routing, cookies and types have no place in
 * trailers (RFC 9110 section 6.5.1), yet a recipient that merges them into the head would believe them.
 * @throws {HttpError} for what are no lines; servers and sessions let none through.
 */
export function passableTrailers(lines: Uint8Array): Uint8Array {
  if (lines.length === 0) return lines;
  const section = new Uint8Array(lines.length + 2);
  section.set(lines);
  section.set([13, 10], lines.length);
  const head = parseHead(section, "trailers", {
    head: section.length,
    target: 0,
    fields: Infinity,
  });
  return chosenLines(head, (index) => head.number(index) === OTHER_FIELD);
}
