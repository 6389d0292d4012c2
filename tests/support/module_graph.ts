/** Which module imports which, as Deno itself resolves it. @module */

import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** One import of one module. Paths are relative to the project, with slashes. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** Line in `from`, counted from 1. */
  readonly line: number;
  /** `import()`: runs when it is reached, if it is. */
  readonly dynamic: boolean;
  /** Only types: nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

/** Folders without modules of the project. */
const SKIPPED = /^(node_modules|\.\w[^/]*|dist)$/;
const MODULE = /\.(ts|js|mjs|tsx)$/;

/** Every module below `root`, as paths with slashes, sorted. */
export function modulesOf(root: string): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const { name, isDirectory, isFile } of Deno.readDirSync(join(root, folder))) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (isDirectory && !SKIPPED.test(name)) walk(path);
      else if (isFile && MODULE.test(name)) found.push(path);
    }
  };
  walk("");
  return found.sort();
}

interface Dependency {
  readonly code?: Resolved;
  readonly type?: Resolved;
  readonly isDynamic?: boolean;
}

interface Resolved {
  readonly specifier?: string;
  readonly span: { readonly start: { readonly line: number } };
}

/** The imports of `modules` among the files of the project; packages and `node:` are left out. */
export async function importsOf(root: string, modules: readonly string[]): Promise<Import[]> {
  // `deno info` takes one root: a module that imports all of them.
  const entry = await Deno.makeTempFile({ suffix: ".js" });
  try {
    const all = modules.map((path) => `import ${JSON.stringify(`file://${join(root, path)}`)};\n`);
    await Deno.writeTextFile(entry, all.join(""));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", join(root, "deno.json"), entry],
      env: { NO_COLOR: "1" },
    }).output();
    if (code !== 0) throw new Error(`deno info failed: ${new TextDecoder().decode(stderr)}`);
    const graph = JSON.parse(new TextDecoder().decode(stdout)) as {
      modules: Array<{ specifier: string; error?: string; dependencies?: Dependency[] }>;
    };
    return graph.modules.flatMap(({ specifier, error, dependencies = [] }) => {
      if (error !== undefined) throw new Error(error);
      const from = projectPath(root, specifier);
      if (from === undefined) return [];
      return dependencies.flatMap(({ code, type, isDynamic }) => {
        const resolved = code ?? type;
        const to = projectPath(root, resolved?.specifier);
        if (resolved === undefined || to === undefined) return [];
        const line = resolved.span.start.line + 1;
        return [{ from, to, line, dynamic: isDynamic === true, typeOnly: code === undefined }];
      });
    });
  } finally {
    await Deno.remove(entry);
  }
}

function projectPath(root: string, specifier: string | undefined): string | undefined {
  if (specifier?.startsWith("file:") !== true) return undefined;
  const path = relative(root, fileURLToPath(specifier)).replaceAll("\\", "/");
  return path.startsWith("../") || path.startsWith("node_modules/") ? undefined : path;
}
