/** What `crunch agent --check` looks at beside the settings: the files and directories that they name. @module */

import { X509Certificate } from "node:crypto";
import {
  type AgentValues,
  CommandFailure,
  type OriginSpec,
  type Program,
  type Publication,
  publications,
  type Source,
  type Trouble,
  unreadable,
  unreadyFile,
  type Written,
} from "../cli/mod.ts";
import { currentDirectory } from "./current_directory.ts";
import { openOrigin } from "./open_origin.ts";
import { GIVE_PASSWORD } from "./password.ts";

/** Settings, with where they come from. */
export interface AgentToCheck {
  readonly values: AgentValues;
  readonly sources: Readonly<Record<"name" | "dir" | "proxy" | "publish", Source>>;
  readonly written: Readonly<Record<"publish", Written>>;
}

/** All that would keep an agent with these settings from publishing, as far as it can be seen without a relay. */
export async function checkAgentFiles(
  settings: AgentToCheck,
  { around }: Pick<Program, "around">,
): Promise<Trouble[]> {
  const { values, written } = settings;
  const troubles: Trouble[] = [];
  const { relayCa, readyFile, user, password } = values;
  if (user !== undefined && password === undefined && !Deno.stdin.isTerminal()) {
    const message = `needs the password: ${GIVE_PASSWORD}`;
    troubles.push({ key: "user", message });
  }
  if (relayCa !== undefined) {
    const message = unreadable(relayCa, "file") ?? authorityTrouble(relayCa);
    if (message !== undefined) troubles.push({ key: "relayCa", message });
  }
  if (readyFile !== undefined) {
    const message = unreadyFile(readyFile);
    if (message !== undefined) troubles.push({ key: "readyFile", message });
  }
  for (const publication of published(settings, { around, troubles })) {
    const entry = publication.entry === undefined
      ? undefined
      : written.publish.entries?.[publication.entry];
    for (const spec of publication.origins) {
      const message = await originTrouble(spec);
      if (message === undefined) continue;
      troubles.push({ key: spec.option, where: entry?.get(spec.option)?.where, message });
    }
  }
  return troubles;
}

async function originTrouble(spec: OriginSpec): Promise<string | undefined> {
  try {
    (await openOrigin(spec))[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What would be published, but for a current directory that would not. */
function published(
  settings: AgentToCheck,
  { around, troubles }: Pick<Program, "around"> & { readonly troubles: Trouble[] },
): readonly Publication[] {
  try {
    return publications(settings, () => currentDirectory({ around }, settings.values));
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    troubles.push({ key: "dir", message: error.message });
    return publications(settings).filter(({ entry }) => entry !== undefined);
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
