/** Makes an origin of a directory that options name, and says how to name it where that fails. @module */

import type { Mounted } from "../cli/mod.ts";
import { createDirectoryOrigin } from "./files/mod.ts";
import type { Mount } from "./mounts.ts";

/** @throws {Error} where the directory cannot be published. */
export function mountDirectory({ mount, value: root }: Mounted<string>): Mount {
  try {
    return { mount, origin: createDirectoryOrigin({ root }) };
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    // An = may belong to a name, or be taken for part of one.
    const advice = mount !== "/"
      ? `; what is published at ${mount}/ stands after the =, and a directory with = in its name in --dir /=DIR`
      : root.includes("=")
      ? "; to publish one at a path: --dir /PATH=DIR"
      : "";
    throw new Deno.errors.NotFound(cause.message + advice, { cause });
  }
}
