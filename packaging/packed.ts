/** Builds the one file without `deno compile`: a script, and behind it deno, sources and packages as they are. @module */

import { createHash } from "node:crypto";
import { createGzip } from "node:zlib";
import { Readable } from "node:stream";
import { join } from "node:path";
import { checkout, configuration, packedFiles, runFlags } from "./contents.ts";
import { denoFor } from "./runtime.ts";
import { tar, type TarFile } from "./tar.ts";
import type { Target } from "./targets.ts";
import { Unavailable } from "./unavailable.ts";

/** What users' caches are called below their home directories. */
const CACHES = { linux: ".cache", macos: "Library/Caches" };

/**
 * Writes the program for `target` to `output`. Always the same bytes for the same sources.
 * @throws {Unavailable} where the target cannot run scripts, or its deno is not to be had.
 */
export async function packFile(target: Target, output: string): Promise<void> {
  const [os] = target.name.split("-") as [keyof typeof CACHES | "windows"];
  if (os === "windows") throw new Unavailable("Windows cannot run a file that unpacks itself");
  const deno = await denoFor(target);
  const app = (await packedFiles()).map((file) => ({ ...file, path: `app/${file.path}` }));
  const publish = Deno.readFileSync(join(checkout, "packaging/publish.ts"));
  const pieces = await selfUnpacking([
    { path: "deno", content: deno, executable: true },
    { path: "publish.ts", content: publish },
    ...app,
  ], {
    VERSION: configuration().version,
    TARGET: target.name,
    FLAGS: runFlags().join(" "),
    CACHE: CACHES[os],
    NEEDS: os === "linux" ? ", with glibc" : "",
  });
  using file = Deno.openSync(output, { write: true, createNew: true, mode: 0o755 });
  for (const piece of pieces) {
    for (let at = 0; at < piece.length;) at += file.writeSync(piece.subarray(at));
  }
}

/** What the script says of itself, by the names that stand between @ in it. */
export type HeadValues = Readonly<
  Record<"VERSION" | "TARGET" | "FLAGS" | "CACHE" | "NEEDS", string>
>;

/**
 * A script with an archive of `files` behind it, in pieces. It runs `deno`, first with `publish.ts`, then with
 * `app/main.ts`, all of them among these.
 */
export async function selfUnpacking(
  files: readonly TarFile[],
  values: HeadValues,
): Promise<Uint8Array[]> {
  const hash = createHash("sha256");
  const pieces: Uint8Array[] = [];
  for await (const piece of Readable.from(tar(files)).pipe(createGzip({ level: 9 }))) {
    hash.update(piece);
    pieces.push(piece);
  }
  const counted = files.filter(({ path, content }) => path !== "publish.ts" && content.length > 0);
  const found = { SUM: hash.digest("hex"), COUNT: String(counted.length) };
  return [headScript({ ...values, ...found }), ...pieces];
}

/** The script; it says itself where it ends. */
function headScript(values: Readonly<Record<string, string>>): Uint8Array {
  const template = Deno.readTextFileSync(join(checkout, "packaging/head.sh"));
  // Of a width that does not depend on the number.
  const fill = (start: number): string =>
    template.replace(/@([A-Z]+)@/g, (_, name) => {
      const value = name === "START" ? String(start).padStart(6, "0") : values[name];
      if (value === undefined) throw new Error(`Nobody says what @${name}@ is`);
      return value;
    });
  const encoder = new TextEncoder();
  return encoder.encode(fill(encoder.encode(fill(0)).length + 1));
}
