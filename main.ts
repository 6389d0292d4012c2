/** Picks the command, handles signals and the exit code; nothing else. @module */

import {
  type About,
  type Check,
  checkReadyFile,
  columns,
  CommandFailure,
  createLog,
  failureText,
  hasColour,
  Interrupted,
  type Invocation,
  isAsking,
  leaveNameless,
  makeStyle,
  ownUnreadableVariable,
  type Page,
  type Program,
  readCommandLine,
  type Running,
  telemetryConsole,
  type Trouble,
  troubleText,
  typedDirectory,
  UsageError,
  type WatchOptions,
  watchSettings,
  writeText,
} from "./cli/mod.ts";
import about from "./deno.json" with { type: "json" };

/**
 * A signal so soon after the first, in ms, is the same one: what is sent to a whole process group reaches us directly
 * and again through `deno task`.
 */
const ECHO = 100;

/** The program runs from its sources, as a user keeps them. */
const isCheckout = !Deno.build.standalone && formOf(about).form === undefined;

/** Starts what the command line asks for. Heavy parts are loaded only where they are used. */
async function start(
  invocation: Exclude<Invocation, { command: "print" | "check" }>,
  program: Program,
): Promise<Running | null> {
  switch (invocation.command) {
    case "relay": {
      const { runRelay } = await import("./relay/commands/relay_command.ts");
      return await runRelay(invocation, program);
    }
    case "agent": {
      const { runAgent } = await import("./agent/command.ts");
      return runAgent(invocation, program);
    }
    case "both":
      return await runBoth(invocation, program);
    case "demo": {
      const { runDemo } = await import("./cli/command_line/demo_command.ts");
      return await runDemo(invocation.values, {
        folder: new URL(".", import.meta.url),
        isCheckout,
        program,
        run: (settings) => runBoth(settings, program, { name: "demo" }),
      });
    }
    case "backup":
    case "restore": {
      const { runBackup } = await import("./relay/commands/backup/mod.ts");
      runBackup(invocation, program);
      return null;
    }
    default: {
      const { runAccount } = await import("./relay/commands/account/mod.ts");
      await runAccount(invocation, program);
      return null;
    }
  }
}

/**
 * Relay and agent in one process; unless told otherwise the agent uses this relay, by the local credential. `name`:
 * where to publish instead of the account's own name, which is left to other agents of this machine.
 */
async function runBoth(
  given: Pick<Invocation & { command: "both" }, "values" | "sources" | "written">,
  program: Program,
  { name }: { readonly name?: string } = {},
): Promise<Running> {
  const { runRelay } = await import("./relay/commands/relay_command.ts");
  const { accessOf, runAgent, withPassword } = await import("./agent/command.ts");
  // Before the relay serves: who is asked keeps everything else waiting.
  const settings = await withPassword(given, "both");
  // One ready file, once the agent's names work, too.
  const { readyFile } = settings.values;
  checkReadyFile(readyFile);
  const values = { ...settings.values, readyFile: undefined };
  const relay = await runRelay({ ...settings, values }, program);
  try {
    const { local } = relay.relay;
    const ownName = name !== undefined && relay.giveLocal(name);
    const told = ownName ? { ...settings, values: { ...settings.values, name } } : settings;
    const agent = await runAgent(told, program, {
      ownAccess: local === null ? undefined : accessOf(local),
      onready: (urls) => {
        if (readyFile !== undefined) relay.writeReady(readyFile, urls);
      },
    });
    return {
      ended: agent.ended,
      change: async (next) => {
        // First the part that may refuse.
        await agent.change?.(next);
        await relay.change?.(next);
      },
      stop: async () => {
        await Promise.all([agent.stop(), relay.stop()]);
      },
    };
  } catch (error) {
    await relay.stop();
    throw error;
  }
}

/** Looks at what the settings name, and says what is wrong or that nothing is. @returns the exit code */
async function check({ of, parsed, text }: Check, around: Program["around"]): Promise<number> {
  const troubles: Trouble[] = [];
  if (of !== "agent") {
    const { checkRelayFiles } = await import("./relay/commands/relay_command.ts");
    troubles.push(...checkRelayFiles(parsed.values));
  }
  if (of !== "relay") {
    const { checkAgentFiles } = await import("./agent/command.ts");
    troubles.push(...await checkAgentFiles(parsed, { around }));
  }
  printText(text);
  if (troubles.length === 0) {
    printText("\n# All is well: what these settings name is there and can be used.\n");
    return 0;
  }
  for (const trouble of troubles) {
    writeText(
      Deno.stderr,
      failureText(`crunch ${of}: ${troubleText(trouble, parsed)}`, pageOf(around.env)),
    );
  }
  return 1;
}

/** It does one thing and ends; all others stay. */
function isShort(command: string): boolean {
  return command === "backup" || command === "restore" || command.startsWith("account ");
}

/** The settings of a command that stays. */
type Settings = WatchOptions["settings"];

/** A packed file says in its configuration that it is one. */
function formOf(configuration: {
  readonly version: string;
  readonly form?: string;
}): Pick<About, "form"> {
  return configuration.form === "packed" ? { form: "packed" } : {};
}

/** How standard error is written to. */
function pageOf(env: Readonly<Record<string, string>>): Page {
  return {
    width: columns(Deno.stderr, Infinity),
    style: makeStyle(hasColour(Deno.stderr, env)),
  };
}

/** Writes to standard output. @throws {CommandFailure} where it takes no more: a full disk */
function printText(text: string): void {
  try {
    writeText(Deno.stdout, text);
  } catch (cause) {
    throw new CommandFailure(`cannot write the output: ${(cause as Error).message}`, 1, { cause });
  }
}

/** Writes to standard output for who stays: a full disk below it does not keep the program from starting. */
function teller(log: Program["log"]): Program["print"] {
  let warned = false;
  return (text) => {
    try {
      printText(text);
    } catch (error) {
      if (!warned) log.warn((error as Error).message);
      warned = true;
    }
  };
}

/** Says why the command ends. @returns its exit code. @throws what is a fault of the program. */
function fail(error: unknown, env: Readonly<Record<string, string>>, command = "crunch"): number {
  if (!(error instanceof UsageError || error instanceof CommandFailure)) throw error;
  const isUsage = error instanceof UsageError;
  const text = isUsage ? error.text : `${command}: ${error.message}`;
  writeText(Deno.stderr, failureText(text, pageOf(env)));
  return isUsage ? 2 : error.exitCode;
}

async function main(): Promise<number> {
  const env = Deno.env.toObject();
  const checkout = isCheckout ? import.meta.dirname : undefined;
  const directory = leaveNameless(() => typedDirectory({ env, checkout }));
  const terminal = Deno.stdout.isTerminal();
  const read = (): Promise<Invocation> =>
    readCommandLine(Deno.args, {
      env,
      directory,
      about: { version: about.version, protocol: 1, ...formOf(about) },
      page: { width: columns(Deno.stdout), style: makeStyle(hasColour(Deno.stdout, env)) },
    });
  let invocation: Invocation;
  try {
    invocation = await read();
  } catch (error) {
    // What was not found may be what could not be read.
    return fail(ownUnreadableVariable() ?? error, env);
  }
  const unreadable = invocation.command === "print" ? undefined : ownUnreadableVariable();
  if (unreadable !== undefined) return fail(unreadable, env);
  const root = Deno.build.os !== "windows" && Deno.uid() === 0;
  const around = { env, os: Deno.build.os, root, directory };
  try {
    if (invocation.command === "check") return await check(invocation, around);
    if (invocation.command === "print") {
      printText(invocation.text);
      return 0;
    }
  } catch (error) {
    return fail(error, env);
  }
  const { logFormat: format, logLevel: level } = invocation.values;
  const log = createLog({
    format,
    level,
    colour: hasColour(Deno.stderr, env),
    also: telemetryConsole(env),
    width: () => columns(Deno.stderr, Infinity),
  });
  for (const note of invocation.notes) log.info(note);
  for (const warning of invocation.warnings) log.warn(warning);
  const program: Program = {
    software: `crunch/${about.version}`,
    log,
    around,
    terminal,
    readAgain: async () => await read() as Settings,
    print: isShort(invocation.command) ? printText : teller(log),
  };
  const signalled = Promise.withResolvers<number>();
  let running: Running | null = null;
  let stopping = false;
  let stoppedAt = 0;
  const onsignal = (): void => {
    if (stopping && performance.now() - stoppedAt < ECHO) return;
    const isAsked = isAsking();
    // A short command has nothing to finish.
    if (stopping || (isShort(invocation.command) && !isAsked)) Deno.exit(130);
    stopping = true;
    stoppedAt = performance.now();
    if (isAsked) return;
    log.info("stopping; a second signal ends at once");
    // What is about to start is stopped once it has.
    running?.stop().then(() => signalled.resolve(0), signalled.reject);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, onsignal);
  try {
    running = await start(invocation, program);
    if (running === null) return 0;
    if (stopping) {
      await running.stop();
      return 0;
    }
    using _watch = watchSettings({
      settings: invocation as Settings,
      log,
      read: async () => await read() as Settings,
      apply: async (next) => {
        await running!.change?.(next);
        const { logFormat: format, logLevel: level } = next.values as typeof invocation.values;
        log.adjust({ format, level });
      },
      onhangup: onsignal,
    });
    const code = await Promise.race([signalled.promise, running.ended]);
    if (!stopping) await running.stop();
    return code;
  } catch (error) {
    const { command } = invocation;
    if (!(error instanceof Interrupted)) return fail(error, env, `crunch ${command}`);
    // Who stays was told to stop, and does.
    if (!isShort(command)) return 0;
    fail(new CommandFailure("nothing was changed"), env, `crunch ${command}`);
    return 130;
  }
}

Deno.exit(await main());
