/** Visitors and agents over TLS, with certificates that change while they are used. @module */

import assert from "node:assert/strict";
import { certify } from "../support/certificates.ts";
import { Household, type RunningRelay } from "../support/crunch.ts";
import { eventually } from "../support/deadline.ts";
import { latin1Of } from "../support/visitor.ts";

const PASSWORD = "correct horse";
const authority = certify({ names: ["test authority"], authority: true });

/** Writes certificate and key, as an operator's tool would. */
function install(household: Household, issuer = authority): string[] {
  const { certificate, key } = certify({ names: ["localhost", "127.0.0.1"], issuer });
  return [
    "--tls-cert",
    household.write("tls/cert.pem", certificate),
    "--tls-key",
    household.write("tls/key.pem", key),
  ];
}

/** Asks over TLS, trusting `ca`; gives all that came. */
async function askSecurely(
  address: string,
  path: string,
  { ca = authority, method = "GET", body = "" } = {},
): Promise<string> {
  using conn = await Deno.connectTls({
    hostname: "localhost",
    port: Number(address.split(":").at(-1)),
    caCerts: [ca.certificate],
  });
  const port = address.split(":").at(-1);
  const request = `${method} ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n` +
    `Origin: https://localhost:${port}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
  await conn.write(new TextEncoder().encode(request));
  const pieces: Uint8Array[] = [];
  const buffer = new Uint8Array(16 << 10);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) break;
    pieces.push(buffer.slice(0, count));
  }
  return pieces.map(latin1Of).join("");
}

/** A relay with TLS listeners beside the plain ones. */
async function secureRelay(household: Household): Promise<{
  readonly relay: RunningRelay;
  readonly https: string;
  readonly tunnelTls: string;
}> {
  const args = ["--https", "127.0.0.1:0", "--tunnel-tls", "127.0.0.1:0", ...install(household)];
  const relay = await household.relay(args, { env: { CRUNCH_ADMIN_PASSWORD: PASSWORD } });
  // The first ready file of the household.
  const ready = JSON.parse(Deno.readTextFileSync(household.path("ready-1.json")));
  return { relay, https: ready.https, tunnelTls: ready.tunnel_tls };
}

Deno.test("TLS: visitors and agents", async (t) => {
  await using household = new Household();
  household.write("site/a.txt", "here");
  household.write("site/large.bin", new Uint8Array(3_000_000).fill(120));
  const ca = household.write("ca.pem", authority.certificate);
  const token = await household.account("alice");
  const { https, tunnelTls } = await secureRelay(household);
  const port = tunnelTls.split(":").at(-1);
  const dial = ["--relay", `tls://localhost:${port}`, "--dir", household.path("site")];
  const env = { CRUNCH_TOKEN: token };

  await t.step("an agent that trusts the authority serves, over tls://", async () => {
    const { process } = await household.agent([...dial, "--relay-ca", ca], { env });
    assert.doesNotMatch(process.stderr, /without TLS/);
    const answer = await askSecurely(https, "/alice/a.txt");
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /\r\n\r\nhere$/);
    const large = await askSecurely(https, "/alice/large.bin");
    assert.equal(large.length - large.indexOf("\r\n\r\n") - 4, 3_000_000);
  });

  await t.step("an agent that does not trust it says why, and sends nothing", async () => {
    const process = household.crunch(["agent", ...dial], { env });
    await process.said(/Cannot connect.*certificate/, 10_000);
    assert(!process.all.includes(token));
  });

  await t.step("tcp:// to the TLS port and tls:// to the plain one are explained", async () => {
    const plain = household.crunch(
      ["agent", "--relay", `localhost:${port}`, "--dir", household.path("site")],
      { env },
    );
    await plain.said(/TLS/, 10_000);
  });

  await t.step(
    "sessions of the dashboard are for TLS alone, by their cookie's name and flag",
    async () => {
      const session = await askSecurely(https, "/api/v1/sessions", {
        method: "POST",
        body: JSON.stringify({ name: "admin", password: PASSWORD }),
      });
      assert.match(session, /^HTTP\/1\.1 204 /);
      const cookie = /^set-cookie: (.*)$/im.exec(session)![1]!;
      assert.match(cookie, /^__Host-crunch/);
      for (const attribute of [/; Secure/i, /; HttpOnly/i, /; SameSite=/i, /; Path=\/(;|$)/i]) {
        assert.match(cookie, attribute);
      }
    },
  );

  await t.step("a new certificate is used as soon as it is there, without a restart", async () => {
    const next = certify({ names: ["another authority"], authority: true });
    install(household, next);
    await eventually(15_000, async () => {
      try {
        return (await askSecurely(https, "/alice/a.txt", { ca: next })).endsWith("here");
      } catch {
        return false;
      }
    }, { every: 200, what: "the new certificate" });
  });
});
