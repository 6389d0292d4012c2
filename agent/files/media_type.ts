/** The media type that goes with a file's name. @module */

// @ts-types="./std_content_type.d.ts"
import { contentType } from "@std/media_types/content_type.js";

/** What is said of files whose extension nobody knows: browsers download them. */
const UNKNOWN = "application/octet-stream";

/** Value of Content-Type for a file of this name; text carries `charset=utf-8`. */
export function mediaType(name: string): string {
  const dot = name.lastIndexOf(".");
  if (dot < 0 || dot === name.length - 1) return UNKNOWN;
  const type = contentType(name.slice(dot)) ?? UNKNOWN;
  return type.replace("charset=UTF-8", "charset=utf-8");
}
