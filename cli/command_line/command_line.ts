/** From the words of the command line to the command that was meant, with its settings. @module */

import { anyCommands, commandGroups, type CommandName, type commands } from "./commands.ts";
import { commandHelp, firstSteps, groupHelp, type Page, subcommands } from "./help.ts";
import type { Command } from "../options/mod.ts";
import { type Inputs, parseCommand, type Parsed } from "../reading/mod.ts";
import { makeStyle, quote, suggest, UsageError } from "../terminal/mod.ts";
import { type About, versionText } from "./version.ts";

/** The options of a command by its words. */
export type OptionsOf<K extends CommandName> = (typeof commands)[K] extends Command<infer O> ? O
  : never;

type Doing = Exclude<CommandName, "completions">;

/** What is to be done: a command with its settings, or a text for stdout. */
export type Invocation =
  | { readonly [K in Doing]: { readonly command: K } & Parsed<OptionsOf<K>> }[Doing]
  | { readonly command: "print"; readonly text: string }
  | Check;

/** `--check`: nothing starts, what the settings name is looked at. */
export type Check = {
  readonly [K in "relay" | "agent" | "both"]: {
    readonly command: "check";
    readonly of: K;
    readonly parsed: Parsed<OptionsOf<K>>;
    /** The settings as a configuration file. */
    readonly text: string;
  };
}["relay" | "agent" | "both"];

/** Everything outside the command line that decides. */
export interface CommandLineOptions extends Omit<Inputs, "args"> {
  readonly about: About;
  /** How help is laid out; 80 columns without colour by default. */
  readonly page?: Page;
}

/**
 * Reads a whole command line.
 * @throws {UsageError} for what cannot be taken: print its `text` on stderr and exit 2
 */
export async function readCommandLine(
  args: readonly string[],
  { about, page = { width: 80, style: makeStyle(false) }, ...inputs }: CommandLineOptions,
): Promise<Invocation> {
  const print = (text: string): Invocation => ({ command: "print", text });
  const isHelp = args[0] === "help";
  const words = isHelp ? args.slice(1) : args;
  const path = commandPath(words);
  const rest = words.slice(path.length);
  const end = rest.indexOf("--");
  const options = end < 0 ? rest : rest.slice(0, end);
  const name = path.join(" ");
  const command = Object.hasOwn(anyCommands, name) ? anyCommands[name] : undefined;

  if (args.length === 0) return print(firstSteps);
  if (isHelp || options.includes("--help") || options.includes("-h")) {
    const stray = options.find((word) => !word.startsWith("-"));
    if (command === undefined && stray !== undefined) failOnWord(name, stray);
    return print(command === undefined ? groupHelp(name, page) : commandHelp(command, page));
  }
  if (options.includes("--version") || options.includes("-V")) return print(versionText(about));
  if (command === undefined) failOnWord(name, rest[0]);

  const parsed = await parseCommand(command!, { ...inputs, args: rest });
  if (name === "completions") {
    const { completionScript } = await import("./completions.ts");
    return print(completionScript(parsed.positionals[0]!));
  }
  if (parsed.values.check === true) {
    const { settingsText } = await import("./settings.ts");
    const text = settingsText(command!, parsed);
    return { command: "check", of: name, parsed, text } as unknown as Check;
  }
  return { command: name, ...parsed } as unknown as Invocation;
}

/** The leading words that make a command or a group of commands. */
function commandPath(args: readonly string[]): string[] {
  const path: string[] = [];
  for (const word of args) {
    const name = [...path, word].join(" ");
    if (!Object.hasOwn(anyCommands, name) && !Object.hasOwn(commandGroups, name)) break;
    path.push(word);
  }
  return path;
}

function failOnWord(group: string, word: string | undefined): never {
  const known = [...subcommands(group).keys()];
  if (word === undefined) {
    throw new UsageError(`needs a command: ${known.join(", ")}`, group);
  }
  if (word.startsWith("-")) {
    const flag = word.split("=", 1)[0]!;
    throw new UsageError(`the command comes first, then options like ${quote(flag)}`, group);
  }
  throw new UsageError(`unknown command ${quote(word)}${suggest(word, known)}`, group);
}
