/** All commands of the program, by the words that call them. @module */

import {
  accountCommands,
  agentOptions,
  agentPositionals,
  backupCommands,
  checkAgent,
  checkOptions,
  checkRelay,
  type Command,
  configOptions,
  configTables,
  defineCommand,
  generalOptions,
  lifeOptions,
  type Options,
  relayOptions,
} from "../options/mod.ts";
import { address } from "../kinds/mod.ts";

const relay = defineCommand({
  name: "relay",
  summary: "runs the public side: accepts visitors and agents, serves /admin",
  examples: [
    ["crunch relay", "try it on this machine"],
    ["crunch relay --http :8080 --tunnel :8021", "reachable from elsewhere"],
  ],
  configuration: { reads: ["relay"], known: configTables },
  options: { ...relayOptions, ...configOptions, ...checkOptions, ...generalOptions },
  check: checkRelay,
});

const agent = defineCommand({
  name: "agent",
  summary: "runs the private side: dials a relay and publishes directories",
  examples: [
    ["crunch agent ./site", "on the relay of this machine"],
    ["crunch agent --relay relay.example:8021 --user alice --dir ./site", "on another one"],
    ["crunch agent --dir ./site --dir /docs=./manual", "two directories"],
  ],
  positionals: agentPositionals,
  configuration: { reads: ["agent"], known: configTables },
  options: { ...agentOptions, ...configOptions, ...checkOptions, ...generalOptions },
  check: checkAgent,
});

const both = defineCommand({
  name: "both",
  summary: "runs relay and agent in one process",
  examples: [["crunch both --http :8080 --dir ./site", "publish a directory at /local/"]],
  positionals: agentPositionals,
  configuration: { reads: ["relay", "agent"], known: configTables },
  options: {
    ...relayOptions,
    ...agentOptions,
    ...configOptions,
    ...checkOptions,
    ...generalOptions,
  },
  check: (...given) => checkRelay(...given) ?? checkAgent(...given),
});

const demo = defineCommand({
  name: "demo",
  summary: "publishes the example site with a relay of its own",
  examples: [["crunch demo", "prints where to look, until Ctrl-C"]],
  options: {
    http: {
      kind: address,
      default: "127.0.0.1:8080",
      group: "Listeners",
      help: "where to look at it; the next free port if this is taken",
    },
    tunnel: {
      kind: address,
      default: "127.0.0.1:8021",
      group: "Listeners",
      help: "for the agent; the next free port if this is taken",
    },
    ...lifeOptions,
    ...generalOptions,
  },
});

const completions = defineCommand({
  name: "completions",
  summary: "prints the completion script of a shell",
  examples: [
    ["source <(crunch completions bash)", "in bash"],
    ["crunch completions fish | source", "in fish"],
  ],
  positionals: [{
    name: "SHELL",
    help: "bash, zsh or fish",
    completes: ["bash", "zsh", "fish"],
  }],
  options: generalOptions,
});

/** Every command, in the order help shows them. */
export const commands = {
  relay,
  agent,
  both,
  demo,
  ...accountCommands,
  ...backupCommands,
  completions,
};

/** The same without the exact types, for what works on any command. */
export const anyCommands: Readonly<Record<string, Command<Options>>> =
  commands as unknown as Readonly<
    Record<string, Command<Options>>
  >;

/** The words that call a command. */
export type CommandName = keyof typeof commands;

/** Words that are one line in the list of commands, with what stands below them. */
export const commandGroups: Readonly<Record<string, string>> = {
  account: "manages accounts, names and tokens",
  "account token": "manages tokens",
  "account name": "manages further names",
};
