/** Writes `--help` from the tables of commands. @module */

import { anyCommands, commandGroups } from "./commands.ts";
import { type Command, dashed, isOnByDefault, type Option, variable } from "../options/mod.ts";
import { type Style, wrap } from "../terminal/mod.ts";

/** Where the second column begins. */
const COLUMN = 27;

/** How wide a text may be and how headings look. */
export interface Page {
  /** Columns; 80 where it is not known. */
  readonly width: number;
  readonly style: Style;
}

/** `left` and `text` beside each other, or below each other where `left` is long. */
function entry(left: string, text: string, width: number): string {
  const indent = " ".repeat(COLUMN);
  const lines = wrap(text, Math.max(20, width - COLUMN));
  const head = `  ${left}`;
  if (head.length + 1 > COLUMN) return [head, ...lines.map((line) => indent + line)].join("\n");
  return [head.padEnd(COLUMN) + (lines[0] ?? ""), ...lines.slice(1).map((line) => indent + line)]
    .join("\n");
}

function flagLabel(key: string, option: Option): string {
  const word = dashed(key);
  if (option.kind.form === "secret") return `--${word}-file FILE`;
  if (isOnByDefault(option)) return `--no-${word}`;
  return option.kind.placeholder === "" ? `--${word}` : `--${word} ${option.kind.placeholder}`;
}

/** What a table says of an option besides its meaning: repeatable, default, variable. */
function remarks(key: string, option: Option): string {
  const parts: string[] = [];
  if (option.repeatable === true) parts.push("may be repeated");
  const fallback = option.defaultHelp ??
    (typeof option.default === "function" ? undefined : option.default);
  if (isOnByDefault(option)) return `[${variable(key)}=false]`;
  if (fallback !== undefined) parts.push(`default ${[fallback].flat().join(", ")}`);
  const name = variable(key);
  parts.push(option.kind.form === "secret" ? `or ${name} itself` : name);
  return `[${parts.join("; ")}]`;
}

/** The page of one command. */
export function commandHelp(command: Command, { width, style }: Page): string {
  const positionals = (command.positionals ?? [])
    .map(({ name, optional }) => optional === true ? ` [${name}]` : ` ${name}`).join("");
  const blocks = [
    wrap(`crunch ${command.name} ${command.summary}.`, width).join("\n"),
    `${style.bold("Usage:")} crunch ${command.name}${positionals} [options]`,
    examples(command.examples, { width, style }),
  ];
  if (command.positionals !== undefined && command.positionals.length > 0) {
    blocks.push(command.positionals.map((p) => entry(p.name, p.help, width)).join("\n"));
  }
  const groups = new Map<string, string[]>();
  for (const [key, option] of Object.entries(command.options)) {
    if (option.fileOnly === true || option.dormant !== undefined) continue;
    const lines = groups.get(option.group) ?? [];
    const text = option.kind.form === "secret" ? `a file with: ${option.help}` : option.help;
    lines.push(entry(flagLabel(key, option), `${text} ${remarks(key, option)}`, width));
    // General comes last, whichever table it was in.
    groups.delete(option.group === "General" ? option.group : "");
    groups.set(option.group, lines);
  }
  groups.get("General")?.push(entry("--help", "this page", width));
  for (const [name, lines] of groups) blocks.push(`${style.bold(name)}\n${lines.join("\n")}`);
  const tables = command.configuration?.reads.map((name) => `[${name}]`).join(" and ");
  const order = "Flags override CRUNCH_… variables, and these the file of --config";
  if (tables !== undefined) {
    blocks.push(
      wrap(`${order}, where options are keys of ${tables}: drain = "30s".`, width).join("\n"),
    );
  }
  return `${blocks.join("\n\n")}\n`;
}

function examples(lines: Command["examples"], { width, style }: Page): string {
  const shown = lines.map(([line, does]) =>
    [...wrap(does, width - 4).map((text) => style.dim(`  # ${text}`)), `  ${line}`].join("\n")
  );
  return shown.join("\n");
}

/** The names directly below `path` (empty for the program), each with its summary. */
export function subcommands(path: string): Map<string, string> {
  const start = path === "" ? "" : `${path} `;
  const below = new Map<string, string>();
  for (const [name, command] of Object.entries(anyCommands)) {
    if (!name.startsWith(start)) continue;
    const word = name.slice(start.length).split(" ")[0]!;
    below.set(word, commandGroups[`${start}${word}`] ?? command.summary);
  }
  return below;
}

/** The page of the program or of a group of commands like `account`. */
export function groupHelp(path: string, { width, style }: Page): string {
  const program = path === "" ? "crunch" : `crunch ${path}`;
  const about = path === ""
    ? "crunch publishes what runs on this machine through a relay that others can reach."
    : `${program} ${commandGroups[path]}.`;
  const list = [...subcommands(path)].map(([word, does]) => entry(word, does, width));
  const blocks = [
    wrap(about, width).join("\n"),
    `${style.bold("Usage:")} ${program} COMMAND [options]`,
    `${style.bold("Commands")}\n${list.join("\n")}`,
    wrap(`${program} COMMAND --help tells more.`, width).join("\n"),
  ];
  if (path === "") {
    blocks.splice(
      2,
      0,
      examples([["crunch relay", "the public side"], [
        "crunch agent --dir ./site",
        "publishes a directory through the relay of this machine",
      ]], { width, style }),
    );
    blocks.splice(
      -1,
      0,
      [
        style.bold("Options"),
        entry("--help", "this page; after a command, that command's", width),
        entry("--version", "versions of the program, of Deno and of the protocol", width),
      ].join("\n"),
    );
  }
  return `${blocks.join("\n\n")}\n`;
}

/** What `crunch` alone prints. */
export const firstSteps = `crunch relay                 starts a relay on this machine
crunch agent --dir ./site    in another terminal: publishes a directory
crunch --help                tells the rest
`;
