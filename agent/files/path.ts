/** From the path of a request to the names of directories and a file, and back to a path that is safe to send. @module */

/** A path whose every segment may be looked up. */
export interface DecodedPath {
  /** Decoded names, none of them empty, dotted or hidden. */
  readonly segments: readonly string[];
  /** The path ended with a slash: it asks for a directory. */
  readonly directory: boolean;
}

/** 400: the path can name nothing. 404: it could, but nothing that is published. */
export type PathFault = 400 | 404;

/** The one hidden name that is published, at the root only (RFC 8615). */
const WELL_KNOWN = ".well-known";
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const WINDOWS = Deno.build.os === "windows";
// A separator that came encoded, and the end of a C string.
// deno-lint-ignore no-control-regex
const NEVER_IN_A_NAME = /[/\x00]/;
/**
 * A backslash is a letter like others, but not on Windows. Where others would read it as a slash they must see no way
 * up: relays and proxies refuse such an address, whatever it means here.
 */
const BACKSLASHED_DOTS = /(?:^|\\)\.\.?(?:\\|$)/;
/** Windows reads these as drives, streams, wildcards and devices, and drops dots and spaces at the end of a name. */
const WINDOWS_NAMES =
  // deno-lint-ignore no-control-regex
  /[<>:"|?*\x00-\x1f]|[. ]$|^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)( *\..*)?$/i;

/**
 * Splits and percent-decodes, exactly once, the path of a request (as it came, without the query). `windows` refuses
 * what that system would read as something else.
 */
export function decodePath(
  path: string,
  windows: boolean = WINDOWS,
): DecodedPath | PathFault {
  if (path.charCodeAt(0) !== 47) return 400;
  const parts = path.split("/");
  const directory = parts[parts.length - 1] === "";
  const end = directory ? parts.length - 1 : parts.length;
  const segments: string[] = [];
  let hidden = false;
  for (let i = 1; i < end; i++) {
    const name = decodeSegment(parts[i]!, windows);
    if (name === null || name === "." || name === "..") return 400;
    if (windows && WINDOWS_NAMES.test(name)) return 404;
    hidden ||= name === "" || (name.startsWith(".") && !(name === WELL_KNOWN && i === 1));
    segments.push(name);
  }
  return hidden ? 404 : { segments, directory };
}

/** One decoded segment; null where it cannot be a name: bad escapes, not UTF-8, a separator or NUL inside. */
export function decodeSegment(segment: string, windows: boolean = WINDOWS): string | null {
  let name = segment;
  if (segment.includes("%")) {
    const bytes = new Uint8Array(segment.length);
    let length = 0;
    for (let i = 0; i < segment.length; i++) {
      let code = segment.charCodeAt(i);
      if (code === 37) {
        const digits = segment.slice(i + 1, i + 3);
        if (!/^[0-9a-f]{2}$/i.test(digits)) return null;
        code = parseInt(digits, 16);
        i += 2;
      }
      if (code > 255) return null;
      bytes[length++] = code;
    }
    try {
      name = utf8.decode(bytes.subarray(0, length));
    } catch {
      return null;
    }
  }
  return canBeName(name, windows) ? name : null;
}

/** A file's name as a path segment that `decodeSegment` turns into the same name again. */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name);
}

/** Whether a file of this name can be asked for at all, and is not hidden. */
export function isPublishable(name: string, windows: boolean = WINDOWS): boolean {
  return !name.startsWith(".") && canBeName(name, windows);
}

function canBeName(name: string, windows: boolean): boolean {
  if (NEVER_IN_A_NAME.test(name)) return false;
  return !name.includes("\\") || (!windows && !BACKSLASHED_DOTS.test(name));
}

/**
 * A public base (`/alice`) as it may stand in a Location or a page: "" for one that is no plain path,
 * so that no visitor is led to another host (`//host`, `/\host`).
 */
export function safeBase(base: string): string {
  return /^(?:\/[\w.~!$&'()*+,;=:@%-]+)*$/.test(base) ? base : "";
}
