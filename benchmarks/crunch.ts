/** crunch itself: a relay and an agent of this checkout as two processes, as a user starts them. @module */

import { rmSync } from "node:fs";
import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import type { Running } from "./processes.ts";
import { type Contender, folderFor, freePorts, type Setting, waitFor } from "./subject.ts";

/** A relay that listens, or an agent that serves. */
export interface Ready {
  readonly running: Running;
  /** What it wrote to its ready file. */
  readonly line: Readonly<Record<string, unknown>>;
}

/** How a process of ours is started. */
export interface Start {
  readonly setting: Setting;
  /** A folder for data, logs and the local credential, which one relay and its agent share. */
  readonly folder: string;
  /** Options for Deno, before the script's name. */
  readonly deno?: readonly string[];
}

const checkout = join(import.meta.dirname ?? ".", "..");

/** The modes there are, with what the agent is told to publish. */
const modes = [
  {
    id: "crunch-dir",
    title: "crunch --dir",
    kind: "tunnel, files at the agent",
    publish: (setting: Setting) => ["--dir", setting.site.folder],
    relay: [],
  },
  {
    id: "crunch-no-log",
    title: "crunch --dir, log off",
    kind: "the same with --log-keep 0s",
    publish: (setting: Setting) => ["--dir", setting.site.folder],
    relay: ["--log-keep", "0s"],
  },
];

/** Every mode of crunch. */
export const crunch: readonly Contender[] = modes.map(({ publish, relay: further, ...mode }) => ({
  ...mode,
  programs: [],
  async start(setting) {
    const start = { setting, folder: folderFor(setting, mode.id) };
    const relay = await startRelay(start, further);
    const agent = await startAgent(start, publish(setting));
    const { stdout } = await setting.processes.run(command("crunch --version", ["--version"]), 20);
    return {
      version: /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? "",
      base: baseOf(relay, agent),
      headers: [],
      server: relay.running,
      client: agent.running,
      logs: [],
    };
  },
}));

/** Deno's options in the task `crunch`: what users run is what is measured. */
const taskOptions = config.tasks.crunch.split(" ").slice(2, -1);

/** The command that runs crunch with these arguments; `deno` are further options for Deno itself. */
export function command(name: string, args: readonly string[], deno: readonly string[] = []) {
  return {
    name,
    program: Deno.execPath(),
    args: ["run", ...taskOptions, ...deno, join(checkout, "main.ts"), ...args],
  };
}

/**
 * Starts a relay with its data in the folder.
 * @throws {Error} when it does not come to listen.
 */
export async function startRelay(start: Start, further: readonly string[] = []): Promise<Ready> {
  const [http = 0, tunnel = 0] = freePorts(2);
  return await startReady(start, "relay", [
    ...["--http", `127.0.0.1:${http}`, "--tunnel", `127.0.0.1:${tunnel}`],
    ...["--data", join(start.folder, "data"), ...further],
  ]);
}

/**
 * Starts an agent of the relay that has the same folder.
 * @throws {Error} when it does not come to serve.
 */
export async function startAgent(start: Start, publish: readonly string[]): Promise<Ready> {
  return await startReady(start, "agent", publish);
}

/** Where the agent's files are, by what both wrote to their ready files. */
export function baseOf(relay: Ready, agent: Ready): string {
  const urls = agent.line["urls"];
  const url = Array.isArray(urls) && typeof urls[0] === "string"
    ? urls[0]
    : `http://${relay.line["http"]}/local/`;
  return url.endsWith("/") ? url : `${url}/`;
}

async function startReady(
  start: Start,
  role: "relay" | "agent",
  args: readonly string[],
): Promise<Ready> {
  const file = join(start.folder, `${role}.ready`);
  // An agent that is started again must not be taken for ready by what the last one wrote.
  rmSync(file, { force: true });
  const running = await start.setting.processes.start({
    ...command(`crunch ${role}`, [role, ...args, "--ready-file", file], start.deno),
    env: environment(start.folder),
  }, join(start.folder, `${role}.log`));
  const line = await waitFor(running, () => readReady(file));
  return { running, line };
}

/** The line of a ready file, or false while it is not whole. */
function readReady(file: string): Record<string, unknown> | false {
  try {
    return JSON.parse(Deno.readTextFileSync(file));
  } catch {
    return false;
  }
}

/** The user's environment without settings for crunch, and with a place of its own for the local credential. */
function environment(folder: string): Record<string, string> {
  const env = Deno.env.toObject();
  for (const name of Object.keys(env)) if (name.startsWith("CRUNCH_")) delete env[name];
  return { ...env, XDG_RUNTIME_DIR: folder, NO_COLOR: "1" };
}
