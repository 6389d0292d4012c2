/** Claims about what agents are told of who asks. @module */

import assert from "node:assert/strict";
import { silentLog } from "../../../cli/mod.ts";
import { type Head, parseHead, type ServerExchange } from "../../../http/mod.ts";
import { Router } from "../../../relay/visitors/router.ts";
import { TrustedProxies } from "../../../relay/visitors/trusted_proxies.ts";
import { Visitor } from "../../../relay/visitors/visitor.ts";

const router = new Router({ domain: "localhost", prefix: "/" });

function visitor({ address = "192.0.2.7", port = 8080, secure = false } = {}): Visitor {
  const connection = { remote: { address, port: 50_000 }, local: { address: "::", port }, secure };
  const exchange = { connection, head: headOf("") } as unknown as ServerExchange;
  return new Visitor(exchange, new TrustedProxies({ current: { trustedProxy: [] } }, silentLog));
}

function headOf(authority: string): Head {
  const host = authority === "" ? "" : `Host: ${authority}\r\n`;
  return parseHead(new TextEncoder().encode(`GET / HTTP/1.0\r\n${host}\r\n`), "request");
}

function forwarding(visitor: Visitor, authority: string): Record<string, string> {
  visitor.turnTo(headOf(authority), router);
  const text = new TextDecoder().decode(visitor.forwarding);
  assert.ok(text.endsWith("\r\n"));
  return Object.fromEntries(text.trimEnd().split("\r\n").map((line) => line.split(/: (.*)/, 2)));
}

Deno.test("visitor: its address, scheme, host and port are told in both dialects", () => {
  assert.deepEqual(forwarding(visitor(), "relay.example:8080"), {
    "X-Forwarded-For": "192.0.2.7",
    "X-Real-IP": "192.0.2.7",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "relay.example:8080",
    "X-Forwarded-Port": "8080",
    "Forwarded": 'for=192.0.2.7;host="relay.example:8080";proto=http',
  });
});

Deno.test("visitor: IPv6 is quoted in Forwarded (RFC 7239 section 6), bare elsewhere", () => {
  const told = forwarding(visitor({ address: "2001:db8::1" }), "h");
  assert.equal(told["X-Forwarded-For"], "2001:db8::1");
  assert.equal(told.Forwarded, 'for="[2001:db8::1]";host="h";proto=http');
});

Deno.test("visitor: the port is the one that the visitor used", () => {
  assert.equal(forwarding(visitor(), "h:81")["X-Forwarded-Port"], "81");
  assert.equal(forwarding(visitor(), "h")["X-Forwarded-Port"], "80");
  assert.equal(forwarding(visitor({ secure: true }), "h")["X-Forwarded-Port"], "443");
  assert.equal(forwarding(visitor({ secure: true }), "h")["X-Forwarded-Proto"], "https");
  // HTTP/1.0 without Host: the listener's own.
  assert.equal(forwarding(visitor(), "")["X-Forwarded-Port"], "8080");
});

Deno.test("visitor: another Host on the same connection is another site", () => {
  const one = visitor();
  one.turnTo(headOf("alice.localhost:8080"), router);
  const lines = one.forwarding;
  assert.deepEqual(one.site, { name: "alice", host: "alice.localhost" });
  one.turnTo(headOf("alice.localhost:8080"), router);
  assert.equal(one.forwarding, lines, "made once");
  one.turnTo(headOf("bob.localhost:8080"), router);
  assert.deepEqual(one.site, { name: "bob", host: "bob.localhost" });
  one.turnTo(headOf("localhost:8080"), router);
  assert.equal(one.site, null);
});
