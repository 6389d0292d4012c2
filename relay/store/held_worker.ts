/** Starts workers from modules that are kept in memory once their files are not what they were. @module */

/** A module's text, and how its file was when it was read. */
interface Held {
  readonly text: string;
  readonly version: string;
}

/** What a module takes from others beside it, and what it takes of types, which are nothing that runs. */
const IMPORTS = /^((?:import|export)\b(?! type\b)(?: [^;"]*\bfrom)? ")(\.[^"]+)(?=";)/gm;
const TYPES = /^(?:import|export) type\b[^;]*\bfrom "\.[^"]+";/gm;

/** By their addresses, and where they are in memory once they are needed from there. */
const held = new Map<string, Held>();
const blobs = new Map<string, string>();

/**
 * A worker's module with all that it imports, as they are now. A program that was upgraded, or whose cache was
 * cleaned, goes on with those that it has begun with.
 */
export class HeldWorker {
  readonly #module: string;
  readonly #reached = new Set<string>();

  /** @throws where a module cannot be read. */
  constructor(module: URL) {
    this.#module = module.href;
    // A compiled program is one file, which it has open.
    if (!Deno.build.standalone) this.#hold(this.#module);
  }

  /** A new worker. */
  start(): Worker {
    // The runtime has compiled the files already.
    return new Worker(this.#isUnchanged() ? this.#module : blobOf(this.#module), {
      type: "module",
    });
  }

  #hold(address: string): void {
    if (this.#reached.has(address)) return;
    this.#reached.add(address);
    const found = held.get(address) ?? read(new URL(address));
    held.set(address, found);
    for (const [, , path] of found.text.matchAll(IMPORTS)) this.#hold(beside(address, path!));
  }

  #isUnchanged(): boolean {
    try {
      return [...this.#reached].every((address) =>
        versionOf(new URL(address)) === held.get(address)!.version
      );
    } catch {
      return false;
    }
  }
}

function beside(address: string, path: string): string {
  return new URL(path, address).href;
}

function read(url: URL): Held {
  return { text: Deno.readTextFileSync(url), version: versionOf(url) };
}

/** Modules do not import each other in a ring, but their types may. */
function blobOf(address: string): string {
  const known = blobs.get(address);
  if (known !== undefined) return known;
  blobs.set(address, address);
  const text = held.get(address)!.text.replace(TYPES, "").replace(
    IMPORTS,
    (_, before, path) => before + blobOf(beside(address, path)),
  );
  // They were checked as files.
  const parts = ["// @ts-nocheck\n", text];
  const blob = URL.createObjectURL(new Blob(parts, { type: "application/typescript" }));
  blobs.set(address, blob);
  return blob;
}

function versionOf(url: URL): string {
  const { ino, size, mtime } = Deno.statSync(url);
  return `${ino} ${size} ${mtime?.getTime()}`;
}
