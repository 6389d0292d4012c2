/** Brings what an application says of its own addresses below the public prefix: redirects and cookies. @module */

import type { AnswerChanges } from "./fields.ts";

export interface Rewriting {
  /** What stands in front of the application's paths in public: `/alice`, or "". */
  readonly base: string;
  /** The application's own `host:port`, by which it may name itself. */
  readonly authority: string;
  /** The `host:port` that the visitor asked; "" where it is not known. */
  readonly publicAuthority: string;
}

/** HTML is never rewritten: only what these fields say. */
export function rewriting(how: Rewriting): AnswerChanges {
  return {
    location: (value) => address(value, how),
    refresh: (value) =>
      value.replace(
        /^([^;,]*[;,]\s*url\s*=\s*)(["']?)([^"']*)/i,
        (_, before: string, quote: string, url: string) => `${before}${quote}${address(url, how)}`,
      ),
    cookie: (value) => cookie(value, how),
  };
}

function address(value: string, { base, authority, publicAuthority }: Rewriting): string {
  if (value.startsWith("/") && !/^\/[/\\]/.test(value)) return below(value, base);
  const [, scheme = "", host = "", rest = ""] =
    /^(https?:)?\/\/([^/?#\\]*)((?:[/?#].*)?)$/is.exec(value) ?? [];
  if (host === "") return value;
  const path = rest.startsWith("/") ? rest : `/${rest}`;
  // It names itself as it is known where it runs, and not to visitors.
  if (same(host, authority) && !same(host, publicAuthority)) return below(path, base);
  if (base !== "" && same(host, publicAuthority)) return `${scheme}//${host}${below(path, base)}`;
  return value;
}

/** An application that knows its prefix has put it there already. */
function below(path: string, base: string): string {
  const isBelow = path === base || (path.startsWith(base) && /[/?#]/.test(path[base.length] ?? ""));
  return isBelow ? path : base + path;
}

function same(a: string, b: string): boolean {
  return a !== "" && a.toLowerCase() === b.toLowerCase();
}

function cookie(value: string, { base, authority }: Rewriting): string {
  const own = authority.replace(/:\d+$/, "").toLowerCase();
  return value.split(";").flatMap((part, i) => {
    if (i === 0) return [part];
    const [, key = "", said = ""] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/s.exec(part) ?? [];
    switch (key.toLowerCase()) {
      case "domain":
        return base !== "" || said.toLowerCase().replace(/^\./, "") === own ? [] : [part];
      case "path":
        return base !== "" && said.startsWith("/") ? [` Path=${below(said, base)}`] : [part];
      default:
        return [part];
    }
  }).join(";");
}
