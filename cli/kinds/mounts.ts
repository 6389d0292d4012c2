/** Public names, path prefixes, and values that may be mounted at a path. @module */

import type { Kind } from "./kinds.ts";
import { exists, locatePath } from "../files/mod.ts";
import { BadValue, quote } from "../terminal/mod.ts";

// Checked before it is folded: lower-casing turns the Kelvin sign (U+212A) into an ordinary k.
const NAME = /^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/;

/** A public name, folded to lower case. Which names are reserved or taken is the relay's to say. */
export const name: Kind<string> = {
  placeholder: "NAME",
  parse(text) {
    if (!NAME.test(text)) {
      throw new BadValue(
        `must be 1 to 63 of a-z 0-9 _ - with a letter or digit at both ends, not ${quote(text)}`,
      );
    }
    const folded = text.toLowerCase();
    if (folded.startsWith("xn--")) throw new BadValue(`must not begin with xn--: ${quote(text)}`);
    return folded;
  },
};

function checkSegments(path: string): void {
  const segments = path.split("/");
  if (segments.includes("") || segments.includes(".") || segments.includes("..")) {
    throw new BadValue(`has an empty, . or .. segment in the path ${quote(path)}`);
  }
  if (/[?#\\]/.test(path)) throw new BadValue(`has ?, # or \\ in the path ${quote(path)}`);
}

/** Where path routing starts: begins and ends with a slash; `/servers` becomes `/servers/`. */
export const prefix: Kind<string> = {
  placeholder: "PATH",
  parse(text) {
    if (!text.startsWith("/")) {
      throw new BadValue(`must begin with a slash, like /servers/, not ${quote(text)}`);
    }
    const inner = text.replace(/^\//, "").replace(/\/$/, "");
    if (inner === "" && text.length <= 1) return "/";
    checkSegments(inner);
    // It is compared with the request's path byte by byte, so it must need no encoding.
    if (!/^[A-Za-z0-9/._~-]+$/.test(inner)) {
      throw new BadValue(`must be of letters, digits, . _ ~ - and slashes, not ${quote(text)}`);
    }
    return `/${inner}/`;
  },
};

/** A value and the path it is published at. */
export interface Mounted<T> {
  /** `/` or `/docs/api`: a decoded path without a slash at its end. */
  readonly mount: string;
  readonly value: T;
}

/** A path, or a name that is one, before the first `=`. In `./a=b` and `C:\\a=b` there is neither. */
const MOUNT = /^(\/[^=]*|[^=/\\?#:]+)=(.*)$/s;

/** What stands before and after the `=`; of the whole the mount is `/`. */
function takeApart(text: string): { readonly path: string; readonly rest: string } {
  const [, path, rest] = MOUNT.exec(text) ?? [];
  if (path === undefined || rest === undefined) return { path: "/", rest: text };
  const inner = path.replace(/^\//, "").replace(/\/$/, "");
  if (inner !== "" || path.length > 1) checkSegments(inner);
  if (rest === "") throw new BadValue(`has nothing after the = of ${quote(text)}`);
  return { path: `/${inner}`, rest };
}

/**
 * `VALUE`, `/PATH=VALUE` or `NAME=VALUE`. A whole text that is the path of something there is that, whatever it looks
 * like; `/a=b` as a value that is not there is written `/=/a=b`.
 */
export function mounted<T>(kind: Kind<T>): Kind<Mounted<T>> {
  return {
    placeholder: `[PATH=]${kind.placeholder}`,
    ...(kind.completes === undefined ? {} : { completes: kind.completes }),
    parse(text) {
      const { path, rest } = takeApart(text);
      return { mount: path, value: kind.parse(rest) };
    },
    locate(text, place) {
      const isPath = text.includes("=") && exists(locatePath(text, place));
      const { path, rest } = isPath ? { path: "/", rest: text } : takeApart(text);
      const value = kind.locate?.(rest, place) ?? rest;
      return path !== "/" || MOUNT.test(value) ? `${path}=${value}` : value;
    },
  };
}
