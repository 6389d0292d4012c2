/** Runs nginx and Caddy by the configurations that stand in the documentation. @module */

import { dirname } from "node:path";
import { checkout } from "./crunch.ts";
import { eventually } from "./deadline.ts";
import { freePort } from "./free_port.ts";

/** What differs between the documentation and a test. */
export interface ProxySetting {
  /** `host:port` or `unix:/path` of the relay. */
  readonly relay: string;
  /** PEM files. */
  readonly certificate: string;
  readonly key: string;
  /** An existing directory for all its files. */
  readonly dir: string;
}

/** A proxy that listens with TLS. Disposing it ends it. */
export interface RunningProxy extends AsyncDisposable {
  readonly port: number;
}

export type ProxyKind = "nginx" | "caddy";

/** Whether it is installed. */
export function isInstalled(program: string): boolean {
  const folders = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`.split(":");
  return folders.some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** The block of that language in docs/behind_a_proxy.md. */
function documented(language: string): string {
  const text = Deno.readTextFileSync(`${checkout}/docs/behind_a_proxy.md`);
  const block = new RegExp("```" + language + "\n([^]*?)\n```").exec(text)?.[1];
  if (block === undefined) throw new Error(`The documentation has no ${language} configuration`);
  return block;
}

/** Replaces all of it. @throws {Error} where a line is not there: the documentation has changed. */
function replaced(text: string, changes: Readonly<Record<string, string>>): string {
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`The documented configuration has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** Starts it and waits until it listens. */
export async function startProxy(kind: ProxyKind, setting: ProxySetting): Promise<RunningProxy> {
  const port = freePort();
  const command = kind === "nginx" ? nginx(setting, port) : caddy(setting, port);
  const child = new Deno.Command(command.program, {
    args: command.args,
    env: command.env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const output = new Response(child.stderr).text();
  let over = false;
  child.status.then(() => over = true);
  await eventually(async () => {
    if (over) throw new Error(`${kind} ended: ${await output}`);
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  }, { what: `${kind} on port ${port}` });
  return {
    port,
    async [Symbol.asyncDispose]() {
      if (!over) child.kill("SIGTERM");
      await child.status;
      await output;
    },
  };
}

interface ProxyCommand {
  readonly program: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}

function nginx({ relay, certificate, key, dir }: ProxySetting, port: number): ProxyCommand {
  const server = replaced(documented("nginx"), {
    "listen 443": `listen 127.0.0.1:${port}`,
    "/etc/ssl/relay.example.pem": certificate,
    "/etc/ssl/relay.example.key": key,
    "http://127.0.0.1:8080": `http://${relay}`,
  });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${dir}/${name};`).join("\n");
  const file = `${dir}/nginx.conf`;
  // As root its workers would be another user, who may not enter a test's folder.
  const user = Deno.uid() === 0 ? "user root;\n" : "";
  Deno.writeTextFileSync(
    file,
    `daemon off;\n${user}pid ${dir}/nginx.pid;\nerror_log stderr;\nworker_processes 1;\nevents {}\n` +
      `http {\naccess_log off;\n${temporary}\n${server}\n}\n`,
  );
  return { program: "nginx", args: ["-p", dirname(file), "-c", file, "-e", "stderr"], env: {} };
}

function caddy({ relay, certificate, key, dir }: ProxySetting, port: number): ProxyCommand {
  const site = replaced(documented("caddyfile"), {
    "relay.example, *.relay.example": `relay.example:${port}, *.relay.example:${port}`,
    "/etc/ssl/relay.example.pem": certificate,
    "/etc/ssl/relay.example.key": key,
    "127.0.0.1:8080": relay.replace(/^unix:/, "unix/"),
  });
  const file = `${dir}/Caddyfile`;
  Deno.writeTextFileSync(
    file,
    `{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n}\n${site}\n`,
  );
  return {
    program: "caddy",
    args: ["run", "--config", file, "--adapter", "caddyfile"],
    env: { HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir },
  };
}
