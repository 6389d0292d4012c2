/** Answers connections that will not be served, so that the visitor can read why. @module */

import type { Connection } from "./connection.ts";
import { statusLine } from "./status.ts";

/** So many are seen off at once; further ones are closed without a word. */
const MOST = 256;
/** How long one of them may take, in ms. */
const TIME = 2_000;
/** How much of its request is read away. */
const BYTES = 256 << 10;

const encoder = new TextEncoder();
let count = 0;

/** Answers 503 to a connection that `Admission` did not admit, and closes it. Never rejects. */
export function turnAway(connection: Connection, why: "total" | "address"): Promise<void> {
  return rejectAndClose(connection, {
    status: 503,
    detail: turnedAway(why),
    fields: "Retry-After: 5\r\n",
  });
}

/** What a visitor is told whom `Admission` did not admit. */
export function turnedAway(why: "total" | "address"): string {
  return why === "total"
    ? "Too many visitors at the moment. Try again in a few seconds."
    : "Too many connections from your address. Close some, or try again in a few seconds.";
}

/** What `rejectAndClose` answers; `fields` are whole lines. */
export interface Goodbye {
  readonly status: number;
  readonly detail: string;
  readonly fields?: string;
}

/**
 * Sends an answer to a request that was not read, then reads that request away for a moment, so that closing does
 * not reset what the visitor has not read yet. Never rejects.
 */
export async function rejectAndClose(connection: Connection, goodbye: Goodbye): Promise<void> {
  if (count >= MOST) return connection.close();
  count++;
  const timer = setTimeout(() => connection.close(), TIME);
  try {
    const answer = compose(goodbye);
    let sent = 0;
    while (sent < answer.length) sent += await connection.write(answer.subarray(sent));
    await connection.closeWrite();
    const into = new Uint8Array(4096);
    for (let got = 0; got < BYTES;) {
      const size = await connection.read(into);
      if (size === null) break;
      got += size;
    }
  } catch {
    // It left, or the time is over.
  } finally {
    clearTimeout(timer);
    connection.close();
    count--;
  }
}

function compose({ status, detail, fields = "" }: Goodbye): Uint8Array<ArrayBuffer> {
  const body = encoder.encode(`${detail}\n`);
  const head = encoder.encode(
    `Date: ${new Date().toUTCString()}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Cache-Control: no-store\r\nContent-Length: ${body.length}\r\n${fields}` +
      "Connection: close\r\n\r\n",
  );
  const line = statusLine(status);
  const all = new Uint8Array(line.length + head.length + body.length);
  all.set(line);
  all.set(head, line.length);
  all.set(body, line.length + head.length);
  return all;
}
