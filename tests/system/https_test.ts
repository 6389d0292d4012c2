/** What visitors get over HTTPS beyond what every listener gives them. @module */

import assert from "node:assert/strict";
import { certify } from "../support/certificates.ts";
import { Household } from "../support/crunch.ts";
import { latin1Of } from "../support/visitor.ts";

const PASSWORD = "correct horse";
const authority = certify({ names: ["test authority"], authority: true });

/** Asks over TLS; gives all that came. */
async function askSecurely(
  address: string,
  path: string,
  { method = "GET", body = "" } = {},
): Promise<string> {
  using conn = await Deno.connectTls({
    hostname: "localhost",
    port: Number(address.split(":").at(-1)),
    caCerts: [authority.certificate],
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

Deno.test("HTTPS: large files arrive whole, and the dashboard's session is for HTTPS alone", async () => {
  await using household = new Household();
  household.write("site/large.bin", new Uint8Array(3_000_000).fill(120));
  const { certificate, key } = certify({ names: ["localhost"], issuer: authority });
  await household.relay([
    "--https",
    "127.0.0.1:0",
    "--tls-cert",
    household.write("cert.pem", certificate),
    "--tls-key",
    household.write("key.pem", key),
  ], { env: { CRUNCH_ADMIN_PASSWORD: PASSWORD } });
  const { https } = JSON.parse(Deno.readTextFileSync(household.path("ready-1.json")));
  await household.agent(["--dir", household.path("site")]);

  const large = await askSecurely(https, "/local/large.bin");
  assert.match(large, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(large.length - large.indexOf("\r\n\r\n") - 4, 3_000_000);

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
});
