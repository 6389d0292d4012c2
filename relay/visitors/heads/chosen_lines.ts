/** Copies chosen lines of a head; for what is rare, as the usual way moves runs of lines in place. @module */

import type { Head } from "../../../http/mod.ts";

/** The lines whose index `choose` takes, whole and in their order. */
export function chosenLines(head: Head, choose: (index: number) => boolean): Uint8Array {
  const lines: Uint8Array[] = [];
  let size = 0;
  for (let i = 0; i < head.count; i++) {
    if (!choose(i)) continue;
    const line = head.bytes.subarray(head.lineStart(i), head.lineEnd(i));
    lines.push(line);
    size += line.length;
  }
  const chosen = new Uint8Array(size);
  let at = 0;
  for (const line of lines) {
    chosen.set(line, at);
    at += line.length;
  }
  return chosen;
}
