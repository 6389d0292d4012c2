/** The prebuilt programs in the directory of `--downloads`: which there are, their sizes and their SHA-256. @module */

import { createHash } from "node:crypto";
import { join } from "node:path";

/** One program that is offered. */
export interface Download {
  /** As `crunch-linux-x64`. */
  readonly file: string;
  readonly platform: Platform;
  /** In bytes. */
  readonly size: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** A kind of machine that a program is for. */
export interface Platform {
  readonly os: "linux" | "macos" | "windows";
  readonly arch: "x64" | "arm64";
  /** As people say it. */
  readonly label: string;
}

const PLATFORMS: readonly Platform[] = [
  { os: "linux", arch: "x64", label: "Linux, Intel or AMD" },
  { os: "linux", arch: "arm64", label: "Linux, ARM" },
  { os: "macos", arch: "arm64", label: "macOS, Apple silicon" },
  { os: "macos", arch: "x64", label: "macOS, Intel" },
  { os: "windows", arch: "x64", label: "Windows, Intel or AMD" },
  { os: "windows", arch: "arm64", label: "Windows, ARM" },
];

/** What a program for `platform` is called. */
export function downloadName({ os, arch }: Platform): string {
  return `crunch-${os}-${arch}${os === "windows" ? ".exe" : ""}`;
}

/** All platforms, those first that a browser's `User-Agent` may stand for. */
export function platformsFor(userAgent: string): Platform[] {
  const os = /Windows/i.test(userAgent)
    ? "windows"
    : /Mac OS X|Macintosh|Darwin/i.test(userAgent)
    ? "macos"
    : /Linux|X11/i.test(userAgent)
    ? "linux"
    : undefined;
  // A Mac calls itself Intel whatever it is, and today's are not.
  const arch = os !== "macos" && /\b(aarch64|arm64)\b/i.test(userAgent) ? "arm64" : undefined;
  const rank = (platform: Platform): number =>
    platform.os !== os ? 2 : arch !== undefined && platform.arch !== arch ? 1 : 0;
  return [...PLATFORMS].sort((a, b) => rank(a) - rank(b));
}

/** One that is open for reading. */
export interface OpenDownload {
  /** Its holder closes it. */
  readonly file: Deno.FsFile;
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
}

interface Hashed {
  readonly version: string;
  /** Undefined where the file changed meanwhile. */
  readonly sha256: Promise<string | undefined>;
}

/** Changes whenever the file does. */
function versionOf({ size, mtime, ino }: Deno.FileInfo): string {
  return `${size} ${mtime?.getTime()} ${ino}`;
}

/** A directory of programs. Files may be put there and replaced at any time. */
export class DownloadFiles {
  readonly #directory: string;
  readonly #hashed = new Map<string, Hashed>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * What is there, in the order of `platforms`, without what is just being written. The first call after a change
   * reads the whole file.
   */
  async list(platforms: readonly Platform[]): Promise<Download[]> {
    const found: Download[] = [];
    for (const platform of platforms) {
      const file = downloadName(platform);
      const info = this.#info(file);
      if (info === undefined) continue;
      const sha256 = await this.#sha256(file, info);
      if (sha256 !== undefined) found.push({ file, platform, size: info.size, sha256 });
    }
    return found;
  }

  /** The release's checksums and their signature, where it was signed. */
  get signed(): { readonly sums: string; readonly signature: string } | null {
    const read = (name: string): string => Deno.readTextFileSync(join(this.#directory, name));
    try {
      return { sums: read("SHA256SUMS"), signature: read("SHA256SUMS.sig") };
    } catch {
      return null;
    }
  }

  /** Whether this is the name of a program that is there. */
  has(file: string): boolean {
    return PLATFORMS.some((platform) => downloadName(platform) === file) &&
      this.#info(file) !== undefined;
  }

  /**
   * Opens a program; null while it is being written or replaced.
   * @throws {Deno.errors.NotFound} and what else opening a file throws.
   */
  async open(name: string): Promise<OpenDownload | null> {
    const file = Deno.openSync(join(this.#directory, name));
    try {
      const info = file.statSync();
      const sha256 = await this.#sha256(name, info);
      if (sha256 !== undefined) return { file, size: info.size, sha256 };
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    return null;
  }

  #info(file: string): Deno.FileInfo | undefined {
    try {
      const info = Deno.statSync(join(this.#directory, file));
      return info.isFile ? info : undefined;
    } catch {
      return undefined;
    }
  }

  #sha256(file: string, info: Deno.FileInfo): Promise<string | undefined> {
    const version = versionOf(info);
    const known = this.#hashed.get(file);
    if (known?.version === version) return known.sha256;
    const sha256 = hashOf(join(this.#directory, file), version);
    const hashed = { version, sha256 };
    this.#hashed.set(file, hashed);
    // One that could not be read is read again when it is asked for again.
    const forget = (): void => {
      if (this.#hashed.get(file) === hashed) this.#hashed.delete(file);
    };
    sha256.then((found) => found === undefined && forget(), forget);
    return sha256;
  }
}

/** Undefined where the file is not of this version, or no longer when it was read. */
async function hashOf(path: string, version: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  if (versionOf(await file.stat()) !== version) return undefined;
  const buffer = new Uint8Array(1 << 18);
  for (let size; (size = await file.read(buffer)) !== null;) hash.update(buffer.subarray(0, size));
  return versionOf(await file.stat()) === version ? hash.digest("hex") : undefined;
}
