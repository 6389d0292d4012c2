/** Claims about dialling origins: every address of a host is tried, TLS is checked unless told otherwise. @module */

import assert from "node:assert/strict";
import { CertificateFiles, DialError, dialOrigin, listen, listenTls } from "../../../http/mod.ts";
import type { Connection, Listener } from "../../../http/mod.ts";
import { certify } from "../../support/certificates.ts";
import { within } from "../../support/deadline.ts";
import { ask, origin } from "./origin.ts";
import type { Visitor } from "../../support/visitor.ts";
import { HttpClient } from "../../../http/client/mod.ts";

function closing(connection: Connection): void {
  connection.close();
}

/** A free port of the loopback where nothing listens. */
async function freePort(hostname = "127.0.0.1"): Promise<number> {
  await using listener = await listen({ transport: "tcp", hostname, port: 0 }, {
    onconnection: closing,
  });
  return listener.port;
}

async function failure(dialling: Promise<Connection>): Promise<DialError> {
  try {
    (await within(dialling, "dialling")).close();
  } catch (error) {
    assert(error instanceof DialError, String(error));
    return error;
  }
  throw new Error("dialling was to fail");
}

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test(`dial origin: localhost is found on ${hostname}`, async () => {
    let listener: Listener;
    try {
      listener = await listen({ transport: "tcp", hostname, port: 0 }, { onconnection: closing });
    } catch {
      // No IPv6 here.
      return;
    }
    await using _ = listener;
    for (const name of ["localhost", "app.localhost", "LOCALHOST"]) {
      const connection = await within(
        dialOrigin({ transport: "tcp", hostname: name, port: listener.port }),
      );
      assert.equal(connection.remote.address, hostname);
      connection.close();
    }
  });
}

Deno.test("dial origin: an address that is silent does not hold up the next one", async () => {
  await using listener = await listen({ transport: "tcp", hostname: "127.0.0.1", port: 0 }, {
    onconnection: closing,
  });
  const began = performance.now();
  // 192.0.2.1 is nobody's (RFC 5737): silent, or unreachable at once.
  const connection = await dialOrigin({
    transport: "tcp",
    hostname: "app.example",
    port: listener.port,
  }, {
    lookup: () => Promise.resolve(["192.0.2.1", "127.0.0.1"]),
    connectTimeout: 20_000,
  });
  assert.equal(connection.remote.address, "127.0.0.1");
  assert.ok(performance.now() - began < 10_000);
  connection.close();
});

Deno.test("dial origin: where nothing listens the error names the host as it was given", async () => {
  const port = await freePort();
  const error = await failure(dialOrigin({ transport: "tcp", hostname: "localhost", port }));
  assert.equal(error.code, "refused");
  assert.match(error.message, new RegExp(`localhost:${port}`));
  const unknown = await failure(dialOrigin({ transport: "tcp", hostname: "app.example", port }, {
    lookup: () => Promise.reject(new Error("ENOTFOUND")),
  }));
  assert.equal(unknown.code, "not-found");
  assert.match(unknown.message, /app\.example/);
});

Deno.test("dial origin: a connection takes no longer than its time, and is given up on a signal", async () => {
  const never = () => new Promise<readonly string[]>(() => {});
  const slow = { transport: "tcp", hostname: "slow.example", port: 1 } as const;
  const error = await failure(dialOrigin(slow, { lookup: never, connectTimeout: 20 }));
  assert.equal(error.code, "timeout");
  const controller = new AbortController();
  const given = assert.rejects(
    dialOrigin(slow, { lookup: never, signal: controller.signal }),
    /enough/,
  );
  controller.abort(new Error("enough"));
  await within(given);
});

Deno.test("dial origin: a Unix socket", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/app.sock`;
  await using _ = await listen({ transport: "unix", path }, { onconnection: closing });
  const connection = await dialOrigin({ transport: "unix", path });
  connection.close();
  const error = await failure(dialOrigin({ transport: "unix", path: `${path}x` }));
  assert.equal(error.code, "not-found");
  await Deno.remove(directory, { recursive: true });
});

Deno.test("dial origin: a certificate is checked against the name, or given roots, or not at all", async () => {
  const directory = await Deno.makeTempDir();
  const made = certify({ names: ["app.example"] });
  await Deno.writeTextFile(`${directory}/cert`, made.certificate);
  await Deno.writeTextFile(`${directory}/key`, made.key);
  const certificates = new CertificateFiles({
    certificate: `${directory}/cert`,
    key: `${directory}/key`,
  });
  await using listener = await listenTls({ transport: "tcp", hostname: "127.0.0.1", port: 0 }, {
    certificates,
    onconnection: async (connection) => {
      const into = new Uint8Array(1000);
      for (;;) {
        const size = await connection.read(into).catch(() => null);
        if (size === null) break;
        await connection.write(
          new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"),
        );
      }
      connection.close();
    },
  });
  const lookup = () => Promise.resolve(["127.0.0.1"]);
  const at = (hostname: string) => ({ transport: "tcp", hostname, port: listener.port }) as const;
  const { code } = await failure(dialOrigin(at("app.example"), { tls: {}, lookup }));
  assert.equal(code, "certificate");
  const caCerts = [made.certificate];
  const other = await failure(dialOrigin(at("other.example"), { tls: { caCerts }, lookup }));
  assert.equal(other.code, "certificate");
  assert.match(other.message, /not for other\.example/);
  for (
    const [hostname, tls] of [
      ["app.example", { caCerts }],
      ["127.0.0.1", { caCerts, serverName: "app.example" }],
      ["other.example", { insecure: true }],
      ["127.0.0.1", { insecure: true }],
    ] as const
  ) {
    using client = new HttpClient({ origin: at(hostname), tls, lookup });
    for (let i = 0; i < 3; i++) assert.equal((await ask(client)).body, "secret", hostname);
    assert.deepEqual(client.size, { all: 1, idle: 1 });
  }
  await Deno.remove(directory, { recursive: true });
});

Deno.test("dial origin: a plain server is told from one that speaks TLS, also where nothing is checked", async () => {
  await using server = origin(async (connection: Visitor) => {
    await connection.take(10);
    await connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    connection.close();
  });
  const at = { transport: "tcp", hostname: "127.0.0.1", port: server.port } as const;
  for (const tls of [{}, { insecure: true }]) {
    assert.equal((await failure(dialOrigin(at, { tls }))).code, "tls");
  }
});
