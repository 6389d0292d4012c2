/** Claims about blocks of addresses. @module */

import assert from "node:assert/strict";
import { inCidr, isLoopback, parseCidr, parseIp, trustedPeer } from "../../../cli/kinds/cidr.ts";
import { BadValue } from "../../../cli/terminal/usage.ts";

const ip = (text: string) => parseIp(text) ?? assert.fail(`${text} is no address`);

Deno.test("parseIp: IPv4 is its mapped IPv6", () => {
  assert.deepEqual(ip("10.1.2.3"), ip("::ffff:10.1.2.3"));
  assert.deepEqual(ip("10.1.2.3"), ip("::FFFF:a01:203"));
  assert.deepEqual(ip("fe80::1%eth0"), ip("fe80:0:0:0:0:0:0:1"));
  assert.deepEqual([...ip("1:2:3:4:5:6:7:8")], [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]);
  assert.deepEqual(ip("1::"), ip("1:0:0:0:0:0:0:0"));
});

Deno.test("parseIp: refuses everything else", () => {
  const wrong = [
    "",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "256.0.0.1",
    "1.2.3.-4",
    "::1::",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2:3:4:5:6:7:8",
    "12345::",
    "g::",
    "::1.2.3.999",
    "localhost",
    ":".repeat(1_000_000),
    "1.2.3.4\0",
    " 1.2.3.4",
  ];
  for (const text of wrong) assert.equal(parseIp(text), undefined, text.slice(0, 40));
});

Deno.test("inCidr: decides at the bit", () => {
  const block = parseCidr("10.128.0.0/9");
  assert.ok(inCidr(block, ip("10.128.0.0")));
  assert.ok(inCidr(block, ip("10.255.255.255")));
  assert.ok(inCidr(block, ip("::ffff:10.200.0.1")));
  assert.ok(!inCidr(block, ip("10.127.255.255")));
  assert.ok(!inCidr(block, ip("11.128.0.0")));
  assert.ok(inCidr(parseCidr("::/0"), ip("2001:db8::1")));
  assert.ok(inCidr(parseCidr("0.0.0.0/0"), ip("9.9.9.9")));
  assert.ok(!inCidr(parseCidr("0.0.0.0/0"), ip("2001:db8::1")));
  assert.ok(inCidr(parseCidr("fd00::/8"), ip("fdff::1")));
  assert.ok(!inCidr(parseCidr("192.0.2.1"), ip("192.0.2.2")));
});

Deno.test("isLoopback: 127.0.0.0/8 and ::1, mapped as well", () => {
  for (const text of ["127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"]) {
    assert.ok(isLoopback(ip(text)), text);
  }
  for (const text of ["128.0.0.1", "::", "::2", "10.0.0.1"]) assert.ok(!isLoopback(ip(text)), text);
});

Deno.test("parseCidr: refuses bad lengths and bits beyond the length", () => {
  for (
    const text of ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "x/8", "/8", "fe80::%1/8"]
  ) {
    assert.throws(() => parseCidr(text), BadValue, text);
  }
  assert.throws(() => parseCidr("10.0.0.1/8"), /bits beyond the \/8/);
});

Deno.test("trusted peer: unix or a block", () => {
  assert.deepEqual(trustedPeer.parse("unix"), { kind: "unix" });
  assert.equal(trustedPeer.parse("10.0.0.0/8").kind, "cidr");
});
