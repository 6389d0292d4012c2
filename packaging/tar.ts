/** Writes tar archives (POSIX ustar) of plain files, always the same bytes for the same files. @module */

import { Buffer } from "node:buffer";

/** A file to be. */
export interface TarFile {
  /** With slashes, without one in front; at most 255 bytes in UTF-8. */
  readonly path: string;
  readonly content: Uint8Array;
  /** Whether it may be executed. */
  readonly executable?: boolean;
}

const BLOCK = 512;
const EMPTY = new Uint8Array(BLOCK);

/**
 * The archive's bytes, piece by piece. Owner and time of the files are left out: they say where it was built.
 * @throws {RangeError} for a path that the format cannot hold.
 */
export function* tar(files: Iterable<TarFile>): Generator<Uint8Array> {
  for (const file of files) {
    yield head(file);
    yield file.content;
    const rest = file.content.length % BLOCK;
    if (rest > 0) yield EMPTY.subarray(rest);
  }
  // Two empty blocks end it.
  yield EMPTY;
  yield EMPTY;
}

function head({ path, content, executable = false }: TarFile): Uint8Array {
  const [prefix, name] = split(path);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, width: number): void => {
    block.write(value.toString(8).padStart(width - 1, "0"), offset, "latin1");
  };
  block.write(name, 0);
  octal(executable ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content.length, 124, 12);
  octal(0, 136, 12);
  block.fill(" ", 148, 156);
  block.write("0", 156, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(sum.toString(8).padStart(6, "0") + "\0 ", 148, "latin1");
  return block;
}

/** Long paths stand in two fields, of 155 and 100 bytes, parted at a slash. */
function split(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ["", path];
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return [prefix, name];
  }
  throw new RangeError(`Cannot archive ${path}: its path is too long`);
}
