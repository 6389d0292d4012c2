/** Looks at the files and directories that settings name, for `--check`, and says which setting is wrong. @module */

import { dashed, type Options } from "../options/mod.ts";
import type { Parsed } from "./parse.ts";
import { quote } from "../terminal/mod.ts";

/** A setting that could be read but cannot be used. */
export interface Trouble {
  /** Of the option, in camel case. */
  readonly key: string;
  /** `crunch.toml, line 3`, where the option itself does not tell: within `[[agent.publish]]`. */
  readonly where?: string | undefined;
  readonly message: string;
}

/** `crunch.toml, line 3: tls-cert: cannot read …`, `--tls-cert: cannot read …`. */
export function troubleText(
  { key, where, message }: Trouble,
  { sources }: Pick<Parsed<Options>, "sources">,
): string {
  const { from, name } = sources[key]!;
  const label = where !== undefined || from === "file"
    ? `${where ?? name}: ${dashed(key)}`
    : from === "default"
    ? `--${dashed(key)}`
    : name;
  return `${label}: ${message}`;
}

/** Why a file or directory cannot be read; undefined where it can. */
export function unreadable(path: string, what: "file" | "directory"): string | undefined {
  const because = (why: string): string => `cannot read ${quote(path)}: ${why}`;
  try {
    const { isDirectory, isFile } = Deno.statSync(path);
    if (isDirectory !== (what === "directory")) {
      return because(isDirectory ? "it is a directory" : "it is no directory");
    }
    if (isDirectory) { for (const _ of Deno.readDirSync(path)) break; }
    // Opening a pipe would wait for who writes into it.
    else if (isFile) Deno.openSync(path).close();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return because(`there is no such ${what}`);
    if (error instanceof Deno.errors.PermissionDenied) return because("we may not read it");
    return because((error as Error).message);
  }
}
