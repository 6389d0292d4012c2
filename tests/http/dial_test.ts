/** Claims about dialling: what comes back, in which time, and what the errors say. @module */

import assert from "node:assert/strict";
import {
  CertificateFiles,
  type Connection,
  DialError,
  dialTcp,
  dialTls,
  dialUnix,
  listen,
  type ListenAddress,
  listenTls,
} from "../../http/mod.ts";
import { type Certified, certify } from "../support/certificates.ts";
import { within } from "./visitor.ts";

const LOOPBACK: ListenAddress = { transport: "tcp", hostname: "127.0.0.1", port: 0 };

/** Sends back what comes. */
async function echo(connection: Connection): Promise<void> {
  const into = new Uint8Array(256);
  try {
    for (;;) {
      const size = await connection.read(into);
      if (size === null) break;
      await connection.write(into.subarray(0, size));
    }
  } catch {
    // Its test is over.
  }
  connection.close();
}

async function echoes(connection: Connection): Promise<void> {
  await connection.write(new TextEncoder().encode("hello"));
  const into = new Uint8Array(16);
  assert.equal(await connection.read(into), 5);
  assert.equal(new TextDecoder().decode(into.subarray(0, 5)), "hello");
  connection.close();
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

/** A port where connections get no answer: nobody accepts, and the queue is full. */
async function deadEnd(): Promise<{ port: number } & Disposable> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  const waiting: Connection[] = [];
  for (;;) {
    try {
      waiting.push(await dialTcp("127.0.0.1", port, { timeout: 200 }));
    } catch {
      break;
    }
  }
  return {
    port,
    [Symbol.dispose]() {
      for (const connection of waiting) connection.close();
      listener.close();
    },
  };
}

Deno.test("dial: TCP and Unix connections carry bytes", async () => {
  await using listener = await listen(LOOPBACK, { onconnection: echo });
  await echoes(await dialTcp("127.0.0.1", listener.port));
  await echoes(await dialTcp("localhost", listener.port));
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/s`;
  {
    await using _ = await listen({ transport: "unix", path }, { onconnection: echo });
    await echoes(await dialUnix(path));
  }
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("dial: errors say what is wrong", async () => {
  const listener = await listen(LOOPBACK, { onconnection: echo });
  await listener.close();
  const refused = await failure(dialTcp("127.0.0.1", listener.port));
  assert.equal(refused.code, "refused");
  assert.equal(
    refused.message,
    `Cannot connect to 127.0.0.1:${listener.port}: nobody listens there`,
  );
  assert.equal((await failure(dialTcp("no-such-host.invalid", 80))).code, "not-found");
  assert.equal((await failure(dialUnix("/nowhere/at/all"))).code, "not-found");
});

Deno.test("dial: no answer is an error after the time-out", async () => {
  using end = await deadEnd();
  const error = await failure(dialTcp("127.0.0.1", end.port, { timeout: 100 }));
  assert.equal(error.code, "timeout");
  assert.match(error.message, /no answer within 100 ms/);
});

Deno.test("dial: a signal ends it with its own reason, before and meanwhile", async () => {
  using end = await deadEnd();
  const controller = new AbortController();
  const dialling = dialTcp("127.0.0.1", end.port, { signal: controller.signal });
  const reason = new Error("changed my mind");
  controller.abort(reason);
  await assert.rejects(dialling, reason);
  await assert.rejects(
    dialTcp("127.0.0.1", end.port, { signal: controller.signal }),
    reason,
  );
});

Deno.test("dial: a TLS handshake that nobody answers ends after the time-out", async () => {
  const held: Connection[] = [];
  await using listener = await listen(LOOPBACK, { onconnection: (one) => held.push(one) });
  const error = await failure(dialTls("localhost", listener.port, { timeout: 150 }));
  assert.equal(error.code, "timeout");
  for (const connection of held) connection.close();
});

Deno.test("dial: TLS to a port that speaks something else is an error in words", async () => {
  await using closes = await listen(LOOPBACK, { onconnection: (one) => one.close() });
  const closed = await failure(dialTls("localhost", closes.port));
  // Closing with bytes unread resets; which of the two is seen is the kernel's choice.
  assert(["tls", "failed"].includes(closed.code), closed.code);
  await using talks = await listen(LOOPBACK, {
    onconnection: (one) =>
      void one.write(new TextEncoder().encode("220 hello\r\n")).then(() => echo(one)),
  });
  const talked = await failure(dialTls("localhost", talks.port));
  assert.equal(talked.code, "tls");
  assert.match(talked.message, /does not speak TLS on this port/);
});

Deno.test("dial: certificates that are not right are errors that say why", async () => {
  const root = certify({ names: ["test authority"], authority: true });
  const other = certify({ names: ["another authority"], authority: true });
  const trouble = async (certified: Certified, trusted: Certified) => {
    const folder = Deno.makeTempDirSync();
    const pair = { certificate: `${folder}/cert`, key: `${folder}/key` };
    Deno.writeTextFileSync(pair.certificate, certified.certificate);
    Deno.writeTextFileSync(pair.key, certified.key);
    await using listener = await listenTls(LOOPBACK, {
      certificates: new CertificateFiles(pair),
      onconnection: (connection) => void echo(connection),
    });
    Deno.removeSync(folder, { recursive: true });
    const error = await failure(
      dialTls("localhost", listener.port, { caCerts: [trusted.certificate] }),
    );
    assert.equal(error.code, "certificate");
    return error.message;
  };
  const good = certify({ names: ["localhost"], issuer: root });
  assert.match(await trouble(good, other), /nobody we trust has signed its certificate/);
  const foreign = certify({ names: ["elsewhere.test"], issuer: root });
  assert.match(await trouble(foreign, root), /its certificate is not for localhost/);
  const old = certify({ names: ["localhost"], issuer: root, days: -1 });
  assert.match(await trouble(old, root), /its certificate has expired/);
  const authority = certify({ names: ["localhost"], authority: true });
  assert.match(await trouble(authority, authority), /CA:FALSE/);
});
