/** The settings of `crunch demo`: the example site, on free ports, with data of its own. @module */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Address } from "./addresses.ts";
import { commands } from "./commands.ts";
import type { Options, Values } from "./option.ts";
import { parseCommand, type Parsed } from "./parse.ts";

type BothOptions = typeof commands.both extends { options: infer O extends Options } ? O : never;
type DemoOptions = typeof commands.demo extends { options: infer O extends Options } ? O : never;

/** A taken port moves to the next; so many are tried. */
const TRIES = 50;

/**
 * What `crunch both` would be told. The data stay in `.demo` beside the program, or in the state directory where
 * the program's own folder cannot be written to.
 */
export async function demoSettings(
  values: Values<DemoOptions>,
  program: URL,
): Promise<Pick<Parsed<BothOptions>, "values" | "sources">> {
  const site = fileURLToPath(new URL("examples/site", program));
  const { values: defaults, sources } = await parseCommand(commands.both, {
    args: ["--dir", site, "--data", demoData(fileURLToPath(program))],
    env: {},
  });
  return {
    values: {
      ...defaults,
      http: [freeAddress(values.http)],
      tunnel: [freeAddress(values.tunnel)],
      drain: values.drain,
      ...(values.readyFile === undefined ? {} : { readyFile: values.readyFile }),
    },
    sources,
  };
}

function demoData(folder: string): string {
  const beside = join(folder, ".demo");
  try {
    Deno.mkdirSync(beside, { recursive: true, mode: 0o700 });
    return beside;
  } catch {
    const temporary = Deno.env.get("XDG_STATE_HOME") ??
      join(Deno.env.get("HOME") ?? ".", ".local", "state");
    return join(temporary, "crunch-demo");
  }
}

/** The address, or the same with the next port that is free. */
function freeAddress(address: Address): Address {
  if (address.transport === "unix" || address.port === 0) return address;
  for (let port = address.port; port < Math.min(address.port + TRIES, 65536); port++) {
    try {
      Deno.listen({ hostname: address.hostname, port }).close();
      return { ...address, port };
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) break;
    }
  }
  // The relay says what is wrong with it.
  return address;
}
