/** Claims about options that a program gives when it embeds this one. @module */

import assert from "node:assert/strict";
import { agentOptions, checkAgent } from "../../../cli/options/agent_options.ts";
import { readOptions } from "../../../cli/reading/program_options.ts";
import { checkRelay, relayOptions } from "../../../cli/options/relay_options.ts";
import { Secret } from "../../../cli/kinds/secret.ts";

/** Any wrong thing that types would not let through. */
type Given = Record<string, unknown>;

// A given directory: the default asks the environment.
const relay = (given: Given = {}) =>
  readOptions({ name: "relay", options: relayOptions, check: checkRelay }, { data: "d", ...given })
    .values;
const agent = (given: Given) =>
  readOptions({ name: "agent", options: agentOptions, check: checkAgent }, given).values;

Deno.test("program options: texts are read as on the command line", () => {
  const values = relay({
    http: ":8080",
    tunnel: ["[::1]:1", "unix:/s"],
    drain: "2m",
    logSize: "1KiB",
  });
  assert.deepEqual(values.http, [{ transport: "tcp", hostname: "::", port: 8080 }]);
  assert.deepEqual(values.tunnel, [
    { transport: "tcp", hostname: "::1", port: 1 },
    { transport: "unix", path: "/s" },
  ]);
  assert.deepEqual([values.drain, values.logSize], [120_000, 1024]);
  assert.deepEqual(agent({ dir: ["a", "/b=c"] }).dir, [
    { mount: "/", value: "a" },
    { mount: "/b", value: "c" },
  ]);
});

Deno.test("program options: numbers are ports, milliseconds and bytes", () => {
  const values = relay({ http: 8080, drain: 1500, logSize: 2048, maxStreams: 7, streamWait: 0 });
  assert.deepEqual(values.http, [{ transport: "tcp", hostname: "127.0.0.1", port: 8080 }]);
  assert.deepEqual(
    [values.drain, values.logSize, values.maxStreams, values.streamWait],
    [1500, 2048, 7, 0],
  );
});

Deno.test("program options: what is left out has the command's default, an empty array is none", () => {
  const values = relay({ http: undefined, tunnel: [], https: "off" });
  assert.deepEqual(values.http, [{ transport: "tcp", hostname: "127.0.0.1", port: 8080 }]);
  assert.deepEqual([values.tunnel, values.https], [[], []]);
  assert.deepEqual([values.drain, values.prefix, values.adminPassword], [30_000, "/", undefined]);
});

Deno.test("program options: URLs and secrets may be objects; a secret's text is no path", () => {
  const values = relay({
    publicUrl: new URL("https://relay.example"),
    adminPassword: "/etc/passwd",
  });
  assert.equal(values.publicUrl?.origin, "https://relay.example");
  assert.equal(values.adminPassword?.reveal(), "/etc/passwd");
  assert.equal(relay({ adminPassword: new Secret("s3cret") }).adminPassword?.reveal(), "s3cret");
});

Deno.test("program options: several names, each with what it publishes", () => {
  const { publish } = agent({ publish: [{ name: "A", dir: "x" }, { dir: ["y", "/z=z"] }] });
  assert.deepEqual(publish.map(({ name, dir }) => ({ name, dir })), [
    { name: "a", dir: [{ mount: "/", value: "x" }] },
    { name: undefined, dir: [{ mount: "/", value: "y" }, { mount: "/z", value: "z" }] },
  ]);
});

Deno.test("program options: nothing comes from variables of the command line", () => {
  Deno.env.set("CRUNCH_DRAIN", "nonsense");
  Deno.env.set("CRUNCH_TRUSTED_PROXY", "10.0.0.0/8");
  try {
    assert.deepEqual([relay().drain, relay().trustedProxy], [30_000, []]);
  } finally {
    Deno.env.delete("CRUNCH_DRAIN");
    Deno.env.delete("CRUNCH_TRUSTED_PROXY");
  }
});

Deno.test("program options: what cannot be taken is refused by its name", () => {
  const wrong: Array<[Given, RegExp]> = [
    [{ http: "localhost" }, /^Cannot start relay: http needs a port: localhost:8080$/],
    [{ http: ["127.0.0.1:0", "x:y"] }, /: http has no port from 0 to 65535 in "x:y"/],
    [{ http: 70_000 }, /: http has no port/],
    [{ http: { transport: "tcp" } }, /: http must be a text or a number, but is of type object/],
    [{ https: null }, /: https must be a text or a number, but is null/],
    [{ drain: "30" }, /: drain needs a unit/],
    [{ drain: -1 }, /: drain must be a time like/],
    [{ drain: NaN }, /: drain must be a time like/],
    [{ drain: Infinity }, /: drain must be a time like/],
    [{ drain: ["1s"] }, /: drain takes one value, not an array/],
    [{ drain: "" }, /: drain is empty/],
    [{ headTimeout: 5 }, /: headTimeout must be at least 100ms/],
    [{ maxHead: 10 }, /: maxHead must be at least 1024 bytes/],
    [{ maxStreams: 1.5 }, /: maxStreams must be a whole number/],
    [{ trustedProxy: "loopback" }, /: trustedProxy must be an address block/],
    [{ data: "a\0b" }, /: data holds a NUL character/],
    [{ htpp: ":80" }, /: unknown option htpp; did you mean http\?/],
    [{ https: ":443" }, /: https needs tlsCert and tlsKey$/],
    [{ tlsKey: "k" }, /: tlsKey needs tlsCert beside it$/],
    [{ http: [":81", ":81"] }, /: http has \S+81 twice$/],
    [{ http: ":81", tunnel: ":81" }, /: http and tunnel both have \S+81$/],
    [{ http: ":81", admin: ":81" }, /: http and admin both have \S+81$/],
    [{ http: [] }, /: has no address for visitors: give http or https$/],
  ];
  for (const [given, message] of wrong) {
    assert.throws(() => relay(given), { name: "TypeError", message }, String(message));
  }
});

Deno.test("program options: an agent's are refused by their names, those of an entry with its number", () => {
  const wrong: Array<[Given, RegExp]> = [
    [
      { relay: "http://relay.example" },
      /^Cannot start agent: relay takes the address that agents dial/,
    ],
    [{ user: "alice" }, /: user needs the password: give password$/],
    [{ user: "alice", token: "t" }, /: takes user with a password, or a token, not both$/],
    [{ password: "p" }, /: has a password but no account: give user$/],
    [{ dir: ["a", "b"] }, /: mounts two things at \//],
    [
      { publish: [{ name: "a", dir: "x" }, { name: "-", dir: "y" }] },
      /: publish\[1\]\.name must be/,
    ],
    [{ publish: [{ name: "a", folder: "x" }] }, /: unknown option publish\[0\]\.folder/],
    [{ publish: [{ name: "a" }] }, /: publish\[0\] publishes nothing/],
    [
      { publish: [{ dir: "x" }, { dir: "y" }] },
      /: publish\[1\] publishes the account's name twice/,
    ],
    [{ publish: { dir: "x" } }, /: publish must be an array of objects/],
    [{ publish: ["x"] }, /: publish\[0\] must be an object/],
  ];
  for (const [given, message] of wrong) {
    assert.throws(() => agent(given), { name: "TypeError", message }, String(message));
  }
});
