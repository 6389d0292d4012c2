/** Claims about when an agent dials again after its relay sent it away. @module */

import assert from "node:assert/strict";
import { type Access, Link } from "../../agent/link.ts";
import { createLog } from "../../cli/mod.ts";
import { type Connection, dialTcp } from "../../http/mod.ts";
import { type Relay, startRelay } from "../../relay/mod.ts";
import { ControlPath } from "../../relay/store/control_path.ts";
import { Frame, parseToken, type Welcome } from "../../tunnel/mod.ts";
import { Credential } from "../../agent/sign_in.ts";
import { TempDir } from "../relay/store/temp_dir.ts";
import { eventually, within } from "../support/deadline.ts";

const anywhere = "127.0.0.1:0";

/** A relay, and a link of its account `local` to it. */
class Pair implements AsyncDisposable {
  readonly dir: TempDir = new TempDir();
  readonly lines: string[] = [];
  dials = 0;
  /** What the agent reads besides, a piece at a time; and what keeps it from further connections. */
  readonly injected: Uint8Array[] = [];
  refuses = false;
  relay!: Relay;
  link!: Link;
  welcomes: Welcome[] = [];

  static async open(): Promise<Pair> {
    const pair = new Pair();
    pair.relay = await startRelay({
      http: anywhere,
      tunnel: anywhere,
      data: pair.dir.path,
      drain: 0,
    });
    const { tunnel, credential } = pair.relay.local!;
    const [hostname = "", port] = tunnel.split(":");
    const access: Access = {
      relay: { transport: "tcp", hostname, port: Number(port) },
      credential: Credential.token(parseToken(credential)!),
    };
    const welcomed = Promise.withResolvers<void>();
    pair.link = new Link({
      access: () => Promise.resolve(access),
      dial: (relay, signal) => {
        pair.dials++;
        if (pair.refuses) return Promise.reject(new Deno.errors.ConnectionRefused("no more"));
        return dialTcp(relay.hostname, relay.port, { signal, timeout: 5_000 })
          .then((connection) => pair.#tampered(connection));
      },
      name: undefined,
      handler: (exchange) => exchange.respond(204, new Uint8Array(0), null),
      mounts: () => [{ path: "/", kind: "test" }],
      software: "test/1",
      instance: "",
      log: createLog({ level: "debug", write: (line) => pair.lines.push(line) }),
      onwelcome: (welcome) => {
        pair.welcomes.push(welcome);
        welcomed.resolve();
      },
      onrefused: () => {},
    });
    await within(welcomed.promise, "the welcome");
    return pair;
  }

  async control(method: string, path: string, body?: unknown): Promise<unknown> {
    using found = new ControlPath(this.dir.path);
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: found.path } });
    const response = await fetch(`http://crunch/api/v1${path}`, {
      method,
      client,
      headers: { "content-type": "application/json", connection: "close" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert(response.ok, `${method} ${path}: ${response.status}`);
    const text = await response.text();
    return text === "" ? null : JSON.parse(text);
  }

  /** Each piece that the agent reads is followed by what is injected, a piece at a time. */
  #tampered(connection: Connection): Connection {
    const read = async (buffer: Uint8Array<ArrayBuffer>): Promise<number | null> => {
      const piece = this.injected.shift();
      if (piece === undefined) return await connection.read(buffer);
      await new Promise((resolve) => setTimeout(resolve));
      buffer.set(piece);
      return piece.length;
    };
    return new Proxy(connection, {
      get: (target, key) => {
        if (key === "read") return read;
        const value = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  /** Resolves once the log says `pattern`. */
  said(pattern: RegExp): Promise<boolean> {
    return eventually(() => pattern.test(this.lines.join("")), { what: String(pattern) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
    await this.relay.stop(0);
    this.dir[Symbol.dispose]();
  }
}

Deno.test("link: an agent that was disconnected stays away as long as it was told to", async () => {
  await using pair = await Pair.open();
  await pair.control("DELETE", `/agents/${pair.welcomes[0]!.session}`);
  await pair.said(/lost the relay/);
  await pair.said(/trying again in \d+ s/);
  assert.equal(pair.dials, 1);
});

Deno.test("link: what another try will not mend is tried again after 30 s", async () => {
  await using pair = await Pair.open();
  await pair.control("PATCH", "/accounts/local", { disabled: true });
  await pair.said(/sends us away: the account local was disabled/);
  await pair.said(/trying again in 30 s/);
  assert.equal(pair.dials, 1);
});

Deno.test("link: a relay that asks for connections that fail does not make the agent dial in a loop", async () => {
  await using pair = await Pair.open();
  pair.refuses = true;
  const began = performance.now();
  const more = Uint8Array.of(Frame.MORE, 0, 0, 2, 0, 0, 0, 0, 123, 125);
  for (let i = 0; i < 50; i++) pair.injected.push(more);
  // Something has to come before the agent reads what is injected.
  await eventually(() => pair.injected.length === 0, { what: "all frames read" });
  await pair.said(/a further connection failed/);
  // One, and one more a second.
  assert(pair.dials <= 2 + (performance.now() - began) / 1_000, String(pair.dials));
});
