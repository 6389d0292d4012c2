/** `deno task vendor`: copies the modules that the dashboard's pages use out of their packages, with versions and licences. @module */

import { fileURLToPath } from "node:url";
import { configuration } from "./contents.ts";

/** A module that pages import. */
interface Vendored {
  /** What pages write: `import … from "preact"`. */
  readonly specifier: string;
  readonly package: string;
  /** Within the package; minified by its authors. */
  readonly path: string;
  /** In `static/vendor`. */
  readonly file: string;
  /** What makes a module of a script. */
  readonly epilogue?: string;
}

const VENDORED: readonly Vendored[] = [
  { specifier: "preact", package: "preact", path: "dist/preact.mjs", file: "preact.js" },
  {
    specifier: "preact/hooks",
    package: "preact",
    path: "hooks/dist/hooks.mjs",
    file: "preact_hooks.js",
  },
  { specifier: "htm", package: "htm", path: "dist/htm.mjs", file: "htm.js" },
  { specifier: "htm/preact", package: "htm", path: "preact/index.mjs", file: "htm_preact.js" },
  {
    specifier: "@preact/signals-core",
    package: "@preact/signals-core",
    path: "dist/signals-core.mjs",
    file: "signals_core.js",
  },
  {
    specifier: "@preact/signals",
    package: "@preact/signals",
    path: "dist/signals.mjs",
    file: "signals.js",
  },
  {
    specifier: "uplot",
    package: "uplot",
    path: "dist/uPlot.iife.min.js",
    file: "uplot.js",
    epilogue: "export default uPlot;",
  },
];
const STYLE = { package: "uplot", path: "dist/uPlot.min.css", file: "uplot.css" } as const;

/** The folder that the relay serves them from. */
export const VENDOR: string = fileURLToPath(new URL("../static/vendor/", import.meta.url));

/** What the folder has to contain: texts by file name. */
export function vendored(): Map<string, string> {
  const files = new Map<string, string>();
  const packages = new Map<string, { version: string; license: string; text: string }>();
  for (const { package: name } of VENDORED) {
    const { version, license } = JSON.parse(read(name, "package.json"));
    packages.set(name, { version, license, text: read(name, "LICENSE") });
  }
  for (const { package: name, path, file, epilogue = "" } of VENDORED) {
    const { version, license } = packages.get(name)!;
    // The maps stay behind; a browser that asked for them would find nothing.
    const code = read(name, path).replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, "").trimEnd();
    const last = epilogue === "" ? "" : `${epilogue}\n`;
    files.set(file, `/*! ${name} ${version}, ${license}: see LICENSES.txt */\n${code}\n${last}`);
  }
  files.set(STYLE.file, `${read(STYLE.package, STYLE.path).trimEnd()}\n`);
  files.set(
    "LICENSES.txt",
    [...packages].map(([name, { version, license, text }]) =>
      `${name} ${version} (${license})\n\n${text.trim()}\n`
    ).join(`\n${"-".repeat(72)}\n\n`),
  );
  return files;
}

/** The map from what pages write to where a browser finds it. */
export function importMap(): Record<string, string> {
  return Object.fromEntries(
    VENDORED.map(({ specifier, file }) => [specifier, `/static/vendor/${file}`]),
  );
}

/** Packages that only others import lie in Deno's own folder. */
function read(name: string, path: string): string {
  const modules = new URL("../node_modules/", import.meta.url);
  const direct = new URL(`${name}/${path}`, modules);
  if (configuration().imports[name] !== undefined) return Deno.readTextFileSync(direct);
  const stored = [...Deno.readDirSync(new URL(".deno/", modules))]
    .map((entry) => entry.name)
    .filter((entry) => entry.startsWith(`${name.replace("/", "+")}@`));
  if (stored.length !== 1) {
    throw new Error(`${name} is installed in ${stored.length} versions, not in one`);
  }
  return Deno.readTextFileSync(
    new URL(`.deno/${stored[0]}/node_modules/${name}/${path}`, modules),
  );
}

if (import.meta.main) {
  Deno.mkdirSync(VENDOR, { recursive: true });
  for (const { name } of Deno.readDirSync(VENDOR)) Deno.removeSync(`${VENDOR}${name}`);
  for (const [file, text] of vendored()) {
    Deno.writeTextFileSync(`${VENDOR}${file}`, text);
    console.log(`static/vendor/${file}\t${text.length} bytes`);
  }
}
