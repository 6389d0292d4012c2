/** Says which process listens on a TCP port, for the error of who finds it taken. @module */

/** State 0A of /proc/net/tcp. */
const LISTENING = "0A";

/**
 * `nginx (pid 12)` for the process that listens on `port`; undefined where that cannot be told: not Linux, another
 * user's process. Takes a few ms.
 */
export function portOwner(port: number): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const inodes = listeningInodes(port);
    return inodes.size === 0 ? undefined : processWith(inodes);
  } catch {
    // /proc may be hidden or half gone: the error it was for says enough without it.
    return undefined;
  }
}

function listeningInodes(port: number): Set<string> {
  const suffix = ":" + port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set<string>();
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    let text: string;
    try {
      text = Deno.readTextFileSync(file);
    } catch {
      continue;
    }
    for (const line of text.split("\n")) {
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(suffix) && columns[3] === LISTENING) {
        inodes.add(`socket:[${columns[9]}]`);
      }
    }
  }
  return inodes;
}

function processWith(links: ReadonlySet<string>): string | undefined {
  for (const { name: pid } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      for (const { name: fd } of Deno.readDirSync(`/proc/${pid}/fd`)) {
        if (!links.has(Deno.readLinkSync(`/proc/${pid}/fd/${fd}`))) continue;
        const command = Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
        return `${command} (pid ${pid})`;
      }
    } catch {
      // Another user's, or it ended meanwhile.
    }
  }
  return undefined;
}
