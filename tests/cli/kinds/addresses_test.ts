/** Claims about addresses, URLs and domains as options. @module */

import assert from "node:assert/strict";
import {
  address,
  addressOrOff,
  baseUrl,
  dialAddress,
  domain,
  formatAddress,
} from "../../../cli/kinds/addresses.ts";
import type { Kind } from "../../../cli/kinds/kinds.ts";
import { BadValue } from "../../../cli/terminal/usage.ts";

function refuses(kind: Kind<unknown>, texts: readonly string[], message?: RegExp): void {
  for (const text of texts) {
    assert.throws(
      () => kind.parse(text),
      (error) => error instanceof BadValue && (message?.test(error.message) ?? true),
      `took ${JSON.stringify(text)}`,
    );
  }
}

const tcp = (hostname: string, port: number) => ({ transport: "tcp", hostname, port });

Deno.test("address: takes host:port, :port, port, [v6]:port, *:port and unix:/path", () => {
  assert.deepEqual(address.parse("127.0.0.1:8080"), tcp("127.0.0.1", 8080));
  assert.deepEqual(address.parse("Relay.Example:21"), tcp("relay.example", 21));
  assert.deepEqual(address.parse(":8080"), tcp("::", 8080));
  assert.deepEqual(address.parse("*:8080"), tcp("::", 8080));
  assert.deepEqual(address.parse("8080"), tcp("127.0.0.1", 8080));
  assert.deepEqual(address.parse("0"), tcp("127.0.0.1", 0));
  assert.deepEqual(address.parse("[::1]:443"), tcp("::1", 443));
  assert.deepEqual(address.parse("[fe80::1%eth0]:80"), tcp("fe80::1%eth0", 80));
  assert.deepEqual(address.parse("unix:/run/crunch.sock"), {
    transport: "unix",
    path: "/run/crunch.sock",
  });
  assert.deepEqual(address.parse("unix:///run/x"), { transport: "unix", path: "/run/x" });
});

Deno.test("address: refuses what is none, and says what is missing", () => {
  refuses(address, ["localhost"], /needs a port: localhost:8080/);
  refuses(address, ["::1:8080", "::1", "a:b:c"], /needs brackets/);
  refuses(address, ["http://localhost:8080"], /not the URL/);
  refuses(
    address,
    ["localhost:65536", "localhost:-1", ":", "localhost:", "x:1e3", "99999"],
    /port/,
  );
  refuses(address, ["unix:relative", "unix:", "unix:/a\nb", `unix:/${"x".repeat(200)}`]);
  refuses(address, [
    "[::1]",
    "[::1",
    "[]:80",
    "[zz]:80",
    "[::1]80",
    "[1.2.3.4]:80",
    "a b:80",
    "a\0:80",
    "-x:80",
    "a..b:80",
    "💥:80",
    "user@host:80",
    "a/b:80",
    `${"a".repeat(100_000)}:80`,
  ]);
});

Deno.test("address: off is only taken where a default can be switched off", () => {
  assert.equal(addressOrOff.parse("off"), null);
  refuses(address, ["off"]);
});

Deno.test("formatAddress: what is printed is read back", () => {
  for (const text of ["127.0.0.1:8080", "[::1]:443", "relay.example:21", "unix:/run/x"]) {
    assert.equal(formatAddress(address.parse(text)), text);
  }
});

Deno.test("dial address: takes host:port with tcp:// or tls://, 8021 where no port is said", () => {
  assert.deepEqual(dialAddress.parse("relay.example:21"), tcp("relay.example", 21));
  assert.deepEqual(dialAddress.parse("tcp://relay.example:80/"), tcp("relay.example", 80));
  assert.deepEqual(dialAddress.parse("relay.example"), tcp("relay.example", 8021));
  assert.deepEqual(dialAddress.parse("TLS://[2001:DB8::1]:443"), {
    transport: "tls",
    hostname: "2001:db8::1",
    port: 443,
  });
});

Deno.test("dial address: refuses other schemes, and what has no host", () => {
  refuses(dialAddress, ["ws://x:1", "ftp://x", "auto+https://x"], /write host:port/);
  refuses(dialAddress, ["https://x", "HTTP://x:80/"], /address that agents dial, like .*:8021/);
  refuses(dialAddress, ["8021", ":8021", "unix:/run/x", "tcp://:80"], /needs the relay's host/);
  refuses(dialAddress, ["x:0", "tcp://", "tcp://a/b", "tcp://u:p@h:1", "", "x y"]);
});

Deno.test("base URL: ends after the host, and never shows a password", () => {
  assert.equal(baseUrl.parse("https://Relay.Example:8443").origin, "https://relay.example:8443");
  refuses(baseUrl, ["relay.example", "ftp://x", "javascript:alert(1)", "http://", "https://a\nb"]);
  refuses(baseUrl, ["https://x/path", "https://x/?q", "https://x/#f"], /end after the host/);
  assert.throws(
    () => baseUrl.parse("https://me:hunter2@x/"),
    (error: Error) => error instanceof BadValue && !error.message.includes("hunter2"),
  );
});

Deno.test("domain: takes DNS names only", () => {
  assert.equal(domain.parse("Relay.Example."), "relay.example");
  assert.equal(domain.parse("localhost"), "localhost");
  refuses(domain, [
    "",
    ".",
    "a..b",
    "-a.b",
    "a_b.c",
    "*.x",
    "10.0.0.1",
    "x:80",
    "[::1]",
    "é.fr",
    "\u212a.fr",
  ]);
  refuses(domain, [`${"a".repeat(64)}.example`, "a.".repeat(200)]);
});
