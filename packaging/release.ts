/** `deno task release`: builds every target into `dist/`, with archives, checksums and notes. @module */

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { archive } from "./archive.ts";
import { build, type Built, megabytes } from "./build.ts";
import { notesOf } from "./changelog.ts";
import { checkout, configuration } from "./contents.ts";
import { type Target, targetNamed, targets } from "./targets.ts";
import { Unavailable } from "./unavailable.ts";

const HELP = `deno task release [TARGET…] [--all]

Builds crunch for every target (${targets.map(({ name }) => name).join(", ")})
into dist/, with an archive of each, SHA256SUMS and NOTES.md from CHANGELOG.md. What cannot be built
here is named and left out; with --all it is an error.
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: { all: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const wanted = positionals.length === 0 ? targets : positionals.map(targetNamed);
  const { version } = configuration();
  const notes = notesOf(await Deno.readTextFile(join(checkout, "CHANGELOG.md")), version);
  const dist = join(checkout, "dist");
  // Nothing of an earlier release may be mistaken for one of this.
  await Deno.remove(dist, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(dist);

  const files: string[] = [];
  const missing: Target[] = [];
  for (const target of wanted) {
    const program = join(dist, target.fileName);
    let built: Built;
    try {
      built = await build(target, program);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      missing.push(target);
      console.log(`${target.name}: left out: ${error.message}`);
      continue;
    }
    console.log(`${target.name}: ${built.form} into ${program}, ${megabytes(built.size)}`);
    for (const reason of built.reasons) console.log(`  ${reason}`);
    files.push(program, await archive(target, program, { version, folder: dist }));
  }

  const sums = files.map((path) => `${sha256(path)}  ${basename(path)}\n`);
  await Deno.writeTextFile(join(dist, "SHA256SUMS"), sums.join(""));
  await Deno.writeTextFile(join(dist, "NOTES.md"), notes);
  const done = wanted.length - missing.length;
  console.log(`crunch ${version}: ${done} of ${wanted.length} targets, in ${dist}`);
  return done === 0 || (values.all === true && missing.length > 0) ? 1 : 0;
}

function sha256(path: string): string {
  return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
}

try {
  Deno.exit(await main());
} catch (error) {
  console.error(error instanceof TypeError ? `release: ${error.message}` : error);
  Deno.exit(error instanceof TypeError ? 2 : 1);
}
