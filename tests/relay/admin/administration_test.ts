/** Claims about how a running relay is administered: where the API is, and where it is not. @module */

import assert from "node:assert/strict";
import { ControlPath, isWorthWaiting, takeDataDir } from "../../../relay/store/control_path.ts";
import { type Relay, type RelayOptions, startRelay } from "../../../relay/mod.ts";
import { DataDirTaken, lockDataDir } from "../../../relay/store/mod.ts";
import { DEADLINE, within } from "../../support/deadline.ts";
import { ask } from "../../support/visitor.ts";
import { StreamReader } from "../api/stream_reader.ts";
import { TempDir } from "../store/temp_dir.ts";

const anywhere = "127.0.0.1:0";
const isUnix = Deno.build.os !== "windows";

function start(dir: string, options: RelayOptions = {}): Promise<Relay> {
  return startRelay({ http: anywhere, tunnel: anywhere, data: dir, drain: 5_000, ...options });
}

/** The same answer without its connection. */
async function read(response: Response): Promise<Response> {
  return new Response(await response.text() || null, response);
}

/** Sends one request and closes the connection after it. */
async function send(address: string, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("connection", "close");
  const response = await fetch(`http://${address}${path}`, { ...init, headers });
  return await read(response);
}

/** A fetch through the control socket of `dir`. */
async function control(dir: string, path: string, init: RequestInit = {}): Promise<Response> {
  using found = new ControlPath(dir);
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: found.path } });
  const response = await fetch(`http://crunch${path}`, { ...init, client });
  return await read(response);
}

Deno.test("control socket: its owner is an administrator without a word", async () => {
  using dir = new TempDir();
  await using _relay = await start(dir.path);
  assert.equal(dir.mode("control.sock"), 0o600);
  const me = await (await control(dir.path, "/api/v1/me")).json();
  assert.deepEqual([me.name, me.role, me.via], ["shell", "admin", "shell"]);
  const made = await control(dir.path, "/api/v1/names", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "photos", account: "local" }),
  });
  assert.equal(made.status, 201);
  const audit = await (await control(dir.path, "/api/v1/audit?limit=1")).json();
  assert.deepEqual([audit.items[0].who, audit.items[0].object], ["shell", "photos"]);
  for (const path of ["/", "/admin", "/local/", "/api"]) {
    assert.equal((await control(dir.path, path)).status, 404, path);
  }
});

Deno.test("control socket: works in a directory deeper than a socket's path may be", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  using dir = new TempDir();
  const deep = dir.at("d".repeat(120));
  await using _relay = await start(deep);
  assert.equal((await control(deep, "/api/v1/me")).status, 200);
});

Deno.test("control socket: one that a killed relay left is replaced, and gone after a stop", {
  ignore: !isUnix,
}, async () => {
  using dir = new TempDir();
  // Deno removes the file when it closes the listener; a kill would not.
  const left = Deno.listen({ transport: "unix", path: dir.at("left.sock") });
  Deno.renameSync(dir.at("left.sock"), dir.at("control.sock"));
  left.close();
  {
    await using _relay = await start(dir.path);
    assert.equal((await control(dir.path, "/api/v1/me")).status, 200);
  }
  assert.throws(() => Deno.lstatSync(dir.at("control.sock")), Deno.errors.NotFound);
});

Deno.test("data directory: a relay waits for an account command, and not for a relay", async () => {
  using dir = new TempDir();
  const lock = lockDataDir(dir.path, "account");
  const waiting = takeDataDir(dir.path);
  lock[Symbol.dispose]();
  (await waiting)[Symbol.dispose]();
  await using _relay = await start(dir.path);
  const began = performance.now();
  await assert.rejects(start(dir.path), { code: "locked", message: new RegExp(`${Deno.pid}`) });
  // For an account command it would wait 15 s.
  assert(performance.now() - began < 12_000);
});

Deno.test("data directory: account commands are waited for longer than a relay that stops", () => {
  const by = (holder: "relay" | "account" | null) => new DataDirTaken("d", { pid: "1", holder });
  const after = (waited: number) =>
    [by("relay"), by("account"), by(null), new Error()].map((error) =>
      isWorthWaiting(error, waited)
    );
  assert.deepEqual(after(1_000), [true, true, true, false]);
  assert.deepEqual(after(10_000), [false, true, true, false]);
  assert.deepEqual(after(20_000), [false, false, false, false]);
});

Deno.test("api: needs a sign-in on the visitors' listener, and is nobody's name", async () => {
  using dir = new TempDir();
  await using relay = await start(dir.path);
  const [address] = relay.http;
  assert.equal((await send(address!, "/api/v1/me")).status, 401);
  assert.equal((await send(address!, "/api/v2/me")).status, 404);
  assert.equal((await send(address!, "/api")).status, 404);
  const cookie = await signIn(address!, relay.adminPassword!);
  const me = await (await send(address!, "/api/v1/me", { headers: { cookie } })).json();
  assert.equal(me.name, "admin");
  // On a name's own host the very same path is the name's.
  const fields = [`Cookie: ${cookie}`];
  const other = await ask(address!, "/api/v1/me", { host: "bob.localhost", fields });
  assert.deepEqual([other.status, other.text.includes("admin")], [404, false]);
  const patch = (origin: string) =>
    send(address!, "/api/v1/accounts/local", {
      method: "PATCH",
      headers: { cookie, origin, "content-type": "application/json" },
      body: '{"trusted":false}',
    });
  assert.equal((await patch(`http://${address}`)).status, 200);
  assert.equal((await patch("http://bob.localhost")).status, 403);
});

Deno.test("api: with --admin it is there and nowhere else", async () => {
  using dir = new TempDir();
  await using relay = await start(dir.path, { admin: anywhere });
  const [visitors, admin] = [relay.http[0]!, relay.admin[0]!];
  for (const path of ["/admin", "/api/v1/openapi.json", "/api/v1/me"]) {
    assert.equal((await send(visitors, path)).status, 404, path);
  }
  assert.equal((await send(visitors, "/")).status, 200);
  assert.equal((await send(admin, "/admin")).status, 200);
  assert.equal((await send(admin, "/local/")).status, 404);
  const cookie = await signIn(admin, relay.adminPassword!);
  assert.equal((await send(admin, "/api/v1/me", { headers: { cookie } })).status, 200);
});

Deno.test("api: behind a public https address the cookie is for TLS only", async () => {
  using dir = new TempDir();
  await using relay = await start(dir.path, { publicUrl: new URL("https://relay.example") });
  const response = await send(relay.http[0]!, "/api/v1/sessions", {
    method: "POST",
    headers: { "content-type": "application/json", origin: "https://relay.example" },
    body: JSON.stringify({ name: "admin", password: relay.adminPassword }),
  });
  assert.equal(response.status, 204);
  assert.match(response.headers.get("set-cookie")!, /^__Host-crunch=.*; Secure$/);
});

Deno.test("api: an event stream does not hold up a stop", async () => {
  using dir = new TempDir();
  const relay = await start(dir.path);
  const cookie = await signIn(relay.http[0]!, relay.adminPassword!);
  const response = await fetch(`http://${relay.http[0]}/api/v1/events`, { headers: { cookie } });
  await using events = new StreamReader(response);
  await within(relay.stop(2 * DEADLINE), "the stop");
  assert.equal(await events.next(), null);
});

Deno.test("admin page: runs its own files only, and none in the page itself", async () => {
  using dir = new TempDir();
  await using relay = await start(dir.path);
  const [address] = relay.http;
  const page = await send(address!, "/admin");
  const policy = page.headers.get("content-security-policy")!;
  assert.match(policy, /^default-src 'none'; script-src 'self' 'sha256-[^' ]+';/);
  assert(!policy.includes("unsafe"));
  const html = await page.text();
  // All that is written in the page itself is where its modules are, and the policy has that text's hash.
  const written = [...html.matchAll(/<script(?![^>]*\bsrc=)([^>]*)>/g)].map((match) => match[1]);
  assert.deepEqual(written, [' type="importmap"']);
  assert(!/<style|<[^>]*\s(?:on\w+|style)=/.test(html));
  const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
  assert(files.length > 2);
  for (const file of files) {
    assert.match(file, /^\/(?:admin|static|api)\//);
    assert.equal((await send(address!, file)).status, 200, file);
  }
  assert.equal((await send(address!, "/admin/nothing.js")).status, 404);
  assert.equal((await send(address!, "/admin/names/alice")).status, 200);
  assert.equal((await send(address!, "/admin", { method: "POST" })).status, 405);
});

async function signIn(address: string, password: string): Promise<string> {
  const response = await send(address, "/api/v1/sessions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "admin", password }),
  });
  assert.equal(response.status, 204);
  return response.headers.get("set-cookie")!.split(";", 1)[0]!;
}

Deno.test("api: a method that no address takes is refused as any other, TRACE as well", async () => {
  using dir = new TempDir();
  await using relay = await start(dir.path);
  const cookie = await signIn(relay.http[0]!, relay.adminPassword!);
  for (const method of ["TRACE", "get", "PROPFIND"]) {
    const answer = await ask(relay.http[0]!, "/api/v1/names", {
      method,
      fields: [`Cookie: ${cookie}`],
    });
    assert.deepEqual([answer.status, answer.get("allow")], [405, "GET, HEAD, POST"], method);
  }
});
