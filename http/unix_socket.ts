/** Listens on a socket file that appears whole, replaces a dead one, and never removes another process's. @module */

import { ListenError, unixListenError } from "./listen_error.ts";

/** A listening socket file. */
export interface UnixSocket {
  readonly listener: Deno.Listener;
  /** Removes the file, if it is still ours. Call it after closing the listener. */
  remove(): void;
}

/**
 * Listens on `path` with the permission bits `mode`. The socket is made under a passing name and renamed: so it has
 * its mode from the first moment, a dead socket is replaced without a gap, and Deno's `close`, which
 * removes a file by its name, finds nothing to remove.
 * @throws {ListenError} `in-use` when a process answers there, `bad-path`, `not-permitted`.
 */
export async function listenOnSocket(path: string, mode: number): Promise<UnixSocket> {
  await refuseTaken(path);
  const passing = passingName(path);
  let listener: Deno.Listener;
  const mask = Deno.umask(~mode & 0o777);
  try {
    listener = Deno.listen({ transport: "unix", path: passing });
  } catch (error) {
    throw unixListenError(path, error);
  } finally {
    Deno.umask(mask);
  }
  let own: Deno.FileInfo;
  try {
    own = Deno.lstatSync(passing);
    Deno.renameSync(passing, path);
  } catch (error) {
    listener.close();
    throw unixListenError(path, error);
  }
  return {
    listener,
    remove() {
      const now = lookAt(path);
      if (now === undefined || now.ino !== own.ino || now.dev !== own.dev) return;
      try {
        Deno.removeSync(path);
      } catch (error) {
        // Gone meanwhile, or in a folder that is no longer ours to write to: it is dead, the next start replaces it.
        if (
          !(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)
        ) throw error;
      }
    },
  };
}

/** As short as can be: a socket's path has room for some hundred bytes only. */
function passingName(path: string): string {
  const random = crypto.getRandomValues(new Uint16Array(1))[0]!.toString(36);
  return path.slice(0, path.lastIndexOf("/") + 1) + "~" + random;
}

/** A live socket and anything that is no socket stay; a dead socket is in no one's way. */
async function refuseTaken(path: string): Promise<void> {
  const there = lookAt(path);
  if (there === undefined) return;
  const text = `unix:${path}`;
  if (!there.isSocket) {
    throw new ListenError("bad-path", text, "something that is no socket has this path");
  }
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (cause) {
    if (cause instanceof Deno.errors.ConnectionRefused) return;
    if (cause instanceof Deno.errors.NotFound) return;
    if (cause instanceof Deno.errors.PermissionDenied) {
      throw new ListenError("not-permitted", text, "another user's socket has this path", {
        cause,
      });
    }
    // Whatever else: a process is there, perhaps too busy to answer.
    throw new ListenError("in-use", text, "another program listens there already", { cause });
  }
  throw new ListenError("in-use", text, "another program listens there already");
}

function lookAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw unixListenError(path, error);
  }
}
