/** A file as it is answered: its validators, its field lines as ready bytes, and the content of a small one. @module */

import { createHash } from "node:crypto";
import { coarseDate, coarseNow, formatHttpDate, giveBuffer, takeBuffer } from "../../http/mod.ts";
import { fileType, SAMPLE } from "./media_type.ts";
import type { OpenFile, Signature } from "./open_file.ts";

/** Up to this size contents are kept. */
export const SMALL_FILE: number = 64 << 10;
/** Up to this size the ETag is a hash of the content (0.6 ms of CPU at most); above, it is made of size and times. */
export const HASHED_FILE: number = 1 << 20;
/** Two changes of a file closer together than this may show the same times. */
const YOUNG = 2_000;
/** ctime is known in whole seconds only. */
const CTIME_GRAIN = 1_000;

/**
 * A copy is good once it was asked about: without a word browsers and proxies keep a file for a tenth of its age (RFC
 * 9111 section 4.2.2), and an edited one is not seen.
 */
const ALWAYS = "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n";
const encoder = new TextEncoder();

/** One state of one file. Nothing in it changes but `verified`, `used` and `seen`. */
export interface Entry extends Signature {
  /** Where the file lies, without any symlink in the path. */
  readonly path: string;
  /** Its ETag without `W/`, in its quotes. */
  readonly tag: string;
  /** The ETag is weak: another content may come under the same one. */
  readonly weak: boolean;
  /** Last-Modified in ms, on a whole second, never in the future; NaN where there is none. */
  readonly modified: number;
  /** Content-Type and -Encoding, ETag, Last-Modified, Accept-Ranges, Cache-Control and nosniff. */
  readonly fields: Uint8Array;
  /** What a 304 says. */
  readonly unmodifiedFields: Uint8Array;
  /** The content of a small file. */
  readonly content: Uint8Array | null;
  /** May be used again: a later change cannot go unseen. */
  readonly lasting: boolean;
  /** When it was last made sure that the public path still leads here (coarse ms). */
  verified: number;
  /** Used since the cache last looked. */
  used: boolean;
  /** In which run it was last held against its file; see `Runs`. */
  seen: number;
}

/** Under which name a file is answered, and since when. */
export interface EntryOrigin {
  /** Where the file lies, without any symlink in the path. */
  readonly path: string;
  /** The name it was asked by, which decides its type. */
  readonly name: string;
  /** The time in ms of before the file was opened. */
  readonly now: number;
}

/** Makes the entry of an open file. Null when it became shorter while it was read. */
export function readEntry(file: OpenFile, { path, name, now }: EntryOrigin): Entry | null {
  let content: Uint8Array<ArrayBuffer> | null = null;
  let tag: string;
  let weak = false;
  let lasting: boolean;
  if (file.size <= HASHED_FILE) {
    const small = file.size <= SMALL_FILE;
    const buffer = small ? new Uint8Array(file.size) : takeBuffer(file.size);
    const bytes = small ? buffer : buffer.subarray(0, file.size);
    const whole = file.readFully(bytes, 0);
    tag = whole ? `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"` : "";
    if (small) content = buffer;
    else giveBuffer(buffer);
    if (!whole) return null;
    // A change gives a file the time of the system's clock as ctime. As long as that may still be the one
    // that we know, the file is read each time.
    lasting = Math.abs(now - (file.ctime || file.mtime)) > YOUNG + CTIME_GRAIN;
  } else {
    weak = Math.abs(now - file.mtime) < YOUNG;
    const state = [file.mtime, file.size, file.ino, file.ctime / 1000];
    // The weak one of a young file must not be like the strong one that it gets later.
    tag = `"${weak ? "young-" : ""}${state.map((part) => part.toString(36)).join("-")}"`;
    lasting = !weak;
  }
  const modified = modifiedAt(file, Math.min(now, coarseDate()));
  const date = formatHttpDate(modified);
  const { type, encoding } = fileType(name, () => {
    const sample = new Uint8Array(Math.min(SAMPLE, file.size));
    return file.readFully(sample, 0) ? sample : new Uint8Array(0);
  });
  const etag = `ETag: ${weak ? "W/" : ""}${tag}\r\n`;
  return {
    dev: file.dev,
    ino: file.ino,
    size: file.size,
    mtime: file.mtime,
    ctime: file.ctime,
    path,
    tag,
    weak,
    modified: date === undefined ? NaN : modified,
    fields: encoder.encode(
      `Content-Type: ${type}\r\n${encoding === "" ? "" : `Content-Encoding: ${encoding}\r\n`}` +
        etag +
        (date === undefined ? "" : `Last-Modified: ${date}\r\n`) +
        `Accept-Ranges: bytes\r\n${ALWAYS}`,
    ),
    unmodifiedFields: encoder.encode(etag + ALWAYS),
    content,
    lasting,
    verified: coarseNow(),
    used: false,
    seen: -1,
  };
}

/** A time in the future is answered with that of the last change to the file's data about itself, which is a real one. */
function modifiedAt(file: Signature, now: number): number {
  if (file.mtime === 0 && file.ctime === 0) return NaN;
  const time = file.mtime <= now ? file.mtime : Math.min(file.ctime, now);
  return Math.floor(time / 1000) * 1000;
}
