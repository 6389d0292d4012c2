/** `crunch relay`: starts a relay, and tells its owner where it is and what to do next. @module */

import {
  checkReadyFile,
  CommandFailure,
  localRelayDirectory,
  type Program,
  type RelayValues,
  type Running,
  unreadable,
  writeReadyFile,
} from "../../cli/mod.ts";
import { CertificateError, ListenError } from "../../http/mod.ts";
import { introduce } from "./introduction.ts";
import { type Relay, RunningRelay } from "../running/mod.ts";
import { type Given, StoreError } from "../store/mod.ts";
import { startAdvice } from "./start_advice.ts";

export { checkRelayFiles } from "./check.ts";

export interface RunningRelayCommand extends Running {
  readonly relay: Relay;
  /** Gives the account `local` a name beside its own. @returns false where another account has it. */
  giveLocal(name: string): boolean;
  /** Writes the bound addresses, and where an agent runs with it the URLs. */
  writeReady(path: string, urls?: readonly string[]): void;
}

/** What the command line says. */
export type RelayCommandSettings = Given & { readonly values: RelayValues };

/** @throws {CommandFailure} when it cannot start. */
export async function runRelay(
  settings: RelayCommandSettings,
  program: Program,
): Promise<RunningRelayCommand> {
  const { values } = settings;
  checkReadyFile(values.readyFile);
  const relay = await start(settings, program);
  const writeReady = (path: string, urls?: readonly string[]): void => {
    const content = {
      http: relay.http[0] ?? null,
      https: relay.https[0] ?? null,
      tunnel: relay.tunnel[0] ?? null,
      tunnel_tls: relay.tunnelTls[0] ?? null,
      admin: relay.admin[0] ?? relay.http[0] ?? relay.https[0] ?? null,
      ...(urls === undefined ? {} : { urls }),
    };
    writeReadyFile(path, content).catch((error) =>
      program.log.warn("cannot say that everything works", { path, error })
    );
  };
  const { downloads } = values;
  const trouble = downloads === undefined ? undefined : unreadable(downloads, "directory");
  if (trouble !== undefined) {
    program.log.warn(`--downloads: ${trouble}; nothing is offered until then`);
  }
  try {
    introduce(relay, values, program);
    if (values.readyFile !== undefined) writeReady(values.readyFile);
  } catch (cause) {
    await relay.stop(0);
    throw new CommandFailure(`cannot say where the relay is: ${(cause as Error).message}`, 1, {
      cause,
    });
  }
  return {
    relay,
    giveLocal: (name) => relay.giveLocal(name),
    writeReady,
    // A relay ends when it is stopped, and not before.
    ended: new Promise(() => {}),
    change: ({ values, ...given }) => relay.change(values as Partial<RelayValues>, given as Given),
    stop: () => relay.stop(),
  };
}

async function start(
  { values, sources, written }: RelayCommandSettings,
  program: Program,
): Promise<RunningRelay> {
  try {
    return await RunningRelay.start({
      ...values,
      given: { sources, written },
      log: program.log,
      software: program.software,
      localDirectory: localRelayDirectory(program.around),
    });
  } catch (cause) {
    if (
      cause instanceof ListenError || cause instanceof StoreError ||
      cause instanceof CertificateError
    ) {
      const advice = startAdvice(cause, values);
      const text = advice === undefined ? cause.message : `${cause.message}\n${advice}`;
      throw new CommandFailure(text, 1, { cause });
    }
    throw cause;
  }
}
