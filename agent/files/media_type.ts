/** The media type of a file, by its name and, where one name has two meanings, by its first bytes. @module */

// @ts-types="./std_content_type.d.ts"
import { contentType } from "@std/media_types/content_type.js";
import { isTextName } from "./text_names.ts";

/** What is said of files with an unknown extension: browsers download them. */
const UNKNOWN = "application/octet-stream";
/** Shown by every browser, and run by none. */
const TEXT = "text/plain; charset=utf-8";
const SVG = "image/svg+xml";
const MPEG = "video/mp2t";

/** Types that differ from the registry's, which knows none or one that browsers do not act on. */
const OWN: ReadonlyMap<string, string> = new Map([
  ["cjs", "text/javascript; charset=utf-8"],
  ["ipynb", "application/json; charset=utf-8"],
]);

/** What a file's name and beginning say of it. */
export interface FileType {
  /** Value of Content-Type; text carries `charset=utf-8`. */
  readonly type: string;
  /** Value of Content-Encoding; "" for none. */
  readonly encoding: "" | "gzip";
}

/** How much of a file is asked for at most: two packets of a recording. */
export const SAMPLE = 197;

/**
 * The type of a file of this name. `begin` reads its first bytes, `SAMPLE` of them or all, and is asked where the name
 * alone cannot tell.
 */
export function fileType(name: string, begin: () => Uint8Array): FileType {
  const dot = name.lastIndexOf(".");
  switch (dot < 0 ? "" : name.slice(dot + 1).toLowerCase()) {
    case "svgz":
      return { type: SVG, encoding: isGzip(begin()) ? "gzip" : "" };
    case "ts":
    case "mts":
      return plain(isTransportStream(begin()) ? MPEG : TEXT);
    default:
      return plain(mediaType(name, dot));
  }
}

function plain(type: string): FileType {
  return { type, encoding: "" };
}

function mediaType(name: string, dot: number): string {
  if (isTextName(name)) return TEXT;
  if (dot < 0 || dot === name.length - 1) return UNKNOWN;
  const extension = name.slice(dot + 1).toLowerCase();
  const type = OWN.get(extension) ?? contentType(extension) ?? UNKNOWN;
  return type.replace("charset=UTF-8", "charset=utf-8");
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * MPEG: packets of 188 bytes that begin with 0x47 and have bytes in them that no text has. Those of cameras come after
 * four bytes of time. Anything else is TypeScript.
 */
function isTransportStream(bytes: Uint8Array): boolean {
  const isSynced = (first: number, next: number) => bytes[first] === 0x47 && bytes[next] === 0x47;
  return (isSynced(0, 188) || isSynced(4, 196)) && bytes.some((byte) => byte < 9);
}
