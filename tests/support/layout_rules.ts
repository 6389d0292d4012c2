/** What the house allows: who may import whom, through which door, and what files may be called. @module */

import type { Import } from "./module_graph.ts";

/**
 * Which parts a part may import besides itself. The order is main → relay | agent | bench → tunnel → http, and
 * everybody may use cli. What is not named here imports nobody.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  main: ["relay", "agent", "bench", "cli"],
  relay: ["tunnel", "http", "cli"],
  agent: ["tunnel", "http", "cli"],
  bench: ["tunnel", "http", "cli"],
  tunnel: ["http", "cli"],
  http: ["cli"],
  cli: [],
  // A program beside the program, that measures it: nobody imports it.
  benchmarks: ["relay", "agent", "bench", "tunnel", "http", "cli"],
  // Pages of a browser; served, never imported.
  dashboard: [],
  static: [],
  // How another program would use this one.
  examples: ["relay", "agent"],
};

/** Rooms that may do less than the part they lie in: accounts, names and the request log know no routes and no frames. */
const ROOM_ARROWS: Readonly<Record<string, readonly string[]>> = {
  "relay/store": ["tunnel", "cli"],
};

/** The rooms of a part, lowest first: each may import those before it. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  relay: [
    "store",
    "metrics",
    "agents",
    "visitors",
    "pages",
    "api",
    "admin",
    "running",
    "commands",
  ],
  cli: ["terminal", "files", "kinds", "options", "reading", "command_line"],
};

/** Doors that a part may look through for types: nothing of them is left at run time. */
const TYPE_ARROWS: Readonly<Record<string, readonly string[]>> = {
  dashboard: ["relay/api/mod.ts"],
};

/** Parts whose modules a browser fetches one by one: a door would make it fetch all. */
const OPEN: ReadonlySet<string> = new Set(["dashboard"]);

/** A wrong import, as a sentence that says where and why. */
export function wrongArrows(imports: readonly Import[]): string[] {
  return imports.flatMap((found) => {
    const reason = objection(found);
    return reason === undefined ? [] : [`${found.from}:${found.line} → ${found.to}: ${reason}`];
  });
}

function objection({ from, to, dynamic, typeOnly }: Import): string | undefined {
  const [source, target] = [partOf(from), partOf(to)];
  // Tests look behind every door; data like deno.json has none.
  if (source === "tests" || to.endsWith(".json")) return undefined;
  if (target === "tests") return "only tests import tests";
  if (typeOnly && TYPE_ARROWS[source]?.includes(to)) return undefined;
  const room = Object.keys(ROOM_ARROWS).find((path) => from.startsWith(`${path}/`));
  const allowed = ARROWS[source] ?? [];
  if (source !== target && !allowed.includes(target)) return `${source} never imports ${target}`;
  if (room !== undefined && !to.startsWith(`${room}/`) && !ROOM_ARROWS[room]!.includes(target)) {
    return `${room} never imports ${target}`;
  }
  if (source === target && roomOf(from) < roomOf(to)) return "a room imports only those below it";
  const [inside, folder] = [folderOf(from), folderOf(to)];
  if (source === target && OPEN.has(source)) {
    return folder === `${target}/pages` && !dynamic
      ? "pages are fetched when they are shown"
      : undefined;
  }
  // A room stands in its house: it may name the files of the folders around it, whose door would lead back to it.
  if (folder === inside || folder === "" || inside.startsWith(`${folder}/`)) return undefined;
  if (to === `${folder}/mod.ts`) return undefined;
  if (from === "main.ts" && dynamic && /^[a-z]+\/(\w+\/)?(\w+_)?command\.ts$/.test(to)) {
    return undefined;
  }
  return from === "main.ts"
    ? "main takes a folder's mod.ts, or its command.ts by import()"
    : `${folder}/mod.ts is the door`;
}

/** `relay` of `relay/api/mod.ts`; files of the root are `main`. */
function partOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "main";
}

/** How high a file's room lies in its part; NaN, which is neither higher nor lower, where it is in none. */
function roomOf(path: string): number {
  const [part = "", name = ""] = path.split("/");
  const room = ROOMS[part]?.indexOf(name) ?? -1;
  return room < 0 ? NaN : room;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Modules that import each other in a ring, each ring as `a → b → a`; imports of types and by `import()` count. */
export function cycles(imports: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const rings: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (module: string): void => {
    const at = path.indexOf(module);
    if (at >= 0) rings.push([...path.slice(at), module].join(" → "));
    if (at >= 0 || done.has(module)) return;
    path.push(module);
    for (const to of next.get(module) ?? []) visit(to);
    path.pop();
    done.add(module);
  };
  for (const module of next.keys()) visit(module);
  return rings;
}

const DRAWER = /(^|[/_])(utils?|common|shared|helpers?|misc)(?=[/_.]|$)/;

/** Why a module's path is not one of this house; undefined where it is. */
export function wrongName(path: string): string | undefined {
  if (DRAWER.test(path)) return "names a drawer, not a job";
  if (/(^|\/)index\.[jt]s$/.test(path)) return "is called mod.ts here";
  if (!/^([a-z0-9_]+\/)*[a-z0-9_]+(\.d)?\.[jt]s$/.test(path)) return "is not in snake_case";
  return undefined;
}

/** Whether a module's first line is its one sentence. */
export function hasSentence(text: string): boolean {
  const line = text.slice(0, text.indexOf("\n"));
  return /^\/\*\* [\w`][^]*[^.]\. @module \*\/$/.test(line) && !/[.!?] [A-Z]/.test(line);
}
