/** `crunch agent`: publishes, prints where, and says when it loses and regains the relay. @module */

import {
  type AgentValues,
  checkReadyFile,
  CommandFailure,
  isLoopbackAddress,
  type Program,
  type Publication,
  publications,
  type Running,
  type Source,
  UsageError,
  writeReadyFile,
} from "../cli/mod.ts";
import { accessOfTold, NoCredential } from "./access.ts";
import { refusalAdvice } from "./advice.ts";
import { currentDirectory } from "./current_directory.ts";
import { type Access, relayText } from "./link.ts";
import { NoLocalRelay } from "./local_access.ts";
import { withPassword } from "./password.ts";
import { RunningAgent } from "./running_agent.ts";

export { checkAgentFiles } from "./check.ts";
export { accessOf } from "./local_access.ts";
export { withPassword } from "./password.ts";

export interface AgentSettings {
  readonly values: AgentValues;
  readonly sources: Readonly<Record<"name" | "dir" | "proxy" | "publish", Source>>;
}

export interface AgentCompany {
  /** Access to a relay in the same process, used where no other is named. */
  readonly ownAccess?: Access | undefined;
  /** Gets the URLs once everything works; by default they go into the ready file. */
  readonly onready?: (urls: string[]) => void;
}

/**
 * Starts publishing.
 * @throws {CommandFailure} when it cannot start.
 */
export async function runAgent(
  given: AgentSettings,
  program: Program,
  { ownAccess, onready }: AgentCompany = {},
): Promise<Running> {
  let publish = publications(given, () => currentDirectory(program, given.values));
  checkReadyFile(given.values.readyFile);
  warnOfPlain(given.values, program);
  const { values } = await withPassword(given, "agent");
  chooseAccess(values, program, ownAccess);
  const credentials = new Credentials(values, program);
  const printed = new Set<string>();
  const ended = Promise.withResolvers<number>();
  let agent: RunningAgent;
  try {
    agent = await RunningAgent.start({
      access: async () => chooseAccess(await credentials.next(), program, ownAccess),
      publish,
      relayCa: values.relayCa === undefined ? undefined : readCertificates(values.relayCa),
      log: program.log,
      software: program.software,
      onwelcome: ({ names }) => {
        for (const url of names.flatMap(({ urls }) => urls)) {
          if (printed.has(url)) continue;
          printed.add(url);
          program.print(url + "\n");
        }
      },
      onrefused: (error) => {
        const advice = refusalAdvice(error.end.code, values);
        program.log.error(`the relay refuses: ${error.message}`, { advice });
        ended.resolve(1);
      },
    });
  } catch (cause) {
    throw new CommandFailure((cause as Error).message, 1, { cause });
  }
  // Above the addresses: by now all of it is there.
  for (const line of publishingLines(publish)) program.log.info(line);
  agent.urls.then(
    onready ?? ((urls) => {
      const { readyFile } = values;
      return readyFile === undefined ? undefined : writeReadyFile(readyFile, { urls });
    }),
    // A refusal was said by then.
    () => {},
  ).catch((error) => {
    program.log.error("cannot say that everything works", { error });
    ended.resolve(1);
  });
  let { drain } = values;
  return {
    ended: ended.promise,
    change: async (settings) => {
      const next = settings as unknown as AgentSettings;
      const before = publishingLines(publish);
      const changed = publications(next, () => currentDirectory(program, next.values));
      await agent.publish(changed);
      publish = changed;
      for (const line of publishingLines(publish)) {
        if (!before.includes(line)) program.log.info(line);
      }
      drain = next.values.drain;
    },
    stop: () => agent.stop(drain),
  };
}

/** What is published where, one line a mount. */
function publishingLines(publish: readonly Publication[]): string[] {
  return publish.flatMap(({ name, origins }) =>
    origins.map(({ mount, value }) => {
      const at = mount === "/" ? "" : ` at ${mount}/`;
      const as = name === undefined ? "" : ` as ${name}`;
      return `publishing ${value}${at}${as}`;
    })
  );
}

/** Files of passwords and tokens are read again before each dial but the first: they may be new by then. */
class Credentials {
  readonly #program: Program;
  #values: AgentValues;
  #isFirst = true;
  #warned = false;

  constructor(values: AgentValues, program: Program) {
    this.#values = values;
    this.#program = program;
  }

  async next(): Promise<AgentValues> {
    if (this.#isFirst || this.#program.readAgain === undefined) {
      this.#isFirst = false;
      return this.#values;
    }
    try {
      const { user, password, token } = (await this.#program.readAgain()).values as AgentValues;
      // One that was typed is in no file.
      const typed = user === this.#values.user ? this.#values.password : undefined;
      this.#values = { ...this.#values, user, password: password ?? typed, token };
      this.#warned = false;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (!this.#warned) {
        this.#program.log.warn(`signing in with the same credentials again: ${error.message}`);
      }
      this.#warned = true;
    }
    return this.#values;
  }
}

function warnOfPlain({ relay }: AgentValues, { log }: Program): void {
  if (relay?.transport !== "tcp" || isLoopbackAddress(relay)) return;
  log.warn(
    `${
      relayText(relay)
    } is dialled without TLS: what passes can be read on the way; use tls:// where the relay offers it`,
  );
}

/**
 * A missing local relay ends the command at its start; later it is one more failed dial.
 * @throws {CommandFailure}
 */
function chooseAccess(values: AgentValues, program: Program, own: Access | undefined): Access {
  try {
    return accessOfTold(values, { around: program.around, own });
  } catch (cause) {
    if (cause instanceof NoLocalRelay) {
      throw new CommandFailure(cause.message, cause.several ? 2 : 1, { cause });
    }
    if (!(cause instanceof NoCredential)) throw cause;
    const advice = cause.mistyped
      ? "; look again at CRUNCH_TOKEN or --token-file, or make a new one at the relay:\n" +
        "  crunch account token create ACCOUNT"
      : ": give --user NAME with --password-file FILE or CRUNCH_PASSWORD, " +
        "or --token-file FILE or CRUNCH_TOKEN:\n" +
        `  crunch agent --relay ${relayText(values.relay!)} --user NAME`;
    throw new CommandFailure(`${cause.message}${advice}`, 2, { cause });
  }
}

function readCertificates(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : (cause as Error).message;
    throw new CommandFailure(`--relay-ca: cannot read ${path}: ${why}`, 1, { cause });
  }
}
