/** What belongs into the one file: the program's modules, what they read, and the packages they import. @module */

import { join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { TarFile } from "./tar.ts";

/** The checkout. */
export const checkout: string = fileURLToPath(new URL("../", import.meta.url));

/** Files and folders that the program consists of; those of later parts are taken as soon as they are there. */
export const PROGRAM: readonly string[] = [
  "LICENSE",
  "main.ts",
  "agent",
  "bench",
  "cli",
  "dashboard",
  "http",
  "relay",
  "static",
  "tunnel",
  // What `crunch demo` publishes.
  "examples/site",
];

/** Files and folders of the checkout that only its developers need. */
export const DEVELOPMENT: readonly string[] = [
  "benchmarks",
  "docs",
  // It imports a checkout's folders; a built program has none to import.
  "examples/embed.ts",
  "examples/README.md",
  "packaging",
  "tests",
];

/** In packages: what only type checkers, debuggers and readers need. */
const UNUSED = /\.(d\.[cm]?ts|map|md|markdown|flow)$|(^|\/)(tests?|__tests__)\//i;
const LEGAL = /(^|\/)(licen[cs]e|notice|copying)/i;

/** The program's own files, sorted, with slashes, relative to the checkout. */
export function programFiles(): string[] {
  return PROGRAM.flatMap((part) => filesBelow(part)).sort();
}

/** Modules that other modules start as workers: nobody imports them, so they have to be named. */
export function workerModules(): string[] {
  return programFiles().filter((path) => /_worker\.[jt]s$/.test(path));
}

/** What the modules read while they run. */
export function assets(): string[] {
  const served = (path: string): boolean => /^(static|dashboard|examples)\//.test(path);
  return programFiles().filter((path) => served(path) || !/\.[jt]s$|^LICENSE$/.test(path));
}

/** Every file below `app/` of a packed program, `node_modules` included. */
export async function packedFiles(): Promise<TarFile[]> {
  const packages = await importedPackages();
  return [
    { path: "deno.json", content: new TextEncoder().encode(packedConfiguration()) },
    ...programFiles().map((path) => ({ path, content: read(path) })),
    ...packages.flatMap(packageFiles),
  ];
}

interface ImportedPackage {
  readonly name: string;
  readonly version: string;
  /** Keys of what it imports itself. */
  readonly dependencies: readonly string[];
  /** Absolute. */
  readonly localPath: string;
}

/** What `deno info --json` tells. Its packages are all that are installed, used or not. */
interface Graph {
  readonly modules: ReadonlyArray<{ readonly npmPackage?: string }>;
  readonly npmPackages?: Readonly<Record<string, ImportedPackage>>;
}

/** Packages that the program's modules import, and what those import, sorted by name. */
async function importedPackages(): Promise<ImportedPackage[]> {
  const found = new Map<string, ImportedPackage>();
  for (const root of ["main.ts", ...workerModules()]) {
    const { modules, npmPackages = {} } = await graphOf(root);
    const take = (key: string): void => {
      const one = npmPackages[key]!;
      const other = found.get(one.name);
      // All lie side by side in one folder, where a name has one version.
      if (other !== undefined && other.version !== one.version) {
        throw new Error(
          `Cannot pack ${one.name} in two versions, ${one.version} and ${other.version}`,
        );
      }
      if (other !== undefined) return;
      found.set(one.name, one);
      one.dependencies.forEach(take);
    };
    for (const { npmPackage } of modules) if (npmPackage !== undefined) take(npmPackage);
  }
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

async function graphOf(root: string): Promise<Graph> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", root],
    cwd: checkout,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(`deno info failed: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

function packageFiles({ name, localPath }: ImportedPackage): TarFile[] {
  const folder = relative(checkout, localPath).replaceAll(sep, "/");
  return filesBelow(folder).sort()
    .filter((path) => LEGAL.test(path.slice(folder.length)) || !UNUSED.test(path))
    .map((path) => ({
      path: `node_modules/${name}/${path.slice(folder.length + 1)}`,
      content: read(path),
    }));
}

/** The checkout's configuration without what only its developers need. */
function packedConfiguration(): string {
  const { name, version, license, exports, unstable, imports } = configuration();
  return JSON.stringify({
    ...{ name, version, license, exports, unstable, imports },
    nodeModulesDir: "manual",
    lock: false,
    // What `crunch --version` says.
    form: "packed",
  });
}

interface Configuration {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: string;
  readonly unstable: readonly string[];
  readonly imports: Readonly<Record<string, string>>;
  readonly tasks: Readonly<Record<string, string>>;
}

/** The checkout's `deno.json`. */
export function configuration(): Configuration {
  return JSON.parse(new TextDecoder().decode(read("deno.json")));
}

/**
 * The flags that `deno task crunch` runs the program with.
 * @throws {Error} where that task runs something else.
 */
export function runFlags(): string[] {
  const flags = /^deno run ((?:-\S+ )*)main\.ts$/.exec(configuration().tasks.crunch ?? "")?.[1];
  if (flags === undefined) throw new Error("The task crunch is not: deno run FLAGS main.ts");
  return flags.trim().split(" ");
}

function filesBelow(part: string): string[] {
  const path = join(checkout, part);
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  if (info.isFile) return [part];
  if (!info.isDirectory) return [];
  return [...Deno.readDirSync(path)].filter(({ name }) => !name.startsWith("."))
    .flatMap(({ name }) => filesBelow(`${part}/${name}`));
}

function read(path: string): Uint8Array {
  return Deno.readFileSync(new URL(path.replaceAll("%", "%25"), pathToFileURL(checkout)));
}
