/** Writes the completion scripts of bash, zsh and fish from the tables of commands. @module */

import { anyCommands, commandGroups } from "./commands.ts";
import { subcommands } from "./help.ts";
import { type Command, flagsOf, isOnByDefault } from "../options/mod.ts";
import { UsageError } from "../terminal/mod.ts";

/** A flag as a shell offers it. */
interface Offer {
  readonly word: string;
  readonly help: string;
  /** What may follow it; undefined for a switch. */
  readonly value: "file" | "directory" | "any" | readonly string[] | undefined;
}

/** A place on the command line: `/account/token`, with the words that may stand there. */
interface Place {
  readonly path: string;
  /** Further commands, or the values of the first positional. */
  readonly words: ReadonlyMap<string, string>;
  /** A file may stand there. */
  readonly files: boolean;
  readonly offers: readonly Offer[];
}

const HELP: Offer = { word: "help", help: "show help", value: undefined };
const VERSION: Offer = { word: "version", help: "show versions", value: undefined };

function offersOf(command: Command): Offer[] {
  const offers: Offer[] = [];
  for (const [word, { option, form }] of flagsOf(command.options)) {
    if (form === "refused-secret") continue;
    // Of `--word` and `--no-word` the one that changes something.
    if ((form === "negative") !== isOnByDefault(option)) continue;
    if (option.dormant !== undefined) continue;
    const value = form === "switch" || form === "negative"
      ? undefined
      : option.kind.completes ?? "any";
    offers.push({ word, help: option.help, value });
  }
  return [...offers, HELP];
}

function places(): Place[] {
  const groups = ["", ...Object.keys(commandGroups)].map((name) => ({
    path: name.replace(/^(?=.)| /g, "/"),
    words: subcommands(name),
    files: false,
    offers: name === "" ? [HELP, VERSION] : [HELP],
  }));
  const leaves = Object.entries(anyCommands).map(([name, command]) => ({
    path: `/${name.replaceAll(" ", "/")}`,
    words: new Map((command.positionals?.[0]?.completes ?? []).map((word) => [word, ""])),
    files: typeof command.positionals?.[0]?.kind?.completes === "string",
    offers: offersOf(command),
  }));
  return [...groups, ...leaves];
}

/** The flags by what follows them: `file` → [`/relay --tls-cert`, …]; fixed words are joined by spaces. */
function byValue(all: readonly Place[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { path, offers } of all) {
    for (const { word, value } of offers) {
      if (value === undefined) continue;
      const what = typeof value === "string" ? value : value.join(" ");
      found.set(what, [...found.get(what) ?? [], `${path} --${word}`]);
    }
  }
  return found;
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** A `case` branch for bash and zsh. */
const branch = (patterns: readonly string[], body: string) =>
  `    ${patterns.map(quoted).join("|")}) ${body} ;;`;

const nodes = (all: readonly Place[]) => all.map(({ path }) => path).filter((path) => path !== "");

function bash(all: readonly Place[]): string {
  const values = [...byValue(all)].map(([what, flags]) => {
    if (what === "file") return branch(flags, "compopt -o filenames; fill -f; return");
    if (what === "directory") return branch(flags, "compopt -o filenames; fill -d; return");
    if (what === "any") return branch(flags, "return");
    return branch(flags, `fill -W ${quoted(what)}; return`);
  });
  const words = all.map(({ path, words, files, offers }) => {
    const flags = offers.map(({ word }) => `--${word}`).join(" ");
    const offered = quoted([...words.keys()].join(" "));
    return branch([path], `words=${offered} flags=${quoted(flags)}${files ? " files=-f" : ""}`);
  });
  return `# bash completion for crunch. Load it with: source <(crunch completions bash)
_crunch() {
  local cur=\${COMP_WORDS[COMP_CWORD]} at=$((COMP_CWORD - 1)) place='' words='' flags='' files='' i line
  fill() { while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$@" -- "$cur"); }
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place/\${COMP_WORDS[i]}" in
  ${branch(nodes(all), 'place+="/${COMP_WORDS[i]}"')}
    esac
  done
  # bash cuts words at the = of --option=VALUE and of PATH=VALUE: look for the option before it.
  if [[ $cur == '=' ]]; then cur=; elif [[ \${COMP_WORDS[at]} == '=' ]]; then ((at--)); fi
  if [[ \${COMP_WORDS[at]} == /* && \${COMP_WORDS[at + 1]} == '=' ]]; then
    ((at--))
    if [[ \${COMP_WORDS[at]} == '=' ]]; then ((at--)); fi
  fi
  case "$place \${COMP_WORDS[at]}" in
${values.join("\n")}
  esac
  case "$place" in
${words.join("\n")}
  esac
  if [[ $cur == -* ]]; then fill -W "$flags"
  elif [[ -n $files ]]; then compopt -o filenames; fill -f
  else fill -W "$words"; fi
}
complete -F _crunch crunch
`;
}

function zsh(all: readonly Place[]): string {
  const describe = (word: string, help: string) =>
    quoted(help === "" ? word : `${word.replaceAll(":", "\\:")}:${help}`);
  const values = [...byValue(all)].map(([what, flags]) => {
    if (what === "file") return branch(flags, "_files; return");
    if (what === "directory") return branch(flags, "_files -/; return");
    if (what === "any") return branch(flags, "_message value; return");
    return branch(flags, `compadd -- ${what.split(" ").map(quoted).join(" ")}; return`);
  });
  const words = all.map(({ path, words, files, offers }) => {
    const below = [...words].map(([word, help]) => describe(word, help)).join(" ");
    const flags = offers.map(({ word, help }) => describe(`--${word}`, help)).join(" ");
    return branch([path], `below=(${below}) flags=(${flags})${files ? " files=1" : ""}`);
  });
  return `#compdef crunch
# zsh completion for crunch. Load it with: source <(crunch completions zsh)
_crunch() {
  local cur=\${words[CURRENT]} before=\${words[CURRENT-1]} place='' files='' i
  local -a below flags
  for ((i = 2; i < CURRENT; i++)); do
    case "$place/\${words[i]}" in
  ${branch(nodes(all), 'place+="/${words[i]}"')}
    esac
  done
  if [[ $cur == --*=* ]]; then
    before=\${cur%%=*}
    cur=\${cur#*=}
    compset -P 1 '*='
  fi
  if [[ $cur == /*=* ]]; then compset -P 1 '*='; fi
  case "$place $before" in
${values.join("\n")}
  esac
  case "$place" in
${words.join("\n")}
  esac
  if [[ $cur == -* ]]; then _describe -o option flags
  elif [[ -n $files ]]; then _files
  else _describe command below; fi
}
if [[ \${funcstack[1]} == _crunch ]]; then _crunch "$@"; else compdef _crunch crunch; fi
`;
}

function fish(all: readonly Place[]): string {
  // Within single quotes fish takes \\ and \' as escapes.
  const quoted = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`;
  const lines: string[] = [];
  for (const { path, words, files, offers } of all) {
    const start = `complete -c crunch -n ${quoted(`__crunch_at "${path}"`)}`;
    if (files) lines.push(`${start} -F`);
    for (const [word, help] of words) {
      lines.push(`${start} -a ${quoted(word)}${help === "" ? "" : ` -d ${quoted(help)}`}`);
    }
    for (const { word, help, value } of offers) {
      const argument = value === undefined
        ? ""
        : value === "file"
        ? " -r -F"
        : value === "directory"
        ? " -x -a '(__fish_complete_directories (commandline -ct))'"
        : value === "any"
        ? " -x"
        : ` -x -a ${quoted(value.join(" "))}`;
      lines.push(`${start} -l ${word}${argument} -d ${quoted(help)}`);
    }
  }
  return `# fish completion for crunch. Load it with: crunch completions fish | source
function __crunch_at --description 'Whether the command line is at this command'
  set -l place
  for word in (commandline -opc)[2..-1]
    switch "$place/$word"
      case ${nodes(all).join(" ")}
        set place "$place/$word"
    end
  end
  test "$place" = "$argv[1]"
end
complete -c crunch -f
${lines.join("\n")}
`;
}

/** The script for `bash`, `zsh` or `fish`. @throws {UsageError} for another shell */
export function completionScript(shell: string): string {
  const all = places();
  if (shell === "bash") return bash(all);
  if (shell === "zsh") return zsh(all);
  if (shell === "fish") return fish(all);
  throw new UsageError("SHELL must be bash, zsh or fish", "completions");
}
