/** `crunch demo`: the example site on free ports, with data of its own. @module */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Address, formatAddress } from "../kinds/mod.ts";
import { commands } from "./commands.ts";
import { type Options, stateDirectory, type Values } from "../options/mod.ts";
import { parseCommand, type Parsed } from "../reading/mod.ts";
import { CommandFailure, type Program, type Running } from "./program.ts";

type OptionsOfBoth = typeof commands.both extends { options: infer O extends Options } ? O : never;
type OptionsOfDemo = typeof commands.demo extends { options: infer O extends Options } ? O : never;

/** What `crunch both` is told. */
export type DemoSettings = Pick<Parsed<OptionsOfBoth>, "values" | "sources" | "written">;

export interface DemoSurroundings {
  /** The program's own folder. */
  readonly folder: URL;
  /** It is its user's, to leave data in; that of a built program is unpacked somewhere and goes with it. */
  readonly isCheckout: boolean;
  readonly program: Program;
  /** Starts relay and agent. */
  run(settings: DemoSettings): Promise<Running>;
}

/** A taken port moves to the next; so many are tried. */
const PORTS = 50;
/** So often a port is lost between finding it free and listening on it: to a demo that starts at the same time. */
const STARTS = 5;
/** So many demos run at once. */
const FOLDERS = 20;

/** @throws {CommandFailure} where no port or no folder is to be had. */
export async function runDemo(
  values: Values<OptionsOfDemo>,
  { folder, isCheckout, program, run }: DemoSurroundings,
): Promise<Running> {
  const data = takeFolder([
    ...(isCheckout ? [join(fileURLToPath(folder), ".demo")] : []),
    `${stateDirectory(program.around)}-demo`,
  ]);
  try {
    const site = fileURLToPath(new URL("examples/site", folder));
    const { values: defaults, sources, written } = await parseCommand(commands.both, {
      args: ["--dir", site, "--data", data.path],
      env: {},
    });
    const { drain, readyFile } = values;
    const told = { ...defaults, drain, ...(readyFile === undefined ? {} : { readyFile }) };
    const running = await start(
      values,
      ([http, tunnel]) =>
        run({ values: { ...told, http: [http], tunnel: [tunnel] }, sources, written }),
    );
    program.print(`data       ${data.path} (delete it to begin anew)\n`);
    program.print("The example site is at the addresses below until you press Ctrl-C.\n");
    return {
      ended: running.ended,
      stop: async () => {
        await running.stop();
        data.lock.close();
      },
    };
  } catch (error) {
    data.lock.close();
    throw error;
  }
}

/** Runs with free addresses, and with others where one of them was lost meanwhile. */
async function start(
  { http, tunnel }: Values<OptionsOfDemo>,
  run: (addresses: [Address, Address]) => Promise<Running>,
): Promise<Running> {
  for (let tries = 1;; tries++) {
    try {
      return await run(freeAddresses(http, tunnel));
    } catch (error) {
      if (!isPortTaken(error) || tries === STARTS) throw error;
    }
  }
}

/** A folder that is ours while its lock is open: until this process ends, in whatever way. */
interface Folder {
  readonly path: string;
  readonly lock: Deno.FsFile;
}

/** The first of `places` that can be written to; while another demo has it, the same with -2 after its name, and so on. */
function takeFolder(places: readonly string[]): Folder {
  let problem: unknown;
  for (const place of places) {
    try {
      for (let number = 1; number <= FOLDERS; number++) {
        const path = number === 1 ? place : `${place}-${number}`;
        Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
        const name = join(path, "demo.lock");
        const lock = Deno.openSync(name, { write: true, create: true, mode: 0o600 });
        if (lock.tryLockSync(true)) return { path, lock };
        lock.close();
      }
    } catch (error) {
      problem = error;
      continue;
    }
    throw new CommandFailure(`${FOLDERS} demos are running already; end one of them`);
  }
  const reason = problem instanceof Error ? problem.message : String(problem);
  throw new CommandFailure(`cannot keep its data in ${places.join(" or ")}: ${reason}`, 1, {
    cause: problem,
  });
}

/** Both addresses, each with its own port or the next that is free, and never the same one. */
function freeAddresses(http: Address, tunnel: Address): [Address, Address] {
  const first = freeAddress(http);
  return [first, freeAddress(tunnel, first)];
}

function freeAddress(address: Address, other?: Address): Address {
  if (address.transport === "unix" || address.port === 0) return address;
  for (let port = address.port; port < Math.min(address.port + PORTS, 65536); port++) {
    if (other !== undefined && other.transport !== "unix" && other.port === port) continue;
    try {
      Deno.listen({ hostname: address.hostname, port }).close();
      return { ...address, port };
    } catch (error) {
      // The relay says better what is wrong with any other address.
      if (!(error instanceof Deno.errors.AddrInUse)) return address;
    }
  }
  throw new CommandFailure(
    `no port is free from ${formatAddress(address)} to ${
      Math.min(address.port + PORTS, 65536) - 1
    }; give another one`,
  );
}

/** What listening throws is known here by its code alone: this folder imports no other. */
function isPortTaken(error: unknown): boolean {
  if (!(error instanceof CommandFailure)) return false;
  return (error.cause as { code?: unknown } | undefined)?.code === "in-use";
}
