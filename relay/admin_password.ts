/** The generated password of the first start, left in a file where nobody reads the output. @module */

import { join } from "node:path";

const FILE = "admin-password";

/** Writes the password for its owner alone to read, and returns where. */
export function leavePasswordFile(dir: string, password: string): string {
  const path = join(dir, FILE);
  Deno.writeTextFileSync(path, password + "\n", { mode: 0o600 });
  return path;
}

/** Removes the file once its password was used or is no longer the right one. */
export function removePasswordFile(dir: string): void {
  try {
    Deno.removeSync(join(dir, FILE));
  } catch {
    // Gone already; or on a read-only disk, where the sign-in works all the same.
  }
}
