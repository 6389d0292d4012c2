/** The tunnels a user would pick instead, each with its defaults, in front of the same nginx. @module */

import { join } from "node:path";
import type { Running } from "./processes.ts";
import { type Contender, folderFor, freePorts, type Setting, waitForPort } from "./subject.ts";

const frpTcp = frp("tcp");
const frpHttp = frp("http");

const rathole: Contender = {
  id: "rathole",
  title: "rathole",
  kind: "raw TCP",
  programs: ["rathole", "nginx"],
  async start(setting) {
    const [control = 0, visitors = 0] = freePorts(2);
    const peer = new Peer(setting, "rathole");
    const server = peer.write(
      "server.toml",
      `[server]\nbind_addr = "127.0.0.1:${control}"\ndefault_token = "benchmark"\n` +
        `[server.services.origin]\nbind_addr = "127.0.0.1:${visitors}"\n`,
    );
    const client = peer.write(
      "client.toml",
      `[client]\nremote_addr = "127.0.0.1:${control}"\ndefault_token = "benchmark"\n` +
        `[client.services.origin]\nlocal_addr = "127.0.0.1:${setting.origin}"\n`,
    );
    return await peer.subject({
      server: ["rathole", "--server", server],
      client: ["rathole", "--client", client],
      version: ["rathole", "--version"],
      control,
      visitors,
    });
  },
};

const bore: Contender = {
  id: "bore",
  title: "bore",
  kind: "raw TCP",
  programs: ["bore", "nginx"],
  async start(setting) {
    // Its control port cannot be chosen.
    const control = 7835;
    const [visitors = 0] = freePorts(1);
    return await new Peer(setting, "bore").subject({
      server: ["bore", "server", "--bind-addr", "127.0.0.1"],
      client: [
        ...["bore", "local", String(setting.origin), "--local-host", "127.0.0.1"],
        ...["--to", "127.0.0.1", "--port", String(visitors)],
      ],
      version: ["bore", "--version"],
      control,
      visitors,
    });
  },
};

const chisel: Contender = {
  id: "chisel",
  title: "chisel",
  kind: "raw TCP",
  programs: ["chisel", "nginx"],
  async start(setting) {
    const [control = 0, visitors = 0] = freePorts(2);
    return await new Peer(setting, "chisel").subject({
      server: ["chisel", "server", "--host", "127.0.0.1", "--port", `${control}`, "--reverse"],
      client: [
        ...["chisel", "client", `http://127.0.0.1:${control}`],
        `R:127.0.0.1:${visitors}:127.0.0.1:${setting.origin}`,
      ],
      version: ["chisel", "--version"],
      control,
      visitors,
    });
  },
};

const piko: Contender = {
  id: "piko",
  title: "piko",
  kind: "HTTP",
  programs: ["piko", "nginx"],
  async start(setting) {
    const [visitors = 0, control = 0, admin = 0, gossip = 0, local = 0] = freePorts(5);
    return await new Peer(setting, "piko").subject({
      server: [
        ...["piko", "server", "--proxy.bind-addr", `127.0.0.1:${visitors}`],
        ...[
          "--upstream.bind-addr",
          `127.0.0.1:${control}`,
          "--admin.bind-addr",
          `127.0.0.1:${admin}`,
        ],
        ...["--gossip.bind-addr", `127.0.0.1:${gossip}`],
      ],
      client: [
        ...["piko", "agent", "http", "benchmark", `127.0.0.1:${setting.origin}`],
        ...[
          "--connect.url",
          `http://127.0.0.1:${control}`,
          "--server.bind-addr",
          `127.0.0.1:${local}`,
        ],
      ],
      version: ["piko", "--version"],
      control,
      visitors,
      headers: ["x-piko-endpoint: benchmark"],
    });
  },
};

/** All of them, raw TCP first. */
export const peers: readonly Contender[] = [rathole, bore, chisel, frpTcp, frpHttp, piko];

function frp(type: "tcp" | "http"): Contender {
  const id = `frp-${type}`;
  return {
    id,
    title: type === "tcp" ? "frp, TCP" : "frp, HTTP",
    kind: type === "tcp" ? "raw TCP" : "HTTP",
    programs: ["frps", "frpc", "nginx"],
    async start(setting) {
      const [control = 0, visitors = 0] = freePorts(2);
      const peer = new Peer(setting, id);
      const server = peer.write(
        "frps.toml",
        `bindAddr = "127.0.0.1"\nproxyBindAddr = "127.0.0.1"\nbindPort = ${control}\n` +
          (type === "http" ? `vhostHTTPPort = ${visitors}\n` : ""),
      );
      const where = type === "http" ? 'customDomains = ["127.0.0.1"]' : `remotePort = ${visitors}`;
      const client = peer.write(
        "frpc.toml",
        `serverAddr = "127.0.0.1"\nserverPort = ${control}\n[[proxies]]\nname = "origin"\n` +
          `type = "${type}"\nlocalIP = "127.0.0.1"\nlocalPort = ${setting.origin}\n${where}\n`,
      );
      return await peer.subject({
        server: ["frps", "-c", server],
        client: ["frpc", "-c", client],
        version: ["frps", "--version"],
        control,
        visitors,
      });
    },
  };
}

/** How to start both ends of a peer: program and arguments of each, and its ports. */
interface Ends {
  readonly server: readonly string[];
  readonly client: readonly string[];
  readonly version: readonly string[];
  readonly control: number;
  readonly visitors: number;
  readonly headers?: readonly string[];
}

class Peer {
  readonly #folder: string;

  constructor(readonly setting: Setting, readonly id: string) {
    this.#folder = folderFor(setting, id);
  }

  write(name: string, text: string): string {
    const path = join(this.#folder, name);
    Deno.writeTextFileSync(path, text);
    return path;
  }

  async subject(ends: Ends): ReturnType<Contender["start"]> {
    if (await isTaken(ends.control)) throw new Error(`port ${ends.control} is taken`);
    const server = await this.#start("server", ends.server);
    await waitForPort(ends.control, server);
    const client = await this.#start("client", ends.client);
    await waitForPort(ends.visitors, client);
    const { stdout, stderr } = await this.setting.processes.run(
      { name: this.id, ...split(ends.version) },
      10,
    );
    const version = /v?(\d+\.\d+\.\d+\S*)/.exec(stdout + stderr)?.[1] ?? "";
    const base = `http://127.0.0.1:${ends.visitors}/`;
    return { version, base, headers: ends.headers ?? [], server, client, logs: [] };
  }

  #start(role: string, command: readonly string[]): Promise<Running> {
    return this.setting.processes.start(
      { name: `${this.id} ${role}`, ...split(command) },
      join(this.#folder, `${role}.log`),
    );
  }
}

function split([program = "", ...args]: readonly string[]): { program: string; args: string[] } {
  return { program, args };
}

async function isTaken(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
