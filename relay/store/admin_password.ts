/** The generated password of the first start, left in a file where the output is not a terminal. @module */

import { join } from "node:path";
import { writeWholeFile } from "../../cli/mod.ts";

const FILE = "admin-password";

/** Writes the password for its owner alone to read, and returns where. */
export function leavePasswordFile(dir: string, password: string): string {
  const path = join(dir, FILE);
  writeWholeFile(path, password + "\n", { mode: 0o600 });
  return path;
}

/** Where the file is, while its password was not used yet; else null. */
export function findPasswordFile(dir: string): string | null {
  const path = join(dir, FILE);
  try {
    return Deno.statSync(path).isFile ? path : null;
  } catch {
    return null;
  }
}

/** Removes the file once its password was used or is no longer the right one. */
export function removePasswordFile(dir: string): void {
  try {
    Deno.removeSync(join(dir, FILE));
  } catch {
    // Gone already; or on a read-only disk, where the sign-in works all the same.
  }
}
