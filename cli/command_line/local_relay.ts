/** The file in which a relay leaves an agent of the same machine what it needs to sign in. @module */

import { join } from "node:path";
import { isAlive, writeWholeFile } from "../files/mod.ts";
import { stateDirectory, type Surroundings } from "../options/mod.ts";

/** What stands in the file. */
export interface LocalRelay {
  /** `host:port` of the tunnel listener, and of the visitors' one; as loopback addresses where it is all interfaces. */
  readonly tunnel: string;
  readonly http: string;
  /** A token of the account `local`. */
  readonly credential: string;
  readonly pid: number;
}

/** Where such files are: `$XDG_RUNTIME_DIR/crunch`, else the default state directory. */
export function localRelayDirectory(around: Surroundings): string {
  const runtime = around.env.XDG_RUNTIME_DIR;
  return runtime?.startsWith("/") ? join(runtime, "crunch") : stateDirectory(around);
}

/** `local.json`, and `local-PID.json` of further relays. */
const FILE_NAME = /^local(-\d+)?\.json$/;

/**
 * Leaves `relay` in `dir` (made with mode 0700), as `local.json` unless another living relay has that.
 * @returns the path, for `removeLocalRelay`.
 */
export function writeLocalRelay(dir: string, relay: LocalRelay): string {
  Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = readLocalRelays(dir);
  const others = found.filter(({ relay: { pid } }) => pid !== relay.pid && isAlive(pid));
  const first = join(dir, "local.json");
  const further = join(dir, `local-${relay.pid}.json`);
  const path = others.some(({ path }) => path === first) ? further : first;
  // Whole or not at all: an agent may read it at any moment.
  writeWholeFile(path, JSON.stringify(relay) + "\n", { mode: 0o600 });
  // What killed relays left would only be counted again and again.
  for (const { path: left, relay: { pid } } of found) {
    if (left !== path && pid !== relay.pid && !isAlive(pid)) remove(left);
  }
  return path;
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Removes the file if it is still that relay's. */
export function removeLocalRelay(path: string, relay: LocalRelay): void {
  try {
    const found = JSON.parse(Deno.readTextFileSync(path)) as Partial<LocalRelay>;
    if (found.credential === relay.credential) Deno.removeSync(path);
  } catch {
    // Gone or unreadable: nothing of ours is left.
  }
}

/** Every file of a relay in `dir`; those that cannot be read are left out. */
export function readLocalRelays(
  dir: string,
): Array<{ readonly path: string; readonly relay: LocalRelay }> {
  const found: Array<{ path: string; relay: LocalRelay }> = [];
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(dir)];
  } catch {
    return found;
  }
  for (const { name } of entries.filter(({ name }) => FILE_NAME.test(name))) {
    const path = join(dir, name);
    try {
      const relay = JSON.parse(Deno.readTextFileSync(path)) as Partial<LocalRelay>;
      if (typeof relay.tunnel === "string" && typeof relay.credential === "string") {
        found.push({ path, relay: { http: "", pid: 0, ...relay } as LocalRelay });
      }
    } catch {
      // Half-made by a foreign hand, or just removed.
    }
  }
  return found;
}
