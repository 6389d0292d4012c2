/** `deno task release`: builds every target into `dist/`, with archives, checksums and notes. @module */

import { Buffer } from "node:buffer";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  type PublicKeyInput,
  sign,
} from "node:crypto";
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
here is named and left out; with --all it is an error. SHA256SUMS is signed where CRUNCH_RELEASE_KEY
is an Ed25519 key as PEM, or the path of its file.
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
  const key = releaseKey();
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
  if (key === undefined) console.log("not signed: CRUNCH_RELEASE_KEY is not set");
  else {
    const signature = sign(null, new TextEncoder().encode(sums.join("")), key).toString("base64");
    await Deno.writeTextFile(join(dist, "SHA256SUMS.sig"), `${signature}\n`);
    console.log(`signed by ${publicKey(key)}`);
  }
  await Deno.writeTextFile(join(dist, "NOTES.md"), notes);
  const done = wanted.length - missing.length;
  console.log(`crunch ${version}: ${done} of ${wanted.length} targets, in ${dist}`);
  return done === 0 || (values.all === true && missing.length > 0) ? 1 : 0;
}

/**
 * The Ed25519 key in CRUNCH_RELEASE_KEY, a PEM text or the path of a file with one. Its public half goes into what is
 * built: the scripts that install it look there.
 */
function releaseKey(): KeyObject | undefined {
  const given = Deno.env.get("CRUNCH_RELEASE_KEY");
  if (given === undefined || given === "") return undefined;
  const key = createPrivateKey(given.includes("-----BEGIN") ? given : Deno.readTextFileSync(given));
  if (key.asymmetricKeyType !== "ed25519") {
    throw new TypeError("CRUNCH_RELEASE_KEY is no Ed25519 key: openssl genpkey -algorithm ed25519");
  }
  const file = join(checkout, "static/release_key.txt");
  const text = `${publicKey(key)}\n`;
  if (Deno.readTextFileSync(file) !== text) {
    Deno.writeTextFileSync(file, text);
    console.log("static/release_key.txt has another key now: commit it");
  }
  return key;
}

/** The 32 bytes of the public half, in base64. */
function publicKey(key: KeyObject): string {
  const { x } = createPublicKey(key as unknown as PublicKeyInput).export({ format: "jwk" });
  return Buffer.from(x!, "base64url").toString("base64");
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
