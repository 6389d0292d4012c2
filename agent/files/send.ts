/** Sends the bytes of an open file as an answer's body, in constant memory. @module */

import { giveBuffer, takeBuffer } from "../../http/mod.ts";
import type { OpenFile } from "./open_file.ts";
import type { ActiveSend } from "./active_send.ts";

/** Up to this length bytes are read on the thread: cheaper than the way to another one (64 KiB: 7 µs). */
const READ_HERE = 256 << 10;
/** Two of these are enough for 6.5 GB/s from the page cache. */
export const WIDE_READ: number = 256 << 10;
/** For when many files are sent: two of these read 2.9 GB/s, and 1,024 pairs take 128 MiB. */
export const NARROW_READ: number = 64 << 10;

/** What to send. */
export interface SendOptions {
  readonly file: OpenFile;
  /** The first byte. */
  readonly start: number;
  /** The byte after the last one. */
  readonly end: number;
  /** `WIDE_READ` or `NARROW_READ`. */
  readonly width: number;
}

/**
 * Writes the bytes and ends the answer, which was started. Aborts it when the file became shorter, or was written over,
 * before all was sent. The file stays open. Never rejects.
 */
export async function sendFile(send: ActiveSend, options: SendOptions): Promise<void> {
  try {
    const whole = options.end - options.start <= READ_HERE
      ? await sendHere(send, options)
      : await sendAhead(send, options);
    if (send.closed) return;
    if (whole) send.exchange.end();
    else send.abort("the file changed while it was sent");
  } catch (error) {
    send.abort(`the file cannot be sent: ${(error as Error).message}`);
  }
}

/** Reads on the thread, one buffer at a time. False when the file is not what it was. */
async function sendHere(send: ActiveSend, options: SendOptions): Promise<boolean> {
  const { file, end } = options;
  const size = Math.min(options.width, end - options.start);
  const buffer = takeBuffer(size);
  for (let at = options.start; at < end;) {
    const chunk = buffer.subarray(0, Math.min(size, end - at));
    if (!file.readFully(chunk, at)) return false;
    at += chunk.length;
    if (at === end && !file.unchanged) return false;
    await send.write(chunk);
    // The writer of the bytes may still hold them: the buffer is not used again.
    if (send.closed) return false;
  }
  giveBuffer(buffer);
  return true;
}

/** Reads off the thread, the next buffer while the last one is written. False when the file is not what it was. */
async function sendAhead(send: ActiveSend, options: SendOptions): Promise<boolean> {
  const { file, end, width } = options;
  let at = options.start;
  let buffer = takeBuffer(width);
  let spare = takeBuffer(width);
  let reading = file.read(buffer, Math.min(width, end - at), at);
  try {
    for (;;) {
      const count = await reading;
      if (send.closed || count === 0) return false;
      at += count;
      if (at < end) reading = file.read(spare, Math.min(width, end - at), at);
      else if (!file.unchanged) return false;
      const written = send.write(buffer.subarray(0, count));
      if (written !== undefined) await written;
      if (send.closed) return false;
      if (at === end) return true;
      [buffer, spare] = [spare, buffer];
    }
  } finally {
    // The descriptor and the buffer are in use until then.
    await reading.catch(() => {});
    if (!send.closed) {
      giveBuffer(buffer);
      giveBuffer(spare);
    }
  }
}
