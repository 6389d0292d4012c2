/** Everything a relay listens on: TLS with certificates that change, several addresses, Unix sockets, `--admin`. @module */

import assert from "node:assert/strict";
import { certify } from "../support/certificates.ts";
import { type CrunchProcess, Household } from "../support/crunch.ts";
import { eventually } from "../support/deadline.ts";
import { ask } from "../support/visitor.ts";

const authority = certify({ names: ["first authority"], authority: true });
const leaf = certify({ names: ["localhost", "127.0.0.1"], issuer: authority });

/** A relay that listens wherever `args` say, and what its ready file says. */
async function start(
  household: Household,
  args: readonly string[],
): Promise<{ process: CrunchProcess; ready: Record<string, string> }> {
  const file = household.path("all.json");
  const process = household.crunch([
    ...["relay", "--data", household.data, "--ready-file", file],
    ...args,
  ]);
  return { process, ready: await process.ready(file) as Record<string, string> };
}

function certificates(household: Household, pair: { certificate: string; key: string }): string[] {
  return [
    ...["--tls-cert", household.write("cert.pem", pair.certificate)],
    ...["--tls-key", household.write("key.pem", pair.key)],
  ];
}

/** One request on a connection of its own, by somebody who trusts `root` only. */
async function get(url: string, root: string): Promise<{ status: number; text: string }> {
  using client = Deno.createHttpClient({ caCerts: [root], poolMaxIdlePerHost: 0 });
  const answer = await fetch(url, { client });
  return { status: answer.status, text: await answer.text() };
}

Deno.test("listeners: HTTPS and agents over TLS, with a certificate that is replaced meanwhile", async (t) => {
  await using household = new Household();
  household.write("site/index.html", "here");
  const { ready, process } = await start(household, [
    ...["--http", "127.0.0.1:0", "--https", "127.0.0.1:0"],
    ...["--tunnel", "127.0.0.1:0", "--tunnel-tls", "127.0.0.1:0"],
    ...certificates(household, leaf),
  ]);
  const https = `https://${ready.https}`;
  const ca = household.write("ca.pem", authority.certificate);
  const token = household.write("token", household.local.credential);
  const dial = ["--relay", `tls://${ready.tunnel_tls}`, "--token-file", token, "--dir", "site"];

  await t.step("visitors are served over both", async () => {
    assert.equal((await get(`${https}/healthz`, authority.certificate)).status, 200);
    assert.equal((await ask(ready.http!, "/healthz")).status, 200);
    assert.match(process.stdout, new RegExp(`http://${ready.http}/ +${https}/`));
  });

  await t.step("an agent signs in over TLS and knows its relay by --relay-ca", async () => {
    await household.agent([...dial, "--relay-ca", ca]);
    assert.equal((await get(`${https}/local/`, authority.certificate)).text, "here");
  });

  await t.step("an agent that knows no such authority says so, and what to give", async () => {
    const agent = household.crunch(["agent", ...dial]);
    await agent.said(/nobody we trust has signed its certificate.*--relay-ca FILE/);
    agent.kill("SIGTERM");
    assert.equal(await agent.exit, 0);
  });

  await t.step("plain HTTP to the TLS port is answered in words", async () => {
    const answer = await ask(ready.https!, "/");
    assert.equal(answer.status, 400);
    assert.match(answer.text, /https:\/\//);
  });

  await t.step("account at the wrong port is told the right address", async () => {
    const list = async (relay: string): Promise<string> => {
      const process = household.crunch(["account", "list", "--relay", relay], {
        env: { CRUNCH_TOKEN: "any" },
      });
      assert.equal(await process.exit, 1);
      return process.stderr;
    };
    assert.match(await list(`https://${ready.http}`), new RegExp(`--relay http://${ready.http}\n`));
    assert.match(
      await list(`http://${ready.https}`),
      new RegExp(`--relay https://${ready.https}\n`),
    );
  });

  await t.step("a plain agent at the TLS port is told to use tls://", async () => {
    const agent = household.crunch([
      ...["agent", "--relay", ready.tunnel_tls!, "--token-file", token, "--dir", "site"],
    ]);
    await agent.said(/--relay tls:\/\//);
    agent.kill("SIGTERM");
    await agent.exit;
  });

  await t.step("a TLS agent at the plain port is told to leave tls:// out", async () => {
    const agent = household.crunch([
      ...["agent", "--relay", `tls://${ready.tunnel}`, "--token-file", token, "--dir", "site"],
    ]);
    await agent.said(/does not speak TLS on this port.*without tls:\/\//);
    agent.kill("SIGTERM");
    await agent.exit;
  });

  await t.step("a new certificate is used without a restart, old connections live on", async () => {
    const next = certify({ names: ["second authority"], authority: true });
    const renewed = certify({ names: ["localhost", "127.0.0.1"], issuer: next });
    using kept = Deno.createHttpClient({ caCerts: [authority.certificate] });
    const over = async (): Promise<string> =>
      await (await fetch(`${https}/local/`, { client: kept })).text();
    assert.equal(await over(), "here");
    // Certificate and key of two pairs for a moment: said, and the old pair serves on.
    household.write("cert.pem", renewed.certificate);
    await eventually(async () => {
      await get(`${https}/healthz`, authority.certificate);
      return /is not the key of/.test(process.stderr);
    }, { every: 200 });
    household.write("key.pem", renewed.key);
    await eventually(async () => {
      return (await get(`${https}/local/`, next.certificate)).text === "here";
    }, { every: 200, what: "the new certificate" });
    assert.equal(await over(), "here");
    await assert.rejects(get(`${https}/`, authority.certificate));
    assert.match(process.stderr, /info .*cert\.pem has changed and is used; all is well again/);
  });
});

Deno.test("listeners: several --http are all served", async () => {
  await using household = new Household();
  const socket = household.path("http.sock");
  const { ready, process } = await start(household, [
    ...["--http", "127.0.0.1:0", "--http", "127.0.0.1:0", "--http", `unix:${socket}`],
    ...["--tunnel", "127.0.0.1:0"],
  ]);
  const line = (await process.said(/^visitors +(.*)\n/m))[1]!;
  const shown = line.split(/ +/);
  assert.equal(shown.length, 3);
  assert.equal(shown[0], `http://${ready.http}/`);
  assert.equal(shown[2], `unix:${socket}`);
  for (const url of shown.slice(0, 2)) {
    assert.equal((await ask(new URL(url).host, "/healthz")).status, 200);
  }
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  assert.equal(await (await fetch("http://relay/healthz", { client })).text(), "ok\n");
});

Deno.test("listeners: a dead socket is replaced, a living one refused, a file that is no socket left", async (t) => {
  await using household = new Household();
  const socket = household.path("http.sock");
  const listen = ["--http", `unix:${socket}`, "--tunnel", "127.0.0.1:0"];
  const first = await start(household, listen);
  assert.equal(Deno.statSync(socket).mode! & 0o777, 0o660);

  await t.step("a living one", async () => {
    const second = household.crunch(["relay", "--data", household.path("other"), ...listen]);
    assert.equal(await second.exit, 1);
    assert.match(second.stderr, new RegExp(`unix:${socket}: another program listens there`));
  });

  await t.step("a dead one", async () => {
    first.process.kill("SIGKILL");
    await first.process.exit;
    assert(Deno.statSync(socket).isSocket);
    Deno.removeSync(household.path("all.json"));
    const again = await start(household, listen);
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    assert.equal(await (await fetch("http://relay/healthz", { client })).text(), "ok\n");
    again.process.kill("SIGTERM");
    assert.equal(await again.process.exit, 0);
    assert.throws(() => Deno.lstatSync(socket), Deno.errors.NotFound);
  });

  await t.step("a file", async () => {
    household.write("http.sock", "precious");
    const second = household.crunch(["relay", "--data", household.path("other"), ...listen]);
    assert.equal(await second.exit, 1);
    assert.match(second.stderr, /something that is no socket has this path/);
    assert.equal(Deno.readTextFileSync(socket), "precious");
  });
});

Deno.test("listeners: --admin has the dashboard for itself", async () => {
  await using household = new Household();
  const token = await household.account("alice");
  household.write("site/index.html", "here");
  const relay = await household.relay(["--admin", "127.0.0.1:0"]);
  await household.agent(["--relay", relay.tunnel, "--dir", "site"], {
    env: { CRUNCH_TOKEN: token },
  });
  assert.notEqual(relay.admin, relay.http);
  assert.match(relay.process.stdout, new RegExp(`dashboard +http://${relay.admin}/admin`));
  const status = async (address: string, path: string): Promise<number> =>
    (await ask(address, path)).status;
  assert.deepEqual([await status(relay.admin, "/admin"), await status(relay.http, "/admin")], [
    200,
    404,
  ]);
  assert.deepEqual([
    await status(relay.admin, "/api/v1/me"),
    await status(relay.http, "/api/v1/me"),
  ], [
    401,
    404,
  ]);
  assert.deepEqual([await status(relay.admin, "/alice/"), await status(relay.http, "/alice/")], [
    404,
    200,
  ]);
  const landing = await ask(relay.admin, "/", { host: "alice.localhost" });
  assert.match(landing.text, /This is a relay/, "whatever the host");
});
