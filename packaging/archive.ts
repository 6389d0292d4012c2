/** Puts a built program into an archive, with its licence and the changelog. @module */

import { Buffer } from "node:buffer";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { downloadZip } from "client-zip";
import { checkout } from "./contents.ts";
import { tar, type TarFile } from "./tar.ts";
import type { Target } from "./targets.ts";

/** What lies beside the program. */
const BESIDE = ["LICENSE", "CHANGELOG.md"];
/** Archives have to be of the same bytes whenever they are made; zip has no earlier year. */
const NO_TIME = new Date("1980-01-01T00:00:00Z");

/** Makes `crunch-VERSION-TARGET.tar.gz`, or `.zip` for Windows, in `folder`; returns its path. */
export async function archive(
  target: Target,
  program: string,
  { version, folder }: { readonly version: string; readonly folder: string },
): Promise<string> {
  const windows = target.name.startsWith("windows-");
  const name = `crunch-${version}-${target.name}`;
  const files: TarFile[] = [
    {
      path: `${name}/crunch${windows ? ".exe" : ""}`,
      content: await Deno.readFile(program),
      executable: true,
    },
    ...BESIDE.map((file) => ({
      path: `${name}/${file}`,
      content: Deno.readFileSync(join(checkout, file)),
    })),
  ];
  const path = join(folder, name + (windows ? ".zip" : ".tar.gz"));
  await Deno.writeFile(path, windows ? await zip(files) : gzipSync(joined(tar(files))));
  return path;
}

async function zip(files: readonly TarFile[]): Promise<Uint8Array> {
  const entries = files.map(({ path, content }) => ({
    name: path,
    input: content as BufferSource,
    lastModified: NO_TIME,
  }));
  return await downloadZip(entries).bytes();
}

function joined(pieces: Iterable<Uint8Array>): Uint8Array {
  return new Uint8Array(Buffer.concat([...pieces]));
}
