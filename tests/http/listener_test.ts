/** Claims about listening: addresses, errors in words, socket files, running out of descriptors, admission. @module */

import assert from "node:assert/strict";
import {
  Admission,
  type Connection,
  listen,
  type ListenAddress,
  type Listener,
  ListenError,
  tcpListenError,
  turnAway,
} from "../../http/mod.ts";
import { DEADLINE, Visitor, within } from "./visitor.ts";
import { leftOut } from "../support/left_out.ts";

const LOOPBACK: ListenAddress = { transport: "tcp", hostname: "127.0.0.1", port: 0 };
const CHILD = new URL("listen_child.ts", import.meta.url).pathname;
const ignore = { onconnection: (connection: Connection) => connection.close() };

/** Listens and hands out what is accepted, one after the other. */
async function listening(
  address: ListenAddress,
): Promise<{ listener: Listener; next: () => Promise<Connection> }> {
  const arrived: Connection[] = [];
  let wake = () => {};
  const listener = await listen(address, {
    onconnection(connection) {
      arrived.push(connection);
      wake();
    },
  });
  const next = async () => {
    while (arrived.length === 0) {
      await within(new Promise<void>((resolve) => wake = resolve), "a connection");
    }
    return arrived.shift()!;
  };
  return { listener, next };
}

async function failure(address: ListenAddress): Promise<ListenError> {
  try {
    await (await listen(address, ignore)).close();
  } catch (error) {
    assert(error instanceof ListenError);
    return error;
  }
  throw new Error("listening was to fail");
}

function temporary(): { path: string } & Disposable {
  const path = Deno.makeTempDirSync();
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

Deno.test("listener: hands out connections that carry bytes both ways", async () => {
  const { listener, next } = await listening(LOOPBACK);
  await using _ = listener;
  using visitor = await Visitor.connect(listener.port);
  const connection = await next();
  assert.equal(connection.remote.address, "127.0.0.1");
  assert.equal(connection.local.port, listener.port);
  assert.equal(connection.secure, false);
  await visitor.send("to");
  const into = new Uint8Array(16);
  assert.equal(await connection.read(into), 2);
  await connection.write(new TextEncoder().encode("fro"));
  connection.close();
  assert.equal(await visitor.rest(), "fro");
});

Deno.test("listener: says where it is bound, IPv6 in brackets", async () => {
  await using four = await listen(LOOPBACK, ignore);
  assert.equal(four.address, `127.0.0.1:${four.port}`);
  assert(four.port > 0);
  await using six = await listen({ transport: "tcp", hostname: "::1", port: 0 }, ignore);
  assert.equal(six.address, `[::1]:${six.port}`);
});

Deno.test("listener: on all interfaces it takes IPv4 as well, with the plain address", async () => {
  const { listener, next } = await listening({ transport: "tcp", hostname: "::", port: 0 });
  await using _ = listener;
  using _visitor = await Visitor.connect(listener.port);
  const connection = await next();
  assert.equal(connection.remote.address, "127.0.0.1");
  connection.close();
});

Deno.test("listener: a closed one frees its port at once, and its connections live on", async () => {
  const { listener, next } = await listening(LOOPBACK);
  using visitor = await Visitor.connect(listener.port);
  const connection = await next();
  await listener.close();
  await listener.close();
  await using again = await listen({ ...LOOPBACK, port: listener.port }, ignore);
  assert.equal(again.port, listener.port);
  await connection.write(new TextEncoder().encode("still here"));
  connection.close();
  assert.equal(await visitor.rest(), "still here");
});

Deno.test("listener: a taken port is an error that names address and owner", async () => {
  await using taken = await listen(LOOPBACK, ignore);
  const error = await failure({ ...LOOPBACK, port: taken.port });
  assert.equal(error.code, "in-use");
  assert.equal(error.address, `127.0.0.1:${taken.port}`);
  assert(error.message.startsWith(`Cannot listen on 127.0.0.1:${taken.port}: `), error.message);
  assert.match(error.message, /choose another port/);
  if (Deno.build.os === "linux") assert.match(error.message, new RegExp(`pid ${Deno.pid}\\b`));
});

Deno.test("listener: an address of another machine is an error in words", async () => {
  const error = await failure({ transport: "tcp", hostname: "203.0.113.9", port: 0 });
  assert.equal(error.code, "no-such-address");
  assert.match(error.message, /this machine has no address 203\.0\.113\.9/);
  const unknown = await failure({ transport: "tcp", hostname: "no-such-host.invalid", port: 0 });
  assert.equal(unknown.code, "no-such-address");
});

Deno.test("listener: a port below 1024 without the right to it is an error that says so", () => {
  const cause = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  const error = tcpListenError({ transport: "tcp", hostname: "::", port: 80 }, cause);
  assert.equal(error.code, "not-permitted");
  assert.match(error.message, /^Cannot listen on \[::\]:80: ports below 1024 need root/);
  assert.equal(error.cause, cause);
});

Deno.test("listener: a socket file has its mode, carries bytes and is gone after closing", async () => {
  using folder = temporary();
  const path = `${folder.path}/s.sock`;
  const { listener, next } = await listening({ transport: "unix", path });
  assert.equal(listener.address, `unix:${path}`);
  assert.equal(listener.port, 0);
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o660);
  const visitor = await Deno.connect({ transport: "unix", path });
  const connection = await next();
  assert.equal(connection.remote.address, "unix");
  await connection.write(new Uint8Array([1, 2, 3]));
  assert.equal(await visitor.read(new Uint8Array(8)), 3);
  visitor.close();
  connection.close();
  await listener.close();
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
  await using narrow = await listen({ transport: "unix", path }, { ...ignore, mode: 0o600 });
  assert.equal(Deno.statSync(narrow.address.slice(5)).mode! & 0o777, 0o600);
});

Deno.test("listener: leaves the process's file mask as it was", async () => {
  using folder = temporary();
  const before = Deno.umask();
  await using _ = await listen({ transport: "unix", path: `${folder.path}/s` }, ignore);
  await failure({ transport: "unix", path: `${folder.path}/missing/s` });
  assert.equal(Deno.umask(), before);
});

Deno.test("listener: a dead socket file is replaced, a live one and a plain file are refused", async () => {
  using folder = temporary();
  const path = `${folder.path}/s.sock`;
  // A hard link keeps the file when its listener closes: what kill -9 leaves behind.
  const dead = Deno.listen({ transport: "unix", path: `${folder.path}/dead` });
  Deno.linkSync(`${folder.path}/dead`, path);
  dead.close();
  await using alive = await listen({ transport: "unix", path }, ignore);
  const error = await failure({ transport: "unix", path });
  assert.equal(error.code, "in-use");
  assert.match(error.message, /another program listens there already/);
  assert.equal(alive.address, `unix:${path}`);
  (await Deno.connect({ transport: "unix", path })).close();

  const plain = `${folder.path}/plain`;
  Deno.writeTextFileSync(plain, "keep");
  const refused = await failure({ transport: "unix", path: plain });
  assert.equal(refused.code, "bad-path");
  assert.equal(Deno.readTextFileSync(plain), "keep");
});

Deno.test("listener: a missing folder is an error that names it", async () => {
  using folder = temporary();
  const error = await failure({ transport: "unix", path: `${folder.path}/none/s.sock` });
  assert.equal(error.code, "bad-path");
  assert(error.message.includes(`the folder ${folder.path}/none does not exist`), error.message);
});

Deno.test("listener: closing never removes a socket that somebody put in its place", async () => {
  using folder = temporary();
  const path = `${folder.path}/s.sock`;
  const old = await listen({ transport: "unix", path }, ignore);
  Deno.removeSync(path);
  const { listener: newer, next } = await listening({ transport: "unix", path });
  await old.close();
  const visitor = await Deno.connect({ transport: "unix", path });
  (await next()).close();
  visitor.close();
  await newer.close();
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
});

Deno.test({
  name: "listener: without free descriptors it waits, warns once and goes on",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using child = start(64, "descriptors");
    const port = Number(await child.line());
    const visitors: Visitor[] = [];
    for (let i = 0; i < 80; i++) visitors.push(await Visitor.connect(port));
    assert.match(await child.line(), /^warning New connections on .* wait: no file descriptor/);
    for (const visitor of visitors.slice(0, 60)) visitor.close();
    // Those behind the shortage are served once others left; and the listener still takes new ones.
    assert.equal(await visitors[79]!.take(2), "ok");
    for (const visitor of visitors.slice(60, 79)) visitor.close();
    visitors.push(await Visitor.connect(port));
    assert.equal(await visitors[80]!.take(2), "ok");
    for (const visitor of visitors.slice(79)) visitor.close();
    assert.equal(await child.end(), "warnings 1\n");
  },
});

Deno.test({
  name: "connection: ten thousand idle ones take less than 16 KB each",
  // Both ends lie in processes of their own, each with a descriptor for every connection.
  ignore: leftOut(
    Deno.build.os !== "linux" || descriptorLimit() < 10_200,
    "ten thousand connections need Linux and 10,200 open files: ulimit -n 10200",
  ),
  async fn() {
    await using server = start(10_200, "idle", "10000");
    await using visitors = start(10_200, "visitors", await server.line(), "10000");
    const [bytes, count] = (await server.line()).split(" ").map(Number);
    await visitors.end();
    await server.end();
    assert.equal(count, 10_000);
    assert(bytes! > 1_000 && bytes! < 16 * 1024, `${bytes} bytes for each connection`);
  },
});

/** Soft limit of open files, which child processes inherit. */
function descriptorLimit(): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  return Number(/^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? 0);
}

interface Child extends AsyncDisposable {
  /** The next line that it prints. */
  line(): Promise<string>;
  /** Lets it end by itself, which it must do well. @returns what it printed meanwhile. */
  end(): Promise<string>;
}

/** Runs `listen_child.ts` with at most `descriptors` open files. */
function start(descriptors: number, ...args: string[]): Child {
  const process = new Deno.Command("sh", {
    args: ["-c", `ulimit -n ${descriptors}; exec "$0" run -A --unstable-net "$@"`].concat(
      Deno.execPath(),
      CHILD,
      args,
    ),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let ended = false;
  const line = async () => {
    for (;;) {
      const at = text.indexOf("\n");
      if (at >= 0) {
        const found = text.slice(0, at);
        text = text.slice(at + 1);
        return found;
      }
      const { value, done } = await reader.read();
      if (done) throw new Error(`The child ended after ${JSON.stringify(text)}`);
      text += value;
    }
  };
  const rest = async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
    return (await process.status).code;
  };
  return {
    line: () => within(line(), "a line of the child", 3 * DEADLINE),
    async end() {
      ended = true;
      await process.stdin.close();
      assert.equal(await within(rest(), "the child's end"), 0);
      return text;
    },
    async [Symbol.asyncDispose]() {
      if (!ended) {
        process.kill("SIGKILL");
        await process.stdin.close().catch(() => {});
      }
      await process.status;
      await reader.cancel();
    },
  };
}

Deno.test("admission: counts all and each address, and forgets who left", () => {
  const admission = new Admission({ total: 3, perAddress: 2 });
  assert.equal(admission.admit("192.0.2.1"), "ok");
  assert.equal(admission.admit("192.0.2.1"), "ok");
  assert.equal(admission.admit("192.0.2.1"), "address");
  assert.equal(admission.admit("192.0.2.2"), "ok");
  assert.equal(admission.admit("192.0.2.3"), "total");
  admission.release("192.0.2.1");
  assert.equal(admission.admit("192.0.2.3"), "ok");
  assert.equal(admission.total, 3);
  for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) admission.release(address);
  admission.release("192.0.2.3");
  assert.equal(admission.total, 0);
});

Deno.test("admission: loopback and Unix peers are not counted", () => {
  const admission = new Admission({ total: 1, perAddress: 1 });
  for (const address of ["127.0.0.1", "127.8.9.1", "::1", "unix"]) {
    for (let i = 0; i < 3; i++) assert.equal(admission.admit(address), "ok");
    admission.release(address);
  }
  assert.equal(admission.total, 0);
});

Deno.test("admission: the addresses of one IPv6 /64 count as one", () => {
  const admission = new Admission({ total: 100, perAddress: 1 });
  assert.equal(admission.admit("2001:db8:1:2::5"), "ok");
  assert.equal(admission.admit("2001:db8:1:2:9:8:7:6"), "address");
  assert.equal(admission.admit("2001:db8:1:3::5"), "ok");
  assert.equal(admission.admit("2001:db8::"), "ok");
  assert.equal(admission.admit("2001:db8::1"), "address");
  assert.equal(admission.admit("fe80::1%eth0"), "ok");
  assert.equal(admission.admit("fe80::2%eth0"), "address");
});

Deno.test("admission: who is turned away can read why, whatever it sends meanwhile", async () => {
  const { listener, next } = await listening(LOOPBACK);
  await using _ = listener;
  using visitor = await Visitor.connect(listener.port);
  await visitor.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  const gone = turnAway(await next(), "address");
  await visitor.send("x".repeat(100_000));
  const answer = await visitor.answer();
  assert.equal(answer.status, 503);
  assert.equal(answer.fields.get("connection"), "close");
  assert.match(answer.fields.get("retry-after")!, /^\d+$/);
  assert.match(answer.body, /your address/);
  await visitor.ends();
  assert.equal(visitor.reset, false);
  visitor.close();
  await within(gone, "the goodbye");
});
