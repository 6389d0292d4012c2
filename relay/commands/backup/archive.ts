/** Backups as files: plain tar archives (POSIX ustar), with a list of SHA-256 sums as the last entry. @module */

import { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";

const BLOCK = 512;
/** The last entry, in the form of `sha256sum`: an archive without it is cut off. */
const SUMS = "SHA256SUMS";
/** What is read or written at once. */
const CHUNK = 256 << 10;
/** Sums of some thousand files. */
const LONGEST_SUMS = 1 << 20;

/** An archive that is not whole, or none of ours; the message says why. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/** Appends files to an archive that is being made. */
export class ArchiveWriter {
  readonly #out: Deno.FsFile;
  readonly #sums: string[] = [];
  readonly #time = Math.floor(Date.now() / 1000);

  constructor(out: Deno.FsFile) {
    this.#out = out;
  }

  /**
   * The file at `path`, called `name` in the archive.
   * @throws {ArchiveError} for a name that archives cannot hold. @throws {Deno.errors.NotFound} with nothing added.
   */
  addFile(name: string, path: string): void {
    using file = Deno.openSync(path);
    const { size } = file.statSync();
    write(this.#out, headOf(name, size, this.#time));
    const hash = createHash("sha256");
    const buffer = new Uint8Array(CHUNK);
    let left = size;
    while (left > 0) {
      const read = file.readSync(buffer.subarray(0, Math.min(CHUNK, left)));
      if (read === null) throw new ArchiveError(`${path} became shorter`);
      const part = buffer.subarray(0, read);
      hash.update(part);
      write(this.#out, part);
      left -= read;
    }
    this.#end(name, size, hash);
  }

  /** A file of these bytes. */
  add(name: string, bytes: Uint8Array): void {
    write(this.#out, headOf(name, bytes.length, this.#time));
    write(this.#out, bytes);
    this.#end(name, bytes.length, createHash("sha256").update(bytes));
  }

  /** The sums, and the archive's end. */
  finish(): void {
    const sums = new TextEncoder().encode(this.#sums.join(""));
    write(this.#out, headOf(SUMS, sums.length, this.#time));
    write(this.#out, sums);
    write(this.#out, new Uint8Array(padding(sums.length) + 2 * BLOCK));
  }

  #end(name: string, size: number, hash: Hash): void {
    write(this.#out, new Uint8Array(padding(size)));
    this.#sums.push(`${hash.digest("hex")}  ${name}\n`);
  }
}

/** What to do with an entry: where its bytes go; undefined keeps them for who asked. */
export type Taker = (name: string) => Deno.FsFile | undefined;

/**
 * Reads an archive to its end: bytes go where `take` says, short ones without a place are handed to `keep`.
 * @returns the names of its files, without the sums.
 * @throws {ArchiveError} for what is no archive of ours, is cut off, or was changed.
 */
export function readArchive(
  file: Deno.FsFile,
  { take, keep }: {
    readonly take: Taker;
    readonly keep: (name: string, bytes: Uint8Array) => void;
  },
): string[] {
  const found = new Map<string, string>();
  let isFirst = true;
  for (;;) {
    const head = readExactly(file, BLOCK, isFirst);
    const { name, size } = parseHead(head, isFirst);
    isFirst = false;
    if (name === SUMS) {
      if (size > LONGEST_SUMS) throw new ArchiveError("its list of sums is too long");
      compare(found, new TextDecoder().decode(readExactly(file, size)));
      readExactly(file, padding(size) + 2 * BLOCK);
      return [...found.keys()];
    }
    if (found.has(name) || !isSafe(name)) throw new ArchiveError(`it holds the name ${name}`);
    const hash = createHash("sha256");
    using target = take(name);
    const kept: Uint8Array[] = [];
    if (target === undefined && size > LONGEST_SUMS) throw new ArchiveError(`${name} is too long`);
    for (let left = size; left > 0;) {
      const part = readExactly(file, Math.min(CHUNK, left));
      hash.update(part);
      if (target === undefined) kept.push(part);
      else write(target, part);
      left -= part.length;
    }
    target?.syncSync();
    readExactly(file, padding(size));
    found.set(name, hash.digest("hex"));
    if (target === undefined) keep(name, Buffer.concat(kept));
  }
}

function compare(found: ReadonlyMap<string, string>, sums: string): void {
  const listed = new Map(
    sums.replace(/\n$/, "").split("\n").map((line) => [line.slice(66), line.slice(0, 64)]),
  );
  for (const [name, sum] of found) {
    if (listed.get(name) !== sum) throw new ArchiveError(`${name} in it was changed`);
  }
  if (listed.size !== found.size) throw new ArchiveError("files of its list are missing");
}

/** Below the directory, whatever it is, and one line of the list of sums. */
function isSafe(name: string): boolean {
  // deno-lint-ignore no-control-regex -- names may hold them
  return !/[\x00-\x1f\x7f\\]/.test(name) &&
    name.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function padding(size: number): number {
  return (BLOCK - size % BLOCK) % BLOCK;
}

function headOf(name: string, size: number, time: number): Uint8Array {
  if (Buffer.byteLength(name) > 100 || !isSafe(name)) {
    throw new ArchiveError(`a backup cannot hold the name ${name}: rename or remove that file`);
  }
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, width: number): void => {
    block.write(value.toString(8).padStart(width - 1, "0"), offset, "latin1");
  };
  block.write(name, 0);
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(time, 136, 12);
  block.fill(" ", 148, 156);
  block.write("0", 156, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  block.write(sumOf(block).toString(8).padStart(6, "0") + "\0 ", 148, "latin1");
  return block;
}

function parseHead(block: Uint8Array, isFirst: boolean): { name: string; size: number } {
  const bytes = Buffer.from(block);
  const text = (from: number, to: number): string => {
    const field = bytes.subarray(from, to);
    const end = field.indexOf(0);
    return field.toString("utf8", 0, end < 0 ? field.length : end);
  };
  const sum = parseInt(text(148, 156), 8);
  bytes.fill(" ", 148, 156);
  const isTar = text(257, 262) === "ustar" && sum === sumOf(bytes);
  if (!isTar) {
    throw new ArchiveError(isFirst ? "it is no backup of crunch" : "it is cut off or damaged");
  }
  const [, size] = /^ *([0-7]{1,11})[ ]?$/.exec(text(124, 136)) ?? [];
  if (size === undefined) throw new ArchiveError("it is cut off or damaged");
  const name = text(0, 100);
  // Old archives have a NUL there. Links, devices and longer names never come from us.
  if (block[156] !== 48 && block[156] !== 0) throw new ArchiveError(`${name} in it is no file`);
  return { name, size: parseInt(size, 8) };
}

function sumOf(block: Uint8Array): number {
  return block.reduce((total, byte) => total + byte, 0);
}

function readExactly(file: Deno.FsFile, length: number, isFirst = false): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const read = file.readSync(bytes.subarray(at));
    if (read === null) {
      throw new ArchiveError(isFirst ? "it is no backup of crunch" : "it is cut off");
    }
    at += read;
  }
  return bytes;
}

function write(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}
