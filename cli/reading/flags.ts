/** Reads a command's arguments: strict, exact about what is wrong, no abbreviations. @module */

import { type Command, dashed, type Flag, flagsOf, variable } from "../options/mod.ts";
import { hasControl, quote, suggest, UsageError } from "../terminal/mod.ts";

/** What stood on the command line. */
export interface Arguments {
  /** The texts of each option by key; `text` for switches is true or false. */
  readonly given: Map<string, { readonly flag: string; readonly texts: string[] }>;
  readonly positionals: string[];
}

/** Words of secrets: such a flag is refused with the reason, whichever command it was given to. */
const SECRET = /^(.*-)?(password|passwd|passphrase|pass|token|secret|credential|credentials)$/;

/**
 * Reads `--flag value`, `--flag=value`, `--switch`, `--no-switch` and `--`.
 * @throws {UsageError} for unknown, repeated, empty and missing ones.
 */
export function readArguments(command: Command, args: readonly string[]): Arguments {
  const flags = flagsOf(command.options);
  const given: Arguments["given"] = new Map();
  const positionals: string[] = [];
  const fail = (message: string): never => {
    throw new UsageError(message, command.name);
  };

  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "--") {
      positionals.push(...args.slice(i + 1));
      break;
    }
    if (!argument.startsWith("-") || argument === "-") {
      positionals.push(argument);
      continue;
    }
    const equals = argument.indexOf("=");
    const word = argument.slice(0, equals < 0 ? undefined : equals).replace(/^--/, "");
    // A single dash before a long word is a slip that only the exact message mends.
    const flag = argument.startsWith("--") ? flags.get(word) : undefined;
    if (flag === undefined || flag.form === "refused-secret") {
      fail(unknown(word, flag, flags, command));
      break;
    }
    const shown = `--${word}`;
    let text = equals < 0 ? undefined : argument.slice(equals + 1);
    if (flag.form === "negative") {
      if (text !== undefined) fail(`${shown} takes no value`);
      text = "false";
    } else if (flag.form === "switch") {
      text ??= "true";
    } else if (text === undefined) {
      text = args[++i];
      if (text === undefined) fail(`${shown} needs a value`);
      if (text!.startsWith("--")) {
        fail(`${shown} needs a value; if it begins with dashes write ${shown}=…`);
      }
    }
    if (text === "") fail(`${shown} needs a value that is not empty`);
    const before = given.get(flag.key);
    if (before === undefined) {
      given.set(flag.key, { flag: shown, texts: [text!] });
    } else if (flag.option.repeatable === true) {
      before.texts.push(text!);
    } else {
      fail(`${shown} is given twice`);
    }
  }
  const [first] = command.positionals ?? [];
  const key = first?.stands;
  if (key !== undefined) {
    const texts = positionals.splice(0);
    const bad = texts.some((text) => text === "" || hasControl(text));
    if (bad) fail(`${first!.name} is empty or holds a control character`);
    const before = given.get(key);
    if (before !== undefined) before.texts.push(...texts);
    else if (texts.length > 0) given.set(key, { flag: `--${dashed(key)}`, texts });
  }
  checkPositionals(command, positionals);
  return { given, positionals };
}

function unknown(
  word: string,
  flag: Flag | undefined,
  flags: Map<string, Flag>,
  command: Command,
): string {
  if (flag?.form === "refused-secret") {
    return `--${word} would show the secret to everybody who can list processes; ` +
      `use ${variable(flag.key)} or --${word}-file FILE`;
  }
  const bare = word.replace(/^-+/, "");
  if (SECRET.test(bare)) {
    return `--${bare} does not exist: secrets are taken from CRUNCH_… variables and …-file options only`;
  }
  for (const [other, options] of Object.entries(command.configuration?.known ?? {})) {
    if (flagsOf(options).has(word)) return `--${word} is an option of crunch ${other}`;
  }
  const known = [...flags].filter(([, flag]) => flag.form !== "refused-secret").map(([word]) =>
    word
  );
  // Only the word is repeated, never what was given with it: it may be a secret under a wrong name.
  const shown = /^[\w.-]{1,60}$/.test(word)
    ? (word === bare ? `--${word}` : `-${bare}`)
    : quote(word);
  return `unknown option ${shown}${suggest(bare, [...known, "help", "version"], "--")}`;
}

function checkPositionals(command: Command, given: readonly string[]): void {
  const declared = command.positionals ?? [];
  const extra = given[declared.length];
  if (extra !== undefined) {
    throw new UsageError(`does not know what to do with ${quote(extra)}`, command.name);
  }
  for (const [i, { name, optional }] of declared.entries()) {
    const text = given[i];
    if (text === undefined && optional !== true) {
      throw new UsageError(`needs ${name}`, command.name);
    }
    if (text !== undefined && (text === "" || hasControl(text))) {
      throw new UsageError(`${name} is empty or holds a control character`, command.name);
    }
  }
}
