/** The relay behind nginx and Caddy, as docs/behind_a_proxy.md configures them. @module */

import assert from "node:assert/strict";
import { AgentDouble } from "../support/agent_double.ts";
import { certify } from "../support/certificates.ts";
import { Household } from "../support/crunch.ts";
import { eventually } from "../support/deadline.ts";
import { isInstalled, type ProxyKind, startProxy } from "../support/proxy.ts";

/** Where the visitors of these tests come from: another address than the proxy's. */
const VISITOR = "127.0.0.5";
const PASSWORD = "correct horse";

/** What curl needs beside the URL. */
interface Going {
  readonly port: number;
  readonly authority: string;
}

/** One `curl` for `https://HOST<path>` at the proxy; its output as it comes. */
class Curl implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  text = "";

  constructor({ port, authority }: Going, host: string, path: string, args: readonly string[]) {
    this.#child = new Deno.Command("curl", {
      args: [
        ...["-sS", "-N", "--interface", VISITOR, "--cacert", authority, "--max-time", "20"],
        ...["--resolve", `${host}:${port}:127.0.0.1`, ...args, `https://${host}:${port}${path}`],
      ],
      stdin: "piped",
      stdout: "piped",
      // An upload makes it show its progress, whatever it is told.
      stderr: "null",
    }).spawn();
    this.#reader = this.#child.stdout.getReader();
  }

  async send(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
  }

  /** Reads until `text` has come. */
  async until(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`It ended with ${JSON.stringify(this.text)}`);
      this.text += new TextDecoder().decode(value);
    }
  }

  /** All of it. */
  async end(): Promise<string> {
    await this.#child.stdin.close();
    for (let piece; !(piece = await this.#reader.read()).done;) {
      this.text += new TextDecoder().decode(piece.value);
    }
    await this.#child.status;
    return this.text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close().catch(() => {});
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#reader.cancel();
    await this.#child.status;
  }
}

async function behind(kind: ProxyKind, t: Deno.TestContext, socket: boolean): Promise<void> {
  await using household = new Household();
  const authority = certify({ names: ["test authority"], authority: true });
  const leaf = certify({ names: ["relay.example", "*.relay.example"], issuer: authority });
  const files = {
    certificate: household.write("proxy/cert.pem", leaf.certificate),
    key: household.write("proxy/key.pem", leaf.key),
  };
  const token = await household.account("alice");
  const http = socket ? `unix:${household.path("http.sock")}` : "127.0.0.1:0";
  // The port is known only when the proxy listens; it stands in no address that the proxy is asked for.
  const relay = await household.relay([
    ...["--domain", "relay.example", "--public-url", "https://relay.example"],
    ...["--trusted-proxy", socket ? "unix" : "127.0.0.1/32"],
  ], { http, env: { CRUNCH_ADMIN_PASSWORD: PASSWORD } });
  const dir = household.path("proxy");
  await using proxy = await startProxy(kind, { relay: relay.http, ...files, dir });
  const going = { port: proxy.port, authority: household.write("ca.pem", authority.certificate) };
  const curl = (host: string, path: string, ...args: string[]): Curl =>
    new Curl(going, host, path, args);
  const get = async (host: string, path: string, ...args: string[]): Promise<string> => {
    await using one = curl(host, path, ...args);
    return await one.end();
  };
  await using agent = await AgentDouble.connect({ tunnel: relay.tunnel, token });

  /** What the agent was told of a request. */
  const told = async (host: string, path: string, ...args: string[]) => {
    const answer = get(host, path, ...args);
    const request = await agent.next();
    request.respond("here");
    assert.equal(await answer, "here");
    const first = (name: string): string | undefined => request.getAll(name)[0];
    return { target: request.target, first, all: request };
  };

  await t.step("its agents print the proxy's addresses", () => {
    assert.deepEqual(agent.welcome.names[0]!.urls, [
      "https://relay.example/alice/",
      "https://alice.relay.example/",
    ]);
  });

  await t.step("path addresses: the agent is told who asked, for what, and how", async () => {
    const { target, first } = await told("relay.example", "/alice/a/b?c=%2F");
    assert.equal(target, "/a/b?c=%2F");
    assert.equal(first("x-forwarded-prefix"), "/alice");
    assert.equal(first("x-real-ip"), VISITOR);
    assert.equal(first("x-forwarded-for"), socket ? VISITOR : `${VISITOR}, 127.0.0.1`);
    assert.equal(first("x-forwarded-proto"), "https");
    assert.equal(first("x-forwarded-host"), `relay.example:${proxy.port}`);
    assert.equal(first("x-forwarded-port"), String(proxy.port));
    assert.equal(first("host"), `relay.example:${proxy.port}`);
  });

  await t.step("subdomains lead to their names", async () => {
    const { target, first } = await told("alice.relay.example", "/a");
    assert.equal(target, "/a");
    assert.equal(first("x-forwarded-prefix"), undefined);
    assert.equal(first("x-forwarded-host"), `alice.relay.example:${proxy.port}`);
    assert.match(await get("nobody.relay.example", "/"), /no such name/);
  });

  await t.step("what visitors make up about themselves is not believed", async () => {
    const { first } = await told(
      "relay.example",
      "/alice/",
      ...["-H", "X-Forwarded-For: 6.6.6.6", "-H", "Forwarded: for=6.6.6.6;host=evil.example"],
      ...["-H", "X-Forwarded-Host: evil.example", "-H", "X-Forwarded-Proto: http"],
      ...["-H", "X-Real-IP: 6.6.6.6"],
    );
    assert.equal(first("x-real-ip"), VISITOR);
    assert.doesNotMatch(first("x-forwarded-for")!, /6\.6/);
    assert.doesNotMatch(first("forwarded")!, /6\.6|evil/);
    assert.equal(first("x-forwarded-proto"), "https");
    assert.equal(first("x-forwarded-host"), `relay.example:${proxy.port}`);
  });

  await t.step("the request log has the visitor's address", async () => {
    const items = await eventually(async () => {
      const text = await get(
        "relay.example",
        "/api/v1/requests",
        ...["-H", `Authorization: Bearer ${token}`],
      );
      const { items } = JSON.parse(text) as { items: { visitor: string; name: string }[] };
      return items.length >= 3 && items;
    });
    assert.deepEqual(new Set(items.map(({ visitor }) => visitor)), new Set([VISITOR]));
  });

  await t.step("answers stream piece by piece", async () => {
    await using asked = curl("relay.example", "/alice/stream");
    const request = await agent.next();
    request.head("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    for (const piece of ["data: one\n\n", "data: two\n\n", "data: three\n\n"]) {
      await request.write(piece);
      await asked.until(piece);
    }
    await request.write("end", true);
    assert.match(await asked.end(), /end$/);
  });

  await t.step("uploads stream piece by piece", async () => {
    await using asked = curl("relay.example", "/alice/up", "-T", ".", "--http1.1");
    await asked.send("first");
    const request = await agent.next();
    await request.got(5);
    await asked.send("second");
    await request.got(11);
    const whole = asked.end();
    await request.whole;
    assert.equal(request.body, "firstsecond");
    request.respond("taken");
    assert.equal(await whole, "taken");
  });

  await t.step("a visitor who leaves is noticed by the agent", async () => {
    const asked = curl("relay.example", "/alice/leave");
    const request = await agent.next();
    request.head("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    await request.write("data: one\n\n");
    await asked.until("one");
    await asked[Symbol.asyncDispose]();
    await request.reset;
  });

  await t.step("the dashboard's sign-in gets a Secure cookie and knows its origin", async () => {
    const signIn = (origin: string): Promise<string> =>
      get(
        "relay.example",
        "/api/v1/sessions",
        ...["-i", "--http1.1", "-H", "Content-Type: application/json", "-H", `Origin: ${origin}`],
        ...["-d", JSON.stringify({ name: "admin", password: PASSWORD })],
      );
    const answer = await signIn(`https://relay.example:${proxy.port}`);
    assert.match(answer, /^HTTP\/1\.1 204/);
    assert.match(answer, /^set-cookie: __Host-.*; Secure/mi);
    assert.match(
      await signIn("https://relay.example"),
      /^HTTP\/1\.1 204/,
      "the public URL's origin",
    );
    assert.match(await signIn("https://alice.relay.example"), /^HTTP\/1\.1 403/);
  });

  await t.step("nobody was warned", () => {
    assert.doesNotMatch(relay.process.stderr, /trusted-proxy/);
  });
}

for (const kind of ["nginx", "caddy"] as const) {
  const missing = [kind, "curl"].filter((program) => !isInstalled(program));
  const isLinux = Deno.build.os === "linux";
  const ignore = missing.length > 0 || !isLinux;
  if (ignore) {
    console.warn(`behind ${kind}: skipped: ${isLinux ? `no ${missing} here` : "needs Linux"}`);
  }
  Deno.test(`behind ${kind}: all of it by TCP`, { ignore }, (t) => behind(kind, t, false));
  if (kind === "nginx") {
    Deno.test(
      `behind ${kind}: all of it by a Unix socket`,
      { ignore },
      (t) => behind(kind, t, true),
    );
  }
}

Deno.test("behind a proxy: one that nobody declared is told of once, with the line that mends it", async () => {
  await using household = new Household();
  const relay = await household.relay();
  for (let i = 0; i < 3; i++) {
    const headers = { "x-forwarded-for": "192.0.2.7" };
    await (await fetch(`http://${relay.http}/`, { headers })).body?.cancel();
  }
  await relay.process.said(/add --trusted-proxy 127\.0\.0\.1\/32\n/);
  assert.equal(relay.process.stderr.match(/--trusted-proxy/g)?.length, 1);
});

Deno.test("behind a proxy: limits of connections are held against the visitor's address", async () => {
  await using household = new Household();
  const token = await household.account("alice");
  const relay = await household.relay([
    ...["--trusted-proxy", "127.0.0.1", "--max-connections-per-address", "2"],
  ]);
  await using agent = await AgentDouble.connect({ tunnel: relay.tunnel, token });
  const from = (address: string): Promise<Response> =>
    fetch(`http://${relay.http}/alice/`, { headers: { "x-forwarded-for": address } });
  const answers = [from("192.0.2.7"), from("192.0.2.7")];
  const requests = [await agent.next(), await agent.next()];
  const third = await from("192.0.2.7");
  assert.equal(third.status, 503);
  assert.match(await third.text(), /Too many connections from your address/);
  const other = from("192.0.2.8");
  (await agent.next()).respond("other");
  assert.equal(await (await other).text(), "other");
  for (const request of requests) request.respond("done");
  for (const answer of answers) assert.equal(await (await answer).text(), "done");
  const again = from("192.0.2.7");
  (await agent.next()).respond("again");
  assert.equal(await (await again).text(), "again");
});
