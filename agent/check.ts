/** What `crunch agent --check` looks at beside the settings: the files and directories that they name. @module */

import { X509Certificate } from "node:crypto";
import {
  type AgentValues,
  CommandFailure,
  type Program,
  type Publication,
  publications,
  type Source,
  type Trouble,
  unreadable,
  unreadyFile,
  type Written,
} from "../cli/mod.ts";
import { checkCurrent } from "./current_directory.ts";
import { createDirectoryOrigin } from "./files/mod.ts";

/** Settings, with where they come from. */
export interface AgentToCheck {
  readonly values: AgentValues;
  readonly sources: Readonly<Record<"name" | "dir" | "publish", Source>>;
  readonly written: Readonly<Record<"publish", Written>>;
}

/** All that would keep an agent with these settings from publishing, as far as it can be seen without a relay. */
export function checkAgentFiles(
  settings: AgentToCheck,
  { around }: Pick<Program, "around">,
): Trouble[] {
  const { values, sources, written } = settings;
  const troubles: Trouble[] = [];
  const { relayCa, readyFile } = values;
  if (relayCa !== undefined) {
    const message = unreadable(relayCa, "file") ?? authorityTrouble(relayCa);
    if (message !== undefined) troubles.push({ key: "relayCa", message });
  }
  if (readyFile !== undefined) {
    const message = unreadyFile(readyFile);
    if (message !== undefined) troubles.push({ key: "readyFile", message });
  }
  for (const publication of publications(settings)) {
    const entry = written.publish.entries
      ?.[(values.publish as readonly Publication[]).indexOf(publication)];
    const where = entry?.get("dir")?.where;
    for (const { value } of publication.dir) {
      const message = rootTrouble(value);
      if (message !== undefined) troubles.push({ key: "dir", where, message });
    }
    if (
      sources.dir.from === "default" && publication.dir[0]?.value === "." && where === undefined
    ) {
      troubles.push(...currentTrouble(around));
    }
  }
  return troubles;
}

function rootTrouble(root: string): string | undefined {
  try {
    createDirectoryOrigin({ root })[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function currentTrouble(around: Program["around"]): Trouble[] {
  try {
    checkCurrent({ around });
    return [];
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return [{ key: "dir", message: error.message }];
  }
}

function authorityTrouble(path: string): string | undefined {
  try {
    new X509Certificate(Deno.readTextFileSync(path));
    return undefined;
  } catch {
    return `cannot use ${path}: it holds no PEM certificate`;
  }
}
