/** Claims about proxies in front of the relay: who is believed, and what. @module */

import assert from "node:assert/strict";
import { createLog, silentLog, trustedPeer } from "../../../cli/mod.ts";
import { type Head, parseHead, type ServerExchange } from "../../../http/mod.ts";
import { Router } from "../../../relay/visitors/router.ts";
import { type Told, TrustedProxies } from "../../../relay/visitors/trusted_proxies.ts";
import { Visitor } from "../../../relay/visitors/visitor.ts";

const router = new Router({ domain: "relay.example", prefix: "/" });

function headOf(fields: readonly string[], host = "inner:8080"): Head {
  const text = ["GET / HTTP/1.1", `Host: ${host}`, ...fields, "", ""].join("\r\n");
  return parseHead(new TextEncoder().encode(text), "request");
}

function proxies(...trusted: string[]): TrustedProxies {
  return new TrustedProxies({
    current: { trustedProxy: trusted.map((text) => trustedPeer.parse(text)) },
  }, silentLog);
}

function visitor(trusted: TrustedProxies, head: Head, address = "127.0.0.1"): Visitor {
  const connection = {
    remote: { address, port: 1 },
    local: { address, port: 8080 },
    secure: false,
  };
  const made = new Visitor({ connection, head } as unknown as ServerExchange, trusted);
  made.turnTo(head, router);
  return made;
}

function read(fields: readonly string[], ...trusted: string[]): Told {
  return proxies("127.0.0.1", ...trusted).read(headOf(fields), "127.0.0.1");
}

function addressIn(value: string, ...trusted: string[]): string {
  return read([`X-Forwarded-For: ${value}`], ...trusted).address;
}

Deno.test("trusted proxy: the first untrusted address from the right is the visitor", () => {
  assert.equal(addressIn("192.0.2.7"), "192.0.2.7");
  assert.equal(addressIn("6.6.6.6, 192.0.2.7"), "192.0.2.7");
  assert.equal(addressIn("6.6.6.6, 192.0.2.7, 10.0.0.3", "10.0.0.0/8"), "192.0.2.7");
  assert.equal(addressIn("10.0.0.9, 10.0.0.3", "10.0.0.0/8"), "10.0.0.9", "all are trusted");
});

Deno.test("trusted proxy: several lines are one list", () => {
  const { address, via } = read(
    ["X-Forwarded-For: 6.6.6.6", "x-forwarded-for: 192.0.2.7,10.0.0.3"],
    "10.0.0.0/8",
  );
  assert.equal(address, "192.0.2.7");
  assert.deepEqual(via, ["10.0.0.3", "127.0.0.1"]);
});

Deno.test("trusted proxy: addresses with ports, brackets, zones and ::ffff: are plain afterwards", () => {
  assert.equal(addressIn("192.0.2.7:5123"), "192.0.2.7");
  assert.equal(addressIn("[2001:DB8::1]:443"), "2001:db8::1");
  assert.equal(addressIn("[2001:db8::1]"), "2001:db8::1");
  assert.equal(addressIn("::ffff:192.0.2.7"), "192.0.2.7");
  assert.equal(addressIn("fe80::1%eth0"), "fe80::1");
});

Deno.test("trusted proxy: what is no address ends the search at the proxy that said it", () => {
  for (const text of ["unknown", "_hidden", "192.0.2", "192.0.2.07", "a,b c", "1.2.3.4.5", '"']) {
    assert.equal(addressIn(`192.0.2.7, ${text}`), "127.0.0.1", text);
  }
  assert.equal(addressIn("192.0.2.7, unknown, 10.0.0.3", "10.0.0.0/8"), "10.0.0.3");
  assert.equal(addressIn(""), "127.0.0.1");
});

Deno.test("trusted proxy: Forwarded is read the same way, where X-Forwarded-For is not there", () => {
  const told = read([
    'Forwarded: for=6.6.6.6;host=evil.example, for="[2001:db8::1]:4711";Proto=https;host="a.relay.example:444"',
    "Forwarded: for=10.0.0.3;host=inner;proto=http",
  ], "10.0.0.0/8");
  assert.deepEqual(told, {
    address: "2001:db8::1",
    via: ["10.0.0.3", "127.0.0.1"],
    scheme: "https",
    authority: "a.relay.example:444",
  });
});

Deno.test("trusted proxy: of two dialects X-Forwarded-For counts, not what a visitor adds to it", () => {
  const told = read([
    "Forwarded: for=6.6.6.6;host=evil.example;proto=https",
    "X-Forwarded-For: 192.0.2.7",
  ]);
  assert.deepEqual(told, {
    address: "192.0.2.7",
    via: ["127.0.0.1"],
    scheme: undefined,
    authority: undefined,
  });
});

Deno.test("trusted proxy: lists of protocols and hosts are read beside the addresses, or from the right", () => {
  const appended = read([
    "X-Forwarded-For: 192.0.2.7, 10.0.0.3",
    "X-Forwarded-Proto: https, http",
    "X-Forwarded-Host: a.relay.example, inner",
  ], "10.0.0.0/8");
  assert.equal(appended.scheme, "https");
  assert.equal(appended.authority, "a.relay.example");
  const forged = read([
    "X-Forwarded-For: 192.0.2.7",
    "X-Forwarded-Proto: https, http",
    "X-Forwarded-Host: evil.example, a.relay.example",
  ]);
  assert.equal(forged.scheme, "http");
  assert.equal(forged.authority, "a.relay.example");
});

Deno.test("trusted proxy: a protocol or host that can be none is not believed", () => {
  const told = read([
    "X-Forwarded-For: 192.0.2.7",
    "X-Forwarded-Proto: gopher",
    'X-Forwarded-Host: a"b/../c@d',
  ]);
  assert.equal(told.scheme, undefined);
  assert.equal(told.authority, undefined);
});

Deno.test("trusted proxy: its peer's host decides the site, and the agent is told of the way", () => {
  const head = headOf([
    "X-Forwarded-For: 6.6.6.6, 192.0.2.7",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: alice.relay.example",
  ]);
  const made = visitor(proxies("127.0.0.1/32"), head);
  assert.deepEqual(made.site, { name: "alice", host: "alice.relay.example" });
  assert.equal(made.host, "alice.relay.example");
  assert.equal(
    new TextDecoder().decode(made.forwarding),
    [
      "X-Forwarded-For: 192.0.2.7, 127.0.0.1",
      "X-Real-IP: 192.0.2.7",
      "X-Forwarded-Proto: https",
      "X-Forwarded-Host: alice.relay.example",
      "X-Forwarded-Port: 443",
      'Forwarded: for=192.0.2.7;host="alice.relay.example";proto=https, for=127.0.0.1',
      "",
    ].join("\r\n"),
  );
});

Deno.test("trusted proxy: one connection carries many visitors", () => {
  const made = visitor(proxies("127.0.0.1"), headOf(["X-Forwarded-For: 192.0.2.7"]));
  const lines = made.forwarding;
  made.turnTo(headOf(["X-Forwarded-For: 192.0.2.7"]), router);
  assert.equal(made.forwarding, lines, "made once");
  made.turnTo(headOf(["X-Forwarded-For: 192.0.2.8", "X-Forwarded-Host: b.relay.example"]), router);
  assert.equal(made.address, "192.0.2.8");
  assert.equal(made.site?.name, "b");
  made.turnTo(headOf([]), router);
  assert.equal(made.address, "127.0.0.1");
  assert.equal(made.site, null);
  assert.equal(made.host, undefined);
  assert.equal(made.scheme, "http");
});

Deno.test("trusted proxy: by a Unix socket, where unix is trusted", () => {
  const head = headOf(["X-Forwarded-For: 192.0.2.7"]);
  assert.equal(visitor(proxies("0.0.0.0/0"), head, "unix").address, "unix");
  const made = visitor(proxies("unix"), head, "unix");
  assert.equal(made.address, "192.0.2.7");
  const lines = new TextDecoder().decode(made.forwarding);
  assert.match(lines, /^X-Forwarded-For: 192\.0\.2\.7\r\n/);
  assert.match(lines, /^Forwarded: for=192\.0\.2\.7;host="inner:8080";proto=http, for=_unix\r$/m);
});

Deno.test("trusted proxy: nobody else is believed, and one on this machine is told of once", () => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const none = new TrustedProxies(
    { current: { trustedProxy: [trustedPeer.parse("10.0.0.0/8")] } },
    log,
  );
  const head = headOf(["X-Forwarded-For: 192.0.2.7", "X-Forwarded-Host: alice.relay.example"]);
  for (const address of ["198.51.100.4", "127.0.0.1", "127.0.0.1", "::1"]) {
    const made = visitor(none, head, address);
    assert.equal(made.address, address);
    assert.equal(made.site, null);
    assert.equal(made.proxied, false);
  }
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /add --trusted-proxy 127\.0\.0\.1\/32\n$/);
});
