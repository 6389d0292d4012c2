/** Claims about TLS: connections like any other, certificates that change, visitors that do not speak it. @module */

import assert from "node:assert/strict";
import {
  CertificateFiles,
  type Connection,
  dialTcp,
  dialTls,
  HttpServer,
  listenTls,
  type TlsListenOptions,
} from "../../http/mod.ts";
import { type Certified, certify } from "../support/certificates.ts";
import { eventually } from "../support/deadline.ts";
import { bytesOf, randomFrom, say, sendAndReset, textOf, Visitor, within } from "./visitor.ts";

const root = certify({ names: ["test authority"], authority: true });
const leaf = certify({ names: ["localhost", "127.0.0.1"], issuer: root });

interface Pair extends Disposable {
  readonly certificate: string;
  readonly key: string;
  replace(pair: { certificate?: string; key?: string }): void;
}

/** A pair of files that hold `certified`. */
function files(certified: Certified): Pair {
  const folder = Deno.makeTempDirSync();
  const pair: Pair = {
    certificate: `${folder}/cert.pem`,
    key: `${folder}/key.pem`,
    replace({ certificate, key }) {
      if (certificate !== undefined) Deno.writeTextFileSync(pair.certificate, certificate);
      if (key !== undefined) Deno.writeTextFileSync(pair.key, key);
    },
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
  pair.replace(certified);
  return pair;
}

interface TlsServer extends AsyncDisposable {
  readonly port: number;
  readonly pair: Pair;
  readonly warnings: string[];
  /** The next connection whose handshake is done. */
  next(): Promise<Connection>;
  /** Dials it and trusts the test's authority. */
  dial(): Promise<Connection>;
}

async function serveTls(options: Partial<TlsListenOptions> = {}): Promise<TlsServer> {
  const pair = files(leaf);
  const warnings: string[] = [];
  const arrived: Connection[] = [];
  let wake = () => {};
  const listener = await listenTls({ transport: "tcp", hostname: "127.0.0.1", port: 0 }, {
    certificates: new CertificateFiles({ ...pair, onwarning: (text) => warnings.push(text) }),
    onconnection(connection) {
      arrived.push(connection);
      wake();
    },
    ...options,
  });
  return {
    port: listener.port,
    pair,
    warnings,
    dial: () => dialTls("localhost", listener.port, { caCerts: [root.certificate] }),
    async next() {
      while (arrived.length === 0) {
        await within(new Promise<void>((resolve) => wake = resolve), "a connection");
      }
      return arrived.shift()!;
    },
    async [Symbol.asyncDispose]() {
      await listener.close();
      for (const connection of arrived) connection.close();
      pair[Symbol.dispose]();
    },
  };
}

/** Both ends of one connection. */
async function couple(server: TlsServer): Promise<{ here: Connection; there: Connection }> {
  const [there, here] = await Promise.all([server.dial(), server.next()]);
  return { here, there };
}

async function sendAll(connection: Connection, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Ends both directions in order: a bare `close` is an abort, which the other side can tell from an end. */
async function finish(connection: Connection): Promise<void> {
  await connection.closeWrite();
  connection.close();
}

async function readAll(connection: Connection): Promise<string> {
  let text = "";
  const into = new Uint8Array(1000);
  for (;;) {
    const size = await within(connection.read(into), "a read");
    if (size === null) return text;
    text += textOf(into.subarray(0, size));
  }
}

Deno.test("tls: carries bytes both ways, and knows both ends", async () => {
  await using server = await serveTls();
  const { here, there } = await couple(server);
  assert.equal(here.secure, true);
  assert.equal(here.remote.address, "127.0.0.1");
  assert.equal(here.local.port, server.port);
  await sendAll(there, bytesOf("ping"));
  const into = new Uint8Array(64);
  assert.equal(await here.read(into), 4);
  await sendAll(here, bytesOf("pong"));
  assert.equal(await there.read(into), 4);
  assert.equal(textOf(into.subarray(0, 4)), "pong");
  here.close();
  there.close();
});

Deno.test("tls: a read into a small array keeps the rest for the next", async () => {
  await using server = await serveTls();
  const { here, there } = await couple(server);
  await sendAll(there, bytesOf("abcdefg"));
  const into = new Uint8Array(3);
  const pieces: string[] = [];
  while (pieces.join("").length < 7) {
    const size = await here.read(into);
    pieces.push(textOf(into.subarray(0, size!)));
  }
  assert.deepEqual(pieces, ["abc", "def", "g"]);
  here.close();
  there.close();
});

Deno.test("tls: each side can end its own direction and go on with the other", async () => {
  await using server = await serveTls();
  const first = await couple(server);
  await first.there.closeWrite();
  assert.equal(await first.here.read(new Uint8Array(8)), null);
  await sendAll(first.here, bytesOf("still answered"));
  await first.here.closeWrite();
  assert.equal(await readAll(first.there), "still answered");
  first.here.close();
  first.there.close();

  const second = await couple(server);
  await second.here.closeWrite();
  assert.equal(await readAll(second.there), "");
  await sendAll(second.there, bytesOf("still heard"));
  await second.there.closeWrite();
  assert.equal(await readAll(second.here), "still heard");
  second.here.close();
  second.there.close();
});

Deno.test("tls: bytes that nobody reads stay with their sender, and arrive whole later", async () => {
  await using server = await serveTls();
  const { here, there } = await couple(server);
  const total = 64 << 20;
  const piece = new Uint8Array(64 << 10);
  for (let i = 0; i < piece.length; i++) piece[i] = i * 31 >> 3;
  let sent = 0;
  const sending = (async () => {
    for (; sent < total; sent += piece.length) await sendAll(there, piece);
    await there.closeWrite();
  })();
  // Sending stands still once the buffers of both kernels are full.
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  assert(sent < 24 << 20, `${sent} bytes were taken though nobody reads`);
  let got = 0;
  const into = new Uint8Array(48 << 10);
  for (;;) {
    const size = await here.read(into);
    if (size === null) break;
    for (let i = 0; i < size; i += 997) assert.equal(into[i], piece[(got + i) % piece.length]);
    got += size;
  }
  await sending;
  assert.equal(got, total);
  here.close();
  there.close();
});

Deno.test("tls: a write waits for a visitor that does not read, and fails when it leaves", async () => {
  await using server = await serveTls();
  const { here, there } = await couple(server);
  const piece = new Uint8Array(256 << 10);
  let taken = 0;
  const writing = (async () => {
    while (taken < 64 << 20) {
      const size = await here.write(piece);
      assert(size > 0 && size <= piece.length);
      taken += size;
    }
  })();
  const failed = assert.rejects(writing);
  let before = -1;
  while (before !== taken) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  assert(taken < 24 << 20, `${taken} bytes were taken though nobody reads`);
  there.close();
  await within(failed, "the failure");
  await assert.rejects(here.write(piece));
  here.close();
});

Deno.test("tls: closing rejects the read under way, and is done once", async () => {
  await using server = await serveTls();
  const { here, there } = await couple(server);
  const reading = here.read(new Uint8Array(8));
  here.close();
  here.close();
  await assert.rejects(reading, /closed/);
  await assert.rejects(here.read(new Uint8Array(8)));
  await assert.rejects(here.write(new Uint8Array(8)));
  await here.closeWrite();
  there.close();
});

Deno.test("tls: a connection that is cut ends its reads, and never hangs", async () => {
  await using server = await serveTls();
  const { here, there } = await couple(server);
  const reading = here.read(new Uint8Array(8)).then((size) => assert.equal(size, null), () => {});
  there.close();
  await within(reading, "the end of the read");
  here.close();
});

Deno.test("tls: offers HTTP/1.1 only", async () => {
  await using server = await serveTls();
  const connect = async (alpnProtocols: string[]) => {
    using conn = await Deno.connectTls({
      hostname: "localhost",
      port: server.port,
      caCerts: [root.certificate],
      alpnProtocols,
    });
    return (await conn.handshake()).alpnProtocol;
  };
  assert.equal(await connect(["h2", "http/1.1"]), "http/1.1");
  await assert.rejects(connect(["h2"]));
  (await server.next()).close();
});

Deno.test("tls: who speaks plain HTTP there can read what is wrong", async () => {
  await using server = await serveTls();
  using visitor = await Visitor.connect(server.port);
  await visitor.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const answer = await visitor.answer();
  assert.equal(answer.status, 400);
  assert.match(answer.body, /HTTPS/);
  await visitor.ends();
  assert.equal(visitor.reset, false);
});

Deno.test("tls: noise, half a handshake and a visitor that leaves end that connection only", async () => {
  await using server = await serveTls();
  for (const noise of ["\x00\x01\x02", "\x16\x03\x01\x00\x05hello", "\x16\x03\x01\xff\xff"]) {
    using visitor = await Visitor.connect(server.port);
    await visitor.send(noise);
    await visitor.closeWrite();
    await visitor.rest();
  }
  await sendAndReset(server.port, "\x16\x03\x01\x02\x00", Promise.resolve());
  const { here, there } = await couple(server);
  here.close();
  there.close();
});

/** What a client says first. */
async function clientHello(): Promise<Uint8Array<ArrayBuffer>> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dialling = dialTls("localhost", listener.addr.port).catch(() => {});
  using conn = await listener.accept();
  const into = new Uint8Array(4096);
  const size = await conn.read(into);
  conn.close();
  await dialling;
  return into.slice(0, size!);
}

Deno.test("tls: damaged handshakes in any pieces end that connection only", async () => {
  // An error that nobody catches would end this process.
  await using server = await serveTls({ handshakeTime: 200 });
  const hello = await clientHello();
  const random = randomFrom(7);
  const below = (limit: number) => Math.floor(random() * limit);
  const attack = async () => {
    const bytes = hello.slice(0, random() < 0.3 ? below(hello.length) : hello.length);
    for (let count = below(4); count > 0 && bytes.length > 1; count--) {
      bytes[1 + below(bytes.length - 1)] = below(256);
    }
    const cut = below(bytes.length + 1);
    const leaves = random();
    using visitor = await Visitor.connect(server.port);
    try {
      await visitor.send(bytes.subarray(0, cut));
      await visitor.send(bytes.subarray(cut));
      if (leaves < 0.5) await visitor.closeWrite();
      if (leaves < 0.8) await visitor.rest();
    } catch (error) {
      assert(
        error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset,
      );
    }
  };
  for (let round = 0; round < 4; round++) await Promise.all(Array.from({ length: 100 }, attack));
  const { here, there } = await couple(server);
  here.close();
  there.close();
});

Deno.test("tls: a handshake that takes too long is cut off", async () => {
  await using server = await serveTls({ handshakeTime: 100 });
  using silent = await Visitor.connect(server.port);
  using slow = await Visitor.connect(server.port);
  await slow.send("\x16\x03\x01\x02\x00\x01");
  await Promise.all([silent.ends(), slow.ends()]);
});

Deno.test("tls: as many idle handshakes as there may be make room, the oldest first, for who comes next", async () => {
  await using server = await serveTls();
  const idle: Visitor[] = [];
  try {
    for (let i = 0; i < 1_030; i++) idle.push(await Visitor.connect(server.port));
    const { here, there } = await couple(server);
    await idle[0]!.ends();
    here.close();
    there.close();
  } finally {
    for (const visitor of idle) visitor.close();
  }
});

Deno.test("tls: closing the listener leaves connections alone and ends handshakes", async () => {
  const server = await serveTls();
  const { here, there } = await couple(server);
  using silent = await Visitor.connect(server.port);
  // The server has it: a later visitor got through.
  const later = await couple(server);
  await server[Symbol.asyncDispose]();
  await silent.ends();
  await sendAll(here, bytesOf("alive"));
  await finish(here);
  assert.equal(await readAll(there), "alive");
  for (const connection of [there, later.here, later.there]) connection.close();
});

Deno.test("tls: HTTP is served as over plain connections", async () => {
  using pair = files(leaf);
  const server = new HttpServer({
    handle: (exchange) => say(exchange, exchange.head.target),
    refuse: (exchange, error) => say(exchange, error.message, error.status),
  });
  const listener = await listenTls({ transport: "tcp", hostname: "127.0.0.1", port: 0 }, {
    certificates: new CertificateFiles(pair),
    onconnection: (connection) => server.accept(connection),
  });
  const there = await dialTls("localhost", listener.port, { caCerts: [root.certificate] });
  await sendAll(
    there,
    bytesOf(
      "GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
  );
  let text = "";
  const into = new Uint8Array(1000);
  while (!text.endsWith("/two")) {
    const size = await within(there.read(into), "the answers");
    text += textOf(into.subarray(0, size!));
  }
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n\/oneHTTP\/1\.1 200 OK\r\n.*\r\n\r\n\/two$/s);
  there.close();
  await listener.close();
  await server[Symbol.asyncDispose]();
});

Deno.test("tls: a close without an end is an abort that the visitor notices", async () => {
  await using server = await serveTls();
  const { here, there } = await couple(server);
  await sendAll(here, bytesOf("half a bo"));
  here.close();
  await assert.rejects(readAll(there));
  there.close();
});

Deno.test("certificate: a renewed pair is used by the next handshakes, without a restart", async () => {
  await using server = await serveTls();
  const { here, there } = await couple(server);
  const renewed = certify({ names: ["renewed.test"], issuer: root });
  server.pair.replace(renewed);
  const seen = async () => {
    const connection = await dialTls("127.0.0.1", server.port, {
      caCerts: [root.certificate],
      serverName: "renewed.test",
    });
    connection.close();
    (await server.next()).close();
  };
  const until = performance.now() + 20_000;
  for (;;) {
    try {
      await seen();
      break;
    } catch (error) {
      // The files are looked at once a second.
      assert.match(String(error), /not for renewed\.test/);
      assert(performance.now() < until, "the renewed certificate was never used");
    }
  }
  await sendAll(here, bytesOf("old one"));
  await finish(here);
  assert.equal(await readAll(there), "old one");
  there.close();
  assert.deepEqual(server.warnings, []);
});

Deno.test("certificate: a changed pair that does not fit is warned of, and the old one serves on", async () => {
  await using server = await serveTls();
  server.pair.replace({ key: certify({ names: ["other"] }).key });
  const until = performance.now() + 20_000;
  while (server.warnings.length === 0) {
    const { here, there } = await couple(server);
    here.close();
    there.close();
    assert(performance.now() < until, "nobody was warned");
  }
  assert.match(server.warnings[0]!, /it is not the key of .*; the previous certificate stays/);
  assert.equal(server.warnings.length, 1);
});

Deno.test("certificate: the same trouble is told again after it was mended", async () => {
  using pair = files(leaf);
  const warnings: string[] = [];
  const infos: string[] = [];
  const held = new CertificateFiles({
    ...pair,
    onwarning: (text) => warnings.push(text),
    oninfo: (text) => infos.push(text),
  });
  const breakIt = async (times: number): Promise<void> => {
    pair.replace({ key: "no key" });
    await eventually(() => (held.context, warnings.length === times), { every: 50 });
  };
  await breakIt(1);
  const before = held.context;
  pair.replace(leaf);
  await eventually(() => held.context !== before, { every: 50 });
  assert.equal(infos.length, 1);
  assert.match(infos[0]!, /has changed and is used; all is well again$/);
  pair.replace(certify({ names: ["localhost"], issuer: root }));
  await eventually(() => (held.context, infos.length === 2), { every: 50 });
  assert.match(infos[1]!, /has changed and is used$/);
  await breakIt(2);
  assert.equal(warnings[1], warnings[0]);
});

Deno.test("certificate: files that cannot be used are errors that say which and why", () => {
  using pair = files(leaf);
  const fails = (expected: RegExp) => {
    assert.throws(() => new CertificateFiles(pair), expected);
    pair.replace(leaf);
  };
  pair.replace({ key: certify({ names: ["other"] }).key });
  fails(/key\.pem: it is not the key of .*cert\.pem$/);
  pair.replace({ certificate: "not PEM" });
  fails(/cert\.pem: it holds no PEM certificate$/);
  pair.replace({ key: "" });
  fails(/key\.pem: it holds no PEM private key$/);
  pair.replace({
    key: leaf.privateKey.export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "x",
    }) as string,
  });
  fails(/key\.pem: its key is encrypted/);
  pair.replace({ certificate: leaf.key, key: leaf.certificate });
  fails(/cert\.pem: it holds no PEM certificate$/);
  Deno.removeSync(pair.key);
  fails(/Cannot read .*key\.pem: it does not exist$/);
  assert(new CertificateFiles(pair).context);
});

Deno.test("tls: connections that come and go leave nothing behind", async () => {
  await using server = await serveTls();
  for (let i = 0; i < 200; i++) {
    const plain = await dialTcp("127.0.0.1", server.port);
    plain.close();
  }
  for (let i = 0; i < 50; i++) {
    const { here, there } = await couple(server);
    (i % 2 === 0 ? here : there).close();
    (i % 2 === 0 ? there : here).close();
  }
});
