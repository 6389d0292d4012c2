/** Makes an origin of a directory that options name, and says how to name it where that fails. @module */

import type { OriginSpec } from "../../cli/mod.ts";
import type { Origin } from "../origin.ts";
import { createDirectoryOrigin } from "./directory_origin.ts";

/** @throws {Error} where the directory cannot be published. */
export function openDirectory(
  { mount, value: root }: Pick<OriginSpec, "mount" | "value">,
): Origin {
  try {
    return createDirectoryOrigin({ root });
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
